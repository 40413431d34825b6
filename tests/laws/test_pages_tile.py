"""Law 6: whatever the limit and the order, joined pages are the whole list once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.here import Client, Json

_TIES = ("2026-01-02T03:04:05.000006Z", "2026-01-02T03:04:05.000007Z")
_EARLIEST, _LATEST = "", "~"  # sort before and after every moment


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that is there, and how many stored things it holds."""

    path: str
    size: int
    keys: tuple[str, ...] = ()  # what it can be sorted by
    goes_back: bool = True  # whether it has the cursor `before`
    of: str | None = None  # the conversation that it is narrowed to


@dataclass(frozen=True, slots=True)
class Library:
    """A server with lists of every kind, none of which grows any more."""

    client: Client
    lists: dict[str, Listing]


NAMES = (
    "agents", "agents with a block", "blocks", "blocks of an agent", "conversations",
    "messages", "messages of a fork", "messages of an agent", "messages of a run",
    "messages of a step", "runs", "runs of a conversation", "steps", "steps of a run",
)  # fmt: skip


@pytest.fixture(scope="module")
async def library(client: Client) -> AsyncIterator[Library]:
    """Seven of each, some with equal sort keys, some with none."""
    blocks = [
        (await client.post("/v1/blocks/", {"label": f"block{n}", "value": ""}))["id"]
        for n in range(7)
    ]
    agent, *others = [await client.agent(block_ids=blocks) for _ in range(7)]
    for n, other in enumerate(others):
        if n < 4:
            await client.patch(f"/v1/agents/{other}", {"last_run_completion": _TIES[n % 2]})
    first, *more = [await client.conversation(agent) for _ in range(7)]
    for n, conversation in enumerate(more):
        if n < 4:
            path = f"/v1/conversations/{conversation}"
            await client.patch(path, {"last_message_at": _TIES[n % 2]})
    for conversation in (first, first, first, more[5]):
        await client.send(conversation, "[[think: well]] [[words: 2]]")
    calls = "".join(f'[[call: nobody {{"n": {n}}}]]' for n in range(3))
    await client.send(first, f"[[think: well]] [[words: 2]] {calls}")
    run = await client.newest_run(first)
    (_, step) = await client.get(f"/v1/runs/{run['id']}/steps")
    cut = (await client.history(first))[4]["id"]
    fork = (await client.post(f"/v1/conversations/{first}/fork", message_id=cut))["id"]
    await client.send(fork, "[[think: well]] [[words: 2]]")
    deep = (await client.post(f"/v1/conversations/{fork}/fork"))["id"]
    await client.send(deep, "[[think: well]] [[words: 2]]")
    keys = ("created_at", "last_run_completion", "last_message_at")
    yield Library(
        client,
        {
            "agents": Listing("/v1/agents/", 7, ("created_at", "updated_at", keys[1])),
            "agents with a block": Listing(f"/v1/blocks/{blocks[0]}/agents", 7),
            "blocks": Listing("/v1/blocks/", 7),
            "blocks of an agent": Listing(f"/v1/agents/{agent}/core-memory/blocks", 7),
            "conversations": Listing("/v1/conversations/", 9, keys, goes_back=False),
            "messages": Listing(f"/v1/conversations/{first}/messages", 11),
            "messages of a fork": Listing(f"/v1/conversations/{deep}/messages", 8),
            "messages of an agent": Listing(f"/v1/agents/{agent}/messages", 26),
            "messages of a run": Listing(f"/v1/runs/{run['id']}/messages", 4),
            "messages of a step": Listing(f"/v1/steps/{step['id']}/messages", 2),
            "runs": Listing("/v1/runs/", 7),
            "runs of a conversation": Listing("/v1/runs/", 4, of=first),
            "steps": Listing("/v1/steps/", 8),
            "steps of a run": Listing(f"/v1/runs/{run['id']}/steps", 2),
        },
    )


@dataclass(frozen=True, slots=True)
class Walk:
    """A way through a list; `key` counts around those that it has."""

    name: str
    limit: int
    order: Literal["asc", "desc"]
    key: int
    backwards: bool


walks = st.builds(
    Walk,
    st.sampled_from(NAMES),
    st.integers(1, 12),
    st.sampled_from(("asc", "desc")),
    st.integers(0, 5),
    st.booleans(),
)


@settings(max_examples=60)
@given(walks)
async def test_joined_pages_are_the_whole_list(library: Library, walk: Walk) -> None:
    listing = library.lists[walk.name]
    params: Json = {"order": walk.order}
    if listing.of:
        params["conversation_id"] = listing.of
    if listing.keys:
        params["order_by"] = listing.keys[walk.key % len(listing.keys)]

    whole = await library.client.get(listing.path, limit=1000, **params)
    assert len({one["id"] for one in whole}) == listing.size
    _check_order(whole, walk.order, params.get("order_by"))
    params["limit"] = walk.limit
    if walk.backwards and listing.goes_back:
        last = whole[-1]["id"]
        before = [one for one in whole if one["id"] != last]
        assert await _walked_back(library.client, listing.path, params, last) == before
    else:
        assert await _walked(library.client, listing.path, params) == whole


async def _walked(client: Client, path: str, params: Json) -> list[Json]:
    """All pages, joined, from the first one onwards."""
    found = page = await _page(client, path, params)
    while page:
        page = await _page(client, path, {**params, "after": found[-1]["id"]})
        found = found + page
    return found


async def _walked_back(client: Client, path: str, params: Json, last: str) -> list[Json]:
    """All pages that come before the last thing, joined, from there backwards."""
    found = page = await _page(client, path, {**params, "before": last})
    while page:
        page = await _page(client, path, {**params, "before": found[0]["id"]})
        found = page + found
    return found


async def _page(client: Client, path: str, params: Json) -> list[Json]:
    page: list[Json] = await client.get(path, **params)
    assert len({one["id"] for one in page}) <= params["limit"]
    return page


def _check_order(whole: list[Json], order: str, key: str | None) -> None:
    """Sorted by the key; where it is equal by id; what has no key comes last in either order."""
    if key is None or key not in whole[0]:  # a conversation does not show every key
        return
    least = _LATEST if order == "asc" else _EARLIEST
    keys = [(one[key] or least, one["id"]) for one in whole]
    assert keys == sorted(keys, reverse=order == "desc")


@pytest.mark.parametrize("name", NAMES)
async def test_a_limit_of_none_is_an_empty_page(library: Library, name: str) -> None:
    assert await library.client.get(library.lists[name].path, limit=0) == []
