"""A V1 database is brought over, agent by agent, and what was said is compared afterwards.

The source is read from one snapshot and never written. Each agent comes in a transaction of its
own, with the ids that it has: whoever is interrupted begins again, and what is there stays.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from palaver import clock
from palaver.core.histories import histories
from palaver.domain.bundle import Bundle, BundledAgent
from palaver.domain.entry import SYSTEM_SEQ, Entry
from palaver.domain.identity import Identity
from palaver.domain.ids import ProjectId
from palaver.domain.intake import Intake, Noun
from palaver.domain.page import Page
from palaver.engine import equipment
from palaver.engine.gathering import Gathering
from palaver.engine.importing import Derived, Kept, Porter, Wishes
from palaver.engine.taking_in import take_in
from palaver.errors import Invalid, NotFound, Refused
from palaver.store import entries, identities, known
from palaver.store.db import Database, Tx
from palaver.store.known import Kind

_AT_ONCE = 500  # entries that are read together
_ELSEWHERE = {"id", "seq"}  # what an entry is not compared by
_SHARED: dict[Noun, Kind] = {
    "blocks": "block", "tools": "tool", "mcp_servers": "mcp_server", "archives": "archive",
}  # fmt: skip
_NAMING = Kept(Derived("v1"))

Verdict = Literal["same", "longer", "shorter", "different", "missing"]
_WORDS: dict[Verdict, str] = {
    "same": "the same here",
    "longer": "the same here, and more was said since",
    "shorter": "more was said in V1 since it was brought over",
    "different": "DIFFERENT here",
    "missing": "not here",
}


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was said in a conversation of V1, as one number; and whether it stands here."""

    agent_id: str
    conversation_id: str
    messages: int
    sha256: str
    verdict: Verdict

    def in_words(self) -> str:
        """It in one line."""
        short = f"sha256 {self.sha256[:16]}…"
        said = f"{self.messages} messages, {short} {_WORDS[self.verdict]}"
        return f"{self.conversation_id} of {self.agent_id}: {said}"


@dataclass(slots=True)
class Migration:
    """What became of a V1 database. A `dry_run` has changed nothing."""

    gathering: Gathering
    dry_run: bool
    intake: Intake = field(default_factory=Intake)
    certificates: list[Certificate] = field(default_factory=list)
    brought: set[str] = field(default_factory=set)

    @property
    def is_whole(self) -> bool:
        """Whether nothing was refused, and everything stands here that was said."""
        fine = {"same", "longer", "missing"} if self.dry_run else {"same", "longer"}
        return self.intake.is_whole and all(one.verdict in fine for one in self.certificates)

    def told(self) -> dict[str, Any]:
        """It as JSON has it."""
        return {
            "found": dict(sorted(self.gathering.found.items())),
            **self.intake.told(),
            "left": [
                {"noun": noun, "reason": reason, "number": number}
                for (noun, reason), number in sorted(self.gathering.left.items())
            ],
            "joined_messages": self.gathering.joined,
            "conversations": [
                {name: getattr(one, name) for name in Certificate.__slots__}
                for one in self.certificates
            ],
        }

    def in_words(self) -> str:
        """It for people, without the certificates."""
        found = ", ".join(
            f"{number} {noun}" for noun, number in sorted(self.gathering.found.items())
        )
        lines = [f"found in V1: {found}", self.intake.in_words()]
        for (noun, reason), number in sorted(self.gathering.left.items()):
            lines.append(f"left in V1: {number} {noun}: {reason}")
        if self.gathering.joined:
            told = "messages that ask for an approval are parts of those before them"
            lines.append(f"note: {self.gathering.joined} {told}")
        return "\n".join(lines)


async def bring_over(
    db: Database, project: ProjectId, porter: Porter, migration: Migration
) -> AsyncIterator[Certificate]:
    """Bring what a V1 database holds into a project; a certificate for each conversation.

    Nothing else may go on in this process meanwhile. Raises what `V1Database` raises; agents that
    are in by then stay in.
    """
    for bundle in migration.gathering.bundles():
        for certificate in await _bring(db, project, porter, bundle, migration):
            migration.certificates.append(certificate)
            yield certificate
    for identity, at in migration.gathering.identities():
        made = at or clock.now()
        intake = await db.tx(_bring_identity, project, identity, made, migration.dry_run)
        migration.intake.join(intake)
    migration.intake.join(migration.gathering.intake)


async def _bring(
    db: Database, project: ProjectId, porter: Porter, bundle: Bundle, migration: Migration
) -> list[Certificate]:
    """Bring one bundle, and compare what was said in it. One that cannot be had is refused."""
    try:
        order = await porter.order(bundle, _NAMING, Wishes(dry_run=migration.dry_run))
        intake = await take_in(db, project, order)
    except (Invalid, Refused) as error:
        for agent in bundle.agents:
            migration.intake.refuse("agents", agent.id, str(error))
        return []
    await db.read(_forget_repeated, project, bundle, intake, migration.brought)
    migration.intake.join(intake)
    found = []
    for agent in bundle.agents:
        for n, (local, said) in enumerate(_said(agent, order.said[agent.id]).items()):
            conversation_id = _NAMING("conv", local, n, agent.id)
            here = await db.read(_here, project, conversation_id, len(said) + 1)
            total = sha256(b"".join(said)).hexdigest()
            verdict = _verdict(said, here)
            found.append(Certificate(agent.id, conversation_id, len(said), total, verdict))
    return found


def _bring_identity(
    tx: Tx, project: ProjectId, identity: Identity, at: datetime, dry_run: bool
) -> Intake:
    """Keep an identity, and give it to those that are here of whose it is."""
    intake = Intake()
    same = identities.find_keyed(tx, project, identity.identifier_key)
    if same is not None and same.id != identity.id:
        intake.refuse("identities", identity.id, f"its key is that of {same.id}")
        return intake
    intake.count("identities", "added" if same is None else "there")
    if same is None and not dry_run:
        identities.add(tx, project, identity, at)
        for agent_id in known.among(tx, project, "agent", identity.agent_ids):
            identities.attach(tx, project, identities.AGENTS, agent_id, identity.id)
        for block_id in known.among(tx, project, "block", identity.block_ids):
            identities.attach(tx, project, identities.BLOCKS, block_id, identity.id)
    return intake


def _forget_repeated(
    tx: Tx, project: ProjectId, bundle: Bundle, intake: Intake, brought: set[str]
) -> None:
    """Take out of an intake what agents share, and an earlier bundle has `brought`."""
    for noun, kind in _SHARED.items():
        for one in getattr(bundle, noun):
            names = {getattr(one, name, None) for name in ("id", "name", "server_name")}
            same = [no for no in intake.refused if no.noun == noun and no.name in names]
            if one.id in brought and same:
                intake.refused = [no for no in intake.refused if no not in same]
            elif one.id in brought:
                is_there = one.id in known.among(tx, project, kind, [one.id]) or (
                    noun == "tools" and equipment.find_named(tx, project, one.name) is not None
                )
                intake.count(noun, "there" if is_there else "added", -1)
            brought.add(one.id)


def _said(agent: BundledAgent, read: Mapping[str, Entry]) -> dict[str, list[bytes]]:
    """What is said in each conversation of an agent but its system text, in order."""
    digests = {local: _digest(entry) for local, entry in read.items()}
    placed: dict[tuple[str, int], bytes] = {}
    found: dict[str, list[bytes]] = {}
    for history in histories(agent):
        name = history.about.id
        placed |= {(name, seq): digests[one] for one, seq in history.own.items()}
        shared = [(source, seq) for source, lo, hi in history.shared for seq in range(lo, hi + 1)]
        own = [(name, seq) for seq in sorted(history.own.values())]
        found[name] = [placed[one] for one in (*shared, *own)]
    return found


def _here(tx: Tx, project: ProjectId, conversation_id: str, most: int) -> list[bytes] | None:
    """The first things that are said in a conversation here; None if there is none."""
    found: list[bytes] = []
    page = Page(limit=_AT_ONCE, order="asc")
    try:
        while said := entries.listed(tx, project, conversation_id, page):
            found += [_digest(one) for one in said if one.seq != SYSTEM_SEQ]
            if len(found) >= most:
                break
            page = page.model_copy(update={"after": said[-1].id})
    except NotFound:
        return None
    return found[:most]


def _digest(said: Entry) -> bytes:
    """What was said, as a number."""
    return sha256(said.model_dump_json(exclude=_ELSEWHERE, exclude_none=True).encode()).digest()


def _verdict(said: Sequence[bytes], here: Sequence[bytes] | None) -> Verdict:
    if here is None:
        return "missing"
    if any(ours != theirs for ours, theirs in zip(here, said, strict=False)):
        return "different"
    if len(here) == len(said):
        return "same"
    return "longer" if len(here) > len(said) else "shorter"
