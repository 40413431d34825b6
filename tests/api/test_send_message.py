"""Older agents speak by a tool: to the people it is speech, to the model a call with its return."""

import json

import pytest

from tests.api.here import Client, joined
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Reply, Say

pytestmark = pytest.mark.usefixtures("begin_again")

HELLO = 'Well, "hello"\n— 😀!'
TOLD = json.dumps({"message": HELLO})


@pytest.mark.parametrize("tokens", [True, False])
@pytest.mark.parametrize("kind", ["memgpt_agent", "memgpt_v2_agent"])
async def test_what_is_said_by_the_tool_is_shown_as_said(
    client: Client, fake: FakeProvider, kind: str, tokens: bool
) -> None:
    pieces = tuple(TOLD[n : n + 5] for n in range(0, len(TOLD), 5))
    fake.script(
        Reply(parts=(Call("call_1", "send_message", pieces),)),
        Reply(parts=(Say(("Done",)),)),
        Reply(parts=(Say(("Yes",)),)),
    )
    agent = await client.agent(agent_type=kind, model="openai/gpt-4o", tool_rules=[])
    conversation = await client.conversation(agent)

    heard = await client.send(conversation, "Hi", stream_tokens=tokens)
    await client.send(conversation, "Are you sure?")

    said = [(one["message_type"], one.get("content")) for one in joined(heard.messages)]
    assert said == [("assistant_message", HELLO), ("assistant_message", "Done")]
    history = await client.history(conversation)
    assert [one["message_type"] for one in history[1:6]] == [
        "user_message", "assistant_message", "assistant_message", "user_message",
        "assistant_message",
    ]  # fmt: skip
    assert joined(heard.messages) == history[2:4]
    assert "call_1" in json.dumps(fake.requests[-1].body)
    assert "The message was sent." in json.dumps(fake.requests[-1].body)


async def test_who_has_spoken_is_done(client: Client) -> None:
    conversation = await client.conversation(await client.agent(agent_type="memgpt_v2_agent"))

    heard = await client.send(conversation, f"[[call: send_message {TOLD}]]")

    assert (heard.text, heard.stop) == (HELLO, "tool_rule")


async def test_what_says_nothing_is_told_to_the_model(client: Client) -> None:
    agent = await client.agent(agent_type="memgpt_v2_agent", tool_rules=[])
    conversation = await client.conversation(agent)

    heard = await client.send(conversation, '[[call: send_message {"text": "x"}]]')

    back = heard.of_type("tool_return_message")[0]
    assert back["status"] == "error"
    assert "must be what you say" in back["tool_return"]


async def test_speech_that_needs_approval_is_a_request(client: Client) -> None:
    rules = [{"type": "requires_approval", "tool_name": "send_message"}]
    agent = await client.agent(agent_type="memgpt_v2_agent", tool_rules=rules)
    conversation = await client.conversation(agent)

    heard = await client.send(conversation, f"[[call: send_message {TOLD}]]")

    assert heard.stop == "requires_approval"
    assert [one["message_type"] for one in joined(heard.messages)] == ["approval_request_message"]


async def test_older_agents_are_given_the_tool_and_the_rule_that_it_ends_a_turn(
    client: Client,
) -> None:
    made = await client.post(
        "/v1/agents/", {"model": "palaver/offline", "agent_type": "memgpt_agent"}
    )
    bare = await client.post(
        "/v1/agents/",
        {"model": "palaver/offline", "agent_type": "memgpt_agent", "include_base_tools": False},
    )

    assert made["tools"][0]["name"] == "send_message"
    assert made["tool_rules"] == [{"type": "exit_loop", "tool_name": "send_message"}]
    assert (bare["tools"], bare["tool_rules"]) == ([], None)
