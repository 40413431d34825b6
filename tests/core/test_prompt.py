"""The compiled system prompt: what clients find in it."""

from datetime import UTC, datetime
from typing import Any

from palaver.core.prompt import Facts, Skill, compile_prompt, with_skills
from palaver.domain.agent import Agent
from palaver.domain.block import Block

NINE = datetime(2026, 1, 31, 9, 5, tzinfo=UTC)
FACTS = Facts("conv-1", NINE, earlier=3)
HUMAN = Block(id="block-1", label="human", value="Ada\nlikes tea", description="About the person")


def agent(**changes: Any) -> Agent:
    """An agent with a short system prompt."""
    given = {"system": "Be kind.", "model": "openai/gpt-4o", **changes}
    return Agent(id="agent-1", name="A", created_at=NINE, updated_at=NINE, **given)


def test_the_parts_come_in_order() -> None:
    text = compile_prompt(agent(), [HUMAN], FACTS)

    marks = ["Be kind.", "<memory_blocks>", "<human>", "About the person", "likes tea",
             "</memory_blocks>", "<memory_metadata>"]  # fmt: skip
    assert [text.index(mark) for mark in marks] == sorted(text.index(mark) for mark in marks)


def test_the_metadata_names_agent_conversation_and_time() -> None:
    text = compile_prompt(agent(), [], FACTS)

    assert "- AGENT_ID: agent-1\n" in text
    assert "- CONVERSATION_ID: conv-1\n" in text
    assert "- System prompt last recompiled: 2026-01-31 09:05:00 AM UTC+0000\n" in text
    assert "- The current system date is:" not in text
    assert "<memory_blocks>" not in text


def test_the_placeholder_is_where_the_memory_goes() -> None:
    text = compile_prompt(agent(system="A {CORE_MEMORY} B {x}"), [HUMAN], FACTS)

    assert text.startswith("A <memory_blocks>")
    assert " B {x}\n" in text
    assert text.count("<memory_blocks>") == 1


def test_a_block_tells_its_size_and_whether_it_may_be_changed() -> None:
    text = compile_prompt(agent(), [HUMAN.model_copy(update={"read_only": True})], FACTS)

    assert "- read_only=true\n- chars_current=13\n- chars_limit=100000\n" in text


def test_lines_are_numbered_for_anthropic_models_only() -> None:
    claude = agent(model="anthropic/claude-haiku-4-5")

    assert "1→ Ada\n2→ likes tea" in compile_prompt(claude, [HUMAN], FACTS)
    assert "→" not in compile_prompt(agent(), [HUMAN], FACTS)


def test_tool_rules_are_told_in_words() -> None:
    rules: list[dict[str, Any]] = [
        {"type": "exit_loop", "tool_name": "done"},
        {"type": "conditional", "tool_name": "look", "child_output_mapping": {"rain": "stay"}},
    ]

    text = compile_prompt(agent(tool_rules=rules), [], FACTS)

    assert "- done ends your turn." in text
    assert "- What may be called after look depends on what it returns: rain: stay." in text


def test_skills_come_last() -> None:
    text = with_skills("Be kind.", [Skill("pdf", "Reads PDFs", "skills/pdf")])

    assert text.startswith("Be kind.\n\n<available_skills>")
    assert "Reads PDFs" in text
    assert with_skills("Be kind.", []) == "Be kind."
