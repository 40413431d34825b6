"""SGLang's own protocol: what is asked of it, what it tells, and what goes wrong."""

import asyncio
import json
from typing import Any

import pytest

from palaver import errors
from palaver.domain.llm import Completion, StreamEvent, TextDelta, TokenCount
from palaver.domain.model_settings import (
    JsonObjectFormat,
    JsonSchemaFormat,
    ResponseFormat,
    SGLangModelSettings,
)
from palaver.domain.part import Image, Reasoning, Text, ToolCall, UrlImage
from palaver.providers.catalog import Catalog
from palaver.providers.remote import Patience
from tests.fakes import tokens
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Fault, Refusal, Reply, Say, Think, Usage
from tests.fakes.sglang import Started
from tests.providers import talk
from tests.providers.talk import LOOK, asks, entry, returns, spoken

SGLANG = "sglang/served"
PARSING = Started(tool_call_parser="qwen25", reasoning_parser="qwen3")
CALLS = (Call(), Call("call_2", pieces=('{"where":', '"down"}')))


async def answer(models: Catalog, *said: Any, **more: Any) -> list[StreamEvent]:
    return await talk.answer(models, SGLANG, *said, token_ids=True, **more)


def rows(events: list[StreamEvent]) -> list[Any]:
    last = events[-1]
    assert isinstance(last, Completion) and last.token_details is not None
    return last.token_details.rows or []


def asked(fake: FakeProvider, path: str) -> dict[str, Any]:
    """The last request to a path."""
    return [one.body for one in fake.requests if one.path == path][-1]


@pytest.mark.parametrize("incremental", [False, True])
async def test_tokens_are_told_with_the_words(
    fake: FakeProvider, models: Catalog, incremental: bool
) -> None:
    pieces = ("I", " see", " see", " see", "!")
    fake.sglang = Started(incremental=incremental)
    fake.script(Reply((Say(pieces),), usage=Usage(100, 5, cached=64)))

    heard = await answer(models)

    assert [one.text for one in heard if isinstance(one, TextDelta)] == list(pieces)
    assert rows(heard) == [[tokens.logprob(one), tokens.id_of(one), None] for one in pieces]
    last = heard[-1]
    assert isinstance(last, Completion)
    assert (last.finish, last.raw_finish) == ("stop", "stop")
    assert last.tokens == TokenCount(prompt=100, completion=5, cached=64)
    assert last.token_details is not None and last.token_details.logprobs is None


async def test_alternatives_stand_in_both_forms(fake: FakeProvider, models: Catalog) -> None:
    heard = await answer(models, logprobs=2)

    top = [[tokens.logprob(one), tokens.id_of(one), one] for one in tokens.others_of("Hello", 2)]
    assert rows(heard)[0] == [tokens.logprob("Hello"), tokens.id_of("Hello"), top]
    last = heard[-1]
    assert isinstance(last, Completion)
    assert last.token_details is not None and last.token_details.logprobs is not None
    assert last.token_details.logprobs.model_dump(exclude_none=True)["content"] == [
        tokens.likely(piece, 2) for piece in ("Hello", " you")
    ]


async def test_the_server_puts_the_conversation_into_its_template(
    fake: FakeProvider, models: Catalog
) -> None:
    fake.sglang = PARSING
    call = ToolCall(call_id="call_1", name="look", arguments='{"where":"up"}')
    said = (asks("Look!"), entry("assistant", call), returns("call_1"), asks("And?"))

    await answer(models, *said, tools=(LOOK,))

    template = asked(fake, "/tokenize")
    assert template["model"] == "served"
    assert [one["role"] for one in template["messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "user",
    ]
    assert template["messages"][2]["tool_calls"][0]["function"]["arguments"] == '{"where":"up"}'
    assert template["tools"][0]["function"]["name"] == "look"
    words = [json.dumps(one) for one in (*template["tools"], *template["messages"])]
    assert asked(fake, "/generate")["input_ids"] == [tokens.id_of(word) for word in words]


async def test_what_is_generated_natively(fake: FakeProvider, models: Catalog) -> None:
    settings = SGLangModelSettings(temperature=0.3, max_output_tokens=99)

    await answer(models, settings=settings, logprobs=3)

    sent = asked(fake, "/generate")
    assert sent["sampling_params"] == {
        "temperature": 0.3,
        "max_new_tokens": 99,
        "skip_special_tokens": True,
    }
    assert (sent["stream"], sent["return_logprob"], sent["top_logprobs_num"]) == (True, True, 3)
    keys = {one.headers["authorization"] for one in fake.requests}
    assert len(fake.requests) == 3 and len(keys) == 1 and keys.pop().startswith("Bearer ")


async def test_an_answer_is_not_cut_where_no_limit_was_set(
    fake: FakeProvider, models: Catalog
) -> None:
    await answer(models)

    limits = asked(fake, "/generate")["sampling_params"]
    assert limits["max_new_tokens"] is None  # left out, it would be 128


@pytest.mark.parametrize(
    ("form", "schema"),
    [
        (JsonObjectFormat(), {"type": "object"}),
        (
            JsonSchemaFormat(json_schema={"name": "x", "schema": {"type": "array"}}),
            {"type": "array"},
        ),
    ],
)
async def test_an_answer_in_a_form(
    fake: FakeProvider, models: Catalog, form: ResponseFormat, schema: dict[str, Any]
) -> None:
    await answer(models, settings=SGLangModelSettings(response_format=form))

    assert json.loads(asked(fake, "/generate")["sampling_params"]["json_schema"]) == schema


async def test_reasoning_and_calls_are_read_by_the_server(
    fake: FakeProvider, models: Catalog
) -> None:
    fake.sglang = PARSING
    fake.script(Reply((Think(), Say(("Look", "ing.")), *CALLS)))

    heard = await answer(models, tools=(LOOK,))

    said = spoken(heard, SGLANG)
    thought, words, one, two = said.parts
    assert isinstance(thought, Reasoning) and thought.text == "Let me see"
    assert isinstance(words, Text) and words.text == "Looking."
    assert isinstance(one, ToolCall) and isinstance(two, ToolCall)
    assert (one.name, json.loads(one.arguments)) == ("look", {"where": "up"})
    assert json.loads(two.arguments) == {"where": "down"}
    assert one.call_id != two.call_id
    last = heard[-1]
    assert isinstance(last, Completion) and last.finish == "tool_call"
    assert rows(heard)[0][1] == tokens.id_of("<think>")  # all that was said, before it was read
    assert asked(fake, "/generate")["sampling_params"]["skip_special_tokens"] is False

    back = entry("tool", *returns(one.call_id, two.call_id).parts)
    await answer(models, asks("hi"), said, back, tools=(LOOK,))
    again = asked(fake, "/tokenize")["messages"][2]
    assert "Let me see" in json.dumps(again) and "Looking." in again["content"]


async def test_the_settings_name_the_parser_of_calls(fake: FakeProvider, models: Catalog) -> None:
    fake.script(Reply((Call(),)))
    settings = SGLangModelSettings(tool_call_parser="qwen25")

    heard = await answer(models, settings=settings, tools=(LOOK,))

    [call] = spoken(heard, SGLANG).parts
    assert isinstance(call, ToolCall)
    assert asked(fake, "/parse_function_call")["tool_call_parser"] == "qwen25"


async def test_without_a_wish_for_ids_it_is_spoken_to_by_chat_completions(
    fake: FakeProvider, models: Catalog
) -> None:
    heard = await talk.answer(models, SGLANG, logprobs=1)

    assert [one.path for one in fake.requests] == ["/v1/chat/completions"]
    last = heard[-1]
    assert isinstance(last, Completion) and last.token_details is not None
    assert last.token_details.rows is None and last.token_details.logprobs is not None


async def test_a_limit_that_was_reached(fake: FakeProvider, models: Catalog) -> None:
    fake.script(Reply(finish="length"))

    last = (await answer(models))[-1]

    assert isinstance(last, Completion) and last.finish == "length"


PICTURE = entry("user", Image(source=UrlImage(url="https://x.test/a.png")))


@pytest.mark.parametrize(
    ("started", "said", "remedy"),
    [
        (Started(), asks("hi"), "tool_call_parser"),
        (Started("qwen25", template=False), asks("hi"), "0.5.12"),
        (Started("qwen25"), PICTURE, "images"),
    ],
)
async def test_what_cannot_be_asked_is_refused_with_what_to_do(
    fake: FakeProvider, models: Catalog, started: Started, said: Any, remedy: str
) -> None:
    fake.sglang = started

    with pytest.raises(errors.RequestRefused) as caught:
        await answer(models, said, tools=(LOOK,))

    assert remedy in caught.value.detail
    assert not [one for one in fake.requests if one.path == "/generate"]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (Refusal(400, {"error": {"message": "no"}}), errors.RequestRefused),
        (Refusal(401, {"error": "Unauthorized"}), errors.AuthenticationFailed),
        (Refusal(429, {"error": {"message": "slow"}}), errors.RateLimited),
        (Refusal(500, "oops"), errors.ProviderFailed),
        (Refusal(503, {"error": {"message": "The request queue is full."}}), errors.Overloaded),
        (Refusal(200, "<html>Hello</html>"), errors.BrokenReply),
        (Reply(fault=Fault("break", 0)), errors.ProviderFailed),
        (Reply(fault=Fault("break", 1)), errors.ProviderFailed),
        (Reply(fault=Fault("nonsense", 1)), errors.BrokenReply),
        (Reply(fault=Fault("end", 0)), errors.BrokenReply),
        (Reply(fault=Fault("end", 1)), errors.BrokenReply),
        (Reply(fault=Fault("error", 1), error={"message": "bad"}), errors.ProviderFailed),
        (Reply(finish="abort"), errors.ProviderFailed),
    ],
)
@pytest.mark.parametrize("started", [Started(), PARSING])
async def test_what_goes_wrong_has_its_kind(
    fake: FakeProvider, models: Catalog, said: Any, kind: type[errors.LLMError], started: Started
) -> None:
    fake.sglang = started
    fake.script(said)

    with pytest.raises(errors.LLMError) as caught:
        await answer(models)

    assert type(caught.value) is kind


async def test_a_parser_that_the_server_does_not_know(fake: FakeProvider, models: Catalog) -> None:
    fake.sglang = Started(tool_call_parser="llama3")

    with pytest.raises(errors.ProviderFailed):
        await answer(models, tools=(LOOK,))


@pytest.mark.parametrize("after", [0, 1])
async def test_silence_ends_in_a_timeout(fake: FakeProvider, after: int) -> None:
    models = talk.catalog(fake, Patience(idle=0.2, tries=1))
    fake.script(Reply(fault=Fault("stall", after)))

    with pytest.raises(errors.LLMTimeout):
        await answer(models)

    await models.close()


@pytest.mark.parametrize("started", [Started(), PARSING])
async def test_who_stops_listening_hangs_up(
    fake: FakeProvider, models: Catalog, started: Started
) -> None:
    fake.sglang = started
    fake.script(Reply(fault=Fault("stall", 1)))
    handle, model = models.resolve(SGLANG)

    listening = asyncio.create_task(talk.listen(model, talk.request(handle, token_ids=True)))
    await fake.until_streaming()
    listening.cancel()

    async with asyncio.timeout(1):
        await fake.until_quiet()
    with pytest.raises(asyncio.CancelledError):
        await listening
