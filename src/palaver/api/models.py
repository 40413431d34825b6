"""Health, and the models that can be used, over HTTP."""

from typing import Annotated, Literal

from fastapi import Query

from palaver.api import routing
from palaver.api.deps import Caller, Rooms
from palaver.domain.frozen import Frozen
from palaver.domain.llm_model import EmbeddingModel, Model

health_router = routing.router("/v1", "health")
router = routing.router("/v1/models", "models")


API_VERSION = "0.16.8"
"""The last version of the server whose API this is: Letta Code warns of any below 0.16.6."""


class Health(Frozen):
    """The server is there. ``version`` is the API's; palaver's own is in the OpenAPI document."""

    version: str
    status: str


class ModelQuery(Frozen):
    """Which models are wanted."""

    provider_category: list[Literal["base", "byok"]] | None = None
    provider_name: str | None = None
    provider_type: str | None = None


@health_router.get("/health/")
async def health() -> Health:
    """Say that the server is there."""
    return Health(version=API_VERSION, status="ok")


@health_router.get("/ready/")
async def ready(rooms: Rooms, caller: Caller) -> Health:
    """Say that the server can do its work: the database answers."""
    await rooms.db.read(lambda tx: None)
    return Health(version=API_VERSION, status="ok")


@router.get("/")
async def list_models(
    query: Annotated[ModelQuery, Query()], caller: Caller, rooms: Rooms
) -> list[Model]:
    """List the models of the configured providers."""
    return [
        model
        for model in await rooms.catalog.models()
        if query.provider_name in (None, model.provider_name)
        and query.provider_type in (None, model.provider_type)
        and (not query.provider_category or model.provider_category in query.provider_category)
    ]


@router.get("/embedding")
async def list_embeddings(caller: Caller, rooms: Rooms) -> list[EmbeddingModel]:
    """List the embedding models of the configured providers."""
    return await rooms.catalog.embeddings()
