"""Servers that speak Chat Completions each in their own way."""

import pytest

from palaver import errors
from palaver.domain.llm import Completion, FinishReason, TokenCount
from palaver.domain.part import HiddenReasoning, Reasoning, ToolCall
from palaver.providers.catalog import Catalog
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Fault, Quirk, Redacted, Reply, Say, Think, Usage
from tests.providers.talk import LOOK, answer, asks, body, handle_of, returns, spoken

WORDS = 5  # the frames of a plain answer: a beginning, two words, the reason of its end, the usage
AUTO = ("xai", "groq", "together", "baseten", "sglang", "ollama")


async def ended(models: Catalog, model: str = "baseten/m") -> Completion:
    """How the next answer ends."""
    *_, last = await answer(models, model)
    assert isinstance(last, Completion)
    return last


@pytest.mark.parametrize("name", AUTO)
@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
async def test_reasoning_goes_back_in_the_field_it_came_in(
    fake: FakeProvider, everybody: Catalog, name: str, field: str
) -> None:
    quirks: frozenset[Quirk] = frozenset({"reasoning"} if field == "reasoning" else ())
    fake.script(Reply((Think(), Call()), quirks=quirks))
    said = spoken(await answer(everybody, handle_of(name), asks("hi")), handle_of(name))

    sent = await body(fake, everybody, handle_of(name), asks("hi"), said, returns("call_1"))

    assert sent["messages"][2][field] == "Let me see"


async def test_openrouter_gets_its_details_back_in_their_order(
    fake: FakeProvider, everybody: Catalog
) -> None:
    model = handle_of("openrouter")
    parts = (Think(("a", "b"), seal="sig=="), Redacted("dark=="), Think(("in short",)), Call())
    fake.script(Reply(parts, quirks=frozenset({"details"})))
    said = spoken(await answer(everybody, model, asks("hi"), tools=(LOOK,)), model)

    sent = await body(
        fake, everybody, model, asks("hi"), said, returns("call_1"), asks("and?"), tools=(LOOK,)
    )

    assert [type(part) for part in said.parts] == [Reasoning, HiddenReasoning, Reasoning, ToolCall]
    told = [
        {name: value for name, value in detail.items() if value is not None}
        for detail in sent["messages"][2]["reasoning_details"]
    ]
    kind = {"format": "anthropic-claude-v1"}
    assert told == [
        {"type": "reasoning.text", "text": "ab", "signature": "sig==", "index": 0, **kind},
        {"type": "reasoning.encrypted", "data": "dark==", "id": "rs_1", "index": 1, **kind},
        {"type": "reasoning.summary", "summary": "in short", "index": 2, **kind},
    ]


async def test_deepseek_takes_a_call_that_was_made_elsewhere_without_reasoning(
    fake: FakeProvider, everybody: Catalog
) -> None:
    fake.script(Reply((Call(),)))
    said = spoken(await answer(everybody, handle_of("groq"), asks("hi")), "groq/m")

    sent = await body(
        fake, everybody, handle_of("deepseek"), asks("hi"), said, returns("call_1"), tools=(LOOK,)
    )

    assert sent["messages"][2]["reasoning_content"] == ""


@pytest.mark.parametrize(
    ("name", "quirks", "completion"),
    [
        ("groq", {"usage in x_groq"}, 20),
        ("moonshot", {"usage in choice"}, 20),
        ("deepseek", {"cache hits"}, 20),
        ("xai", {"usage always"}, 27),  # they count what was thought beside what was said
        ("baseten", {"usage always"}, 20),
    ],
)
async def test_tokens_are_counted_once_wherever_they_are_told(
    fake: FakeProvider, everybody: Catalog, name: str, quirks: set[Quirk], completion: int
) -> None:
    fake.script(Reply(usage=Usage(cached=64, reasoning=7), quirks=frozenset(quirks)))

    last = await ended(everybody, handle_of(name))

    assert last.tokens == TokenCount(100, completion, 64, None, 7)


@pytest.mark.parametrize(
    ("quirks", "fault", "raw"),
    [
        (set(), None, "stop"),
        (set(), Fault("end", WORDS), "stop"),  # no [DONE], but a reason
        ({"no finish"}, None, None),  # no reason, but a [DONE]
    ],
)
async def test_an_answer_is_whole_with_a_reason_or_a_done(
    fake: FakeProvider, everybody: Catalog, quirks: set[Quirk], fault: Fault | None, raw: str | None
) -> None:
    fake.script(Reply(quirks=frozenset(quirks), fault=fault))

    last = await ended(everybody)

    assert (last.finish, last.raw_finish) == ("stop", raw)


async def test_calls_are_whole_without_a_reason_to_end(
    fake: FakeProvider, everybody: Catalog
) -> None:
    fake.script(Reply((Call(),), quirks=frozenset({"no finish"})))

    assert (await ended(everybody)).finish == "tool_call"


async def test_an_answer_without_either_was_cut(fake: FakeProvider, everybody: Catalog) -> None:
    fake.script(Reply(quirks=frozenset({"no finish"}), fault=Fault("end", WORDS)))

    with pytest.raises(errors.BrokenReply):
        await ended(everybody)


@pytest.mark.parametrize(
    ("word", "finish"),
    [
        ("sensitive", "content_filter"),
        ("network_error", "error"),
        ("model_context_window_exceeded", "length"),
    ],
)
async def test_what_only_zai_ends_with(
    fake: FakeProvider, everybody: Catalog, word: str, finish: FinishReason
) -> None:
    fake.script(Reply(finish=word))

    last = await ended(everybody, handle_of("zai"))

    assert (last.finish, last.raw_finish) == (finish, word)


@pytest.mark.parametrize("ids", [("", ""), ("call_1", "call_1"), ("call_0", "")])
async def test_calls_get_ids_that_tell_them_apart(
    fake: FakeProvider, everybody: Catalog, ids: tuple[str, str]
) -> None:
    calls = [Call(id, "look", (f'{{"where":"{n}"}}',)) for n, id in enumerate(ids)]
    fake.script(Reply(tuple(calls)))

    said = spoken(await answer(everybody, "sglang/m", asks("hi"), tools=(LOOK,)), "sglang/m")

    first, second = (part for part in said.parts if isinstance(part, ToolCall))
    assert first.call_id and second.call_id and first.call_id != second.call_id
    assert (first.arguments, second.arguments) == (calls[0].arguments, calls[1].arguments)
    talk = (asks("hi"), said, returns(first.call_id, second.call_id))
    sent = [(await body(fake, everybody, "sglang/m", *talk))["messages"] for _ in range(2)]
    assert sent[0] == sent[1]
    assert [one["tool_call_id"] for one in sent[0][3:]] == [first.call_id, second.call_id]


async def test_an_id_that_the_conversation_knows_is_not_given_again(
    fake: FakeProvider, everybody: Catalog
) -> None:
    fake.script(Reply((Call("call_0"),)), Reply((Call("call_0"),)))
    talk = [asks("hi")]
    for _ in range(2):
        said = spoken(await answer(everybody, "sglang/m", *talk, tools=(LOOK,)), "sglang/m")
        (call,) = said.parts
        assert isinstance(call, ToolCall)
        talk += [said, returns(call.call_id)]

    first, second = (talk[n].parts[0] for n in (1, 3))
    assert isinstance(first, ToolCall) and isinstance(second, ToolCall)
    assert first.call_id == "call_0" != second.call_id


async def test_calls_with_one_index_are_two_calls(fake: FakeProvider, everybody: Catalog) -> None:
    calls = (Call("a"), Call("b", "look", ('{"where":', '"down"}')))
    fake.script(Reply((Say(("I look",)), *calls), quirks=frozenset({"one index"})))

    said = spoken(await answer(everybody, "ollama/m", asks("hi"), tools=(LOOK,)), "ollama/m")

    made = [part for part in said.parts if isinstance(part, ToolCall)]
    assert [(one.call_id, one.name, one.arguments) for one in made] == [
        (call.id, "look", call.arguments) for call in calls
    ]


@pytest.mark.parametrize(
    ("back", "keeps"),
    [
        ("openai/gpt-4o", True),
        ("openai/gpt-5-mini", False),
        ("anthropic/claude-sonnet-4-6", False),
        ("moonshot/kimi-k2.5", True),
    ],
)
async def test_an_id_goes_out_as_it_is_where_it_is_understood(
    fake: FakeProvider, everybody: Catalog, back: str, keeps: bool
) -> None:
    fake.script(Reply((Call("functions.look:0"),)))
    said = spoken(await answer(everybody, "moonshot/kimi-k2.5", asks("hi")), "moonshot/kimi-k2.5")

    sent = await body(fake, everybody, back, asks("hi"), said, returns("functions.look:0"))

    assert ("functions.look:0" in str(sent)) is keeps
