"""Law 10: what a provider streams back survives being sent again."""

import json
from typing import Any

import pytest

from palaver.domain.llm import Completion, TokenCount
from palaver.providers.catalog import Catalog
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Redacted, Reply, Say, Think, Usage
from tests.providers.talk import CONVERSE, INVOKE, LOOK, answer, asks, returns, spoken

LOOKS = [
    Call("call_1", "look", ('{"where"', ':"up"}')),
    Call("call_2", "look", ('{"where":"down"}',)),
]
CALLS = [
    {
        "id": call.id,
        "type": "function",
        "function": {"name": "look", "arguments": call.arguments},
    }
    for call in LOOKS
]


async def sent_again(
    fake: FakeProvider, models: Catalog, model: str, reply: Reply
) -> dict[str, Any]:
    """The body of the request that follows the reply, once its calls have returned."""
    fake.script(reply)
    first = await answer(models, model, asks("hi"), tools=(LOOK,))
    said = spoken(first, model)
    calls = [part.id for part in reply.parts if isinstance(part, Call)]
    following = returns(*calls) if calls else asks("go on")
    await answer(models, model, asks("hi"), said, following, tools=(LOOK,))
    return fake.bodies[-1]


async def test_chat_gets_back_its_words_calls_and_reasoning(
    fake: FakeProvider, models: Catalog
) -> None:
    reply = Reply((Think(("Let me", " see")), Say(("I", " look")), *LOOKS))

    body = await sent_again(fake, models, "openai/gpt-4o", reply)

    assert body["messages"][1:] == [
        {"role": "user", "content": "hi"},
        {
            "role": "assistant",
            "reasoning_content": "Let me see",
            "content": "I look",
            "tool_calls": CALLS,
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "the sky"},
        {"role": "tool", "tool_call_id": "call_2", "content": "the sky"},
    ]


async def test_responses_gets_back_its_items_with_their_ids_and_encrypted_text(
    fake: FakeProvider, models: Catalog
) -> None:
    reply = Reply(
        (
            Think(("one", "two"), seal="encrypted==", id="rs_1"),
            Think((), seal="hidden==", id="rs_2"),
            Say(("I", " look")),
            *LOOKS,
        )
    )

    body = await sent_again(fake, models, "openai/gpt-5-mini", reply)

    reasoning, hidden, message, *rest = body["input"][1:]
    assert reasoning == {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [
            {"type": "summary_text", "text": "one"},
            {"type": "summary_text", "text": "two"},
        ],
        "encrypted_content": "encrypted==",
    }
    assert hidden == {
        "type": "reasoning",
        "id": "rs_2",
        "summary": [],
        "encrypted_content": "hidden==",
    }
    assert (message["id"], message["content"][0]["text"]) == ("msg_2", "I look")
    assert [(item["type"], item["call_id"], item.get("id")) for item in rest] == [
        ("function_call", "call_1", "fc_3"),
        ("function_call", "call_2", "fc_4"),
        ("function_call_output", "call_1", None),
        ("function_call_output", "call_2", None),
    ]


async def test_messages_gets_back_signatures_and_redacted_thinking(
    fake: FakeProvider, models: Catalog
) -> None:
    reply = Reply(
        (Think(("Let me", " see"), seal="sig=="), Redacted("red=="), Say(("I", " look")), *LOOKS)
    )

    body = await sent_again(fake, models, "anthropic/claude-sonnet-4-6", reply)

    assistant, results = body["messages"][1:]
    assert assistant["content"] == [
        {"type": "thinking", "thinking": "Let me see", "signature": "sig=="},
        {"type": "redacted_thinking", "data": "red=="},
        {"type": "text", "text": "I look"},
        {"type": "tool_use", "id": "call_1", "name": "look", "input": {"where": "up"}},
        {"type": "tool_use", "id": "call_2", "name": "look", "input": {"where": "down"}},
    ]
    assert [block["tool_use_id"] for block in results["content"]] == ["call_1", "call_2"]


@pytest.mark.parametrize(
    ("there", "back"),
    [
        ("openai/gpt-4o", "openai/gpt-5-mini"),
        ("openai/gpt-5-mini", "openai/gpt-4o"),
        ("openai/gpt-5-mini", "anthropic/claude-sonnet-4-6"),
        ("anthropic/claude-sonnet-4-6", "openai/gpt-5-mini"),
        ("anthropic/claude-sonnet-4-6", "openai/gpt-4o"),
        ("anthropic/claude-sonnet-4-6", INVOKE),
        (INVOKE, "anthropic/claude-sonnet-4-6"),
        (INVOKE, CONVERSE),
        (CONVERSE, INVOKE),
        (CONVERSE, "openai/gpt-4o"),
    ],
)
async def test_another_protocol_is_told_the_words_and_calls_but_no_foreign_reasoning(
    fake: FakeProvider, models: Catalog, there: str, back: str
) -> None:
    fake.script(Reply((Think(("secret",), seal="seal=="), Say(("I look",)), Call())))
    said = spoken(await answer(models, there, asks("hi"), tools=(LOOK,)), there)

    await answer(models, back, asks("hi"), said, returns("call_1"), tools=(LOOK,))

    sent = json.dumps(fake.bodies[-1])
    assert "I look" in sent and "call_1" in sent
    assert "secret" not in sent and "seal==" not in sent and "msg_1" not in sent


async def test_a_call_without_arguments_has_an_empty_object(
    fake: FakeProvider, models: Catalog
) -> None:
    fake.script(Reply((Call("call_1", "look", ()),)))

    events = await answer(models, "anthropic/claude-sonnet-4-6", asks("hi"), tools=(LOOK,))

    (call,) = spoken(events, "anthropic/claude-sonnet-4-6").parts
    assert call.type == "tool_call"
    assert call.arguments == "{}"


ALL = Usage(prompt=100, completion=20, cached=64, cache_write=11, reasoning=7)


@pytest.mark.parametrize(
    ("model", "usage", "tokens"),
    [
        ("openai/gpt-4o", ALL, TokenCount(100, 20, 64, None, 7)),
        ("openai/gpt-4o", Usage(cached=0, reasoning=0), TokenCount(100, 20, 0, None, 0)),
        ("openai/gpt-4o", Usage(), TokenCount(100, 20)),
        ("openai/gpt-4o", None, TokenCount()),
        ("openai/gpt-5-mini", ALL, TokenCount(100, 20, 64, None, 7)),
        ("openai/gpt-5-mini", None, TokenCount()),
        ("anthropic/claude-sonnet-4-6", ALL, TokenCount(100, 20, 64, 11, None)),
        (
            "anthropic/claude-sonnet-4-6",
            Usage(cached=0, cache_write=0),
            TokenCount(100, 20, 0, 0, None),
        ),
        (INVOKE, ALL, TokenCount(100, 20, 64, 11, None)),
        (CONVERSE, ALL, TokenCount(100, 20, 64, 11, None)),
        (CONVERSE, Usage(cached=0, cache_write=0), TokenCount(100, 20, 0, 0, None)),
        (CONVERSE, Usage(), TokenCount(100, 20)),
        (CONVERSE, None, TokenCount()),
    ],
)
async def test_tokens_are_what_was_reported_and_nothing_is_made_up(
    fake: FakeProvider, models: Catalog, model: str, usage: Usage | None, tokens: TokenCount
) -> None:
    fake.script(Reply(usage=usage))

    *_, last = await answer(models, model)

    assert isinstance(last, Completion)
    assert last.tokens == tokens


@pytest.mark.parametrize(
    ("model", "word", "finish"),
    [
        ("openai/gpt-4o", "stop", "stop"),
        ("openai/gpt-4o", "length", "length"),
        ("openai/gpt-4o", "content_filter", "content_filter"),
        ("openai/gpt-5-mini", "max_output_tokens", "length"),
        ("anthropic/claude-sonnet-4-6", "end_turn", "stop"),
        ("anthropic/claude-sonnet-4-6", "max_tokens", "length"),
        ("anthropic/claude-sonnet-4-6", "refusal", "content_filter"),
        (INVOKE, "max_tokens", "length"),
        (CONVERSE, "end_turn", "stop"),
        (CONVERSE, "stop_sequence", "stop"),
        (CONVERSE, "max_tokens", "length"),
        (CONVERSE, "model_context_window_exceeded", "length"),
        (CONVERSE, "content_filtered", "content_filter"),
        (CONVERSE, "guardrail_intervened", "content_filter"),
        (CONVERSE, "malformed_model_output", "error"),
    ],
)
async def test_how_an_answer_ended_is_told_in_our_words_and_in_the_providers(
    fake: FakeProvider, models: Catalog, model: str, word: str, finish: str
) -> None:
    fake.script(Reply(finish=word))

    *_, last = await answer(models, model)

    assert isinstance(last, Completion)
    assert (last.finish, last.raw_finish) == (finish, word)
