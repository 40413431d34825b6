"""Law 10: what a provider streams back survives being sent again."""

import json
from typing import Any

import pytest

from palaver.domain.entry import Entry
from palaver.domain.llm import Completion, TokenCount
from palaver.domain.part import ToolCall
from palaver.providers.catalog import Catalog
from tests.fakes import gemini
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Redacted, Reply, Say, Think, Usage
from tests.providers.talk import (
    CONVERSE,
    GEMINI,
    INVOKE,
    LOOK,
    VERTEX,
    answer,
    asks,
    returns,
    spoken,
)

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


def call_ids(said: Entry) -> list[str]:
    """The ids of its calls."""
    return [part.call_id for part in said.parts if isinstance(part, ToolCall)]


async def sent_again(
    fake: FakeProvider, models: Catalog, model: str, reply: Reply
) -> dict[str, Any]:
    """The body of the request that follows the reply, once its calls have returned."""
    fake.script(reply)
    first = await answer(models, model, asks("hi"), tools=(LOOK,))
    said = spoken(first, model)
    calls = call_ids(said)
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


SEALS = ["a", "~~~", "???", "é\n"]  # in base64, both of the characters that its alphabets differ in


@pytest.mark.parametrize("model", [GEMINI, VERTEX])
@pytest.mark.parametrize("seal", SEALS)
async def test_gemini_gets_back_its_thoughts_and_every_signature_where_it_was(
    fake: FakeProvider, models: Catalog, model: str, seal: str
) -> None:
    reply = Reply(
        (
            Think(("Let me", " see"), seal=f"thought {seal}"),
            Say(("I", " look"), seal=f"text {seal}"),
            Call(pieces=('{"where":', '"up"}'), seal=f"call {seal}"),
            Call(pieces=()),
        )
    )

    body = await sent_again(fake, models, model, reply)

    _, spoke, results = body["contents"]
    thought, words, first, second = spoke["parts"]
    assert (thought["text"], thought["thought"]) == ("Let me see", True)
    assert words["text"] == "I look"
    assert [first["functionCall"]["args"], second["functionCall"]["args"]] == [{"where": "up"}, {}]
    assert [gemini.seal_of(part) for part in (thought, words, first)] == [
        f"thought {seal}", f"text {seal}", f"call {seal}",
    ]  # fmt: skip
    assert "thoughtSignature" not in second
    ids = [part["functionCall"]["id"] for part in (first, second)]
    assert len(set(ids)) == 2
    assert [part["functionResponse"]["id"] for part in results["parts"]] == ids


@pytest.mark.parametrize("model", [GEMINI, VERTEX])
async def test_gemini_gets_back_thoughts_whose_signature_is_with_the_call(
    fake: FakeProvider, models: Catalog, model: str
) -> None:
    body = await sent_again(fake, models, model, Reply((Think(), Call(seal="call"))))

    thought, call = body["contents"][1]["parts"]
    assert thought == {"text": "Let me see", "thought": True}
    assert gemini.seal_of(call) == "call"


async def test_gemini_gives_no_ids_to_calls_and_ours_are_never_the_same_twice(
    fake: FakeProvider, models: Catalog
) -> None:
    turns: list[Entry] = [asks("hi")]
    for _ in range(3):
        fake.script(Reply((Call(), Call())))
        said = spoken(await answer(models, GEMINI, *turns, tools=(LOOK,)), GEMINI)
        turns += [said, returns(*call_ids(said))]

    assert len({call for said in turns for call in call_ids(said)}) == 6


@pytest.mark.parametrize(
    ("there", "back"),
    [
        ("openai/gpt-4o", "openai/gpt-5-mini"),
        ("openai/gpt-5-mini", "openai/gpt-4o"),
        ("openai/gpt-5-mini", "anthropic/claude-sonnet-4-6"),
        ("anthropic/claude-sonnet-4-6", "openai/gpt-5-mini"),
        ("anthropic/claude-sonnet-4-6", "openai/gpt-4o"),
        ("anthropic/claude-sonnet-4-6", GEMINI),
        ("openai/gpt-5-mini", VERTEX),
        (GEMINI, "openai/gpt-4o"),
        (GEMINI, "anthropic/claude-sonnet-4-6"),
        (GEMINI, VERTEX),
        (VERTEX, GEMINI),
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

    (call,) = call_ids(said)

    await answer(models, back, asks("hi"), said, returns(call), tools=(LOOK,))

    sent = json.dumps(fake.bodies[-1])
    assert "I look" in sent and call in sent
    foreign = ("secret", "seal==", gemini.signature("seal=="), "msg_1")
    assert not any(word in sent for word in foreign)


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
        (GEMINI, ALL, TokenCount(100, 20, 64, None, 7)),
        (VERTEX, ALL, TokenCount(100, 20, 64, None, 7)),
        (GEMINI, Usage(), TokenCount(100, 20)),
        (GEMINI, None, TokenCount()),
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
        (GEMINI, "STOP", "stop"),
        (GEMINI, "MAX_TOKENS", "length"),
        (GEMINI, "SAFETY", "content_filter"),
        (VERTEX, "RECITATION", "content_filter"),
        (GEMINI, "MALFORMED_FUNCTION_CALL", "error"),
        (GEMINI, "OTHER", "stop"),
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


@pytest.mark.parametrize("model", [GEMINI, VERTEX])
async def test_a_question_that_gemini_will_not_hear_ends_without_a_word(
    fake: FakeProvider, models: Catalog, model: str
) -> None:
    fake.script(Reply((), finish="PROHIBITED_CONTENT"))

    (only,) = await answer(models, model)

    assert isinstance(only, Completion)
    assert (only.finish, only.raw_finish) == ("content_filter", "PROHIBITED_CONTENT")
