"""Compaction, played by hand: whatever the transcript and the summaries, nothing becomes worse."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from palaver.core.compaction import Compacted, Compaction, Trigger, merged
from palaver.core.cutting import orphans
from palaver.core.summaries import Summarize
from palaver.core.window import Window
from palaver.domain.agent import CompactionSettings
from palaver.domain.conversation import Context
from palaver.domain.entry import Entry, Role
from palaver.domain.llm import Handle
from palaver.domain.part import (
    Base64Image,
    Gate,
    Image,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolReturn,
    Verdict,
)
from palaver.errors import (
    CompactionFailed,
    ContextOverflow,
    LLMError,
    LLMTimeout,
    NothingToCompact,
    PalaverError,
    PromptTooLong,
    RequestRefused,
)
from tests.core.said import entry

MODES = ("all", "sliding_window", "self_compact_all", "self_compact_sliding_window")
OWN, OTHER = Handle("palaver", "offline"), Handle("openai", "gpt-5-mini")
PICTURE = Image(source=Base64Image(media_type="image/png", data="AAAA"))

texts = st.sampled_from(["Hm.", "What is the weather? ", "天气怎么样", "for x in y: pass\n"])
long_texts = st.builds(lambda text, n: text * n, texts, st.integers(1, 60))


@st.composite
def turns(draw: st.DrawFn) -> list[tuple[Role, tuple[Part, ...]]]:
    """One turn: somebody says something, the model thinks, calls tools, waits, and answers."""
    asked: tuple[Part, ...] = (Text(text=draw(long_texts)),)
    said: list[tuple[Role, tuple[Part, ...]]] = []
    role: Role = draw(st.sampled_from(["user", "user", "system"]))
    said.append((role, (*asked, PICTURE) if draw(st.booleans()) else asked))
    for step in range(draw(st.integers(0, 3))):
        gate: Gate | None = draw(st.sampled_from([None, "approval", "client"]))
        calls = tuple(
            ToolCall(call_id=f"call_{n}", name="look", arguments="{}", gate=gate)
            for n in range(draw(st.integers(1, 3)))
        )
        thought = (Reasoning(text=draw(texts)),) if draw(st.booleans()) else ()
        said.append(("assistant", (*thought, *calls)))
        if gate == "approval":
            said.append(
                ("approval", tuple(Verdict(call_id=c.call_id, approve=True) for c in calls))
            )
        returns = tuple(
            ToolReturn(call_id=call.call_id, status="success", content=draw(long_texts))
            for call in calls
        )
        said.append(("tool", returns))
        del step
    if draw(st.booleans()):
        said.append(("assistant", (Text(text=draw(long_texts)),)))
    return said


@st.composite
def transcripts(draw: st.DrawFn) -> tuple[Entry, ...]:
    """Some turns, perhaps with a summary before them, or calls that wait at the end."""
    said = [one for turn in draw(st.lists(turns(), min_size=2, max_size=12)) for one in turn]
    if draw(st.booleans()):
        said.insert(0, ("summary", (Text(text=draw(long_texts)),)))
    if draw(st.booleans()):
        waiting = ToolCall(call_id="call_w", name="ask", arguments="{}", gate="approval")
        said.append(("assistant", (waiting,)))
    return line(said)


def line(said: Sequence[tuple[Role, tuple[Part, ...]]]) -> tuple[Entry, ...]:
    """What was said as entries, numbered."""
    return tuple(entry(role, *parts, number=n) for n, (role, parts) in enumerate(said, start=1))


def chat(turns: int, text: str = "words " * 40) -> tuple[Entry, ...]:
    """A conversation of so many turns of the same length."""
    both: list[tuple[Role, tuple[Part, ...]]] = [
        ("user", (Text(text=text),)),
        ("assistant", (Text(text=text),)),
    ]
    return line(both * turns)


def compaction(
    said: Sequence[Entry], tokens: int = 8_000, trigger: Trigger = "requested", **settings: Any
) -> Compaction:
    """A compaction of a window with what was said in it."""
    window = Window(OWN, system="Be brief.", entries=tuple(said), tokens=tokens)
    other = Window(OTHER, tokens=tokens)
    return Compaction(window, other, CompactionSettings(**settings), trigger)


def carried(work: Compaction, *answers: str | LLMError) -> tuple[list[Summarize], Compacted]:
    """What a compaction asks for when it is given these answers, and what it comes to."""
    going, waiting = work.carry(), list(answers)
    wants = []
    try:
        want = next(going)
        while True:
            wants.append(want)
            answer = waiting.pop(0) if waiting else "short"
            want = going.throw(answer) if isinstance(answer, LLMError) else going.send(answer)
    except StopIteration as ended:
        return wants, ended.value


def after(work: Compaction, done: Compacted, seq: int = 10_000) -> Window:
    """The window when the compaction has been kept."""
    return done.cut.window(work.window, done.entry(entry("summary", number=seq)))


def seen(line: Sequence[Entry], context: Context) -> tuple[Entry, ...]:
    """What stands in a window, of all that was written in a conversation."""
    by_number = {one.seq: one for one in line}
    head = [by_number[seq] for seq in context.head]
    rest = [one for one in line if one.seq >= context.start and one.role != "summary"]
    return (*head, *rest)


answers = st.lists(
    st.sampled_from(
        ["", "short", "longer " * 30, "long " * 20_000, LLMTimeout("slow"), ContextOverflow("full")]
    ),
    max_size=60,
)


@given(
    transcripts(),
    st.sampled_from(MODES),
    st.integers(200, 20_000),
    st.floats(0, 1),
    st.sampled_from(["requested", "post_step_context_check", "context_window_exceeded"]),
    answers,
)
def test_whatever_happens_a_window_becomes_better_or_stays(
    said: tuple[Entry, ...],
    mode: Any,
    tokens: int,
    share: float,
    trigger: Trigger,
    given_answers: list[Any],
) -> None:
    work = compaction(said, tokens, trigger, mode=mode, sliding_window_percentage=share)
    try:
        _, done = carried(work, *given_answers)
    except PalaverError as error:
        event(type(error).__name__)
        assert str(error)
        return
    event("smaller")
    window = after(work, done)

    assert window.estimate < work.window.estimate
    assert window.estimate <= work.window.room
    assert len(window.entries) < len(said)
    assert orphans(window.entries) <= orphans(said)
    assert [one.role for one in window.entries].count("summary") == 1
    assert said[-1] in window.entries
    newest = [one for one in said if one.is_input][-1]
    assert newest in window.entries
    kept = window.entries[1:]
    assert kept == tuple(one for one in said if one in kept)
    assert (window.system, window.tools) == (work.window.system, work.window.tools)
    assert done.stats.messages_count_after == len(window.entries) + 1


@given(transcripts(), st.sampled_from(MODES), st.integers(0, 5))
def test_the_context_tells_the_window_and_can_be_taken_back(
    said: tuple[Entry, ...], mode: Any, more: int
) -> None:
    work = compaction(said, mode=mode)
    first = 1 if said[0].role != "summary" else 2
    before = Context(start=first, head=(1,) if first == 2 else ())
    assert seen(said, before) == said
    try:
        _, done = carried(work)
    except (NothingToCompact, CompactionFailed):
        return
    summary = done.entry(entry("summary", number=len(said) + 1))
    later = chat(more)
    later = tuple(
        one.model_copy(update={"seq": len(said) + 2 + n, "id": f"{n}"})
        for n, one in enumerate(later)
    )
    written = (*said, summary, *later)

    numbers = {one.id: one.seq for one in written}
    context = done.cut.context(summary.id, numbers.__getitem__)
    assert seen(written, context) == (*done.cut.window(work.window, summary).entries, *later)
    assert seen(written, before) == (*said, *later)


@given(transcripts(), st.sampled_from(MODES))
def test_compacting_again_comes_to_an_end(said: tuple[Entry, ...], mode: Any) -> None:
    work = compaction(said, mode=mode)
    for _ in range(len(said) + 1):
        try:
            _, done = carried(work)
        except (NothingToCompact, CompactionFailed):
            break
        work = replace(work, window=after(work, done))
    else:
        pytest.fail("there was always something left to leave out")
    again = _outcome(work)
    assert again == _outcome(work)


def _outcome(work: Compaction) -> Any:
    try:
        return carried(work)[1]
    except PalaverError as error:
        return type(error)


def test_all_keeps_the_newest_turn() -> None:
    said = chat(10)

    wants, done = carried(compaction(said, mode="all"), "They spoke.")

    assert (done.cut.evicted, done.cut.pinned, done.cut.kept) == (said[:-2], (), said[-2:])
    assert [want.window.handle for want in wants] == [OTHER]
    assert done.summary == "They spoke."


def test_sliding_evicts_a_share_of_the_oldest() -> None:
    said = chat(10)

    _, done = carried(compaction(said), "They spoke.")

    assert done.cut.kept == said[7:]  # round(0.4 * 21) - 1


def test_a_turn_that_is_too_long_keeps_its_input_and_its_end() -> None:
    steps: list[tuple[Role, tuple[Part, ...]]] = [("user", (Text(text="Look around."), PICTURE))]
    for n in range(30):
        call = ToolCall(call_id=f"call_{n}", name="look", arguments="{}")
        returned = ToolReturn(call_id=call.call_id, status="success", content="stone " * 200)
        steps += [("assistant", (call,)), ("tool", (returned,))]
    work = compaction(line(steps), tokens=4_000, trigger="post_step_context_check")

    _, done = carried(work, "Stones everywhere.")

    assert done.cut.pinned == work.window.entries[:1]
    assert done.cut.kept[0].role == "assistant"
    assert len(done.cut.kept) >= 4
    assert not after(work, done).is_full


def test_a_reminder_is_no_input() -> None:
    said = chat(6)
    reminder = entry("user", Text(text="[heartbeat]"), number=20)
    said = (*said, reminder.model_copy(update={"step_id": "step-1"}))

    _, done = carried(compaction(said, mode="all"))

    assert done.cut.kept == said[10:]


def test_ten_times_over_the_window_recovers_in_pieces() -> None:
    said = chat(400)
    work = compaction(said, tokens=5_000, trigger="post_step_context_check")
    assert work.window.estimate > 10 * work.window.tokens

    wants, done = carried(work, *["So far so good."] * 1_000)

    assert len(wants) > 10
    assert all(want.window.estimate <= want.window.tokens for want in wants)
    assert not after(work, done).is_full


def test_after_a_refusal_the_pieces_are_smaller_and_the_own_model_reads_them() -> None:
    work = compaction(chat(20), mode="all")

    wants, done = carried(work, ContextOverflow("full"), *["So far."] * 100)

    assert [want.window.handle for want in wants[:2]] == [OTHER, OWN]
    assert len(wants) > 10
    assert done.summary == "So far."


@pytest.mark.parametrize(
    ("answers", "kind", "summaries"),
    [
        ((LLMTimeout("slow"), LLMTimeout("slow")), LLMTimeout, 2),
        (("", " "), CompactionFailed, 2),
        (("long " * 9_000, "long " * 9_000), CompactionFailed, 2),
        ((RequestRefused("no"), ""), CompactionFailed, 2),
        (("", RequestRefused("no")), RequestRefused, 2),
    ],
)
def test_two_summaries_are_tried_then_it_says_why(
    answers: tuple[Any, ...], kind: type[LLMError], summaries: int
) -> None:
    work = compaction(chat(6), clip_chars=None)
    wants = []
    going = work.carry()
    want = next(going)
    with pytest.raises(kind, match="could not be summed up, and stays as it is"):
        for answer in answers:
            wants.append(want)
            want = going.throw(answer) if isinstance(answer, LLMError) else going.send(answer)
    assert len(wants) == summaries
    assert [want.window.handle for want in wants] == [OTHER, OWN]


def test_the_second_summary_may_be_better() -> None:
    _, done = carried(compaction(chat(6)), LLMTimeout("slow"), "They spoke.")

    assert done.summary == "They spoke."


def test_the_own_model_sums_up_in_its_own_window() -> None:
    work = compaction(chat(6), mode="self_compact_all", prompt="Sum up!")

    (want,), _ = carried(work, "They spoke.")

    assert want.window.entries[:-1] == work.window.entries
    assert (want.window.handle, want.window.system) == (OWN, "Be brief.")
    assert [_words(one) for one in want.window.entries[-1:]] == ["Sum up!"]


def test_a_window_that_the_own_model_cannot_read_is_summed_up_by_another() -> None:
    work = compaction(
        chat(60), tokens=4_000, trigger="context_window_exceeded", mode="self_compact_all"
    )

    wants, _ = carried(work, *["They spoke."] * 100)

    assert {want.window.handle for want in wants} == {OTHER}


@pytest.mark.parametrize("mode", MODES)
def test_an_acknowledgement_stands_behind_the_prompt(mode: Any) -> None:
    work = compaction(chat(6), mode=mode, prompt="Sum up!", prompt_acknowledgement=True)

    (want,), _ = carried(work, "They spoke.")

    *_, prompt, acknowledged, asked = want.window.entries
    assert (_words(prompt), acknowledged.role, asked.role) == ("Sum up!", "assistant", "user")


@pytest.mark.parametrize(("most", "said"), [(4, "They... [summary truncated to fit]"), (None, "")])
def test_a_summary_is_clipped(most: int | None, said: str) -> None:
    _, done = carried(compaction(chat(6), clip_chars=most), "They spoke.")

    assert done.summary == (said or "They spoke.")


def test_only_the_newest_turn_is_nothing_to_compact() -> None:
    with pytest.raises(NothingToCompact):
        carried(compaction(chat(1)))


def test_a_system_text_that_fills_the_window_says_so() -> None:
    work = compaction(chat(3), tokens=500, trigger="post_step_context_check")
    work = replace(work, window=replace(work.window, system="Be brief. " * 500))

    with pytest.raises(PromptTooLong, match="shorten the blocks"):
        carried(work)


@pytest.mark.parametrize(
    ("trigger", "kind"),
    [("post_step_context_check", NothingToCompact), ("context_window_exceeded", ContextOverflow)],
)
def test_an_input_that_fills_the_window_stays_as_it_is(
    trigger: Trigger, kind: type[PalaverError]
) -> None:
    said = (*chat(3), *line([("user", (Text(text="x" * 9_000),))]))

    with pytest.raises(kind):
        carried(compaction(said, 1_000, trigger))


def test_settings_are_merged_and_another_mode_brings_its_own_prompt() -> None:
    own = CompactionSettings(mode="all", prompt="Sum up!", clip_chars=9)

    same = merged(own, CompactionSettings(mode="all"))
    other = merged(own, CompactionSettings(mode="sliding_window"))
    told = merged(own, CompactionSettings(mode="sliding_window", prompt="Shorter!"))

    assert same == own == merged(own, None)
    assert (other.prompt, other.clip_chars) == (None, 9)
    assert told.prompt == "Shorter!"
    assert merged(None, None) == CompactionSettings()


def _words(one: Entry) -> str:
    return "".join(part.text for part in one.parts if isinstance(part, Text))
