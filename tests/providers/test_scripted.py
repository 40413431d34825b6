import pytest

from palaver import errors
from palaver.domain.entry import Entry
from palaver.domain.llm import (
    Completion,
    Handle,
    ReasoningDelta,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)
from palaver.domain.part import Image, Text, ToolReturn, UrlImage
from palaver.providers.scripted import OfflineModel
from tests.providers.talk import asks, entry, listen, request, spoken

OFFLINE = Handle("palaver", "offline")


async def events_of(*said: Entry) -> list[StreamEvent]:
    """The whole answer."""
    return await listen(OfflineModel(), request(OFFLINE, *said))


def text_of(events: list[StreamEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_it_says_what_it_is_and_repeats_what_it_is_told_word_by_word() -> None:
    events = await events_of(asks("one"), entry("assistant", Text(text="x")), asks("good  day\n"))

    assert text_of(events) == (
        "I am palaver's offline model: no language model is configured, so I can only repeat "
        "what I am told. You said: good  day (user messages that I can see: 2)"
    )
    assert len(events) > 20


async def test_the_same_conversation_always_has_the_same_events() -> None:
    said = asks("[[think: hm]] [[words: 9]] [[call: look {}]]")

    assert await events_of(said) == await events_of(said)


async def test_it_thinks_before_it_speaks() -> None:
    events = await events_of(asks("[[think: first this]] then that"))

    thought = [event for event in events if isinstance(event, ReasoningDelta)]
    assert "".join(event.text for event in thought) == "first this"
    assert events[: len(thought)] == thought
    assert "[[" not in text_of(events)


async def test_it_calls_tools_side_by_side_and_then_quotes_what_they_return() -> None:
    said = asks('[[call: look {"at": [[1]]}]] and [[call: core_memory_append]]')

    called = await events_of(said)
    answer = spoken(called, "palaver/offline")
    one, two = answer.parts
    assert one.type == "tool_call" and two.type == "tool_call"
    assert (one.name, one.arguments) == ("look", '{"at": [[1]]}')
    assert (two.name, two.arguments) == ("core_memory_append", "{}")
    assert one.call_id != two.call_id
    assert isinstance(called[-1], Completion) and called[-1].finish == "tool_call"

    back = entry(
        "tool",
        ToolReturn(call_id=one.call_id, name="look", status="success", content="a tree"),
        ToolReturn(call_id=two.call_id, name="append", status="error", content="no room"),
    )
    quoted = await events_of(said, answer, back)
    assert text_of(quoted) == (
        "The tool look returned: a tree The tool append failed with: no room"
    )
    assert not any(isinstance(event, ToolCallDelta) for event in quoted)


async def test_it_may_call_in_several_steps_and_goes_on_after_a_reminder() -> None:
    said = asks("[[call: look]] [[then]] Well. [[then]] [[call: look]] [[call: listen]]")
    called = spoken(await events_of(said), "palaver/offline")
    (first,) = called.parts
    assert first.type == "tool_call"
    back = entry("tool", ToolReturn(call_id=first.call_id, status="success", content="a tree"))
    reminder = asks("[heartbeat]").model_copy(update={"step_id": "step-1"})

    talked = spoken(await events_of(said, called, back), "palaver/offline")
    again = spoken(await events_of(said, called, back, talked, reminder), "palaver/offline")

    assert [part.type for part in talked.parts] == ["text"]
    assert [part.type for part in again.parts] == ["tool_call", "tool_call"]
    ids = {part.call_id for part in again.parts if part.type == "tool_call"}
    assert len(ids | {first.call_id}) == 3


async def test_it_says_as_many_words_as_are_wanted() -> None:
    events = await events_of(asks("[[words: 200]]"))

    assert len(text_of(events).split()) == len(events) - 1 == 200


async def test_it_may_say_words_before_it_calls() -> None:
    events = await events_of(asks("[[words: 3]] [[call: look {}]]"))

    parts = [part.type for part in spoken(events, "palaver/offline").parts]
    assert parts == ["text", "tool_call"]


async def test_it_keeps_its_pace() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    await listen(OfflineModel(sleep), request(OFFLINE, asks("[[words: 4]] [[pace: 20]]")))

    assert slept == [0.02] * 4


async def test_it_can_end_without_a_word() -> None:
    (only,) = await events_of(asks("[[empty]]"))

    assert isinstance(only, Completion) and only.finish == "stop"


async def test_it_can_run_into_the_limit() -> None:
    *_, last = await events_of(asks("[[length]]"))

    assert isinstance(last, Completion) and last.finish == "length"


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("auth", errors.AuthenticationFailed),
        ("credits", errors.CreditsExhausted),
        ("rate_limit", errors.RateLimited),
        ("overloaded", errors.Overloaded),
        ("timeout", errors.LLMTimeout),
        ("overflow", errors.ContextOverflow),
        ("error", errors.ProviderFailed),
        ("broken", errors.BrokenReply),
        ("gibberish", errors.RequestRefused),
    ],
)
async def test_it_fails_as_it_is_told(kind: str, error: type[errors.LLMError]) -> None:
    with pytest.raises(errors.LLMError) as caught:
        await events_of(asks(f"[[fail: {kind}]]"))

    assert type(caught.value) is error


async def test_it_can_break_off_in_mid_sentence() -> None:
    heard: list[StreamEvent] = []

    with pytest.raises(errors.ProviderFailed):
        async for event in OfflineModel().stream(request(OFFLINE, asks("[[fail: cut]]"))):
            heard.append(event)

    assert text_of(heard).startswith("I am palaver's offline model")


async def test_with_calls_it_fails_only_after_their_returns() -> None:
    said = asks("[[call: look {}]] [[fail: error]]")
    called = spoken(await events_of(said), "palaver/offline")
    (call,) = called.parts
    assert call.type == "tool_call"

    with pytest.raises(errors.ProviderFailed):
        back = ToolReturn(call_id=call.call_id, status="success", content="x")
        await events_of(said, called, entry("tool", back))


async def test_it_does_not_mind_pictures_or_silence() -> None:
    picture = Image(source=UrlImage(url="http://x/y.png"))

    assert "(nothing)" in text_of(await events_of(entry("user", picture)))
    assert "(nothing)" in text_of(await events_of(entry("summary", Text(text="They met."))))


async def test_its_tokens_grow_with_the_conversation() -> None:
    *_, short = await events_of(asks("hi"))
    *_, long = await events_of(asks("hi " * 400))

    assert isinstance(short, Completion) and isinstance(long, Completion)
    assert short.tokens.prompt is not None and long.tokens.prompt is not None
    assert long.tokens.prompt > short.tokens.prompt + 200
