"""Archives: texts that an agent keeps out of sight, and finds again by searching."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from palaver.domain.frozen import Frozen, SentStamp, Stamp

TagMatch = Literal["any", "all"]
PassageText = Annotated[str, StringConstraints(min_length=1)]


class Archive(Frozen):
    """A set of passages, which any number of agents may share."""

    id: str
    created_at: Stamp
    name: str
    description: str | None = None
    embedding_config: dict[str, Any] | None = None
    vector_db_provider: Literal["native"] = "native"
    metadata: dict[str, Any] | None = None
    updated_at: Stamp | None = None
    created_by_id: str | None = None
    last_updated_by_id: str | None = None


class Passage(Frozen):
    """A text in an archive. Its vector is not shown: ``embedding`` is always null."""

    id: str
    text: str
    embedding: list[float] | None = None
    embedding_config: dict[str, Any] | None = None
    archive_id: str | None = None
    tags: list[str] | None = None
    metadata: dict[str, Any] | None = Field(default_factory=dict)
    created_at: Stamp
    updated_at: Stamp | None = None
    is_deleted: bool = False
    source_id: str | None = None
    file_id: str | None = None
    file_name: str | None = None
    created_by_id: str | None = None
    last_updated_by_id: str | None = None


class NewPassage(Frozen):
    """What a caller gives to have a passage kept."""

    text: PassageText
    tags: list[str] | None = None
    metadata: dict[str, Any] | None = None
    created_at: SentStamp | None = None
