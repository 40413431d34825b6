"""The configured providers over HTTP. What configures them is the environment of the server."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query

from palaver.api import routing
from palaver.api.deps import Caller, Rooms
from palaver.api.pages import NewestFirst
from palaver.domain.ids import ProviderId, named
from palaver.domain.llm_model import ConfiguredProvider
from palaver.domain.page import Limit
from palaver.errors import NotFound
from palaver.providers.catalog import Catalog

router = routing.router("/v1/providers", "providers")


class ProviderQuery(NewestFirst):
    """Which providers are wanted. They are ordered by their ids."""

    limit: Limit | None = 50
    name: str | None = None
    provider_type: str | None = None


@router.get("/")
async def list_providers(
    query: Annotated[ProviderQuery, Query()], caller: Caller, rooms: Rooms
) -> list[ConfiguredProvider]:
    """List the providers that are configured."""
    all_there = _configured(rooms.catalog)
    ids = sorted(all_there, reverse=query.order == "desc")
    ids = ids[_place(ids, query.after) + 1 if query.after else 0 :]
    ids = ids[: _place(ids, query.before) if query.before else None]
    found = [
        one
        for one in map(all_there.__getitem__, ids)
        if query.name in (None, one.name) and query.provider_type in (None, one.provider_type)
    ]
    return found[: query.page.limit]


@router.get("/{provider_id}")
async def retrieve(provider_id: ProviderId, caller: Caller, rooms: Rooms) -> ConfiguredProvider:
    """Read one configured provider."""
    found = _configured(rooms.catalog).get(provider_id)
    if found is None:
        raise NotFound("Provider")
    return found


def _configured(catalog: Catalog) -> dict[str, ConfiguredProvider]:
    """The providers by their ids, which follow from their names."""
    found = {}
    for provider, url in catalog.configured():
        one = ConfiguredProvider(
            id=named("provider", provider.name),
            name=provider.name,
            provider_type=provider.kind,
            base_url=url or None,
        )
        found[one.id] = one
    return found


def _place(ids: Sequence[str], cursor: str) -> int:
    if cursor not in ids:
        raise NotFound(f"Cursor {cursor}", "take it from the last page of this list.")
    return ids.index(cursor)
