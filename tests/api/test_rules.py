"""Tool rules, as a caller sees them: what is called, what is refused, when a turn ends."""

from typing import Any

import pytest

from tests.api.answering import ASK, answer, approvals, asked, kinds, returned, verdict
from tests.api.here import Client, Json, check_calls
from tests.api.sending import said_in

INSERT = '[[call: memory_insert {"label": "human", "new_string": "tea"}]]'
REPLACE = '[[call: memory_replace {"label": "human", "old_string": "tea", "new_string": "milk"}]]'


def rule(kind: str, tool: str, **more: Any) -> Json:
    """A rule as a caller writes it."""
    return {"type": kind, "tool_name": tool, **more}


async def ruled(client: Client, *rules: Json) -> str:
    """A conversation with an agent that has these rules, and a block to edit."""
    blocks = [{"label": "human", "value": "none"}]
    agent = await client.agent(
        memory_blocks=blocks,
        tool_rules=list(rules),
        tools=["memory_insert", "memory_replace"],
        include_base_tools=False,
    )
    return await client.conversation(agent)


async def returns(client: Client, conversation: str) -> list[tuple[str, str]]:
    """What the calls of a conversation have returned, shortened to the interesting part."""
    history = await client.history(conversation)
    check_calls(history)
    return [
        (one["status"], str(one["tool_return"]).partition("; ")[2] or "done")
        for message in history
        if message["message_type"] == "tool_return_message"
        for one in message["tool_returns"]
    ]


ONLY_REPLACE = ("error", "valid tools: memory_replace.")
ONLY_INSERT = ("error", "valid tools: memory_insert.")
DONE = ("success", "done")


@pytest.mark.parametrize(
    ("rules", "text", "expected", "stop"),
    [
        (
            [rule("run_first", "memory_insert")],
            f"{REPLACE} [[then]] {INSERT} [[then]] {REPLACE}",
            [ONLY_INSERT, DONE, DONE],
            "end_turn",
        ),
        (
            [rule("constrain_child_tools", "memory_insert", children=["memory_replace"])],
            f"{INSERT} [[then]] {INSERT} [[call: gone]] [[then]] {REPLACE}",
            [DONE, ONLY_REPLACE, ONLY_REPLACE, DONE],
            "end_turn",
        ),
        (
            [rule("parent_last_tool", "memory_insert", children=["memory_replace"])],
            f"{REPLACE} [[then]] {INSERT} [[then]] {REPLACE}",
            [ONLY_INSERT, DONE, DONE],
            "end_turn",
        ),
        (
            [
                rule(
                    "conditional",
                    "memory_insert",
                    child_output_mapping={"never": "memory_insert"},
                    default_child="memory_replace",
                )
            ],
            f"{INSERT} [[then]] {INSERT}",
            [DONE, ONLY_REPLACE],
            "end_turn",
        ),
        (
            [rule("exit_loop", "memory_insert"), rule("continue_loop", "memory_replace")],
            f"{INSERT} [[then]] {INSERT}",
            [DONE],
            "tool_rule",
        ),
        (
            [rule("max_count_per_step", "memory_insert", max_count_limit=1)],
            f"{INSERT} {INSERT}",
            [DONE, ONLY_REPLACE],
            "end_turn",
        ),
    ],
    ids=["first", "child", "parent", "conditional", "terminal", "limit"],
)
@pytest.mark.parametrize("tokens", [True, False])
async def test_a_turn_follows_the_rules_of_its_agent(
    client: Client, rules: list[Json], text: str, expected: list[Any], stop: str, tokens: bool
) -> None:
    conversation = await ruled(client, *rules)

    heard = await client.send(conversation, text, stream_tokens=tokens)

    assert await returns(client, conversation) == expected
    assert heard.stop == stop
    run = await client.newest_run(conversation)
    assert (run["status"], run["stop_reason"]) == ("completed", stop)


async def test_the_model_is_reminded_of_what_it_has_to_call(client: Client) -> None:
    conversation = await ruled(client, rule("required_before_exit", "memory_insert"))

    heard = await client.send(conversation, f"[[words: 2]] [[then]] {INSERT}")

    assert await kinds(client, conversation) == [
        "user", "assistant", "user", "assistant", "tool_call", "tool_return", "assistant",
    ]  # fmt: skip
    assert (await said_in(client, conversation))[1] == (
        "[heartbeat: before your turn can end, these tools have to be called: memory_insert]"
    )
    assert heard.stop == "end_turn"
    assert not heard.of_type("user_message")
    steps = await client.get(f"/v1/runs/{(await client.newest_run(conversation))['id']}/steps")
    assert [step["status"] for step in steps] == ["success"] * 3


async def test_what_is_never_called_uses_up_the_steps(client: Client) -> None:
    conversation = await ruled(client, rule("required_before_exit", "memory_insert"))

    heard = await client.send(conversation, "[[words: 2]]", max_steps=3)

    assert heard.stop == "max_steps"
    assert len(await said_in(client, conversation)) == 4
    answered = await client.post(
        f"/v1/conversations/{conversation}/messages",
        {"input": "Hi", "max_steps": 1, "streaming": False},
    )
    assert [one["message_type"] for one in answered["messages"]] == ["assistant_message"]


async def test_arguments_that_a_rule_gives_are_carried_out(client: Client) -> None:
    args = {"label": "human", "new_string": "coffee"}
    conversation = await ruled(client, rule("run_first", "memory_insert", args=args))

    await client.send(conversation, "[[call: memory_insert {}]]")

    agent = (await client.get(f"/v1/conversations/{conversation}"))["agent_id"]
    block = await client.get(f"/v1/agents/{agent}/core-memory/blocks/human")
    assert "coffee" in block["value"]
    (call,) = [
        one
        for one in await client.history(conversation)
        if one["message_type"] == "tool_call_message"
    ]
    assert call["tool_call"]["arguments"] == "{}"  # what the model said stays as it was


async def test_rules_are_about_the_tools_of_a_client_too(client: Client) -> None:
    conversation = await ruled(
        client,
        rule("run_first", "memory_insert"),
        rule("parent_last_tool", "memory_insert", children=["ask"]),
        rule("exit_loop", "ask"),
        rule("required_before_exit", "ask"),
    )
    text = f"[[call: ask]] [[then]] {INSERT} [[then]] [[call: ask]] [[call: memory_replace {{}}]]"

    first = await client.send(conversation, text, client_tools=[ASK])
    assert first.stop == "requires_approval"
    (call_id,) = await asked(client, conversation)
    second = await answer(client, conversation, approvals(returned(call_id)), client_tools=[ASK])

    assert await kinds(client, conversation) == [
        "user", "tool_call", "tool_return", "tool_call", "tool_return", "approval_request",
        "tool_call", "approval_response", "tool_return",
    ]  # fmt: skip
    assert (await returns(client, conversation))[:3] == [ONLY_INSERT, DONE, DONE]
    assert second.stop == "tool_rule"


@pytest.mark.parametrize("approve", [True, False])
async def test_a_tool_that_ends_the_turn_may_wait_for_approval(
    client: Client, approve: bool
) -> None:
    conversation = await ruled(
        client,
        rule("requires_approval", "memory_insert"),
        rule("exit_loop", "memory_insert"),
        rule("max_count_per_step", "memory_insert", max_count_limit=1),
    )

    first = await client.send(conversation, f"{INSERT} [[then]] {INSERT}")
    (call_id,) = await asked(client, conversation)
    second = await answer(client, conversation, approvals(verdict(call_id, approve)))

    # A denied call has ended nothing, and counts: the second one is refused without asking.
    assert first.stop == "requires_approval"
    assert second.stop == ("tool_rule" if approve else "end_turn")
    last = (await returns(client, conversation))[-1]
    assert last == (DONE if approve else ONLY_REPLACE)


async def test_a_new_message_begins_a_new_turn(client: Client) -> None:
    conversation = await ruled(
        client, rule("max_count_per_step", "memory_insert", max_count_limit=1)
    )

    await client.send(conversation, INSERT)
    await client.send(conversation, INSERT)

    assert await returns(client, conversation) == [DONE, DONE]


@pytest.mark.parametrize(
    ("rules", "status", "what"),
    [
        ([rule("exit_loop", "a"), rule("continue_loop", "a")], 400, "continue_loop"),
        ([rule("run_first", "a"), rule("max_count_per_step", "a", max_count_limit=0)], 400, "a"),
        ([rule("run_last", "a")], 422, "type"),
        ([{"tool_name": "a"}], 422, "type"),
        ([{"type": "exit_loop"}], 422, "tool_name"),
        ([rule("exit_loop", "")], 422, "tool_name"),
        ([rule("constrain_child_tools", "a")], 422, "children"),
        ([rule("conditional", "a")], 422, "child_output_mapping"),
        ([rule("max_count_per_step", "a", max_count_limit=-1)], 422, "max_count_limit"),
        (
            [rule("constrain_child_tools", "a", children=["b"], child_arg_nodes=[{"name": "c"}])],
            422,
            "child_arg_nodes",
        ),
    ],
)
async def test_rules_that_mean_nothing_are_refused(
    client: Client, rules: list[Json], status: int, what: str
) -> None:
    agent = await client.agent(tool_rules=[rule("exit_loop", "b")])

    made = await client.ask("POST", "/v1/agents/", {"tool_rules": rules})
    changed = await client.ask("PATCH", f"/v1/agents/{agent}", {"tool_rules": rules})

    assert (made.status_code, changed.status_code) == (status, status)
    assert what in made.text
    assert (await client.get(f"/v1/agents/{agent}"))["tool_rules"] == [rule("exit_loop", "b")]
