"""An agent's conversations are told again: what a bundle holds of them becomes rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from palaver import clock
from palaver.core.histories import History, conversations_of, histories
from palaver.core.prompt import renamed
from palaver.domain.agent import Agent
from palaver.domain.bundle import BundledAgent
from palaver.domain.conversation import Address, Conversation, Segment
from palaver.domain.entry import SYSTEM_SEQ, Entry
from palaver.domain.ids import ProjectId
from palaver.domain.intake import Intake
from palaver.engine import compiling
from palaver.engine.importing import Naming
from palaver.store import conversations, entries, known
from palaver.store.conversations import Shape
from palaver.store.db import Tx

_AT_ONCE = 500  # entries that are written together
_AS_GIVEN = {
    "summary", "description", "model", "model_settings", "context_window_limit", "archived",
    "archived_at", "created_at", "last_message_at",
}  # fmt: skip
_GONE = "it was here and was deleted"


class Retelling:
    """Brings the conversations of one agent, which is there."""

    def __init__(
        self, tx: Tx, project: ProjectId, agent: Agent, naming: Naming, intake: Intake
    ) -> None:
        self._tx = tx
        self._project = project
        self._agent = agent
        self._naming = naming
        self._intake = intake
        self._now = clock.now()
        self._waiting: dict[str, list[Entry]] = defaultdict(list)  # to be written, by conversation

    def retell(self, one: BundledAgent, said: Mapping[str, Entry], *, is_new: bool) -> None:
        """Bring the conversations that are not here yet. A new agent gets a default one, too.

        `said` are the entries that its messages are, by their ids.
        """
        ids = {
            about.id: self._naming("conv", about.id, n, one.id)
            for n, about in enumerate(conversations_of(one))
        }
        taken = known.among(self._tx, self._project, "conv", list(ids.values()))
        there = self._look(one, {local for local, made in ids.items() if made in taken}, taken, ids)
        told = histories(one, [local for local, made in ids.items() if made not in taken])
        for history in told:
            self._open(history, ids, is_new)
            self._intake.count("conversations", "added")
        self._tell(one.id, said, told, ids, there)
        if is_new and not any(history.about.is_default for history in told):
            self._open_default()

    def _look(
        self,
        one: BundledAgent,
        here: set[str],
        taken: Mapping[str, bool],
        ids: Mapping[str, str],
    ) -> set[str]:
        """The messages of those conversations that are here already or have been."""
        there: set[str] = set()
        for about in conversations_of(one):
            if about.id in here:
                there.update(about.message_ids)
                if taken[ids[about.id]]:
                    self._intake.count("conversations", "there")
                else:
                    self._intake.refuse("conversations", about.id, _GONE)
        if there:
            self._intake.count("messages", "there", len(there))
        return there

    def _open(self, history: History, ids: Mapping[str, str], is_new: bool) -> None:
        about = history.about
        conversation = Conversation(
            **{
                "created_at": self._now,
                **about.model_dump(include=_AS_GIVEN, exclude_none=True),
                "model_settings": about.model_settings,
                "archived_at": (about.archived_at or self._now) if about.archived else None,
                "id": ids[about.id],
                "agent_id": self._agent.id,
                "updated_at": self._now,
            }
        )
        shape = Shape(
            is_default=about.is_default and is_new,
            hidden=about.hidden,
            stale=about.stale,
            head=history.head,
            context=history.context,
            segments=tuple(
                Segment(source=ids[source], lo=lo, hi=hi) for source, lo, hi in history.shared
            ),
        )
        conversations.take_in(self._tx, self._project, conversation, shape)
        if history.system is None:
            self._write(conversation.id, self._compiled(conversation.id, shape, history.head))

    def _open_default(self) -> None:
        now = self._now
        new = Conversation(
            id=clock.mint("conv"), agent_id=self._agent.id, created_at=now, updated_at=now
        )
        text = compiling.compiled(self._tx, self._project, self._agent, "default")
        system = compiling.system_entry(text, now)
        conversations.add(self._tx, self._project, new, system, is_default=True)

    def _compiled(self, conversation_id: str, shape: Shape, earlier: int) -> Entry:
        name = "default" if shape.is_default else conversation_id
        text = compiling.compiled(self._tx, self._project, self._agent, name, earlier)
        return compiling.system_entry(text, self._now)

    def _tell(
        self,
        agent_id: str,
        said: Mapping[str, Entry],
        told: Iterable[History],
        ids: Mapping[str, str],
        there: set[str],
    ) -> None:
        """Write the messages, each where it stands. One that stands twice is written twice."""
        spots = _spots(told)
        if not spots and there:
            return
        alone, count = [], 0
        for n, (local, entry) in enumerate(said.items()):
            if local not in spots and local not in there:
                alone.append(local)
            for i, (conversation, seq) in enumerate(spots.get(local, ())):
                again = i > 0 or local in there
                name = f"{local} in {conversation}" if again else local
                made = self._naming("message", name, n, agent_id)
                names = {agent_id: self._agent.id, conversation: ids[conversation]}
                self._write(ids[conversation], _placed(entry, made, seq, names))
                count += 1
        for conversation in list(self._waiting):
            self._flush(conversation)
        if count:
            self._intake.count("messages", "added", count)
        if alone:
            more = f" and {len(alone) - 1} more" if len(alone) > 1 else ""
            self._intake.refuse("messages", alone[0] + more, "no conversation names it")

    def _write(self, conversation_id: str, entry: Entry) -> None:
        self._waiting[conversation_id].append(entry)
        if len(self._waiting[conversation_id]) >= _AT_ONCE:
            self._flush(conversation_id)

    def _flush(self, conversation_id: str) -> None:
        """Write what waits. What has somebody else's id gets another one."""
        said = self._waiting.pop(conversation_id)
        taken = known.among(self._tx, self._project, "message", [one.id for one in said])
        said = [
            one.model_copy(update={"id": clock.mint("message")}) if one.id in taken else one
            for one in said
        ]
        address = Address(conversation_id=conversation_id, agent_id=self._agent.id)
        entries.insert_all(self._tx, self._project, address, said)


def _spots(told: Iterable[History]) -> dict[str, list[tuple[str, int]]]:
    """Where each message stands: in which conversations, under which numbers."""
    spots: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for history in told:
        if history.system is not None:
            spots[history.system].append((history.about.id, SYSTEM_SEQ))
        for local, seq in history.own.items():
            spots[local].append((history.about.id, seq))
    return spots


def _placed(entry: Entry, made: str, seq: int, names: Mapping[str, str]) -> Entry:
    """An entry at its place. A prompt knows its agent and its conversation by name."""
    if seq == SYSTEM_SEQ:
        entry = renamed(entry, names)
    return entry.model_copy(update={"id": made, "seq": seq})
