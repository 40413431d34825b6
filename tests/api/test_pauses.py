"""Conversations that wait for an answer, and what comes instead: other sends, cancels, nothing."""

import asyncio

import pytest

from palaver.domain.ids import DEFAULT_PROJECT
from palaver.store import agents
from palaver.store.db import Tx
from tests.api.answering import (
    ASK,
    EDIT,
    answer,
    approvals,
    asked,
    kinds,
    memory,
    paused,
    returned,
    until_runs,
)
from tests.api.here import Client, Json, check_calls
from tests.api.sending import begin, ended, log_of, post, queued, said_in
from tests.api.tables import looking_into
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Reply

pytestmark = pytest.mark.usefixtures("begin_again")


async def test_a_send_may_deny_first(client: Client, conversation: str) -> None:
    await paused(client, conversation)

    heard = await client.send(conversation, "Hi", on_pending="deny")

    assert "You said: Hi" in heard.text
    assert (await kinds(client, conversation))[2:] == [
        "approval_response", "tool_return", "user", "assistant",
    ]  # fmt: skip
    check_calls(await client.history(conversation))


async def test_who_waits_in_line_waits_for_the_answer_too(
    client: Client, conversation: str
) -> None:
    slow = "[[words: 30]] [[pace: 10]] [[call: ask]]"
    first = await begin(client, conversation, slow, client_tools=[ASK])
    second = await queued(client, conversation, "second")
    assert await ended(client, first.run_id) == ["requires_approval"]
    third = await queued(client, conversation, "third")
    (call_id,) = await asked(client, conversation)
    assert (await post(client, conversation, "now")).status_code == 409

    heard = await answer(client, conversation, approvals(returned(call_id)))

    assert heard.stop == "end_turn"
    assert await ended(client, second, third) == ["end_turn", "end_turn"]
    assert (await said_in(client, conversation))[1:] == ["second", "third"]


async def test_who_denies_in_line_begins_where_the_run_before_pauses(
    client: Client, conversation: str
) -> None:
    slow = "[[words: 30]] [[pace: 10]] [[call: ask]]"
    first = await begin(client, conversation, slow, client_tools=[ASK])
    waits = await queued(client, conversation, "waits")
    denies = await queued(client, conversation, "denies", on_pending="deny")

    assert await ended(client, first.run_id, denies, waits) == [
        "requires_approval",
        "end_turn",
        "end_turn",
    ]

    assert (await said_in(client, conversation))[1:] == ["denies", "waits"]
    log = await log_of(client, denies)
    assert b"tool_return_message" in log.events[0]
    check_calls(await client.history(conversation))


async def test_who_interrupts_does_not_wait_for_an_answer(
    client: Client, conversation: str
) -> None:
    await paused(client, conversation)
    waits = await queued(client, conversation, "waits")

    heard = await client.send(conversation, "now", on_busy="interrupt")

    assert "You said: now" in heard.text
    assert await ended(client, waits) == ["end_turn"]
    assert (await said_in(client, conversation))[1:] == ["now", "waits"]
    check_calls(await client.history(conversation))


@pytest.mark.parametrize("way", ["conversation", "run", "agent"])
async def test_a_cancel_clears_what_waits(client: Client, way: str) -> None:
    agent = await client.agent()
    name = "default" if way == "agent" else await client.conversation(agent)
    more: Json = {"agent_id": agent} if way == "agent" else {}
    heard = await client.send(name, "[[call: ask]]", client_tools=[ASK], **more)
    assert heard.stop == "requires_approval"
    run_id = heard.messages[0]["run_id"]
    path = f"/v1/agents/{agent}/messages"
    if way == "conversation":
        cancelled = (await client.cancel(name)).json()
    elif way == "run":
        cancelled = await client.post(f"{path}/cancel", {"run_ids": [run_id]})
    else:
        cancelled = await client.post(f"{path}/cancel")

    assert cancelled == {run_id: "cancelled"}
    where = {"conversation_id": name, "order": "asc"}
    history = await client.get(path, **where)
    assert [one["message_type"] for one in history[-2:]] == [
        "approval_response_message",
        "tool_return_message",
    ]
    check_calls(history)
    shown = await client.get(f"/v1/agents/{agent}", include="agent.pending_approval")
    assert (shown["pending_approval"], shown["last_stop_reason"]) == (None, "cancelled")
    assert (await client.send(name, "Hi", **more)).stop == "end_turn"
    assert (await log_of(client, run_id)).stop == "requires_approval"


async def test_a_cancel_ends_those_that_wait_behind_it_as_well(
    client: Client, conversation: str
) -> None:
    await paused(client, conversation)
    waits = await queued(client, conversation, "waits")

    cancelled = (await client.cancel(conversation)).json()

    assert waits in cancelled
    assert await ended(client, waits) == ["cancelled"]
    assert (await client.cancel(conversation)).status_code == 409


async def test_a_cancel_of_the_run_alone_lets_the_next_begin(
    client: Client, conversation: str
) -> None:
    await paused(client, conversation)
    run = await client.newest_run(conversation)
    waits = await queued(client, conversation, "waits")
    path = f"/v1/agents/{run['agent_id']}/messages/cancel"

    assert await client.post(path, {"run_ids": [run["id"]]}) == {run["id"]: "cancelled"}

    assert await ended(client, waits) == ["end_turn"]


async def test_who_waits_in_what_is_deleted_has_an_end(client: Client) -> None:
    agent = await client.agent()
    for path in ("conversations", "agents"):
        conversation = await client.conversation(agent)
        await paused(client, conversation)
        waits = asyncio.create_task(client.send(conversation, "waits", on_busy="queue"))
        await until_runs(client, conversation, 2)
        await client.delete(f"/v1/{path}/{conversation if path != 'agents' else agent}")
        assert (await waits).stop == "cancelled"


async def test_a_fork_waits_too_and_is_answered_by_itself(
    client: Client, conversation: str
) -> None:
    (call_id,) = await paused(client, conversation)
    fork = (await client.post(f"/v1/conversations/{conversation}/fork"))["id"]
    assert (await post(client, fork, "Hi")).status_code == 409

    there = await answer(client, fork, approvals(returned(call_id, "there")))
    here = await answer(client, conversation, approvals(returned(call_id, "here")))

    assert (here.text, there.text) == (
        "The tool ask returned: here",
        "The tool ask returned: there",
    )
    for each in (conversation, fork):
        check_calls(await client.history(each))
        assert (await client.send(each, "Hi")).stop == "end_turn"


@pytest.mark.parametrize("tokens", [True, False])
async def test_nobody_answers_and_it_goes_on_by_itself(
    client: Client, conversation: str, tokens: bool
) -> None:
    await paused(
        client, conversation, f"[[call: ask]] {EDIT}", approval_ttl=0.2, stream_tokens=tokens
    )

    run, _ = await until_runs(client, conversation, 2)

    assert await ended(client, run["id"]) == ["end_turn"]
    history = await client.history(conversation)
    (back,) = [one for one in history if one["message_type"] == "tool_return_message"]
    assert "Nobody answered in time." in back["tool_return"]
    assert await memory(client, conversation) == "no tea\nlikes tea"
    assert len(await client.get("/v1/runs/", conversation_id=conversation)) == 2
    check_calls(history)


GATED = 'def ask() -> str:\n    """Ask."""\n    return "yes"\n'


@pytest.mark.parametrize(("of_tool", "of_send"), [(0.2, None), (0.2, 900), (900, 0.2)])
async def test_a_tool_says_how_long_its_calls_wait_and_the_shorter_time_counts(
    client: Client, file_url: str, of_tool: float, of_send: float | None
) -> None:
    body = {"source_code": GATED, "default_requires_approval": True, "approval_ttl": of_tool}
    tool = (await client.http.put("/v1/tools/", json=body)).json()
    agent = await client.agent(tool_rules=[{"type": "requires_approval", "tool_name": "ask"}])
    async with looking_into(file_url) as db:
        await db.tx(_give, agent, tool["id"])
    conversation = await client.conversation(agent)
    begun = await client.send(conversation, "[[call: ask]] {}", approval_ttl=of_send)
    assert begun.stop == "requires_approval"

    run, _ = await until_runs(client, conversation, 2)

    assert await ended(client, run["id"]) == ["end_turn"]
    check_calls(await client.history(conversation))


def _give(tx: Tx, agent_id: str, tool_id: str) -> None:
    """Give an agent a tool, whether the server can run it or not."""
    agent = agents.get(tx, DEFAULT_PROJECT, agent_id)
    given = agent.model_copy(update={"tools": (tool_id,)})
    agents.change(tx, DEFAULT_PROJECT, given)


async def test_steps_of_an_unanswered_send_are_bounded_all_in_all(
    client: Client, fake: FakeProvider, conversation: str
) -> None:
    fake.script(*[Reply(parts=(Call(f"call_{n}", "ask", ("{}",)),)) for n in range(5)])
    body: Json = {"override_model": "openai/gpt-4o", "max_steps": 2, "approval_ttl": 0.1}
    await paused(client, conversation, "Hi", **body)
    runs = await until_runs(client, conversation, 3)
    await ended(client, *(run["id"] for run in runs))

    assert len(fake.requests) == 2
    check_calls(await client.history(conversation))
    assert (await client.send(conversation, "Hi")).stop == "end_turn"


async def test_an_answer_in_time_is_not_overtaken(client: Client, conversation: str) -> None:
    other = await client.conversation(await client.agent())
    (call_id,) = await paused(client, conversation, approval_ttl=0.5)
    await answer(client, conversation, approvals(returned(call_id)))
    await paused(client, other, approval_ttl=0.5)

    await until_runs(client, other, 2)

    assert len(await client.get("/v1/runs/", conversation_id=conversation)) == 2


async def test_a_pause_is_shown_with_its_agent(client: Client) -> None:
    agent = await client.agent()
    await client.send("default", "[[call: ask]]", client_tools=[ASK], agent_id=agent)

    shown = await client.get(f"/v1/agents/{agent}", include="agent.pending_approval")
    bare = await client.get(f"/v1/agents/{agent}")

    where = {"conversation_id": "default", "order": "asc"}
    assert (
        shown["pending_approval"] == (await client.get(f"/v1/agents/{agent}/messages", **where))[-1]
    )
    assert bare["pending_approval"] is None
