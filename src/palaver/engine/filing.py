"""Files are put into folders: read as text, cut into pieces, and kept in small transactions."""

import asyncio
import codecs
import mimetypes
from collections.abc import Sequence
from datetime import timedelta
from pathlib import PurePosixPath

from palaver import clock
from palaver.core import pieces
from palaver.domain.folder import MAX_NAME, File, Folder, OnDuplicate, Piece
from palaver.domain.ids import ProjectId
from palaver.errors import Conflict, NotAText
from palaver.store import conversations, files, folders
from palaver.store.db import Database, Tx

_AT_ONCE = 64_000  # characters, the pieces of which are put in by one transaction
_MARKED = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}  # how texts may begin
_SUFFIX = 100  # characters of it that stay where a name is too long
_PATIENCE = timedelta(days=1)  # after which a file that is not finished is removed


async def put(
    db: Database, project: ProjectId, new: File, content: bytes, on_duplicate: OnDuplicate
) -> File:
    """Keep a file; what has become of it, or the one that is there already if it is skipped.

    Nothing is there of it before all of it is. Raises `NotFound`, `NotAText` and `Conflict`.
    """
    folder = await db.read(folders.get, project, new.source_id)
    there = await db.read(_standing, project, new, on_duplicate)
    if there is not None:
        return there
    file, found = await asyncio.to_thread(cut, new, content, folder)
    await db.tx(files.begin, project, file, clock.now() + _PATIENCE)
    at_once = _AT_ONCE // folder.piece
    for at in range(0, len(found), at_once):
        some = [(clock.mint("passage"), piece) for piece in found[at : at + at_once]]
        await db.tx(files.put, project, file, some)
    return await db.tx(_finish, project, file, on_duplicate)


def type_of(name: str, told: str | None) -> str:
    """The media type of a file: as it was told, else what its name says."""
    if told and told != "application/octet-stream":
        return told
    return mimetypes.guess_type(name)[0] or "text/plain"


def cut(new: File, content: bytes, folder: Folder) -> tuple[File, Sequence[Piece]]:
    """The pieces of a file, and what it is with them. Raises `NotAText`."""
    encoding = _MARKED.get(content[:2], "utf-8-sig")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        why = f"is not in {encoding[:6].upper()} (byte {error.start + 1} is the first that is not)"
        raise NotAText(new.file_name, why) from None
    if "\0" in text:
        raise NotAText(new.file_name, f"holds NUL characters (character {text.index(chr(0)) + 1})")
    found = list(pieces.cut(text, folder.piece))
    told = {"lines": pieces.lines_in(text), "total_chunks": len(found)}
    return new.model_copy(update=told), found


def _standing(tx: Tx, project: ProjectId, new: File, on_duplicate: OnDuplicate) -> File | None:
    """The file that is there already, if that is enough. Raises `Conflict` where it must not be."""
    there = files.find_named(tx, project, new.source_id, new.file_name)
    if there is not None and on_duplicate == "error":
        raise Conflict(
            f"There is a file `{new.file_name}` in this folder; give this one another name, or "
            "upload it with duplicate_handling `suffix`, `replace` or `skip`."
        )
    return there if on_duplicate == "skip" else None


def _finish(tx: Tx, project: ProjectId, file: File, on_duplicate: OnDuplicate) -> File:
    folders.get(tx, project, file.source_id, for_update=True)  # names are given one by one
    there = _standing(tx, project, file, on_duplicate)
    if there is not None:
        return there  # somebody was faster: what was put in is never seen
    before = files.find_named(tx, project, file.source_id, file.file_name)
    if before is not None and on_duplicate == "replace":
        files.replace(tx, project, before, file, clock.now())
    else:
        file = file.model_copy(update={"file_name": _free_name(tx, project, file)})
        files.finish(tx, project, file)
    conversations.mark_stale_folder(tx, project, file.source_id)
    return file


def _free_name(tx: Tx, project: ProjectId, file: File) -> str:
    name, suffix, n = file.file_name, PurePosixPath(file.file_name).suffix, 0
    stem = name.removesuffix(suffix)
    while files.find_named(tx, project, file.source_id, name) is not None:
        n += 1
        end = f"_({n}){suffix[:_SUFFIX]}"
        name = f"{stem[: MAX_NAME - len(end)]}{end}"
    return name
