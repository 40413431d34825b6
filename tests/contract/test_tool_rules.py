"""Tool rules through the official client: told again as they were given, and followed."""

from typing import Any

import pytest
from letta_client import BadRequestError, Letta, UnprocessableEntityError

from tests.contract.conftest import Say

OFFLINE = "palaver/offline"
INSERT = '[[call: memory_insert {"label": "human", "new_string": "tea"}]]'
ASK: dict[str, Any] = {"name": "ask", "parameters": {"type": "object", "properties": {}}}

KINDS: list[dict[str, Any]] = [
    {"type": "run_first", "tool_name": "a", "args": {"x": [1, {"y": None}]}},
    {"type": "run_first", "tool_name": "a", "prompt_template": "as it was"},
    {"type": "constrain_child_tools", "tool_name": "a", "children": ["b", "c"]},
    {
        "type": "constrain_child_tools",
        "tool_name": "a",
        "children": ["b"],
        "child_arg_nodes": [{"name": "b", "args": {"z": 1.5}}, {"name": "b"}],
        "prompt_template": None,
    },
    {"type": "parent_last_tool", "tool_name": "a", "children": ["b"]},
    {
        "type": "conditional",
        "tool_name": "a",
        "child_output_mapping": {"yes": "b", "no": "c"},
        "default_child": "d",
        "require_output_mapping": True,
    },
    {"type": "exit_loop", "tool_name": "a"},
    {"type": "continue_loop", "tool_name": "a"},
    {"type": "required_before_exit", "tool_name": "a"},
    {"type": "max_count_per_step", "tool_name": "a", "max_count_limit": 3},
    {"type": "requires_approval", "tool_name": "a"},
]


@pytest.mark.parametrize("rule", KINDS, ids=lambda rule: rule["type"])
def test_a_rule_is_told_again_as_it_was_given(client: Letta, rule: dict[str, Any]) -> None:
    made = client.agents.create(model=OFFLINE, tool_rules=[rule])  # type: ignore[list-item]
    changed = client.agents.update(made.id, tool_rules=[rule])  # type: ignore[list-item]

    for agent in (made, changed, client.agents.retrieve(made.id)):
        assert agent.tool_rules is not None
        (told,) = agent.tool_rules
        assert told.to_dict() == rule
        assert told.type == rule["type"]


def test_rules_can_be_taken_away(client: Letta) -> None:
    made = client.agents.create(model=OFFLINE, tool_rules=KINDS[:1])  # type: ignore[arg-type]

    assert client.agents.update(made.id, tool_rules=[]).tool_rules == []


def test_rules_that_mean_nothing_are_refused(client: Letta) -> None:
    both: list[Any] = [
        {"type": "exit_loop", "tool_name": "a"},
        {"type": "continue_loop", "tool_name": "a"},
    ]
    unknown: list[Any] = [{"type": "x", "tool_name": "a"}]
    with pytest.raises(BadRequestError, match="continue_loop"):
        client.agents.create(model=OFFLINE, tool_rules=both)
    with pytest.raises(UnprocessableEntityError, match="tool_rules"):
        client.agents.create(model=OFFLINE, tool_rules=unknown)


def test_a_turn_follows_rules_with_tools_of_both_sides(client: Letta, say: Say) -> None:
    agent = client.agents.create(
        model=OFFLINE,
        memory_blocks=[{"label": "human", "value": "none"}],
        tool_rules=[
            {"type": "run_first", "tool_name": "memory_insert"},
            {"type": "requires_approval", "tool_name": "memory_insert"},
            {"type": "constrain_child_tools", "tool_name": "memory_insert", "children": ["ask"]},
            {"type": "exit_loop", "tool_name": "ask"},
        ],
    )
    conversation = client.conversations.create(agent_id=agent.id).id
    text = f"[[call: ask]] {INSERT} [[then]] {INSERT} [[call: ask]]"

    first = say(conversation, text, client_tools=[ASK])
    (inserts,) = first.of("approval_request_message")
    call_id = inserts["tool_calls"][0]["tool_call_id"]
    yes = {"type": "approval", "tool_call_id": call_id, "approve": True}
    second = say(
        conversation, messages=[{"type": "approval", "approvals": [yes]}], client_tools=[ASK]
    )
    (asks,) = second.of("approval_request_message")
    done = {
        "type": "tool",
        "tool_call_id": asks["tool_calls"][0]["tool_call_id"],
        "tool_return": "fine",
        "status": "success",
    }
    third = say(conversation, messages=[{"type": "approval", "approvals": [done]}])

    # Of each step the call that fits waits, the other one is refused beside it.
    assert [turn.stop for turn in (first, second, third)] == [
        "requires_approval",
        "requires_approval",
        "tool_rule",
    ]
    told = [back for turn in (second, third) for back in turn.of("tool_return_message")]
    returns = [one for message in told for one in message["tool_returns"]]
    assert [one["status"] for one in returns] == ["success", "error", "success", "error"]
    refusals = [one["tool_return"] for one in returns if one["status"] == "error"]
    assert refusals == [
        "[ToolConstraintError] `ask` may not be called now; valid tools: memory_insert.",
        "[ToolConstraintError] `memory_insert` may not be called now; valid tools: none; "
        "answer without a call.",
    ]
