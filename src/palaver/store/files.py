"""Files of folders, as they are kept: in pieces, which can be found.

The pieces of a large file are put in and removed by many transactions, so that nobody waits for
them. Until all are there, the file is as one that has been deleted; so it is removed some time
later if whoever puts it in does not come to an end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, bindparam, delete, insert, select, update

from palaver.domain.archive import Passage
from palaver.domain.folder import File, Piece
from palaver.domain.ids import ProjectId
from palaver.domain.meaning import Sought
from palaver.domain.page import Page
from palaver.errors import NotFound
from palaver.store import folders, schema_texts, search
from palaver.store.db import Tx
from palaver.store.paging import paged
from palaver.store.search import Question, Ranked, Searchable

_files = schema_texts.files
_seen = schema_texts.agents_files
_pieces = schema_texts.file_passages
_SHOWN = (_files.c.body, _files.c.lines)
_IS_THERE = _files.c.deleted_at.is_(None)
_GET = select(*_SHOWN).where(
    _files.c.project_id == bindparam("project"), _files.c.id == bindparam("file"), _IS_THERE
)
_NEXT = (
    select(_files.c.id, _files.c.project_id)
    .where(_files.c.deleted_at.is_not(None), _files.c.deleted_at < bindparam("before"))
    .order_by(_files.c.deleted_at)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_FIRST, _MOST = 16, 512  # pieces that are read at once: at first, and when more are asked for
_GONE_AT_ONCE = 32  # pieces that are removed at once: each has to be cut into words again


@dataclass(frozen=True, slots=True)
class FileHit:
    """A piece that was found, in which file, and where it stands among the best."""

    file: File
    piece: Piece
    rank: Ranked


def begin(tx: Tx, project: ProjectId, file: File, until: datetime) -> None:
    """Keep a file that is not there yet; `until` then its pieces are put in. Or `NotFound`."""
    folders.get(tx, project, file.source_id, for_update=True)  # nobody deletes it meanwhile
    key = {"id": file.id, "project_id": project, "created_at": file.created_at}
    told = {"folder_id": file.source_id, "size": file.file_size or 0, "lines": file.lines}
    tx.run(insert(_files), {**key, **told, "deleted_at": until, **_named(file)})


def put(tx: Tx, project: ProjectId, file: File, pieces: Sequence[tuple[str, Piece]]) -> None:
    """Keep pieces of a file that has begun, under their ids. Raises `NotFound`."""
    mine = (_files.c.project_id == project, _files.c.id == file.id)
    if tx.first(select(_files.c.id).where(*mine)) is None:
        raise NotFound("File")
    rows = [
        {
            "id": id,
            "project_id": project,
            "folder_id": file.source_id,
            "file_id": file.id,
            "line": piece.line,
            "created_at": file.created_at,
            "text": piece.text,
        }
        for id, piece in pieces
    ]
    tx.many(insert(_pieces), rows)
    search.note(tx, [Searchable(id, [file.source_id], piece.text) for id, piece in pieces])


def searchables(tx: Tx, ids: Sequence[str]) -> list[Searchable]:
    """The pieces among `ids` as they can be found, of whichever project."""
    rows = tx.all(select(_pieces).where(_pieces.c.id.in_(ids)))
    return [Searchable(row.id, [row.folder_id], row.text) for row in rows]


def finish(tx: Tx, project: ProjectId, file: File) -> None:
    """Let a file that has begun be there, under its name, which must be free. Or `NotFound`."""
    folders.get(tx, project, file.source_id, for_update=True)
    mine = (_files.c.project_id == project, _files.c.id == file.id)
    if not tx.run(update(_files).where(*mine).values(deleted_at=None, **_named(file))):
        raise NotFound("File")


def replace(tx: Tx, project: ProjectId, before: File, after: File, at: datetime) -> None:
    """Let a file take the place of another one, also where that is open. Raises `NotFound`."""
    remove(tx, project, before.source_id, before.id, at)
    finish(tx, project, after)
    tx.run(update(_seen).where(_seen.c.file_id == before.id).values(file_id=after.id))


def get(tx: Tx, project: ProjectId, folder_id: str, file_id: str) -> File:
    """The file called `file_id` in a folder, or `NotFound`."""
    row = tx.first(
        _GET.where(_files.c.folder_id == folder_id), {"project": project, "file": file_id}
    )
    if row is None:
        raise NotFound("File")
    return _read(row)


def find_named(tx: Tx, project: ProjectId, folder_id: str, name: str) -> File | None:
    """The file of a name in a folder, if there is one."""
    mine = (_files.c.project_id == project, _files.c.folder_id == folder_id)
    row = tx.first(select(*_SHOWN).where(*mine, _files.c.name == name, _IS_THERE))
    return None if row is None else _read(row)


def listed(tx: Tx, project: ProjectId, folder_id: str, page: Page) -> list[File]:
    """The files of a folder that are on a page. Raises `NotFound`."""
    folders.get(tx, project, folder_id)
    query = select(*_SHOWN).where(
        _files.c.project_id == project, _files.c.folder_id == folder_id, _IS_THERE
    )
    return [_read(row) for row in paged(tx, project, query, _files, page)]


def remove(tx: Tx, project: ProjectId, folder_id: str, file_id: str, at: datetime) -> None:
    """Delete a file of a folder. Raises `NotFound`."""
    folders.get(tx, project, folder_id, for_update=True)
    mine = (_files.c.project_id == project, _files.c.folder_id == folder_id)
    this = update(_files).where(*mine, _files.c.id == file_id, _IS_THERE)
    if not tx.run(this.values(deleted_at=at)):
        raise NotFound("File")


def text_of(tx: Tx, project: ProjectId, file_id: str) -> str:
    """The whole text of a file; nothing for one that is not there."""
    return "".join(piece.text for piece in read(tx, project, file_id, 1))


def read(tx: Tx, project: ProjectId, file_id: str, line: int) -> Iterator[Piece]:
    """The pieces of a file from the one on that has the beginning of a line, as they are asked for.

    What is asked for last need not be read. There are none of a file that is not there.
    """
    inside = (_pieces.c.project_id == project, _pieces.c.file_id == file_id)
    before = select(_pieces.c.line).where(*inside, _pieces.c.line < line)
    start = tx.first(before.order_by(_pieces.c.line.desc(), _pieces.c.id.desc()).limit(1))
    query = (
        select(_pieces.c.id, _pieces.c.line, _pieces.c.text)
        .where(*inside, _pieces.c.line >= bindparam("line"), _pieces.c.id > bindparam("last"))
        .order_by(_pieces.c.line, _pieces.c.id)
        .limit(bindparam("most"))
    )
    at = {"line": start.line if start else 1, "last": "", "most": _FIRST}
    while rows := tx.all(query, at):
        for row in rows:
            yield Piece(line=row.line, text=row.text)
        more = min(_MOST, 2 * len(rows))
        at = {"line": rows[-1].line, "last": rows[-1].id, "most": more}


def passages(tx: Tx, project: ProjectId, folder_id: str, page: Page) -> list[Passage]:
    """The pieces of a folder's files that are on a page. Raises `NotFound`."""
    folders.get(tx, project, folder_id)
    query = select(_pieces).where(*_findable(project, [folder_id]))
    rows = paged(tx, project, query, _pieces, page)
    ids = {row.file_id for row in rows}
    named = tx.all(select(_files.c.id, _files.c.name).where(_files.c.id.in_(ids))) if ids else ()
    names = {row.id: row.name for row in named}
    return [
        Passage(
            id=row.id,
            text=row.text,
            created_at=row.created_at,
            source_id=row.folder_id,
            file_id=row.file_id,
            file_name=names[row.file_id],
        )
        for row in rows
    ]


def found(
    tx: Tx, project: ProjectId, folder_ids: Sequence[str], sought: Sought, limit: int
) -> list[FileHit]:
    """The pieces of files in some folders that are most about what is sought, best first."""
    wanted = select(_pieces.c.id, _pieces.c.created_at).where(*_findable(project, folder_ids))
    question = Question(sought.words or "", folder_ids, sought=sought)
    ranked = search.find(tx, question, _pieces, wanted, limit)
    ids = [one.id for one in ranked]
    query = select(_pieces.c.id, _pieces.c.line, _pieces.c.text, *_SHOWN).join(_files)
    rows = {row.id: row for row in tx.all(query.where(_pieces.c.id.in_(ids)))} if ids else {}
    return [
        FileHit(_read(row), Piece(line=row.line, text=row.text), one)
        for one in ranked
        if (row := rows[one.id])
    ]


def collect(tx: Tx, before: datetime, most: int) -> bool:
    """Remove some pieces, at most so many, of a file that was deleted `before`; whether any was."""
    most = min(most, _GONE_AT_ONCE)
    gone = tx.first(_NEXT, {"before": before})
    if gone is None:
        return False
    some = select(_pieces).where(
        _pieces.c.project_id == gone.project_id, _pieces.c.file_id == gone.id
    )
    rows = tx.all(some.limit(most))
    search.forget(tx, [Searchable(row.id, [row.folder_id], row.text) for row in rows])
    if rows:
        tx.run(delete(_pieces).where(_pieces.c.id.in_([row.id for row in rows])))
    if len(rows) < most:
        tx.run(delete(_seen).where(_seen.c.file_id == gone.id))
        tx.run(delete(_files).where(_files.c.id == gone.id))
    return True


def _findable(project: ProjectId, folder_ids: Sequence[str]) -> list[ColumnElement[bool]]:
    # Asked so, it is asked of each piece; an EXISTS makes PostgreSQL read all files first.
    gone = select(_files.c.deleted_at).where(_files.c.id == _pieces.c.file_id).scalar_subquery()
    return [
        _pieces.c.project_id == project,
        _pieces.c.folder_id.in_(folder_ids),
        gone.is_(None),
    ]


def _named(file: File) -> dict[str, str]:
    return {"name": file.file_name, "body": file.model_dump_json(exclude={"content"})}


def _read(row: Row[tuple[str, int]]) -> File:
    return File.model_validate_json(row.body).model_copy(update={"lines": row.lines})
