"""The main job: messages go in, a stream comes out, and the history holds the same."""

from typing import Any

import pytest
from letta_client import (
    BadRequestError,
    ConflictError,
    Letta,
    NotFoundError,
    UnprocessableEntityError,
)

from tests.contract.conftest import Say
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Reply
from tests.fakes.reply import Say as Words

PIXEL = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}


def test_a_send_is_answered_by_a_stream(say: Say, conversation: str) -> None:
    turn = say(conversation, "Hello", stream_tokens=True)

    assert turn.kinds == ["ping", "assistant_message", "stop_reason", "usage_statistics"]
    assert "Hello" in turn.text
    assert turn.stop == "end_turn"


def test_without_tokens_messages_come_whole(say: Say, conversation: str) -> None:
    turn = say(conversation, "[[think: well]] Hello", stream_tokens=False)

    assert len(turn.of("reasoning_message")) == 1
    assert len(turn.of("assistant_message")) == 1
    assert len(turn.messages) == 2


def test_with_tokens_they_come_in_fragments(say: Say, conversation: str) -> None:
    turn = say(conversation, "[[think: well then]] Hello", stream_tokens=True)

    assert len(turn.of("reasoning_message")) > 1
    assert len(turn.of("assistant_message")) > 1
    assert len(turn.messages) == 2


def test_events_are_numbered_and_tell_of_one_run(say: Say, conversation: str) -> None:
    ping, *events = say(conversation, "Hello", stream_tokens=True).events

    assert [event["seq_id"] for event in events] == list(range(1, len(events) + 1))
    assert ping["seq_id"] == 0
    assert {event["run_id"] for event in events[:-2]} == {ping["run_id"]}
    assert events[-1]["run_ids"] == [ping["run_id"]]


def test_the_client_types_every_event(client: Letta, conversation: str) -> None:
    stream = client.conversations.messages.create(
        conversation, input='[[think: well]] [[call: memory_insert {"label": "x"}]]'
    )

    assert [type(event).__name__ for event in stream] == [
        "LettaPing",
        "ReasoningMessage",
        "ToolCallMessage",
        "ToolReturnMessage",
        "ReasoningMessage",
        "AssistantMessage",
        "LettaStopReason",
        "LettaUsageStatistics",
    ]


@pytest.mark.parametrize(
    "sent",
    [
        {"input": "Hello"},
        {"input": [{"type": "text", "text": "Hello"}]},
        {"messages": [{"role": "user", "content": "Hello"}]},
        {"messages": [{"type": "message", "role": "user", "content": [{"text": "Hello"}]}]},
    ],
)
def test_the_same_may_be_said_in_several_ways(
    client: Letta, say: Say, conversation: str, sent: dict[str, Any]
) -> None:
    say(conversation, **sent)

    [said] = client.conversations.messages.list(
        conversation, include_return_message_types=["user_message"]
    )
    assert said.message_type == "user_message"
    assert said.content == "Hello"


def test_several_messages_are_kept_in_order_under_their_names(
    client: Letta, say: Say, conversation: str
) -> None:
    say(
        conversation,
        messages=[
            {"role": "user", "content": "one", "otid": "first", "name": "Ada"},
            {"role": "user", "content": "two", "otid": "second", "sender_id": "agent-1"},
        ],
    )

    listed = client.conversations.messages.list(conversation, order="asc")
    _, one, two, *_ = listed
    assert [(one.otid, one.name), (two.otid, two.sender_id)] == [
        ("first", "Ada"),
        ("second", "agent-1"),
    ]


def test_everybody_is_kept_as_what_they_were_said_to_be(
    client: Letta, say: Say, fake: FakeProvider
) -> None:
    first: Any = [{"role": "system", "content": "It is Friday."}]
    agent = client.agents.create(
        model="openai/gpt-4o", include_base_tools=False, initial_message_sequence=first
    ).id
    conversation = client.conversations.create(agent_id=agent).id
    roles = ("system", "user", "system")

    said = [{"role": role, "content": f"{role} {n}"} for n, role in enumerate(roles)]
    say(conversation, messages=said)

    _, *listed = client.conversations.messages.list(conversation, order="asc")
    assert [one.message_type for one in listed] == [
        *(f"{role}_message" for role in roles), "assistant_message"
    ]  # fmt: skip
    assert [one["role"] for one in fake.bodies[-1]["messages"]] == ["system", *["user"] * 3]
    _, begun, *_ = client.agents.messages.list(agent, order="asc")
    assert begun.message_type == "system_message"


def test_pictures_are_kept_and_reach_the_model(
    client: Letta, say: Say, fake: FakeProvider, conversation: str
) -> None:
    content = [{"type": "text", "text": "What is it?"}, {"type": "image", "source": PIXEL}]

    say(
        conversation,
        messages=[{"role": "user", "content": content}],
        override_model="openai/gpt-4o",
    )

    [said] = client.conversations.messages.list(
        conversation, include_return_message_types=["user_message"]
    )
    shown: Any = said.to_dict()["content"]
    assert [part["type"] for part in shown] == ["text", "image"]
    assert shown[1]["source"]["data"] == PIXEL["data"]
    [_, sent] = fake.bodies[0]["messages"]
    url = f"data:image/png;base64,{PIXEL['data']}"
    assert sent["content"][1]["image_url"]["url"] == url


def test_pings_are_left_out_on_request(say: Say, conversation: str) -> None:
    turn = say(conversation, "Hello", include_pings=False)

    assert turn.kinds == ["assistant_message", "stop_reason", "usage_statistics"]


def test_kinds_are_left_out_on_request(client: Letta, conversation: str) -> None:
    stream = client.conversations.messages.create(
        conversation,
        input="[[think: well]] Hello",
        include_return_message_types=["reasoning_message"],
    )

    assert [event.message_type for event in stream] == [
        "ping",
        "reasoning_message",
        "stop_reason",
        "usage_statistics",
    ]


def test_steps_are_limited(say: Say, conversation: str) -> None:
    turn = say(conversation, '[[call: memory_insert {"label": "x"}]]', max_steps=1)

    assert turn.stop == "max_steps"
    assert [message.message_type for message in turn.messages] == [
        "tool_call_message",
        "tool_return_message",
    ]


def test_a_request_may_use_another_model(say: Say, fake: FakeProvider, conversation: str) -> None:
    fake.script(Reply((Words(("From", " afar")),)))

    turn = say(conversation, "Hello", override_model="anthropic/claude-sonnet-4-6")

    assert turn.text == "From afar"
    assert fake.bodies[0]["model"] == "claude-sonnet-4-6"


def test_a_conversation_may_use_another_model(
    client: Letta, say: Say, fake: FakeProvider, agent: str
) -> None:
    conversation = client.conversations.create(
        agent_id=agent,
        model="openai/gpt-4o",
        model_settings={"provider_type": "openai", "temperature": 0.25, "max_output_tokens": 77},
    )

    say(conversation.id, "Hello")

    assert fake.bodies[0]["model"] == "gpt-4o"
    assert fake.bodies[0]["temperature"] == 0.25
    assert 77 in (
        fake.bodies[0].get("max_completion_tokens"),
        fake.bodies[0].get("max_tokens"),
    )


def test_a_request_may_use_another_system_prompt(
    say: Say, fake: FakeProvider, conversation: str
) -> None:
    say(conversation, "Hi", override_model="openai/gpt-4o", override_system="Be brief.")
    say(conversation, "Hi", override_model="openai/gpt-4o")

    first, second = (body["messages"][0]["content"] for body in fake.bodies)
    assert first == "Be brief."
    assert "Be brief." not in second


def test_a_request_may_bring_skills(say: Say, fake: FakeProvider, conversation: str) -> None:
    skill = {"name": "sew", "description": "Sews well.", "location": "/skills/sew"}

    say(conversation, "Hi", override_model="openai/gpt-4o", client_skills=[skill])
    say(conversation, "Hi", override_model="openai/gpt-4o")

    first, second = (body["messages"][0]["content"] for body in fake.bodies)
    assert "<available_skills>" in first
    assert "/skills/sew" in first
    assert "/skills/sew" not in second


def test_a_second_send_is_a_conflict_and_cancelling_frees_the_conversation(
    client: Letta, say: Say, conversation: str
) -> None:
    first = client.conversations.messages.create(
        conversation, input="[[pace: 20]] [[words: 1000]]", stream_tokens=True
    )
    events = iter(first)
    run_id = next(events).run_id  # type: ignore[union-attr]
    next(events)

    with pytest.raises(ConflictError, match="is currently being processed") as busy:
        client.conversations.messages.create(conversation, input="me too")
    cancelled = client.conversations.cancel(conversation)
    *_, last = events

    assert busy.value.body["run_id"] == run_id  # type: ignore[index]
    assert cancelled == {run_id: "cancelled"}
    assert (last.message_type, last.stop_reason) == ("stop_reason", "cancelled")  # type: ignore[union-attr]
    assert client.runs.retrieve(str(run_id)).status == "cancelled"
    assert say(conversation, "Hello").stop == "end_turn"


def test_two_conversations_of_one_agent_do_not_wait_for_each_other(
    client: Letta, say: Say, agent: str, conversation: str
) -> None:
    other = client.conversations.create(agent_id=agent).id
    slow = client.conversations.messages.create(
        conversation, input="[[pace: 20]] [[words: 1000]]", stream_tokens=True
    )
    events = iter(slow)
    next(events)

    assert say(other, "Hello").stop == "end_turn"
    client.conversations.cancel(conversation)
    *_, last = events
    assert last.stop_reason == "cancelled"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "sent",
    [{}, {"input": "a", "messages": [{"role": "user", "content": "b"}]}, {"messages": []}],
    ids=["nothing", "both", "an empty list"],
)
def test_exactly_one_way_to_say_it_is_wanted(
    client: Letta, conversation: str, sent: dict[str, Any]
) -> None:
    with pytest.raises(UnprocessableEntityError):
        client.conversations.messages.create(conversation, **sent)


def test_what_cannot_be_sent_to_is_not_found(client: Letta, conversation: str) -> None:
    with pytest.raises(NotFoundError):
        client.conversations.messages.create(
            "conv-00000000-0000-4000-8000-000000000000", input="Hello"
        )
    with pytest.raises(NotFoundError):
        client.conversations.messages.create(conversation, input="Hi", override_model="no/body")
    with pytest.raises(BadRequestError):
        client.conversations.messages.create(conversation, input="Hi", override_model="nobody")


def test_an_approval_of_nothing_is_refused(client: Letta, conversation: str) -> None:
    approval = {"type": "approval", "approvals": []}

    with pytest.raises(BadRequestError, match="No tool call is currently awaiting approval"):
        client.conversations.messages.create(conversation, messages=[approval])  # type: ignore[list-item]


def test_an_agent_that_does_not_remember_sees_one_turn(
    client: Letta, say: Say, fake: FakeProvider
) -> None:
    agent = client.agents.create(model="openai/gpt-4o", message_buffer_autoclear=True).id
    conversation = client.conversations.create(agent_id=agent).id
    look = Call(name="conversation_search", pieces=('{"query": "x"}',))
    fake.script(Reply(), Reply((look,)), Reply())

    say(conversation, "one")
    say(conversation, "two")

    assert [one["role"] for one in fake.bodies[-1]["messages"]] == [
        "system", "user", "assistant", "tool",
    ]  # fmt: skip
    listed = client.conversations.messages.list(conversation)
    assert [one.message_type for one in listed].count("user_message") == 2
    context = client.conversations.retrieve(conversation).in_context_message_ids or ()
    assert len(context) == 5


def test_the_older_response_format_of_an_agent_holds_too(
    client: Letta, say: Say, fake: FakeProvider
) -> None:
    agent = client.agents.create(model="openai/gpt-4o", response_format={"type": "json_object"}).id

    say(client.conversations.create(agent_id=agent).id, "Hello")

    assert fake.bodies[-1]["response_format"] == {"type": "json_object"}
