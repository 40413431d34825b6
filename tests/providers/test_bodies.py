"""What goes over the wire: whole bodies, for every protocol."""

from typing import Any

import pytest

from palaver.domain.entry import Entry
from palaver.domain.part import (
    Base64Image,
    HiddenReasoning,
    Image,
    LettaImage,
    Reasoning,
    Text,
    ToolCall,
    ToolReturn,
    UrlImage,
    Verdict,
)
from palaver.providers.catalog import Catalog
from tests.fakes import gemini
from tests.fakes.provider import FakeProvider
from tests.providers import talk
from tests.providers.talk import (
    CHAT,
    CONVERSE,
    GEMINI,
    INVOKE,
    LOOK,
    MESSAGES,
    RESPONSES,
    VERTEX,
    answer,
    asks,
    body,
    entry,
    returns,
)

PICTURE = "aGVsbG8="

TALK = (
    entry("summary", Text(text="They met.")),
    entry("user", Text(text="What is this?"), Image(source=UrlImage(url="http://x/y.png"))),
    entry("assistant", Text(text="I look."), ToolCall(call_id="c1", name="look", arguments="{}")),
    entry("tool", ToolReturn(call_id="c1", status="error", content="too dark")),
    entry("assistant", Text(text="I cannot say.")),
    entry("system", Text(text="The lamp is on.")),
    asks("Now?"),
)


async def test_a_talk_in_chat_completions(fake: FakeProvider, models: Catalog) -> None:
    sent = await body(fake, models, CHAT, *TALK, tools=(LOOK,))

    assert sent == {
        "model": "gpt-4o",
        "stream": True,
        "stream_options": {"include_usage": True},
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "look",
                    "description": "Look somewhere.",
                    "parameters": LOOK.parameters,
                },
            }
        ],
        "tool_choice": "auto",
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "They met."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": "http://x/y.png"}},
                ],
            },
            {
                "role": "assistant",
                "content": "I look.",
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "look", "arguments": "{}"},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": '{"error":"too dark"}'},
            {"role": "assistant", "content": "I cannot say."},
            {"role": "user", "content": "The lamp is on."},
            {"role": "user", "content": "Now?"},
        ],
    }


async def test_a_talk_in_responses(fake: FakeProvider, models: Catalog) -> None:
    sent = await body(fake, models, RESPONSES, *TALK, tools=(LOOK,), conversation="conv-1")

    assert sent == {
        "model": "gpt-5-mini",
        "stream": True,
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "instructions": "Be kind.",
        "reasoning": {"summary": "auto"},
        "prompt_cache_key": "conv-1",
        "tools": [
            {
                "type": "function",
                "name": "look",
                "description": "Look somewhere.",
                "parameters": LOOK.parameters,
                "strict": False,
            }
        ],
        "tool_choice": "auto",
        "input": [
            {"role": "user", "content": "They met."},
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is this?"},
                    {"type": "input_image", "detail": "auto", "image_url": "http://x/y.png"},
                ],
            },
            {"role": "assistant", "content": "I look."},
            {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
            {
                "type": "function_call_output",
                "call_id": "c1",
                "output": '{"error":"too dark"}',
            },
            {"role": "assistant", "content": "I cannot say."},
            {"role": "user", "content": "The lamp is on."},
            {"role": "user", "content": "Now?"},
        ],
    }


async def test_a_talk_in_messages(fake: FakeProvider, models: Catalog) -> None:
    sent = await body(fake, models, MESSAGES, *TALK, tools=(LOOK,))

    cached = {"cache_control": {"type": "ephemeral", "ttl": "5m"}}
    assert sent["max_tokens"] > 0
    assert {name: sent[name] for name in sent if name != "max_tokens"} == {
        "model": "claude-sonnet-4-6",
        "stream": True,
        "system": [{"type": "text", "text": "Be kind.", **cached}],
        "tools": [
            {
                "name": "look",
                "description": "Look somewhere.",
                "input_schema": LOOK.parameters,
                **cached,
            }
        ],
        "tool_choice": {"type": "auto"},
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "They met."},
                    {"type": "text", "text": "What is this?"},
                    {"type": "image", "source": {"type": "url", "url": "http://x/y.png"}},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "c1", "name": "look", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "c1",
                        "content": [{"type": "text", "text": "too dark"}],
                        "is_error": True,
                    }
                ],
            },
            {"role": "assistant", "content": [{"type": "text", "text": "I cannot say."}]},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "The lamp is on."},
                    {"type": "text", "text": "Now?", **cached},
                ],
            },
        ],
    }


@pytest.mark.parametrize(
    ("model", "path", "header"),
    [
        (GEMINI, "/v1beta/models", ("x-goog-api-key", talk.GEMINI_KEY)),
        (
            VERTEX,
            "/v1beta1/projects/atlas/locations/europe-west4/publishers/google/models",
            ("authorization", f"Bearer {talk.VERTEX_TOKEN}"),
        ),
    ],
)
async def test_a_talk_in_gemini(
    fake: FakeProvider, models: Catalog, model: str, path: str, header: tuple[str, str]
) -> None:
    sent = await body(fake, models, model, *TALK, tools=(LOOK,))

    assert fake.requests[0].path == f"{path}/gemini-2.5-flash:streamGenerateContent?alt=sse"
    assert header in fake.requests[0].headers.items()
    assert sent == {
        "systemInstruction": {"role": "user", "parts": [{"text": "Be kind."}]},
        "tools": [
            {
                "functionDeclarations": [
                    {
                        "name": "look",
                        "description": "Look somewhere.",
                        "parameters_json_schema": LOOK.parameters,
                    }
                ]
            }
        ],
        "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
        "generationConfig": {"responseModalities": ["TEXT"]},
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"text": "They met."},
                    {"text": "What is this?"},
                    {"fileData": {"file_uri": "http://x/y.png", "mime_type": "image/png"}},
                ],
            },
            {
                "role": "model",
                "parts": [
                    {"text": "I look."},
                    {
                        "functionCall": {"id": "c1", "name": "look", "args": {}},
                        "thoughtSignature": gemini.signature(gemini.ANY_SEAL),
                    },
                ],
            },
            {
                "role": "user",
                "parts": [
                    {
                        "functionResponse": {
                            "id": "c1",
                            "name": "look",
                            "response": {"error": "too dark"},
                        }
                    }
                ],
            },
            {"role": "model", "parts": [{"text": "I cannot say."}]},
            {"role": "user", "parts": [{"text": "The lamp is on."}, {"text": "Now?"}]},
        ],
    }


@pytest.mark.parametrize("model", [GEMINI, VERTEX])
@pytest.mark.parametrize(
    ("source", "part"),
    [
        (
            Base64Image(media_type="image/png", data=PICTURE),
            {"inlineData": {"mime_type": "image/png", "data": PICTURE}},
        ),
        (
            UrlImage(url="https://x/y.webp?size=1"),
            {"fileData": {"mime_type": "image/webp", "file_uri": "https://x/y.webp?size=1"}},
        ),
        (
            UrlImage(url="https://x/y"),
            {"fileData": {"mime_type": "image/jpeg", "file_uri": "https://x/y"}},
        ),
    ],
)
async def test_gemini_gets_images_inline_or_fetches_them_itself(
    fake: FakeProvider,
    models: Catalog,
    model: str,
    source: Base64Image | UrlImage,
    part: dict[str, Any],
) -> None:
    sent = await body(fake, models, model, entry("user", Image(source=source)))

    assert sent["contents"] == [{"role": "user", "parts": [part]}]


@pytest.mark.parametrize(
    ("source", "url"),
    [
        (Base64Image(media_type="image/png", data=PICTURE), f"data:image/png;base64,{PICTURE}"),
        (UrlImage(url=f"data:image/gif;base64,{PICTURE}"), f"data:image/gif;base64,{PICTURE}"),
        (LettaImage(file_id="file-1", data=PICTURE), f"data:image/png;base64,{PICTURE}"),
    ],
)
async def test_images_are_sent_inline(
    fake: FakeProvider, models: Catalog, source: Base64Image | UrlImage | LettaImage, url: str
) -> None:
    sent = await body(fake, models, CHAT, entry("user", Image(source=source)))

    (part,) = sent["messages"][-1]["content"]
    assert part["image_url"]["url"] == url


@pytest.mark.parametrize(
    "source",
    [
        LettaImage(file_id="file-1"),
        Base64Image(media_type="image/png", data="no base64!"),
        Base64Image(media_type="image/png", data="ä"),
    ],
)
async def test_an_image_that_is_not_there_leaves_a_word(
    fake: FakeProvider, models: Catalog, source: Base64Image | LettaImage
) -> None:
    sent = await body(fake, models, CHAT, entry("user", Image(source=source)))

    assert sent["messages"][-1]["content"] == "[an image that cannot be shown]"


CALL = ToolCall(call_id="c1", name="look", arguments="{}")
SEALED = Reasoning(text="hm", seal={"signature": "s", "provider_name": "anthropic"})

AWKWARD = {
    "a call without its return": (asks("a"), entry("assistant", CALL), asks("b")),
    "a return without its call": (asks("a"), returns("c1")),
    "a return that comes too late": (
        asks("a"),
        entry("assistant", CALL),
        asks("b"),
        entry("assistant", Text(text="c")),
        returns("c1"),
    ),
    "a return told twice": (asks("a"), entry("assistant", CALL), returns("c1"), returns("c1")),
    "a return after words": (asks("a"), entry("assistant", CALL), asks("b"), returns("c1")),
    "a call asked for twice": (asks("a"), entry("assistant", CALL, CALL), returns("c1")),
    "an answer to a call, and what it came to": (
        asks("a"),
        entry("assistant", Text(text="may I?"), CALL.model_copy(update={"gate": "client"})),
        entry("approval", *returns("c1").parts),
        entry("tool", *returns("c1").parts),
    ),
    "an answer that was not carried out": (
        asks("a"),
        entry("assistant", CALL.model_copy(update={"gate": "approval"})),
        entry("approval", Verdict(call_id="c1", approve=True)),
        asks("b"),
    ),
    "broken arguments": (
        asks("a"),
        entry("assistant", CALL.model_copy(update={"arguments": '{"a'}), cut=True),
        returns("c1"),
    ),
    "nothing but blanks": (asks("a"), entry("assistant", Text(text=" \n")), asks(" "), asks("b")),
    "reasoning that led to nothing": (asks("a"), entry("assistant", SEALED), asks("b")),
    "reasoning without a seal": (
        asks("a"),
        entry("assistant", Reasoning(text="hm"), HiddenReasoning(state="omitted"), CALL, cut=True),
        returns("c1"),
    ),
    "a broken-off answer": (
        asks("a"),
        entry("assistant", SEALED, Text(text="I wa"), cut=True),
        asks("b"),
    ),
}


@pytest.mark.parametrize("model", [CHAT, RESPONSES, MESSAGES, GEMINI, VERTEX, INVOKE, CONVERSE])
@pytest.mark.parametrize("said", AWKWARD.values(), ids=AWKWARD)
async def test_whatever_is_stored_the_request_is_one_that_providers_take(
    fake: FakeProvider, models: Catalog, model: str, said: tuple[Entry, ...]
) -> None:
    await answer(models, model, *said, tools=(LOOK,))

    assert len(fake.requests) == 1


async def test_a_call_and_its_return_survive_words_that_came_between(
    fake: FakeProvider, models: Catalog
) -> None:
    sent = await body(fake, models, CHAT, *AWKWARD["a return after words"])

    assert [message["role"] for message in sent["messages"]] == [
        "system", "user", "assistant", "tool", "user",
    ]  # fmt: skip


@pytest.mark.parametrize("model", [CHAT, RESPONSES, MESSAGES, GEMINI, INVOKE, CONVERSE])
async def test_what_looks_like_a_special_token_is_sent_as_it_is(
    fake: FakeProvider, models: Catalog, model: str
) -> None:
    words = "<|im_start|> <think> </s> <system>"

    sent = await body(fake, models, model, asks(words))

    said = next(sent[name] for name in ("messages", "input", "contents") if name in sent)[-1]
    last = said.get("content") or said["parts"]
    assert (last if isinstance(last, str) else last[0]["text"]) == words
