"""Everybody who speaks a protocol of OpenAI's or Anthropic's is spoken to."""

import asyncio
import json

import pytest

from palaver import errors
from palaver.domain.llm import Completion
from palaver.domain.part import Reasoning, Text, ToolCall
from palaver.providers.catalog import Catalog
from palaver.providers.remote import Patience
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Fault, Quirk, Refusal, Refuse, Reply, Say, Think, Usage
from tests.providers.talk import (
    LOOK,
    ROWS,
    answer,
    asks,
    handle_of,
    key_of,
    request,
    returns,
    spoken,
)

EVERYBODY = pytest.mark.parametrize("name", ROWS)


def where(name: str) -> dict[str, str]:
    """The path and the headers by which the provider is asked."""
    token = {"authorization": f"Bearer {key_of(name)}"}
    match name:
        case "azure":
            return {"path": "/openai/v1/chat/completions", "api-key": key_of(name)}
        case "anthropic":
            return {"path": "/v1/messages", **token}
        case "moonshot_coding":
            version = {"anthropic-version": "2023-06-01"}
            return {"path": "/v1/messages", "x-api-key": key_of(name), **token, **version}
        case "chatgpt_oauth":
            who = {"chatgpt-account-id": "account-1", "originator": "palaver"}
            return {"path": "/backend-api/codex/responses", **token, **who}
        case _:
            return {"path": "/v1/chat/completions", **token}


def quirks_of(name: str) -> frozenset[Quirk]:
    """How reasoning comes from the provider."""
    return frozenset({"details"} if name == "openrouter" else ())


@EVERYBODY
async def test_it_is_asked_where_it_is_with_its_key_and_answers(
    fake: FakeProvider, everybody: Catalog, name: str
) -> None:
    fake.script(Reply((Say(("Hello", " you")),), usage=Usage(100, 20, cached=64)))

    events = await answer(everybody, handle_of(name), asks("hi"))

    (said,) = spoken(events, handle_of(name)).parts
    assert isinstance(said, Text)
    assert said.text == "Hello you"
    last = events[-1]
    assert isinstance(last, Completion)
    assert (last.finish, last.tokens.prompt, last.tokens.completion) == ("stop", 100, 20)
    assert last.tokens.cached == 64
    (request,) = fake.requests
    assert {"path": request.path, **request.headers}.items() >= where(name).items()
    assert request.body["model"] == ROWS[name]


@EVERYBODY
async def test_a_round_of_tools_and_reasoning_goes_back_as_it_came(
    fake: FakeProvider, everybody: Catalog, name: str
) -> None:
    details = quirks_of(name)
    looks = (Call("call_1"), Call("call_2", "look", ('{"where":"down"}',)))
    fake.script(
        Reply(
            (Think(("Let me", " see"), seal="seal=="), Say(("I", " look")), *looks), quirks=details
        ),
        Reply((Think(("Aha",), seal="seal2=="), Say(("The sky",))), quirks=details),
    )
    model = handle_of(name)

    first = spoken(await answer(everybody, model, asks("hi"), tools=(LOOK,)), model)
    talk = [asks("hi"), first, returns("call_1", "call_2")]
    second = spoken(await answer(everybody, model, *talk, tools=(LOOK,)), model)
    await answer(everybody, model, *talk, second, asks("and now?"), tools=(LOOK,))

    if name == "chatgpt_oauth":
        kinds = [type(part) for part in first.parts]
        assert kinds == [Reasoning, Reasoning, Text, ToolCall, ToolCall]  # a part a summary
    else:
        assert [type(part) for part in first.parts] == [Reasoning, Text, ToolCall, ToolCall]
    before, after = (fake.bodies[n].get("messages") or fake.bodies[n]["input"] for n in (1, 2))
    said = json.dumps(after)
    marked = name in ("anthropic", "moonshot_coding", "openrouter")  # what to cache: it moves on
    assert after[: len(before)] == before or marked
    assert "Aha" in said
    for word in ("Let", "see", "I look", "call_1", "call_2", "the sky", "The sky"):
        assert word in said
    sealed = name in ("anthropic", "moonshot_coding", "chatgpt_oauth", "openrouter")
    assert ("seal==" in said and "seal2==" in said) is sealed


@EVERYBODY
async def test_another_providers_reasoning_and_ids_stay_away(
    fake: FakeProvider, everybody: Catalog, name: str
) -> None:
    call_id = "functions.look:0|" + "x" * 60
    for other in ROWS:
        if other == name:
            continue
        parts = (Think(("secret",), seal="seal=="), Say(("I look",)), Call(call_id))
        fake.script(Reply(parts, quirks=quirks_of(other)))
        said = spoken(await answer(everybody, handle_of(other), asks("hi")), handle_of(other))
        assert call_id in str(said.parts)

        await answer(everybody, handle_of(name), asks("hi"), said, returns(call_id), tools=(LOOK,))

        sent = json.dumps(fake.bodies[-1])
        assert "I look" in sent and "the sky" in sent
        assert "secret" not in sent and "seal==" not in sent


@EVERYBODY
async def test_a_refusal_is_told_in_words_and_as_one(
    fake: FakeProvider, everybody: Catalog, name: str
) -> None:
    fake.script(Reply((Refuse(("I will", " not")),)))

    events = await answer(everybody, handle_of(name), asks("hi"))

    (said,) = spoken(events, handle_of(name)).parts
    assert isinstance(said, Text)
    assert said.text == "I will not"
    last = events[-1]
    assert isinstance(last, Completion)
    assert last.finish == "content_filter"


@EVERYBODY
async def test_what_looks_like_a_special_token_is_said_and_heard_as_it_is(
    fake: FakeProvider, everybody: Catalog, name: str
) -> None:
    words = "<|im_start|> <tool_call> </s> <system> [INST]"
    fake.script(Reply((Say((words[:5], words[5:])),)))

    events = await answer(everybody, handle_of(name), asks(words))

    (said,) = spoken(events, handle_of(name)).parts
    assert isinstance(said, Text)
    assert said.text == words
    assert words in json.dumps(fake.bodies[-1], ensure_ascii=False)


@EVERYBODY
async def test_to_stop_listening_hangs_up(
    fake: FakeProvider, everybody: Catalog, name: str
) -> None:
    fake.script(Reply(fault=Fault("stall", 4)))
    handle, model = everybody.resolve(handle_of(name))
    stream = model.stream(request(handle))
    listening = asyncio.create_task(anext(stream))
    await fake.until_streaming()

    listening.cancel()
    async with asyncio.timeout(1):
        await fake.until_quiet()

    with pytest.raises((asyncio.CancelledError, StopAsyncIteration)):
        await listening


@EVERYBODY
async def test_nothing_is_tried_twice_behind_our_back(
    fake: FakeProvider, everybody: Catalog, name: str
) -> None:
    fake.script(Refusal(503, {"error": {"message": "busy"}}))

    with pytest.raises(errors.Overloaded):
        await answer(everybody, handle_of(name), asks("hi"))

    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    ("url", "version", "path"),
    [
        ("", "", "/openai/v1/chat/completions"),
        ("/", "", "/openai/v1/chat/completions"),
        ("/openai/v1/", "", "/openai/v1/chat/completions"),
        (
            "",
            "2024-10-21",
            "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
        ),
    ],
)
async def test_azure_is_asked_by_its_new_path_or_by_a_version(
    fake: FakeProvider, url: str, version: str, path: str
) -> None:
    environment = {"AZURE_OPENAI_ENDPOINT": fake.url + url, "AZURE_OPENAI_API_KEY": "key"}
    models = Catalog({**environment, "OPENAI_API_VERSION": version}, Patience(tries=1))

    await answer(models, "azure/gpt-4o", asks("hi"))
    await models.close()

    assert fake.requests[0].path == path


async def test_a_token_of_chatgpts_that_is_over_says_what_to_do(
    fake: FakeProvider, everybody: Catalog
) -> None:
    fake.script(Refusal(401, {"error": {"message": "token_expired"}}))

    with pytest.raises(errors.AuthenticationFailed) as caught:
        await answer(everybody, handle_of("chatgpt_oauth"), asks("hi"))

    assert "log in to ChatGPT again, then set CHATGPT_OAUTH_TOKEN" in str(caught.value)


async def test_a_name_that_openrouter_does_not_have_is_a_refused_request(
    fake: FakeProvider, everybody: Catalog
) -> None:
    with pytest.raises(errors.RequestRefused) as caught:
        await answer(everybody, "openrouter/gpt-4o", asks("hi"))

    assert "openai/gpt-4o" in str(caught.value.detail)
    assert fake.requests == []
