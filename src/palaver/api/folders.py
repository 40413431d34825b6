"""Folders and their files over HTTP."""

from typing import Annotated, Any

from fastapi import HTTPException, Query, Request, UploadFile
from pydantic import AfterValidator, Field, StringConstraints

from palaver import clock
from palaver.api import agent_states, routing
from palaver.api.changes import given
from palaver.api.deps import Caller, Db, Rooms
from palaver.api.pages import Fifty, NewestFirst, OldestFirst
from palaver.api.problems import CONFLICT, NO_TEXT
from palaver.api.requests import UploadRoute
from palaver.domain.archive import Passage
from palaver.domain.folder import (
    MAX_NAME,
    EmbeddingConfig,
    EndpointType,
    File,
    Folder,
    OnDuplicate,
    OrganizationSourcesStats,
)
from palaver.domain.frozen import Frozen
from palaver.domain.ids import FileId, FolderId, ProjectId
from palaver.domain.page import Limit
from palaver.engine import filing, shelves
from palaver.errors import NotFound
from palaver.settings import Settings
from palaver.store import conversations, files, folders
from palaver.store.db import Tx

router = routing.router("/v1/folders", "folders")
uploads = routing.router("/v1/folders", "folders", UploadRoute)

_TOLD = ("name", "description", "instructions")
"""What prompts tell of a folder."""


def _in_one_line(name: str) -> str:
    if not name.isprintable():
        raise ValueError("must not hold control characters")
    return name


Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_NAME, strip_whitespace=True),
    AfterValidator(_in_one_line),
]


class GivenEmbedding(EmbeddingConfig):
    """What a caller says of embeddings."""

    embedding_model: str
    embedding_endpoint_type: EndpointType
    embedding_dim: Annotated[int, Field(ge=0)]


class NewFolder(Frozen):
    """What a caller gives to make a folder. Of embeddings only the size of a chunk counts."""

    name: Name
    description: str | None = None
    instructions: str | None = None
    metadata: dict[str, Any] | None = None
    embedding: str | None = None
    embedding_chunk_size: Annotated[int, Field(ge=1)] | None = None
    embedding_config: GivenEmbedding | None = None

    @property
    def config(self) -> EmbeddingConfig:
        """What is kept of it."""
        if self.embedding_config is not None:
            return EmbeddingConfig.model_validate(self.embedding_config.model_dump())
        return EmbeddingConfig(
            handle=self.embedding, embedding_chunk_size=self.embedding_chunk_size or 300
        )


class FolderChange(Frozen):
    """What a caller changes of a folder: fields left out stay as they are."""

    name: Name | None = None
    description: str | None = None
    instructions: str | None = None
    metadata: dict[str, Any] | None = None
    embedding_config: GivenEmbedding | None = None


class FolderQuery(OldestFirst):
    """Which folders are wanted, oldest first unless asked otherwise."""

    limit: Limit | None = 50
    name: str | None = None


class FilesQuery(NewestFirst):
    """A part of the list of a folder's files, perhaps with their texts."""

    limit: Limit | None = 1000
    include_content: bool = False


class UploadQuery(Frozen):
    """How a file is called, and what becomes of it if there is one that is called so."""

    duplicate_handling: OnDuplicate = "suffix"
    name: Name | None = None


@router.post("/", responses=CONFLICT)
async def create(body: NewFolder, caller: Caller, rooms: Rooms) -> Folder:
    """Make a folder, whose name no other one has."""
    now = clock.now()
    folder = Folder(
        id=clock.mint("source"),
        name=body.name,
        description=body.description,
        instructions=body.instructions,
        metadata=body.metadata,
        embedding_config=body.config,
        created_at=now,
        updated_at=now,
    )
    await rooms.db.tx(folders.add, caller.project, folder)
    return agent_states.shown(rooms.catalog, folder)


@router.get("/")
async def list_folders(
    query: Annotated[FolderQuery, Query()], caller: Caller, rooms: Rooms
) -> list[Folder]:
    """List folders, oldest first unless asked otherwise."""
    found = await rooms.db.read(folders.listed, caller.project, query.page, name=query.name)
    return [agent_states.shown(rooms.catalog, one) for one in found]


@router.get("/count")
async def count(caller: Caller, db: Db) -> int:
    """Count folders."""
    return await db.read(folders.counted, caller.project)


@router.get("/metadata")
async def read_stats(
    caller: Caller, db: Db, include_detailed_per_source_metadata: bool = False
) -> OrganizationSourcesStats:
    """Tell how much is in all folders and, if asked, in each of them."""
    detailed = include_detailed_per_source_metadata
    return await db.read(folders.stats, caller.project, detailed=detailed)


@router.get("/name/{folder_name:path}", deprecated=True)
async def find(folder_name: str, caller: Caller, db: Db) -> str:
    """Tell the id of the folder of a name."""
    found = await db.read(folders.find_named, caller.project, folder_name)
    if found is None:
        raise NotFound("Folder")
    return found


@router.get("/{folder_id}")
async def retrieve(folder_id: FolderId, caller: Caller, rooms: Rooms) -> Folder:
    """Read one folder."""
    found = await rooms.db.read(folders.get, caller.project, folder_id)
    return agent_states.shown(rooms.catalog, found)


@router.patch("/{folder_id}", responses=CONFLICT)
async def update(folder_id: FolderId, body: FolderChange, caller: Caller, rooms: Rooms) -> Folder:
    """Change a folder; null takes a description, instructions or metadata away."""

    def change(tx: Tx) -> Folder:
        before = folders.get(tx, caller.project, folder_id, for_update=True)
        changes = given(body, {"name", "embedding_config"})
        told = {**before.model_dump(), **changes, "updated_at": clock.now()}
        after = Folder.model_validate(told)
        folders.change(tx, caller.project, after)
        if any(getattr(after, told) != getattr(before, told) for told in _TOLD):
            conversations.mark_stale_folder(tx, caller.project, folder_id)
        return after

    return agent_states.shown(rooms.catalog, await rooms.db.tx(change))


@router.delete("/{folder_id}", responses=CONFLICT)
async def delete(folder_id: FolderId, caller: Caller, db: Db) -> None:
    """Delete a folder with its files, also from the agents that have it."""
    await db.tx(shelves.remove_folder, caller.project, folder_id)


@router.get("/{folder_id}/agents")
async def list_agents(
    folder_id: FolderId, query: Annotated[Fifty, Query()], caller: Caller, db: Db
) -> list[str]:
    """List the ids of the agents that have a folder."""
    return await db.read(folders.holders, caller.project, folder_id, query.page)


@router.get("/{folder_id}/passages")
async def list_passages(
    folder_id: FolderId, query: Annotated[NewestFirst, Query()], caller: Caller, rooms: Rooms
) -> list[Passage]:
    """List the pieces in which the texts of a folder's files are kept."""
    found = await rooms.db.read(files.passages, caller.project, folder_id, query.page)
    return [rooms.embedded(one) for one in found]


@router.get("/{folder_id}/files")
async def list_files(
    folder_id: FolderId, query: Annotated[FilesQuery, Query()], caller: Caller, db: Db
) -> list[File]:
    """List the files of a folder."""

    def read(tx: Tx) -> list[File]:
        found = files.listed(tx, caller.project, folder_id, query.page)
        return [_shown(tx, caller.project, one, query.include_content) for one in found]

    return await db.read(read)


@router.get("/{folder_id}/files/{file_id}")
async def retrieve_file(
    folder_id: FolderId, file_id: FileId, caller: Caller, db: Db, include_content: bool = False
) -> File:
    """Read one file, with its text if that is asked for."""

    def read(tx: Tx) -> File:
        found = files.get(tx, caller.project, folder_id, file_id)
        return _shown(tx, caller.project, found, include_content)

    return await db.read(read)


@router.delete("/{folder_id}/{file_id}", status_code=204)
async def delete_file(folder_id: FolderId, file_id: FileId, caller: Caller, db: Db) -> None:
    """Delete a file of a folder."""

    def write(tx: Tx) -> None:
        files.remove(tx, caller.project, folder_id, file_id, clock.now())
        conversations.mark_stale_folder(tx, caller.project, folder_id)

    await db.tx(write)


@uploads.post("/{folder_id}/upload", responses=CONFLICT | NO_TEXT)
async def upload(
    folder_id: FolderId,
    query: Annotated[UploadQuery, Query()],
    file: UploadFile,
    request: Request,
    caller: Caller,
    db: Db,
) -> File:
    """Put a text, in UTF-8 or UTF-16, into a folder, whatever its name. It can be found at once."""
    settings: Settings = request.app.state.settings
    if file.size is None or file.size > settings.max_file:
        raise HTTPException(
            413, f"TOO_LARGE: a file may have up to {settings.max_file} bytes; split it."
        )
    name, now = query.name or _name_of(file), clock.now()
    new = File(
        id=clock.mint("file"),
        source_id=folder_id,
        file_name=name,
        original_file_name=_printable(file.filename),
        file_type=filing.type_of(name, _printable(file.content_type)),
        file_size=file.size,
        created_at=now,
        updated_at=now,
    )
    content = await file.read()
    return await filing.put(db, caller.project, new, content, query.duplicate_handling)


def _printable(told: str | None) -> str | None:
    return told[:255] if told and told.isprintable() else None


def _name_of(file: UploadFile) -> str:
    name = (file.filename or "").strip()
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise HTTPException(
            422, f"file: needs a file name of up to {MAX_NAME} characters, or say one as `name`."
        )
    return name


def _shown(tx: Tx, project: ProjectId, file: File, whole: bool) -> File:
    if not whole:
        return file
    return file.model_copy(update={"content": files.text_of(tx, project, file.id)})
