"""Agents by OpenAI's own client: one endpoint for programs that speak nothing else."""

from collections.abc import Iterator
from uuid import uuid4

import openai
import pytest
from letta_client import Letta
from letta_client.types.agents import AssistantMessage, UserMessage
from openai.types.chat import ChatCompletionUserMessageParam

from tests.servers import Server

PIXEL = "data:image/png;base64,iVBORw0KGgo="


@pytest.fixture
def chat(server: Server) -> Iterator[openai.OpenAI]:
    """OpenAI's client, which only gets another URL."""
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        yield client


def says(text: str) -> ChatCompletionUserMessageParam:
    """A message of the user's."""
    return {"role": "user", "content": text}


def test_an_agent_answers_and_remembers(chat: openai.OpenAI, client: Letta, agent: str) -> None:
    first = chat.chat.completions.create(model=agent, messages=[says("Hello")], temperature=0.1)
    again = chat.chat.completions.create(
        model=agent,
        messages=[
            {"role": "system", "content": "Be kind."},
            says("Hello"),
            {"role": "assistant", "content": "made up"},
            says("And now?"),
        ],
    )

    assert first.choices[0].finish_reason == "stop"
    assert "Hello" in str(first.choices[0].message.content)
    assert first.usage is not None
    assert first.usage.total_tokens > 0
    assert "that I can see: 2)" in str(again.choices[0].message.content)
    asked = client.agents.messages.list(
        agent, order="asc", include_return_message_types=["user_message"]
    )
    assert [getattr(one, "content", None) for one in asked.items] == ["Hello", "And now?"]


def test_a_conversation_answers_in_a_stream(chat: openai.OpenAI, client: Letta, agent: str) -> None:
    talk = client.conversations.create(agent_id=agent).id

    chunks = list(
        chat.chat.completions.create(
            model=talk,
            messages=[says("[[words: 30]]")],
            stream=True,
            stream_options={"include_usage": True},
        )
    )

    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    (told,) = client.conversations.messages.list(
        talk, include_return_message_types=["assistant_message"]
    ).items
    assert isinstance(told, AssistantMessage)
    assert "".join(pieces) == told.content
    assert len(pieces) > 5
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert {chunk.id for chunk in chunks} == {f"chatcmpl-{str(told.run_id)[4:]}"}
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens >= 30


def test_tools_are_carried_out_on_the_way_and_those_that_wait_are_denied(
    chat: openai.OpenAI, client: Letta
) -> None:
    agent = client.agents.create(
        model="palaver/offline",
        memory_blocks=[{"label": "human", "value": "x"}],
        tool_rules=[{"type": "requires_approval", "tool_name": "memory_replace"}],
    ).id
    insert = '[[call: memory_insert {"label": "human", "new_string": "sails"}]]'
    waits = '[[call: memory_replace {"label": "human", "old_string": "x", "new_string": "y"}]]'

    chat.chat.completions.create(model=agent, messages=[says(insert)])
    chat.chat.completions.create(model=agent, messages=[says(waits)])
    after = chat.chat.completions.create(model=agent, messages=[says("Go on")])

    assert after.choices[0].finish_reason == "stop"
    assert client.agents.blocks.retrieve("human", agent_id=agent).value == "x\nsails"


def test_a_picture_arrives(chat: openai.OpenAI, client: Letta, agent: str) -> None:
    picture = {"type": "image_url", "image_url": {"url": PIXEL}}
    content = [{"type": "text", "text": "What is it?"}, picture]

    chat.chat.completions.create(
        model=agent,
        messages=[{"role": "user", "content": content}],  # type: ignore[list-item,misc]
    )

    (said,) = client.agents.messages.list(
        agent, include_return_message_types=["user_message"]
    ).items
    assert isinstance(said, UserMessage)
    assert [getattr(part, "type", None) for part in said.content] == ["text", "image"]


def test_what_ends_early_and_what_fails_says_so(chat: openai.OpenAI, agent: str) -> None:
    short = chat.chat.completions.create(model=agent, messages=[says("[[length]] Hello")])
    assert short.choices[0].finish_reason == "length"

    with pytest.raises(openai.APIStatusError) as failed:
        chat.chat.completions.create(model=agent, messages=[says("[[fail: rate_limit]] Hello")])
    assert failed.value.status_code == 429
    with pytest.raises(openai.BadRequestError) as too_much:
        chat.chat.completions.create(model=agent, messages=[says("[[fail: overflow]] Hello")])
    assert isinstance(too_much.value.body, dict) and too_much.value.body["message"]
    with pytest.raises(openai.APIError, match="rate"):
        list(
            chat.chat.completions.create(
                model=agent, messages=[says("[[fail: rate_limit]] Hello")], stream=True
            )
        )


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"messages": [{"role": "assistant", "content": "Hi"}]}, "last message"),
        ({"messages": [{"role": "user", "content": ""}]}, "last message"),
        ({"messages": []}, "messages"),
        ({"n": 2}, "n"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"model": "gpt-4o"}, "id of an agent or a conversation"),
    ],
)
def test_what_cannot_be_is_refused(
    chat: openai.OpenAI, agent: str, changed: dict[str, object], complaint: str
) -> None:
    with pytest.raises(openai.APIStatusError, match=complaint) as refused:
        chat.chat.completions.create(**{"model": agent, "messages": [says("Hi")], **changed})  # type: ignore[call-overload]

    assert refused.value.status_code in (400, 422)


def test_nobody_is_not_found(chat: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        chat.chat.completions.create(model=f"agent-{uuid4()}", messages=[says("Hi")])
