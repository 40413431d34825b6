"""What a bundle says of an agent's conversations, brought into palaver's form.

A file names the messages of each conversation in order. Here a message stands in one conversation,
under a number, and others reach it by segments (decision 0005); a window is a head and all from a
number on (decision 0029).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from palaver.domain.bundle import BundledAgent, BundledConversation, BundledMessage
from palaver.domain.conversation import Context
from palaver.domain.entry import SYSTEM_SEQ

WITHOUT_NAME = "default"
"""What the only conversation of a file is called that knows none."""


class Spot(NamedTuple):
    """Where a message stands: in which conversation, by its id in the file, under which number."""

    conversation: str
    seq: int


@dataclass(frozen=True, slots=True)
class History:
    """A conversation that is to be.

    `own` are the messages that stand in it, by their ids, with their numbers; `shared` are
    stretches of others that come before these: whose, from where, to where. A message that cannot
    be shared, although it stands elsewhere, is one of its own again.
    """

    about: BundledConversation
    system: str | None
    own: Mapping[str, int]
    shared: tuple[tuple[str, int, int], ...]
    head: int
    context: Context


def messages_of(agent: BundledAgent) -> dict[str, BundledMessage]:
    """The messages of an agent by their ids; those without one get one."""
    return {one.id or f"message #{n}": one for n, one in enumerate(agent.messages, start=1)}


def conversations_of(agent: BundledAgent) -> list[BundledConversation]:
    """The conversations of an agent; of a file that knows none, the one that its messages are."""
    if agent.conversations is not None:
        return agent.conversations
    said = messages_of(agent)
    if not said:
        return []
    context = agent.in_context_message_ids or []
    system = next((one for one in [*context[:1], *said] if said[one].role == "system"), None)
    ids = [one for one in said if one != system]
    return [
        BundledConversation(
            id=WITHOUT_NAME,
            is_default=True,
            message_ids=ids if system is None else [system, *ids],
            in_context_message_ids=context,
            created_at=agent.messages[0].created_at,
            last_message_at=agent.messages[-1].created_at,
            stale=True,
        )
    ]


def histories(agent: BundledAgent, wanted: Collection[str] | None = None) -> list[History]:
    """The conversations of an agent, those that are `wanted` if only some are."""
    said = messages_of(agent)
    homes: dict[str, Spot] = {}
    return [
        _history(one, said, homes)
        for one in conversations_of(agent)
        if wanted is None or one.id in wanted
    ]


def _history(
    about: BundledConversation, said: Mapping[str, BundledMessage], homes: dict[str, Spot]
) -> History:
    ids, context = about.message_ids, about.in_context_message_ids
    begins = bool(ids) and said[ids[0]].role == "system"
    system, rest = (ids[0], ids[1:]) if begins else (None, ids)
    seen = [one for one in context if one != system] if context else rest
    summaries = {one for one in rest if said[one].role == "summary"}
    line = _in_order(rest, [one for one in seen if one not in summaries], summaries)
    shared = _shared(line, homes)
    last = shared[-1].seq if shared else SYSTEM_SEQ
    own = {one: seq for seq, one in enumerate(line[len(shared) :], start=last + 1)}
    for one, seq in own.items():
        homes.setdefault(one, Spot(about.id, seq))
    numbers = {one: spot.seq for one, spot in zip(line, shared, strict=False)} | own
    context_numbers = [numbers[one] for one in seen]
    words = [numbers[one] for one in line if one not in summaries]
    head, window = last + len(own), _context(context_numbers, words)
    return History(about, system, own, _stretches(shared), head, window)


def _in_order(
    rest: Sequence[str], seen: Sequence[str], summaries: Collection[str]
) -> Sequence[str]:
    """The messages of a conversation, so that its window is a part of them that goes to the end.

    One of palaver's own always is; elsewhere a window may be anything.
    """
    said = [one for one in rest if one not in summaries]
    if not seen or (seen[-1] == said[-1] and _is_part(seen, said)):
        return rest
    visible = set(seen)
    return [*(one for one in rest if one not in visible), *seen]


def _is_part(some: Iterable[str], whole: Iterable[str]) -> bool:
    """Whether `some` are in the order in which they stand in the `whole`."""
    left = iter(whole)
    return all(one in left for one in some)


def _shared(rest: Sequence[str], homes: Mapping[str, Spot]) -> list[Spot]:
    """Where the first messages stand already, as far as they do in one line of numbers."""
    shared: list[Spot] = []
    for one in rest:
        spot = homes.get(one)
        if spot is None or (shared and spot.seq <= shared[-1].seq):
            break
        shared.append(spot)
    return shared


def _stretches(spots: Iterable[Spot]) -> tuple[tuple[str, int, int], ...]:
    found: list[tuple[str, int, int]] = []
    for source, seq in spots:
        if found and (found[-1][0], found[-1][2] + 1) == (source, seq):
            found[-1] = (source, found[-1][1], seq)
        else:
            found.append((source, seq, seq))
    return tuple(found)


def _context(seen: Sequence[int], said: Sequence[int]) -> Context:
    """The window that shows the numbers `seen`, where `said` are all that are no summaries."""
    at = 0
    while at < min(len(seen), len(said)) and seen[-1 - at] == said[-1 - at]:
        at += 1
    start = said[-at] if at else (said[-1] if said else SYSTEM_SEQ) + 1
    return Context(start=start, head=tuple(seen[: len(seen) - at]))
