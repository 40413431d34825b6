"""The only place that reads the clock and asks for randomness."""

import secrets
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from palaver.domain import ids

_lock = threading.Lock()
_last = 0


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def since_1970() -> int:
    """The present moment in nanoseconds, as metrics tell it."""
    return time.time_ns()


def ticks() -> int:
    """Nanoseconds since some moment: the difference of two is a duration, and never negative."""
    return time.monotonic_ns()


def mint(prefix: str) -> str:
    """A new id; ids minted by one process sort in the order of their minting."""
    global _last
    tick = time.time_ns() * 4096 // 1_000_000  # milliseconds and twelve bits below them
    with _lock:
        _last = tick = max(tick, _last + 1)
    return ids.shape(prefix, tick >> 12, (tick & 0xFFF) << 62 | secrets.randbits(62))


def choose(options: Sequence[str]) -> str:
    """One of `options`, by chance."""
    return secrets.choice(options)
