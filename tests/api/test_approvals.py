"""Calls that wait for a client: how a run pauses, and how the next one goes on."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.api.answering import (
    ASK,
    EDIT,
    answer,
    approvals,
    asked,
    gate,
    kinds,
    memory,
    paused,
    returned,
    verdict,
)
from tests.api.here import Client, Json, check_calls, joined, serving
from tests.api.sending import post, said_in
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Reply, Say
from tests.servers import asking

pytestmark = pytest.mark.usefixtures("begin_again")


@pytest.fixture(scope="module")
async def client(file_url: str, fake: FakeProvider) -> AsyncIterator[Client]:
    """A client of a server that asks `fake` for everything."""
    async with serving(file_url, asking(fake)) as client:
        yield client


@pytest.mark.parametrize("tokens", [True, False])
async def test_a_run_stops_at_a_call_of_the_clients_and_goes_on_with_its_return(
    client: Client, conversation: str, tokens: bool
) -> None:
    text = "[[think: hm]] Look [[call: ask {}]]"
    first = await client.send(conversation, text, client_tools=[ASK], stream_tokens=tokens)
    (call_id,) = await asked(client, conversation)
    second = await answer(
        client, conversation, approvals(returned(call_id, "it rains")), stream_tokens=tokens
    )

    assert (first.stop, second.stop) == ("requires_approval", "end_turn")
    assert len(first.of_type("usage_statistics")) == 1
    assert second.messages[0]["message_type"] == "tool_return_message"
    assert second.text == "The tool ask returned: it rains"
    assert await kinds(client, conversation) == [
        "user", "reasoning", "approval_request", "approval_response", "tool_return", "reasoning",
        "assistant",
    ]  # fmt: skip
    history = await client.history(conversation)
    assert joined(first.messages) == history[2:4]
    assert joined(second.messages) == history[5:]
    check_calls(history)
    run = await client.newest_run(conversation)
    assert (run["status"], run["stop_reason"]) == ("completed", "end_turn")


async def test_fragments_of_a_request_carry_one_call_each(
    client: Client, conversation: str
) -> None:
    text = '[[call: ask {"a": "a long argument of a call"}]] [[call: type {}]]'
    heard = await client.send(
        conversation, text, client_tools=[ASK, {"name": "type"}], stream_tokens=True
    )

    fragments = heard.of_type("approval_request_message")
    assert len(fragments) > 2
    assert all(one["tool_call"] == one["tool_calls"] for one in fragments)
    assert len({(one["id"], one["otid"]) for one in fragments}) == 1
    (whole,) = joined(heard.messages)
    assert whole == (await client.history(conversation))[-1]
    assert [call["name"] for call in whole["tool_calls"]] == ["ask", "type"]


async def test_a_run_that_pauses_is_completed_and_its_step_and_agent_say_why(
    client: Client, conversation: str
) -> None:
    await paused(client, conversation)

    run = await client.newest_run(conversation)
    (step,) = await client.get(f"/v1/runs/{run['id']}/steps")
    agent = await client.get(f"/v1/agents/{run['agent_id']}")
    assert (run["status"], run["stop_reason"]) == ("completed", "requires_approval")
    assert (step["status"], step["stop_reason"]) == ("success", "requires_approval")
    assert agent["last_stop_reason"] == "requires_approval"


@pytest.mark.parametrize("streaming", [True, False])
async def test_what_is_not_an_answer_is_refused_and_told_what_waits(
    client: Client, conversation: str, streaming: bool
) -> None:
    (call_id,) = await paused(client, conversation)
    before = await client.history(conversation)

    refused = await post(client, conversation, "Hi", streaming=streaming)

    assert refused.status_code == 409
    body = refused.json()
    assert "waiting for approval" in body["detail"]
    assert "Please approve or deny the pending request before continuing" in body["detail"]
    assert body["code"] == "PENDING_APPROVAL"
    assert body["pending_request_id"] == before[-1]["id"]
    assert body["run_id"] == before[-1]["run_id"]
    assert body["tool_calls"] == [{"tool_call_id": call_id, "name": "ask", "arguments": "{}"}]
    assert refused.headers["x-should-retry"] == "false"
    assert await client.history(conversation) == before


async def test_calls_of_both_sides_in_one_step(client: Client, conversation: str) -> None:
    ids = await paused(client, conversation, f"[[call: ask]] {EDIT} [[call: type]]")
    assert len(ids) == 2
    assert await memory(client, conversation) == "no tea"

    await answer(client, conversation, approvals(returned(ids[1], "b"), returned(ids[0], "a")))

    assert await memory(client, conversation) == "no tea\nlikes tea"
    history = await client.history(conversation)
    check_calls(history)
    (back,) = [one for one in history if one["message_type"] == "tool_return_message"]
    returns = back["tool_returns"]
    assert [one["tool_return"] for one in returns[:2]] == ["a", "b"]
    assert returns[2]["status"] == "success"


@pytest.mark.parametrize("approve", [True, False])
async def test_a_tool_that_asks_is_carried_out_only_with_a_yes(
    client: Client, conversation: str, approve: bool
) -> None:
    await gate(client, conversation)
    (call_id,) = await paused(client, conversation, EDIT)

    heard = await answer(client, conversation, approvals(verdict(call_id, approve, "not today")))

    assert await memory(client, conversation) == ("no tea\nlikes tea" if approve else "no tea")
    back = heard.messages[0]
    assert back["status"] == ("success" if approve else "error")
    if not approve:
        text = "Error: request to call tool denied. User reason: not today"
        assert back["tool_return"] == text
        assert text in heard.text
    assert heard.stop == "end_turn"


async def test_approval_is_switched_on_and_off(client: Client, conversation: str) -> None:
    agent = (await client.get(f"/v1/conversations/{conversation}"))["agent_id"]
    path = f"/v1/agents/{agent}/tools/approval/memory_insert"
    rule = {"type": "requires_approval", "tool_name": "memory_insert"}

    for _ in range(2):
        assert (await client.ask("PATCH", path, {"requires_approval": True})).json() is None
        assert (await client.get(f"/v1/agents/{agent}"))["tool_rules"] == [rule]
    await client.ask("PATCH", path, None, requires_approval=False)
    assert (await client.get(f"/v1/agents/{agent}"))["tool_rules"] == []
    assert (await client.send(conversation, EDIT)).stop == "end_turn"
    assert (await client.ask("PATCH", path, {})).status_code == 422
    unknown = path.replace("memory_insert", "nothing")
    assert (await client.ask("PATCH", unknown, {"requires_approval": True})).status_code == 404


async def test_the_clients_tool_takes_the_place_of_ours_for_one_request(
    client: Client, conversation: str
) -> None:
    (call_id,) = await paused(client, conversation, EDIT, client_tools=[{"name": "memory_insert"}])
    await answer(client, conversation, approvals(returned(call_id, "mine")))
    assert await memory(client, conversation) == "no tea"

    assert (await client.send(conversation, EDIT)).stop == "end_turn"
    assert await memory(client, conversation) == "no tea\nlikes tea"


async def test_other_forms_of_an_answer(client: Client, conversation: str) -> None:
    (call_id,) = await paused(client, conversation)
    tool = {"type": "tool_return", "tool_returns": [returned(call_id, "one")]}
    assert "returned: one" in (await answer(client, conversation, tool)).text

    await gate(client, conversation)
    (call_id,) = await paused(client, conversation, EDIT)
    no = {"type": "approval", "approve": False, "approval_request_id": call_id, "reason": "no"}
    assert "denied" in (await answer(client, conversation, no)).text

    await paused(client, conversation, EDIT)
    request = (await client.history(conversation))[-1]["id"]
    yes = {"approve": True, "approval_request_id": request}
    assert (await answer(client, conversation, yes)).stop == "end_turn"
    assert await memory(client, conversation) == "no tea\nlikes tea"
    response = [
        one
        for one in await client.history(conversation)
        if one["message_type"] == "approval_response_message"
    ][1]
    assert (response["approve"], response["reason"]) == (False, "no")
    assert response["approval_request_id"] == no["approval_request_id"]


@pytest.mark.parametrize("streaming", [True, False])
async def test_wrong_ids_are_refused_and_change_nothing(
    client: Client, conversation: str, streaming: bool
) -> None:
    ids = await paused(client, conversation, "[[call: ask]] [[call: type]]")
    before = await client.history(conversation)
    for wrong in ([], ids[:1], [*ids, "other"], [ids[0], "other"], [ids[0], ids[0]]):
        message = approvals(*(returned(one) for one in wrong))
        refused = await post(client, conversation, "", messages=[message], streaming=streaming)
        assert refused.status_code == 400
        assert f"Invalid tool call IDs. Expected {ids}, but received" in refused.json()["detail"]
    late = [{"role": "user", "content": "Hi"}, approvals(*(returned(one) for one in ids))]
    assert (await post(client, conversation, "", messages=late)).status_code == 400

    assert await client.history(conversation) == before
    assert (await answer(client, conversation, late[1])).stop == "end_turn"


async def test_what_is_said_after_an_answer_stands_behind_the_returns(
    client: Client, conversation: str
) -> None:
    await gate(client, conversation)
    (call_id,) = await paused(client, conversation, EDIT)
    more = {"role": "user", "content": "and then?", "otid": "after-it"}

    heard = await answer(client, conversation, approvals(verdict(call_id, True)), more)

    assert heard.text.endswith("You said: and then? (user messages that I can see: 2)")
    assert (await kinds(client, conversation))[1:] == [
        "approval_request", "approval_response", "tool_return", "user", "assistant",
    ]  # fmt: skip
    run = await client.newest_run(conversation)
    path = f"/v1/conversations/{conversation}/stream"
    found = await client.ask("POST", path, {"otid": "after-it"})
    assert run["id"] in found.text


async def test_the_same_answer_again_tells_the_same_run(client: Client, conversation: str) -> None:
    ids = await paused(client, conversation, "[[call: ask]] [[call: type]]")
    parts = [returned(one) for one in ids]
    first = await answer(client, conversation, approvals(*parts))
    before = await client.history(conversation)

    again = await answer(client, conversation, approvals(*reversed(parts)))

    assert again.frames == first.frames
    assert await client.history(conversation) == before
    other = approvals(returned(ids[0], "else"), parts[1])
    refused = await post(client, conversation, "", messages=[other])
    assert refused.status_code == 400
    assert "No tool call is currently awaiting approval" in refused.json()["detail"]
    with_more = await answer(
        client, conversation, approvals(*parts), {"role": "user", "content": "next"}
    )
    assert "You said: next" in with_more.text
    assert (await said_in(client, conversation))[-1] == "next"


async def test_an_answer_with_a_key_is_one_send(client: Client, conversation: str) -> None:
    (call_id,) = await paused(client, conversation)
    body: Json = {"messages": [approvals(returned(call_id), otid="o-1")]}

    first, again = [await client.send(conversation, "", **body) for _ in range(2)]

    assert again.frames == first.frames
    body["messages"][0]["approvals"][0]["tool_return"] = "else"
    assert (await post(client, conversation, "", **body)).status_code == 422


async def test_of_racing_answers_one_wins(client: Client, conversation: str) -> None:
    await gate(client, conversation)
    (call_id,) = await paused(client, conversation, EDIT)
    messages = [[approvals(verdict(call_id, n % 2 == 0))] for n in range(8)]

    answers = await asyncio.gather(
        *(post(client, conversation, "", messages=one) for one in messages)
    )

    statuses = [one.status_code for one in answers]
    assert set(statuses) <= {200, 400, 409}
    history = await client.history(conversation)
    check_calls(history)
    (response,) = [one for one in history if one["message_type"] == "approval_response_message"]
    won = [one for n, one in enumerate(answers) if (n % 2 == 0) == response["approve"]]
    assert {one.status_code for one in won} == {200}
    assert len({one.text.split('"run_id":"')[1][:40] for one in won}) == 1


async def test_a_repeated_answer_goes_on_where_its_run_has_failed(
    client: Client, conversation: str
) -> None:
    (call_id,) = await paused(client, conversation, "[[call: ask]] [[fail: error]]")
    failed = await answer(client, conversation, approvals(returned(call_id)))
    assert failed.error is not None

    again = await answer(client, conversation, approvals(returned(call_id)))

    assert again.stop == "end_turn"
    assert "keep-alive" in (await said_in(client, conversation))[-1]
    check_calls(await client.history(conversation))


@pytest.mark.parametrize(
    "model", ["openai/gpt-4o", "openai/gpt-5-mini", "anthropic/claude-sonnet-4-6"]
)
async def test_every_wire_is_told_of_calls_and_returns_in_pairs(
    client: Client, fake: FakeProvider, conversation: str, model: str
) -> None:
    calls = [
        Call(f"c{n}", name, ("{}",)) for n, name in enumerate(("ask", "memory_insert", "type"))
    ]
    fake.script(Reply(parts=(Say(("Look:",)), *calls)), Reply(parts=(Say(("Fine",)),)))
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    body: Json = {"override_model": model}
    ids = await paused(client, conversation, "Hi", **body)
    shown = [{"type": "text", "text": "a picture"}, {"type": "image", "source": source}]

    heard = await answer(
        client,
        conversation,
        approvals(returned(ids[0], shown), returned(ids[1], "broken", "error")),
        {"role": "user", "content": "Well?"},
        **body,
    )

    assert heard.stop == "end_turn", heard.frames
    told = str(fake.bodies[-1])
    for piece in ("a picture", "iVBORw0KGgo", "broken", "Well?"):
        assert piece in told
    assert told.count("a picture") == 1
    (back,) = heard.of_type("tool_return_message")
    assert back["tool_returns"][0]["tool_return"] == [
        {"type": "text", "text": "a picture", "signature": None},
        {"type": "image", "source": {**source, "detail": None}},
    ]
    check_calls(await client.history(conversation))
