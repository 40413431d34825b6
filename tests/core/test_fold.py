"""Law 1 in the small: folding what was streamed gives what is stored."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from palaver.core.expand import messages_of, parts_of
from palaver.core.fold import fold, mark_of
from palaver.domain.llm import (
    Completion,
    HiddenReasoningGiven,
    ReasoningDelta,
    Sealed,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)
from tests.core.said import heard

words = st.text(min_size=1, max_size=8)
pieces = st.lists(words, min_size=1, max_size=4)


@st.composite
def answers(draw: st.DrawFn) -> list[StreamEvent]:
    """An answer of a model, as it comes in: parts of all kinds, each in pieces, then the end."""
    events: list[StreamEvent] = []
    for part in range(draw(st.integers(1, 5))):
        events += draw(parts(part))
    return [*events, Completion(finish="stop")]


def parts(part: int) -> st.SearchStrategy[Sequence[StreamEvent]]:
    """One part of any kind, in pieces."""

    def call(tool: str, arguments: list[str]) -> list[StreamEvent]:
        names = [tool, *[None] * (len(arguments) - 1)]
        return [
            ToolCallDelta(part, f"call-{part}", name, piece)
            for name, piece in zip(names, arguments, strict=True)
        ]

    def thought(said: list[str]) -> list[StreamEvent]:
        return [*(ReasoningDelta(part, piece) for piece in said), Sealed(part, {"signature": "s"})]

    hidden: st.SearchStrategy[Sequence[StreamEvent]] = st.just(
        [HiddenReasoningGiven(part, "redacted", "xyz")]
    )
    return st.one_of(
        pieces.map(lambda said: [TextDelta(part, piece) for piece in said]),
        pieces.map(thought),
        st.builds(call, st.sampled_from(("look", "ask", "ask")), pieces),
        hidden,
    )


@given(answers())
def test_folding_the_fragments_gives_the_messages_of_the_entry(events: list[StreamEvent]) -> None:
    fragments, stored = heard(events)

    assert stored is not None
    assert not stored.cut
    assert fold(fragments) == messages_of(stored)


@given(answers(), st.data())
def test_what_there_is_of_a_broken_answer_is_kept_and_marked(
    events: list[StreamEvent], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, len(events) - 1))

    fragments, stored = heard(events[:cut])

    assert stored is not None
    assert stored.cut
    shown = messages_of(stored)
    assert [message.is_err for message in shown] == [None] * (len(shown) - 1) + [True]
    assert fold([*fragments, mark_of(shown[-1])]) == shown


@given(answers())
def test_the_parts_can_be_read_off_the_messages(events: list[StreamEvent]) -> None:
    _, stored = heard(events)

    assert stored is not None
    read = tuple(p for message in messages_of(stored) for p in parts_of(message))
    assert messages_of(stored.model_copy(update={"parts": read})) == messages_of(stored)
    assert sorted(map(str, read)) == sorted(map(str, stored.parts))


def test_parts_of_one_answer_share_the_id_and_count_up_in_the_otid() -> None:
    fragments, _ = heard([ReasoningDelta(0, "hm"), TextDelta(1, "yes"), TextDelta(1, ".")])

    assert len({fragment.id for fragment in fragments}) == 1
    ends = [int((fragment.otid or "")[-1], 16) for fragment in fragments]
    assert [end - ends[0] for end in ends] == [0, 1, 1]


def test_nothing_heard_is_nothing_to_store() -> None:
    assert heard([Completion(finish="stop")]) == ([], None)
