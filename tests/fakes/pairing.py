"""Calls and returns in pairs, as the strictest of servers want them."""

from collections.abc import Iterable, Sequence

Ids = Sequence[str]


def complaint(turns: Iterable[tuple[Ids, Ids]]) -> str | None:
    """What is wrong with the pairs: of each turn the ids of its returns, then those of its calls.

    Each call has its return in the next turn, and each return its call in the one before: once.
    """
    due: Ids = []
    for returned, called in turns:
        if sorted(returned) != sorted(due):
            return f"the calls {due} must be followed by their returns, not by {returned}"
        if len({*called}) < len(called):
            return f"the calls {called} cannot be told apart"
        due = called
    return f"there are no returns for {due}" if due else None
