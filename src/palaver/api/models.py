"""Health, and the models that can be used, over HTTP."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from palaver import __version__
from palaver.api.deps import Caller, Rooms
from palaver.api.requests import StrictRoute
from palaver.domain.frozen import Frozen
from palaver.domain.llm_model import EmbeddingModel, Model

router = APIRouter(prefix="/v1", route_class=StrictRoute)


class Health(Frozen):
    """The server is there."""

    version: str
    status: str


class ModelQuery(Frozen):
    """Which models are wanted."""

    provider_category: list[Literal["base", "byok"]] | None = None
    provider_name: str | None = None
    provider_type: str | None = None


@router.get("/health/", tags=["health"])
async def health() -> Health:
    """Say that the server is there."""
    return Health(version=__version__, status="ok")


@router.get("/ready/", tags=["health"])
async def ready(rooms: Rooms, caller: Caller) -> Health:
    """Say that the server can do its work: the database answers."""
    await rooms.db.read(lambda tx: None)
    return Health(version=__version__, status="ok")


@router.get("/models/", tags=["models"])
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


@router.get("/models/embedding", tags=["models"])
async def list_embeddings(caller: Caller, rooms: Rooms) -> list[EmbeddingModel]:
    """List the embedding models of the configured providers."""
    return await rooms.catalog.embeddings()
