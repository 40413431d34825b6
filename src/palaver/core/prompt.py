"""The system prompt, compiled from an agent, its blocks and a little about the conversation.

There is one compiler, for every kind of conversation. What it writes is stored as the system entry
of the conversation and stays as it is until somebody recompiles it, so that the prompt is the same
from turn to turn and a provider can keep it in its cache.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from palaver.domain.agent import Agent
from palaver.domain.block import Block
from palaver.domain.entry import Entry
from palaver.domain.part import Text

MEMORY_PLACEHOLDER = "{CORE_MEMORY}"

DEFAULT_SYSTEM = """\
You are an assistant with memory. You talk with people in conversations that may go on for a long \
time, and you may hold several of them at once.

Your memory blocks stand below. They are always before your eyes, in every conversation. Keep them \
true and short: write down what will matter later with your memory tools, and correct what has \
changed. What is not in a block may be forgotten.

Answer plainly and honestly. When you do not know something, say so."""

_NUMBERED = {"letta_v1_agent", "memgpt_v2_agent", "sleeptime_agent"}
_WITHOUT_BLOCKS = {"react_agent", "workflow_agent"}
_NUMBER_WARNING = (
    "<warning>\nLine numbers are shown for orientation only. They are not part of the value: "
    "leave them out when you call a memory tool.\n</warning>"
)

_MEMORY_BEGINS = "<memory_blocks>\nThese are the memory blocks that are always before your eyes:"

_NAMED = re.compile(r"^(- (?:AGENT|CONVERSATION)_ID: )(.+)$", re.MULTILINE)

_RULES = {
    "run_first": "{tool_name} has to be called first.",
    "constrain_child_tools": "After {tool_name}, only these may be called: {children}.",
    "parent_last_tool": "{children} may be called only directly after {tool_name}.",
    "conditional": "What may be called after {tool_name} depends on what it returns: {cases}.",
    "exit_loop": "{tool_name} ends your turn.",
    "continue_loop": "After {tool_name} your turn goes on.",
    "required_before_exit": "{tool_name} has to be called before your turn ends.",
    "max_count_per_step": "{tool_name} may be called at most {max_count_limit} times a turn.",
    "requires_approval": "{tool_name} waits for somebody's approval.",
}


@dataclass(frozen=True, slots=True)
class Skill:
    """Something the client can do, told to the model for one request."""

    name: str
    description: str
    location: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the metadata section tells. `now` is in the agent's time zone.

    `conversation` is the conversation's id, or ``default``; `earlier` counts the messages before.
    """

    conversation: str
    now: datetime
    earlier: int = 0


def compile_prompt(
    agent: Agent, blocks: Sequence[Block], facts: Facts, directories: str = ""
) -> str:
    """The whole system text: instructions, memory, tool rules, folders, metadata.

    `directories` is what is told of the agent's folders. The order: behaviour §3.1.
    """
    memory = _memory(agent, blocks)
    if MEMORY_PLACEHOLDER in agent.system:
        system, sections = agent.system.replace(MEMORY_PLACEHOLDER, memory), []
    else:
        system, sections = agent.system, [memory]
    rules = _tool_rules(agent.tool_rules or [])
    sections = [system, *sections, rules, directories, _metadata(agent, facts)]
    return "\n\n".join(section for section in sections if section)


class Sections(NamedTuple):
    """A system text in its sections; one that it has not is empty.

    What belongs to none of the others, the agent's instructions above all, is in the first.
    """

    instructions: str
    memory: str
    rules: str
    directories: str
    metadata: str


def sections(text: str) -> Sections:
    """The sections of a system text, whoever wrote it."""
    memory = _between(text, _MEMORY_BEGINS, "</memory_blocks>")
    rest = text.rpartition(memory)[2] if memory else text
    rules = _between(rest, "<tool_usage_rules>\n", "</tool_usage_rules>")
    directories = _between(rest, "<directories>\n", "</directories>")
    rest = rest.rpartition(directories)[2] if directories else rest
    metadata = _between(rest, "<memory_metadata>\n", "</memory_metadata>")
    for section in filter(None, (memory, rules, directories, metadata)):
        text = "".join(text.rpartition(section)[::2])
    return Sections(text, memory, rules, directories, metadata)


def _between(text: str, begin: str, end: str) -> str:
    """The piece from the first `begin` to the last `end`, or nothing."""
    start, stop = text.find(begin), text.rfind(end)
    return text[start : stop + len(end)] if 0 <= start < stop else ""


def renamed(system: Entry, names: Mapping[str, str]) -> Entry:
    """A system entry in whose metadata the agent and the conversation have other names."""
    parts = (
        one.model_copy(update={"text": _renamed(one.text, names)}) if isinstance(one, Text) else one
        for one in system.parts
    )
    return system.model_copy(update={"parts": tuple(parts)})


def _renamed(text: str, names: Mapping[str, str]) -> str:
    metadata = sections(text).metadata
    if not metadata:
        return text
    told = _NAMED.sub(lambda found: found[1] + names.get(found[2], found[2]), metadata)
    before, _, after = text.rpartition(metadata)
    return before + told + after


def with_skills(system: str, skills: Sequence[Skill]) -> str:
    """The system text of one request, with the skills that its client offers."""
    if not skills:
        return system
    lines = [
        f'<skill name="{skill.name}" location="{skill.location}">\n{skill.description}\n</skill>'
        for skill in skills
    ]
    return "\n".join([system + "\n\n<available_skills>", *lines, "</available_skills>"])


def _memory(agent: Agent, blocks: Sequence[Block]) -> str:
    if not blocks or agent.agent_type in _WITHOUT_BLOCKS:
        return ""
    numbered = agent.agent_type in _NUMBERED and agent.model.startswith("anthropic/")
    shown = "\n\n".join(_block(block, numbered) for block in blocks)
    return f"{_MEMORY_BEGINS}\n\n{shown}\n</memory_blocks>"


def _block(block: Block, numbered: bool) -> str:
    label = block.label or "block"
    metadata = ["- read_only=true"] if block.read_only else []
    metadata += [f"- chars_current={len(block.value)}", f"- chars_limit={block.limit}"]
    value = block.value
    if numbered:
        value = "\n".join(f"{n}→ {line}" for n, line in enumerate(value.split("\n"), start=1))
    return "\n".join(
        [
            f"<{label}>",
            "<description>",
            block.description or "",
            "</description>",
            "<metadata>",
            *metadata,
            "</metadata>",
            *([_NUMBER_WARNING] if numbered else []),
            "<value>",
            value,
            "</value>",
            f"</{label}>",
        ]
    )


def _tool_rules(rules: Sequence[dict[str, Any]]) -> str:
    lines = [f"- {text}" for rule in rules if (text := _rule(rule))]
    return "\n".join(["<tool_usage_rules>", *lines, "</tool_usage_rules>"]) if lines else ""


def _rule(rule: dict[str, Any]) -> str:
    template = _RULES.get(str(rule.get("type")))
    if template is None or "tool_name" not in rule:
        return ""
    return template.format(
        tool_name=rule["tool_name"],
        children=", ".join(map(str, rule.get("children") or [])),
        cases=", ".join(f"{case}: {c}" for case, c in rule.get("child_output_mapping", {}).items()),
        max_count_limit=rule.get("max_count_limit"),
    )


def _metadata(agent: Agent, facts: Facts) -> str:
    return "\n".join(
        [
            "<memory_metadata>",
            f"- AGENT_ID: {agent.id}",
            f"- CONVERSATION_ID: {facts.conversation}",
            f"- System prompt last recompiled: {facts.now:%Y-%m-%d %I:%M:%S %p %Z%z}",
            f"- {facts.earlier} previous messages are stored in this conversation",
            "</memory_metadata>",
        ]
    )
