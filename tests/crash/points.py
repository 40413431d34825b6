"""The crash points: which story, and where its server dies.

A life is named by what ends it, and one case may take several: the server that puts in order what
the first has left can die of that. ``heard:3`` is the third event of a stream that a client hears.
"""

from dataclasses import dataclass

from tests.crash import stories
from tests.crash.stories import Story


@dataclass(frozen=True, slots=True)
class Crash:
    """A story and the deaths in it, one after the other."""

    story: Story
    deaths: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is called when it goes wrong."""
        return f"{self.story.__name__}, {' and '.join(self.deaths)}"

    @property
    def places(self) -> tuple[str, ...]:
        """Where its servers die, whichever time they come there."""
        return tuple(death.rpartition(":")[0] for death in self.deaths)


def around(story: Story, *units: str) -> list[Crash]:
    """Before and after the commit of each of the units."""
    return [Crash(story, (f"{when}:{unit}",)) for unit in units for when in ("before", "after")]


def heard(story: Story, *events: int) -> list[Crash]:
    """When so many events have been heard."""
    return [Crash(story, (f"heard:{event}",)) for event in events]


def taken(story: Story, first: str, *units: str) -> list[Crash]:
    """The server dies, and then the one that puts in order what was left."""
    return [Crash(story, (first, *one.deaths)) for one in around(story, *units)]


SIMPLE = [
    *around(stories.opening, "agent_making.Making.create:1", "conversations._create:1"),
    *around(stories.changing, "conversations._change:1"),
    *around(stories.recompiling, "conversations.recompile.write:1"),
    *around(stories.compacting, "compacting._keep:1", "compaction.undo.write:1"),
    *around(stories.forking, "conversations.fork.write:1"),
    *around(stories.deleting, "conversations._delete:1"),
]
"""What is over in one transaction."""
SPEAKING = [
    *around(stories.speaking, "line.admit:1", "line.admit:2", "line.end:1", "line.end:2"),
    *around(stories.speaking, "log.write:1", "lease._look:1"),
    *around(stories.talking, "log.write:2", "log.write:9"),
    *heard(stories.talking, 1, 7, 30),
    *heard(stories.speaking, 15, 16, 17),
    *around(stories.speaking_in_steps, "line.admit:1", "line.end:1"),
    *around(stories.asking, "line.admit:1", "line.end:1"),
    *around(stories.making_room, "ending.write:1", "line.end:4"),
    *around(stories.resuming, "log.write:7", "line.end:1"),
    *heard(stories.resuming, 2, 5, 9),
]
"""Answers."""

CALLING = [
    *around(stories.calling, "ending.write:1", "own_tools._use:1", "ending.write:2"),
    *around(stories.calling, "line.end:1"),
    *around(stories.calling_in_steps, "ending.write:1", "own_tools._use:1"),
    *around(stories.calling_in_steps, "ending.write:2", "line.end:1"),
    *heard(stories.calling, 5, 7, 9),
]
"""Answers with a tool in them."""

CROWDED = [
    *around(stories.waiting, "line.admit:2", "line.admit:3", "line.end:1", "line.end:2"),
    *around(stories.waiting, "abandoned.settle:1", "abandoned.settle:2"),
    *around(stories.interrupting, "line.admit:3", "line.end:1", "abandoned.settle:1"),
    *around(stories.cancelling, "conversations._cancel:1", "line.end:1"),
    *around(stories.leaving, "line.end:1", "workers.leave:1"),
]
"""Several at once in one conversation."""

PAUSED = [
    *around(stories.answering, "line.admit:1", "line.end:1", "line.admit:2", "ending.write:1"),
    *around(stories.answering, "own_tools._use:1", "line.end:2"),
    *heard(stories.answering, 3, 5),
    *around(stories.denying, "line.admit:2", "ending.write:1", "line.end:2"),
    *around(stories.expiring, "line.expire:+", "line.end:2"),
    *around(stories.giving_up, "conversations._cancel:1", "line.admit:2"),
    *taken(stories.answering, "after:line.admit:2", "abandoned.settle:1", "line.end:1"),
    *taken(stories.answering, "after:ending.write:1", "abandoned.settle:1"),
    *taken(stories.expiring, "before:line.expire:+", "line.expire:+"),
]
"""Calls that wait for an answer, and what becomes of them."""


TAKEN = [
    *taken(stories.talking, "heard:7", "lease._look:1", "lease._look:5", "abandoned.settle:1"),
    *taken(stories.speaking, "after:line.admit:1", "abandoned.settle:1", "log.write:2"),
    *taken(stories.calling, "after:ending.write:2", "abandoned.settle:1", "line.end:1"),
    *taken(stories.calling_in_steps, "after:ending.write:1", "abandoned.settle:1", "line.end:1"),
    *taken(stories.making_room, "before:ending.write:1", "abandoned.settle:1"),
    *taken(stories.waiting, "after:line.admit:3", "abandoned.settle:1", "abandoned.settle:2"),
    *taken(stories.interrupting, "after:line.admit:3", "abandoned.settle:1"),
    *taken(stories.cancelling, "after:conversations._cancel:1", "abandoned.settle:1"),
]
"""Two deaths, one after the other."""

GROUPS = {
    "simple": SIMPLE,
    "speaking": SPEAKING,
    "calling": CALLING,
    "crowded": CROWDED,
    "paused": PAUSED,
    "taken": TAKEN,
}


def _first() -> dict[str, list[Crash]]:
    """Of each group the cases that are the first at their places, or the first of their story."""
    places: set[tuple[str, ...]] = set()
    told: set[Story] = set()
    first: dict[str, list[Crash]] = {name: [] for name in GROUPS}
    for name, group in GROUPS.items():
        for case in group:
            if case.places not in places or case.story not in told:
                first[name].append(case)
            places.add(case.places)
            told.add(case.story)
    return first


FIRST = _first()
"""Enough to have died everywhere and to have told everything."""
