"""Identities: who an agent or a block is of, in the words of the program that asks."""

from typing import Any, Literal

from pydantic import Field

from palaver.domain.frozen import Frozen

IdentityType = Literal["org", "user", "other"]


class IdentityProperty(Frozen):
    """Something that is known of an identity."""

    key: str
    value: str | bool | int | float | dict[str, Any]
    type: Literal["string", "number", "boolean", "json"]


class Identity(Frozen):
    """A user, an organisation or something else, known outside by its ``identifier_key``."""

    id: str
    identifier_key: str
    name: str
    identity_type: IdentityType
    project_id: str | None = None
    agent_ids: list[str] = Field(default_factory=list)
    block_ids: list[str] = Field(default_factory=list)
    properties: list[IdentityProperty] = Field(default_factory=list)
