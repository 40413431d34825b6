"""Events, and the newest of them in memory.

Every event is one line of JSON whose first field is its ``message_type``.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import get_args

from pydantic import TypeAdapter

from palaver.domain.message import Message, MessageType, Stop, StreamError, Usage
from palaver.store.claims import Owner

Frame = Message | Stop | StreamError | Usage

MESSAGES = frozenset(get_args(MessageType))
"""The kinds of event that are messages; the others are the ends of a stream."""

_MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)

_KEPT = 1024  # events of a run kept in memory for its followers


@dataclass(slots=True)
class Event:
    """One numbered event of a run."""

    seq: int
    data: str

    @property
    def kind(self) -> str:
        """Its ``message_type``."""
        return self.data.split('"', 4)[3]


def event_of(seq: int, frame: Frame) -> Event:
    """The event that `frame` is under a number."""
    return Event(seq, frame.model_copy(update={"seq_id": seq}).model_dump_json())


def messages_in(logged: Iterable[Event]) -> Iterator[Message]:
    """The messages, whole or in fragments, among the events of a run."""
    return (_MESSAGE.validate_json(event.data) for event in logged if event.kind in MESSAGES)


@dataclass(slots=True, eq=False)
class Tail:
    """The newest events of a run. `owner` is set where this process carries it out."""

    run_id: str
    owner: Owner | None = None
    last: int = 0  # number of the newest event, written or not
    written: int = 0  # number of the newest durable event
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=_KEPT))
    ended: bool = False
    whole: bool = False  # memory holds all there is, whatever the first number
    lost: bool = False  # this is not the place any more where the run's events come to
    readers: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def number(self, frame: Frame) -> Event:
        """The event that `frame` becomes, with the run's next number."""
        self.last += 1
        return event_of(self.last, frame)

    def add(self, written: Sequence[Event]) -> None:
        """Make durable events visible to the followers."""
        if written:
            self.events.extend(written)
            self.written = written[-1].seq
            self.wake()

    def end(self) -> None:
        """Let the followers know that nothing more comes."""
        self.ended = True
        self.wake()

    def lose(self) -> None:
        """Let everybody know that the run's events come to another place now."""
        self.lost = True
        self.wake()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def change(self, patience: float | None) -> bool:
        """Wait for something new; False if nothing came within `patience` seconds."""
        try:
            async with asyncio.timeout(patience):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def after(self, seq: int) -> list[Event] | None:
        """The durable events after `seq`, or None where memory does not reach back so far."""
        if seq >= self.written:
            return []
        first = self.events[0].seq if self.events else self.written + 1
        if seq + 1 < first and not self.whole:
            return None
        return list(islice(self.events, max(0, seq + 1 - first), None))
