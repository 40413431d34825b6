"""All checks, one after the other, each on a visit of its own."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Self

import httpx
import httpx2
from letta_client import Letta, LettaError

from palaver.conformance import (
    agent_files,
    agents,
    archives,
    blocks,
    conventions,
    conversations,
    errors,
    folders,
    identities,
    messages,
    runs,
    streams,
    tools,
)  # fmt: skip
from palaver.conformance.checks import Check, Finding
from palaver.conformance.visit import Mismatch, Visit

_SECTIONS = (
    conventions.section, agents.section, blocks.section, conversations.section, messages.section,
    streams.section, tools.section, runs.section, archives.section, identities.section,
    folders.section, agent_files.section, errors.section,
)  # fmt: skip

CHECKS: tuple[Check, ...] = tuple(check for section in _SECTIONS for check in section.checks)
SECTIONS: tuple[str, ...] = tuple(section.name for section in _SECTIONS)

_BREAKS_OFF = (
    LettaError, httpx.HTTPError, httpx2.HTTPError, LookupError, TypeError, AttributeError,
    ValueError, StopIteration, RuntimeError,
)  # fmt: skip
"""What a check may run into on a server that answers something else."""


class Conformance:
    """A server that is held against the contract, as long as the context lasts.

    `timeout` is in seconds, for each answer.
    """

    def __init__(self, base_url: str, api_key: str, model: str, timeout: float = 60.0) -> None:
        url = base_url.rstrip("/")
        headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
        self._model = model
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=timeout)
        self._client = Letta(base_url=url, api_key=api_key or None, timeout=timeout, max_retries=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._client.close()
        self._http.close()

    def findings(self, checks: Sequence[Check] = CHECKS) -> Iterator[Finding]:
        """What comes of each check, as soon as it is known."""
        return map(self._finding, checks)

    def _finding(self, check: Check) -> Finding:
        error = None
        with _tidied(Visit(self._http, self._client, self._model)) as visit:
            try:
                check.find_out(visit)
            except Mismatch:
                pass
            except _BREAKS_OFF as broken:
                error = f"{type(broken).__name__}: {broken}"
        return Finding(check, tuple(visit.sights), error)


def chosen(only: Collection[str]) -> list[Check]:
    """The checks of a section that is named, or with one of the texts in their name; or all."""
    words = [word.lower() for word in only]
    return [
        check
        for check in CHECKS
        if not words or any(word == check.section or word in check.name.lower() for word in words)
    ]


@contextmanager
def _tidied(visit: Visit) -> Iterator[Visit]:
    """The visit; afterwards what it has made is taken away, as far as the server lets it."""
    try:
        yield visit
    finally:
        with suppress(httpx2.HTTPError):
            for path in reversed(visit.made):
                visit.http.delete(path)
