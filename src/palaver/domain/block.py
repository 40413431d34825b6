"""Memory blocks: labelled pieces of text that an agent keeps before its eyes."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from palaver.domain.frozen import Frozen

DEFAULT_LIMIT = 100_000  # characters (contract §5.1)

Label = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Block(Frozen):
    """A block as the API shows it. ``limit`` is in characters and only advisory."""

    id: str
    value: str
    label: str | None = None
    description: str | None = None
    limit: int = DEFAULT_LIMIT
    read_only: bool = False
    metadata: dict[str, Any] | None = Field(default_factory=dict)
    tags: list[str] | None = Field(default_factory=list)
    hidden: bool | None = None
    is_template: bool = False
    template_name: str | None = None
    template_id: str | None = None
    base_template_id: str | None = None
    deployment_id: str | None = None
    entity_id: str | None = None
    preserve_on_migration: bool | None = False
    project_id: str | None = None
    created_by_id: str | None = None
    last_updated_by_id: str | None = None


class NewBlock(Frozen):
    """What a caller gives to make a block. An absent value is the empty text."""

    label: Label
    value: str | None = ""
    description: str | None = None
    limit: Annotated[int, Field(ge=0, le=2**31 - 1)] = DEFAULT_LIMIT
    read_only: bool = False
    metadata: dict[str, Any] | None = Field(default_factory=dict)
    tags: list[str] | None = None
    hidden: bool | None = None
    is_template: bool = False
    template_name: str | None = None
    template_id: str | None = None
    base_template_id: str | None = None
    deployment_id: str | None = None
    entity_id: str | None = None
    preserve_on_migration: bool | None = False


class BlockChange(Frozen):
    """What a caller changes of a block: fields left out stay as they are."""

    label: Label | None = None
    value: str | None = None
    description: str | None = None
    limit: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    read_only: bool | None = None
    metadata: dict[str, Any] | None = None
    tags: list[str] | None = None
    hidden: bool | None = None
    is_template: bool | None = None
    template_name: str | None = None
    template_id: str | None = None
    base_template_id: str | None = None
    deployment_id: str | None = None
    entity_id: str | None = None
    preserve_on_migration: bool | None = None
