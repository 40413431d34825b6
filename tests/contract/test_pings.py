"""A silent stream is kept alive, and its pings can be resumed from (contract §3.6)."""

from collections.abc import AsyncGenerator, Sequence
from typing import cast

from palaver.api import sse
from palaver.domain.message import AssistantMessage
from palaver.engine.log import Log
from palaver.engine.tail import Event
from tests.contract.talk import turn_of

RUN = "run-01a20a62-8453-4f50-907e-4b685d068ac6"
WORD = AssistantMessage(id="message-1", date="2026-01-02T03:04:05+00:00", content="Well.")


class QuietLog:
    """Stands in for a log whose run says one word, and nothing for a while before and after it."""

    def __init__(self) -> None:
        self.patience: float | None = None

    async def follow(
        self, run_id: str, after: int = 0, patience: float | None = None
    ) -> AsyncGenerator[Sequence[Event], None]:
        """Silence, a word, silence."""
        self.patience = patience
        yield ()
        yield [Event(after + 1, WORD.model_dump_json())]
        yield ()


async def sent(log: QuietLog, wanted: sse.Wanted) -> str:
    """All that is sent to a client."""
    return "".join([chunk.decode() async for chunk in sse.frames(cast(Log, log), wanted)])


async def test_silence_is_filled_with_pings_that_repeat_the_last_number() -> None:
    log = QuietLog()

    turn = turn_of(await sent(log, sse.Wanted(RUN, after=4)))

    kinds = [(event["message_type"], event["seq_id"]) for event in turn.events]
    assert kinds == [
        ("ping", 4),
        ("ping", 4),
        ("assistant_message", None),
        ("ping", 5),
    ]
    assert {event["run_id"] for event in turn.of("ping")} == {RUN}
    assert log.patience == 20


async def test_no_pings_are_sent_to_who_wants_none() -> None:
    turn = turn_of(await sent(QuietLog(), sse.Wanted(RUN, pings=False)))

    assert turn.kinds == ["assistant_message"]
