"""The file tools, carried out. What a model opens stays open in all conversations of its agent.

Regular expressions are RE2's: whatever a model writes, a search takes time in proportion to the
text, and a bounded memory.
"""

import asyncio
from collections.abc import Sequence
from fnmatch import fnmatchcase

import re2

from palaver import clock
from palaver.core import calls, file_tools
from palaver.core.directories import name_of
from palaver.core.file_tools import CLIP, Grep, GrepFiles, Matches, OpenFiles, SearchFiles
from palaver.core.pieces import lines_of
from palaver.domain.folder import AgentFile, Folder, Piece
from palaver.domain.meaning import Sought
from palaver.domain.page import MAX_LIMIT, Page
from palaver.domain.tool import Outcome, Tool
from palaver.engine import shelves
from palaver.engine.meanings import Meanings
from palaver.engine.workshop import ToolUse
from palaver.errors import ToolRefused
from palaver.store import files, folders, open_files
from palaver.store.db import Database, Tx

_MEMORY = 1 << 20  # bytes that an expression may come to
_ALL = Page(limit=MAX_LIMIT, order="asc")


class FileTools:
    """A hand for all of them. `patience` is how many seconds a search through lines may take."""

    def __init__(self, db: Database, meanings: Meanings, patience: float = 5) -> None:
        self._db = db
        self._meanings = meanings
        self._patience = patience

    def refusal(self, tool: Tool) -> str | None:
        """None: they can be carried out everywhere."""
        return None

    async def use(self, use: ToolUse) -> Outcome:
        """Carry one out. Raises `ToolRefused`, and `Lost`."""
        match use.tool.name:
            case "open_files":
                return Outcome(text=await self._db.tx(_open, use))
            case "grep_files":
                return Outcome(text=await self._grep(use))
            case _:
                asked = calls.read(SearchFiles, use.arguments)
                sought = await self._meanings.sought(asked.query)
                return Outcome(text=await self._db.read(_search, use, sought, asked.limit))

    async def _grep(self, use: ToolUse) -> str:
        asked = calls.read(GrepFiles, use.arguments)
        grep = Grep(_matcher(asked.pattern, self._patience), asked)
        try:
            for file in await self._db.read(_named, use, asked.include):
                found = await self._db.read(_pieces, use, file)
                await asyncio.to_thread(grep.look, _name(file), lines_of(found, CLIP))
                if grep.is_full:
                    break
        except TimeoutError:
            return grep.told(
                f"[the search was stopped after {self._patience:g} seconds: say with `include` "
                "which files are meant]"
            )
        return grep.told()


def _open(tx: Tx, use: ToolUse) -> str:
    use.hold(tx)
    asked = calls.read(OpenFiles, use.arguments)
    most = shelves.most_open(use.agent)
    wanted = {}
    for one in asked.file_requests:
        file = _found(tx, use, one.file_name)
        wanted[file.file_id] = (file, one)
    if len(wanted) > most:
        raise ToolRefused(f"You may have {most} files open at once; open fewer.")
    before = open_files.opened(tx, use.project, use.agent.id)
    if asked.close_all_others:
        open_files.close(tx, use.agent.id, [one.file_id for one in before])
    told = []
    for id, (file, one) in wanted.items():
        lines = {"start_line": one.first, "end_line": one.last}
        file = file.model_copy(update=lines)
        shelves.open_file(tx, use.project, use.agent, file)
        shown = shelves.view_of(tx, use.project, use.agent, file)
        length = files.get(tx, use.project, file.folder_id, id).lines
        told.append(file_tools.opened(_name(file), shown, length))
    after = {one.file_id for one in open_files.opened(tx, use.project, use.agent.id)}
    closed = [_name(one) for one in before if one.file_id not in after]
    if closed:
        told.append(f"[closed: {', '.join(closed)}]")
    return "\n\n".join(told)


def _search(tx: Tx, use: ToolUse, sought: Sought, limit: int) -> str:
    held = {one.id: one.name for one in _held(tx, use)}
    hits = files.found(tx, use.project, list(held), sought, limit)
    return file_tools.pieces_found(
        (name_of(held[hit.file.source_id], hit.file.file_name), hit.piece.line, hit.piece.text)
        for hit in hits
    )


def _named(tx: Tx, use: ToolUse, include: str | None) -> list[AgentFile]:
    found: list[AgentFile] = []
    page = _ALL
    while some := open_files.listed(tx, use.project, use.agent.id, page):
        found += [one for one in some if include is None or _is_like(one, include)]
        page = _ALL.model_copy(update={"after": some[-1].file_id})
    return found


def _is_like(file: AgentFile, include: str) -> bool:
    return any(fnmatchcase(name, include) for name in (_name(file), file.file_name))


def _pieces(tx: Tx, use: ToolUse, file: AgentFile) -> Sequence[Piece]:
    return list(files.read(tx, use.project, file.file_id, 1))


def _found(tx: Tx, use: ToolUse, name: str) -> AgentFile:
    """The file that a model calls so: with its folder or, if only one is called so, without."""
    held = _held(tx, use)
    inside = {one.id: name.removeprefix(f"{one.name}/") for one in held}
    in_full = {id: rest for id, rest in inside.items() if rest != name}
    for meant in (in_full, dict.fromkeys(inside, name)):
        found = [files.find_named(tx, use.project, *one) for one in meant.items()]
        ids = [one.id for one in found if one is not None]
        if len(ids) == 1:
            return open_files.get(tx, use.project, use.agent.id, ids[0])
    some = open_files.listed(tx, use.project, use.agent.id, Page(limit=20, order="asc"))
    known = ", ".join(map(_name, some)) or "none"
    trouble = "more than one file" if ids else "no file"
    raise ToolRefused(f"There is {trouble} called `{name}`. Some that there are: {known}.")


def _held(tx: Tx, use: ToolUse) -> list[Folder]:
    held = folders.of_agent(tx, use.project, use.agent.id)
    if not held:
        raise ToolRefused("You have no folder any more, and so no files.")
    return held


def _name(file: AgentFile) -> str:
    return name_of(file.folder_name, file.file_name)


def _matcher(pattern: str, patience: float) -> Matches:
    """What tells whether a line matches, and raises `TimeoutError` after so many seconds."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        search = re2.compile(pattern, options=options).search
    except re2.error as error:
        told = error.args[0].decode(errors="replace") if error.args else "it cannot be read"
        raise ToolRefused(f"`pattern` is no regular expression of RE2: {told}.") from None
    end = clock.ticks() + patience * 1_000_000_000

    def matches(line: str) -> object:
        if clock.ticks() > end:
            raise TimeoutError
        return search(line)

    return matches
