"""What must hold, whatever is asked in whatever order: the little that a caller can know.

A send whose words have no end goes on until somebody ends it, so that it is known to go on; one
with few words may have ended meanwhile, and both answers are right.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.api.here import Json
from tests.api.sending import Told, number_of

Choice = Literal["reject", "queue", "interrupt"]
Ended = Literal["no", "perhaps", "yes"]

KINDS: Mapping[str, str] = {
    "fast": "Hello",
    "thinking": "[[think: let me see]] Hello",
    "calling": '[[call: memory_insert {"label": "human", "new_string": "%s"}]]',
    "calling twice": (
        '[[call: memory_insert {"label": "human", "new_string": "%s"}]] '
        '[[call: nobody_knows {"this": "tool"}]] [[pace: 2]]'
    ),
    "short": "[[words: 9]] [[pace: 4]]",
    "failing": "[[words: 6]] [[fail: cut]]",
    "endless": "[[words: 100000]] [[pace: 15]]",
}
"""The texts that are sent, by what comes of them; a mark stands in front of each."""

OVER = ("completed", "failed", "cancelled")


@dataclass(slots=True)
class Sent:
    """A send that was accepted, and what is known of its run."""

    run: str
    mark: str
    kind: str
    choice: Choice
    key: bool
    body: Json
    headers: dict[str, str]
    seen: dict[int, bytes] = field(default_factory=dict, repr=False)
    answer: list[Json] | None = field(default=None, repr=False)
    pieces: int = 0  # so many of its words may be waited for while it goes on
    status: str | None = None  # how it ended, once that was seen
    asked_to_end: Ended = "no"
    waited_then: bool = False  # it surely waited when it was asked to end
    overtakes: list["Sent"] = field(default_factory=list, repr=False)

    @property
    def must_go_on(self) -> bool:
        """Whether it is surely waiting or running."""
        return self.kind == "endless" and self.asked_to_end == "no"

    def hear(self, told: Told, after: int) -> None:
        """Remember what was told of it: numbers without gaps, and always the same bytes."""
        numbers = told.numbers
        assert numbers == list(range(after + 1, after + 1 + len(numbers))), (self, numbers)
        for frame in told.events:
            assert self.seen.setdefault(number_of(frame), frame) == frame
        for ping in told.pings:
            assert ping["run_id"] == self.run
        if told.done:
            assert not self.seen or after + len(numbers) >= max(self.seen)

    def see(self, run: Json) -> None:
        """Remember how it stands; what has ended stays as it ended."""
        status, stop = run["status"], run["stop_reason"]
        assert self.status in (None, status), (self, status)
        assert (status in OVER) == (stop is not None), (self, run)
        if status in OVER:
            self._check_end(status, stop)
            self.status = status

    def _check_end(self, status: str, stop: str) -> None:
        own = ("failed", "llm_api_error") if self.kind == "failing" else ("completed", "end_turn")
        allowed = set() if self.kind == "endless" else {own}
        if self.asked_to_end != "no":
            allowed.add(("cancelled", "cancelled"))
        if self.waited_then:
            allowed = {("cancelled", "cancelled")}
        assert (status, stop) in allowed, (self, status, stop)


@dataclass(slots=True)
class Place:
    """A conversation: how it is named, and what is known of it."""

    name: str
    agent: str
    sends: list[Sent] = field(default_factory=list)
    history: list[Json] = field(default_factory=list)  # as last read, without the system's
    inherited: int = 0  # so many of its messages are its source's
    summary: str | None = None

    @property
    def is_default(self) -> bool:
        """Whether it is named by its agent."""
        return self.name == "default"

    @property
    def owner(self) -> Json:
        """What must be said besides the name."""
        return {"agent_id": self.agent} if self.is_default else {}

    @property
    def is_free(self) -> bool:
        """Whether surely nothing goes on in it."""
        return all(sent.status is not None for sent in self.sends)

    @property
    def is_busy(self) -> bool:
        """Whether surely something goes on in it."""
        return any(sent.must_go_on for sent in self.sends)

    @property
    def may_stay_busy(self) -> bool:
        """Whether something without an end may go on in it."""
        return any(
            sent.kind == "endless" and sent.status is None and sent.asked_to_end != "yes"
            for sent in self.sends
        )

    def waits(self, sent: Sent) -> bool:
        """Whether a send surely waits: something without an end is before it."""
        earlier = self.sends[: self.sends.index(sent)]
        before = [*earlier, *(other for other in self.sends if sent in other.overtakes)]
        return sent.choice == "queue" and any(other.must_go_on for other in before)

    def add(self, sent: Sent) -> None:
        """Remember a send that was accepted, and whom it interrupts."""
        if sent.choice == "interrupt":
            open_ones = [other for other in self.sends if other.status is None]
            sent.overtakes = [other for other in open_ones if self.waits(other)]
            for other in open_ones:
                if other not in sent.overtakes and other.asked_to_end == "no":
                    other.asked_to_end = "perhaps" if other.choice == "queue" else "yes"
        self.sends.append(sent)

    def cancel(self, named: Mapping[str, str]) -> None:
        """Remember what was cancelled: all that surely goes on, and nothing that is over."""
        assert set(named.values()) <= {"cancelled"}
        by_run = {sent.run: sent for sent in self.sends}
        assert set(named) <= set(by_run)
        for sent in [one for one in self.sends if one.must_go_on]:
            assert sent.run in named, (sent, named)
        waiting = [sent for sent in self.sends if sent.status is None and self.waits(sent)]
        for run in named:
            assert by_run[run].status is None, (by_run[run], named)
            by_run[run].asked_to_end = "yes"
        for sent in waiting:
            assert sent.run in named, (sent, named)
            sent.waited_then = True

    def read(self, history: list[Json]) -> None:
        """Remember what was read: nothing that stood there has changed or gone."""
        assert history[: len(self.history)] == self.history, self.name
        self.history = history
        marks = _marks_in(history)
        assert len(set(marks)) == len(marks), marks
        assert set(self._said) <= {sent.mark for sent in self.sends}, marks

    @property
    def _said(self) -> list[str]:
        """The marks of what was sent to it, in the order of the history."""
        return _marks_in(self.history[self.inherited :])

    def check_order(self) -> None:
        """All that was accepted was said, once, each in its turn."""
        said = self._said
        assert sorted(said) == sorted(sent.mark for sent in self.sends)
        at = {mark: number for number, mark in enumerate(said)}
        for number, later in enumerate(self.sends):
            for earlier in self.sends[:number]:
                before = at[earlier.mark] < at[later.mark]
                if earlier in later.overtakes:
                    assert not before, (earlier, later)
                elif later.choice != "interrupt" or earlier.choice != "queue":
                    assert before, (earlier, later)


def _marks_in(history: list[Json]) -> list[str]:
    return [
        str(one["content"]).partition(":")[0]
        for one in history
        if one["message_type"] == "user_message"
    ]
