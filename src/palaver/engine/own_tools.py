"""The tools that palaver brings with it, carried out: each is one transaction."""

from palaver import clock
from palaver.core import calls, memory, memory_commands, recall, voice
from palaver.core.memory import Edit
from palaver.core.recall import ArchivalInsert, ArchivalSearch, Search
from palaver.domain.archive import NewPassage
from palaver.domain.block import Block
from palaver.domain.meaning import Sought
from palaver.domain.tool import Outcome, Tool
from palaver.engine import archiving
from palaver.engine.meanings import Meanings
from palaver.engine.workshop import ToolUse
from palaver.errors import Conflict, NotFound, ToolRefused
from palaver.store import archives, blocks, passages
from palaver.store import recall as stored
from palaver.store.db import Database, Tx
from palaver.store.passages import PassageFilter
from palaver.store.recall import EntryFilter


class OwnTools:
    """A hand for all of them."""

    def __init__(self, db: Database, meanings: Meanings) -> None:
        self._db = db
        self._meanings = meanings

    def refusal(self, tool: Tool) -> str | None:
        """None: they can be carried out everywhere."""
        return None

    async def use(self, use: ToolUse) -> Outcome:
        """Carry one out. Raises `ToolRefused`, and `Lost`."""
        if use.tool.name == voice.NAME:
            return Outcome(text=voice.answer(use.arguments))
        if use.tool.name == "conversation_search":
            search = calls.read(Search, use.arguments)
            sought = await self._meanings.sought(search.query)
            return Outcome(text=await self._db.read(_search, use, search, sought))
        if use.tool.name == "archival_memory_search":
            archival = calls.read(ArchivalSearch, use.arguments)
            sought = await self._meanings.sought(archival.query)
            return Outcome(text=await self._db.read(_search_archive, use, archival, sought))
        return Outcome(text=await self._db.tx(_use, use))


def _use(tx: Tx, use: ToolUse) -> str:
    use.hold(tx)
    if use.tool.name == "archival_memory_insert":
        return _archive(tx, use)
    if use.tool.name == memory_commands.NAME:
        return _command(tx, use)
    block = _block(tx, use, memory.label_of(use.arguments))
    return _edit(tx, use, block, memory.edit(use.tool.name or "", use.arguments, block))


def _block(tx: Tx, use: ToolUse, label: str) -> Block:
    try:
        return blocks.labelled(tx, use.project, use.agent.id, label, for_update=True)
    except NotFound:
        raise ToolRefused(f"There is no memory block `{label}`.") from None


def _edit(tx: Tx, use: ToolUse, block: Block, edit: Edit) -> str:
    after = block.model_copy(update={"value": edit.value})
    blocks.change(tx, use.project, after, clock.now())
    return edit.said


def _command(tx: Tx, use: ToolUse) -> str:
    asked = calls.read(memory_commands.Given, use.arguments)
    label = asked.label
    if asked.command == "create":
        return _create(tx, use, label, asked)
    block = _block(tx, use, label)
    if asked.command in ("str_replace", "insert"):
        return _edit(tx, use, block, memory.edit(*asked.edit, block))
    memory.check_writable(block)
    if asked.command == "delete":
        blocks.detach(tx, use.project, use.agent.id, block.id)
        return f"The memory block `{label}` is no longer yours."
    described = asked.description is not None and asked.new_path is None
    change = {"description": asked.description} if described else {"label": asked.new_label}
    try:
        blocks.change(tx, use.project, block.model_copy(update=change), clock.now())
    except Conflict as taken:
        raise ToolRefused(str(taken)) from None
    return f"The memory block `{label}` has a new {'description' if described else 'label'}."


def _create(tx: Tx, use: ToolUse, label: str, asked: memory_commands.Given) -> str:
    block = Block(
        id=clock.mint("block"),
        label=label,
        value=asked.file_text or "",
        description=asked.description,
    )
    blocks.add(tx, use.project, block, clock.now())
    try:
        blocks.attach(tx, use.project, use.agent.id, block.id)
    except Conflict:
        raise ToolRefused(f"There is a memory block `{label}` already; edit it.") from None
    return f"The memory block `{label}` has been made. It reads:\n{block.value}"


def _archive(tx: Tx, use: ToolUse) -> str:
    given = calls.read(ArchivalInsert, use.arguments)
    new = NewPassage(text=given.content, tags=given.tags)
    passage = archiving.put(tx, use.project, use.agent, new)
    return f"The text is in your archive, as {passage.id}."


def _search(tx: Tx, use: ToolUse, asked: Search, sought: Sought) -> str:
    wanted = EntryFilter(
        agent_id=use.agent.id,
        conversation_id=use.conversation_id if asked.this_conversation_only else None,
        roles=asked.wanted_roles,
        since=asked.start_date,
        until=asked.end_date,
        but_run=use.owner.run_id if use.owner else None,  # what led to the search is no memory
    )
    hits = stored.found(tx, use.project, wanted, sought, asked.limit)
    return recall.said((hit.entry, hit.conversation_id or "default") for hit in hits)


def _search_archive(tx: Tx, use: ToolUse, asked: ArchivalSearch, sought: Sought) -> str:
    wanted = PassageFilter(
        archives=list(archives.of_agent(tx, use.project, use.agent.id)),
        tags=asked.tags or (),
        match=asked.tag_match_mode,
        since=asked.start_datetime,
        until=asked.end_datetime,
    )
    hits = passages.found(tx, use.project, wanted, sought, asked.top_k)
    return recall.kept(hit.passage for hit in hits)
