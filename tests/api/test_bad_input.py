"""What is not understood is refused with a reason, and nothing of it is written."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from palaver.store.db import Database
from tests.api.here import Client, serving
from tests.api.tables import contents, looking_into

_NOWHERE = "00000000-0000-4000-8000-00000000dead"
_MALFORMED = (
    "x",
    "conv-1",
    f"agent-{_NOWHERE.upper()}",
    f"run-{_NOWHERE}x",
    "agent-",
    "..",
    "%20",
    "ä",
)


@dataclass(frozen=True, slots=True)
class Bad:
    """A request that must be refused. Words in angle brackets in its path stand for ids."""

    method: str
    path: str
    status: int
    body: Any = None
    params: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Its name among the tests."""
        return f"{self.method} {self.path} {self.body or self.params or ''}"[:90]


_AGENTS, _BLOCKS, _CONVERSATIONS = "/v1/agents/", "/v1/blocks/", "/v1/conversations/"
_SEND = "/v1/conversations/<conversation>/messages"
_TO_AGENT = "/v1/agents/<agent>/messages"
_ADA = {"identifier_key": "k", "name": "Ada", "identity_type": "user"}
_TALK: dict[str, Any] = {"agent_ids": [], "description": "They talk."}
_LISTS = (
    "/v1/identities/", "/v1/groups/", "/v1/agents/<agent>/groups",
    _AGENTS, _BLOCKS, _CONVERSATIONS, "/v1/runs/", "/v1/steps/", _SEND, _TO_AGENT,
    "/v1/agents/<agent>/core-memory/blocks", "/v1/runs/<run>/messages", "/v1/runs/<run>/steps",
    "/v1/steps/<step>/messages", "/v1/blocks/<block>/agents",
)  # fmt: skip
_CURSORS = {
    "/v1/identities/": "identity", "/v1/groups/": "group",
    "/v1/agents/<agent>/groups": "group",
    _AGENTS: "agent", _BLOCKS: "block", _CONVERSATIONS: "conv", "/v1/runs/": "run",
    "/v1/steps/": "step", _SEND: "message", _TO_AGENT: "message",
    "/v1/agents/<agent>/core-memory/blocks": "block", "/v1/runs/<run>/messages": "message",
    "/v1/runs/<run>/steps": "step", "/v1/steps/<step>/messages": "message",
    "/v1/blocks/<block>/agents": "agent",
}  # fmt: skip

_TOO_EARLY = "0001-01-01T00:00:00+14:00"  # in UTC there is no such year
_SMELL = {"embedding_dim": 8, "embedding_model": "x", "embedding_endpoint_type": "smell"}

_PICTURES: list[dict[str, Any]] = [
    {"type": "image", "source": source}
    for source in (
        {"type": "url", "url": ""},
        {"type": "url", "url": "file:///etc/hosts"},
        {"type": "url", "url": "data:image/png;base64,"},
        {"type": "base64", "media_type": "image/png", "data": "ä"},
    )
]

SENDS = [
    Bad("POST", path, status, body)
    for path in (_SEND, _TO_AGENT)
    for status, body in (
        (422, None),
        (422, {}),
        (422, []),
        (422, "Hello"),
        (422, 7),
        (422, {"input": "Hello", "messages": [{"role": "user", "content": "Hello"}]}),
        (422, {"input": None}),
        (422, {"messages": []}),
        (422, {"messages": None}),
        (422, {"messages": "Hello"}),
        (422, {"messages": [None]}),
        (422, {"messages": [7]}),
        (422, {"messages": [{"role": "user"}]}),
        (422, {"messages": [{"role": "nobody", "content": "Hello"}]}),
        (422, {"messages": [{"role": "user", "content": 7}]}),
        (422, {"messages": [{"role": "user", "content": [{"type": "text"}]}]}),
        (422, {"messages": [{"role": "user", "content": [{"type": "smell", "smell": "x"}]}]}),
        (422, {"messages": [{"role": "user", "content": [{"type": "image"}]}]}),
        (422, {"messages": [{"type": "smoke", "content": "Hello"}]}),
        (422, {"messages": [{"role": "user", "content": "Hello"}] * 1001}),
        (422, {"input": 7}),
        (422, {"input": {"text": "Hello"}}),
        (422, {"input": "Hello", "streaming": "perhaps"}),
        (422, {"input": "Hello", "max_steps": "many"}),
        (422, {"input": "Hello", "max_steps": 2**40}),
        (422, {"input": "Hello", "include_return_message_types": ["smoke"]}),
        (400, {"input": ""}),
        (400, {"messages": [{"role": "user", "content": ""}]}),
        (400, {"messages": [{"role": "user", "content": []}]}),
        (400, {"input": "Hello", "override_model": "no-slash"}),
        (400, {"input": "Hello", "override_model": "openai/" + "x" * 500}),
        (404, {"input": "Hello", "override_model": "nobody/nothing"}),
        (404, {"input": "Hello", "override_model": "palaver/nothing"}),
        (400, {"messages": [{"type": "approval", "approve": True}]}),
    )
]
SENDS += [
    Bad("POST", path, 400, {"messages": [{"role": "user", "content": [picture]}]})
    for path in (_SEND, _TO_AGENT)
    for picture in _PICTURES
]

BODIES = [
    Bad("POST", _AGENTS, 404, {"model": "nobody/nothing"}),
    Bad("POST", _AGENTS, 400, {"model": "no-slash"}),
    Bad("POST", _AGENTS, 404, {"block_ids": [f"block-{_NOWHERE}"]}),
    Bad("POST", _AGENTS, 422, {"block_ids": ["block-1"]}),
    Bad("POST", _AGENTS, 422, {"name": ""}),
    Bad("POST", _AGENTS, 422, {"name": 7}),
    Bad("POST", _AGENTS, 422, {"tags": "tag"}),
    Bad("POST", _AGENTS, 422, {"metadata": []}),
    Bad("POST", _AGENTS, 422, {"agent_type": "secret_agent"}),
    Bad("POST", _AGENTS, 422, {"timezone": "Europe/Atlantis"}),
    Bad("POST", _AGENTS, 422, {"memory_blocks": [{"value": "no label"}]}),
    Bad("POST", _AGENTS, 422, {"context_window_limit": 0}),
    Bad("POST", _AGENTS, 422, {"model_settings": {"provider_type": "nobody"}}),
    Bad("POST", _AGENTS, 422, {"secrets": {"": "x"}}),
    Bad("POST", "/v1/tools/run", 422, {"source_code": "x", "args": {}, "env_vars": {"A=": "x"}}),
    Bad("POST", _AGENTS, 422, {"tool_exec_environment_variables": {"A=B": "x"}}),
    Bad(
        "POST",
        _AGENTS,
        400,
        {
            "model": "palaver/offline",
            "initial_message_sequence": [{"role": "user", "content": _PICTURES[:1]}],
        },
    ),
    Bad("PATCH", "/v1/agents/<agent>", 422, {"name": ""}),
    Bad("PATCH", "/v1/agents/<agent>", 404, {"model": "nobody/nothing"}),
    Bad("PATCH", "/v1/agents/<agent>", 422),
    Bad("POST", _BLOCKS, 422, {}),
    Bad("POST", _BLOCKS, 422, {"label": "", "value": "x"}),
    Bad("POST", _BLOCKS, 422, {"label": "x", "value": 7}),
    Bad("POST", _BLOCKS, 422, {"label": "x", "value": "", "limit": -1}),
    Bad("PATCH", "/v1/blocks/<block>", 422, {"value": ["x"]}),
    Bad("PATCH", "/v1/agents/<agent>/core-memory/blocks/nothing", 404, {"value": "x"}),
    Bad("PATCH", f"/v1/agents/<agent>/core-memory/blocks/attach/block-{_NOWHERE}", 404),
    Bad("POST", "/v1/identities/", 422, {"identifier_key": "k", "name": "Ada"}),
    Bad("POST", "/v1/identities/", 422, {**_ADA, "identity_type": "robot"}),
    Bad("POST", "/v1/identities/", 422, {**_ADA, "identifier_key": ""}),
    Bad("POST", "/v1/identities/", 422, {**_ADA, "properties": [{"key": "k", "value": [1]}]}),
    Bad("POST", "/v1/identities/", 404, {**_ADA, "agent_ids": [f"agent-{_NOWHERE}"]}),
    Bad("PUT", "/v1/identities/", 404, {**_ADA, "block_ids": [f"block-{_NOWHERE}"]}),
    Bad("POST", _AGENTS, 404, {"identity_ids": [f"identity-{_NOWHERE}"]}),
    Bad("PATCH", f"/v1/agents/<agent>/identities/attach/identity-{_NOWHERE}", 404),
    Bad("POST", "/v1/groups/", 422, {"agent_ids": []}),
    Bad("POST", "/v1/groups/", 422, {**_TALK, "agent_ids": ["agent-1"]}),
    Bad("POST", "/v1/groups/", 404, {**_TALK, "agent_ids": [f"agent-{_NOWHERE}"]}),
    Bad("POST", "/v1/groups/", 404, {**_TALK, "shared_block_ids": [f"block-{_NOWHERE}"]}),
    *(
        Bad("POST", "/v1/groups/", status, {**_TALK, "manager_config": config})
        for status, config in (
            (422, {}),
            (422, {"manager_type": "swarm"}),
            (422, {"manager_type": "supervisor"}),
            (422, {"manager_type": "round_robin", "max_turns": 2**40}),
            (404, {"manager_type": "sleeptime", "manager_agent_id": f"agent-{_NOWHERE}"}),
        )
    ),
    Bad("PATCH", f"/v1/groups/group-{_NOWHERE}", 404, {}),
    Bad("GET", "/v1/groups/", 422, None, {"manager_type": "anarchy"}),
    Bad("POST", _CONVERSATIONS, 422, {}),
    Bad("POST", _CONVERSATIONS, 404, {}, {"agent_id": f"agent-{_NOWHERE}"}),
    Bad("POST", _CONVERSATIONS, 400, {"model": "no-slash"}, {"agent_id": "<agent>"}),
    Bad("POST", _CONVERSATIONS, 422, {"summary": 7}, {"agent_id": "<agent>"}),
    Bad("POST", _CONVERSATIONS, 422, [], {"agent_id": "<agent>"}),
    Bad("PATCH", "/v1/conversations/<conversation>", 422),
    Bad("PATCH", "/v1/conversations/<conversation>", 400, {"model": "no-slash"}),
    Bad("PATCH", "/v1/conversations/<conversation>", 422, {"last_message_at": "yesterday"}),
    Bad("PATCH", "/v1/conversations/<conversation>", 422, {"last_message_at": _TOO_EARLY}),
    Bad("GET", "/v1/steps/", 422, None, {"start_date": _TOO_EARLY}),
    Bad("POST", "/v1/conversations/<conversation>/cancel", 409),
    Bad("POST", "/v1/conversations/default/cancel", 404),
    Bad("POST", "/v1/conversations/<conversation>/fork", 422, None, {"message_id": "x"}),
    Bad(
        "POST",
        "/v1/conversations/<conversation>/fork",
        404,
        None,
        {"message_id": f"message-{_NOWHERE}"},
    ),
    Bad("GET", _CONVERSATIONS, 422, None, {"order": "up"}),
    Bad("GET", _CONVERSATIONS, 422, None, {"archive_status": "lost"}),
    Bad("GET", _AGENTS, 422, None, {"include": "everything"}),
    Bad("POST", "/v1/folders/", 422, {}),
    Bad("POST", "/v1/folders/", 422, {"name": "a\nb"}),
    Bad("POST", "/v1/folders/", 422, {"name": "x", "embedding_chunk_size": 0}),
    Bad("POST", "/v1/folders/", 422, {"name": "x", "embedding_config": {"embedding_dim": -1}}),
    Bad("POST", "/v1/folders/", 422, {"name": "x", "embedding_config": _SMELL}),
    Bad("PATCH", f"/v1/folders/source-{_NOWHERE}", 404, {"name": "x"}),
    Bad("POST", f"/v1/folders/source-{_NOWHERE}/upload", 422, {}),
    Bad("GET", "/v1/folders/name/nobody", 404),
    Bad("GET", "/v1/folders/", 404, None, {"after": f"source-{_NOWHERE}"}),
    Bad("PATCH", "/v1/agents/<agent>/files/file-1/open", 422),
    Bad("PATCH", f"/v1/agents/<agent>/files/file-{_NOWHERE}/open", 404),
    Bad("GET", "/v1/agents/<agent>/files", 404, None, {"cursor": "file_agent-1"}),
    Bad("POST", _AGENTS, 422, {"model": "palaver/offline", "folder_ids": ["source-1"]}),
    *(Bad("GET", path, 422, None, {"order_by": "smell"}) for path in _LISTS),
    Bad("GET", "/v1/nothing", 404),
    Bad("PUT", _AGENTS, 405, {}),
]

LIMITS = [
    Bad("GET", path, 422, None, {"limit": limit})
    for path in _LISTS
    for limit in (-1, 10**9, 10**30, "many", "1.5")
]

CURSORS = [
    Bad("GET", path, 404, None, {name: f"{kind}-{_NOWHERE}"})
    for path, kind in _CURSORS.items()
    for name in ("after", "before")
    if (path, name) != (_CONVERSATIONS, "before")  # which it does not have
]

IDS = [
    Bad(method, path.replace("?", malformed), 422, body)
    for method, path, body in (
        ("GET", "/v1/agents/?", None),
        ("PATCH", "/v1/agents/?", {}),
        ("DELETE", "/v1/agents/?", None),
        ("GET", "/v1/agents/?/messages", None),
        ("POST", "/v1/agents/?/messages", {"input": "Hello"}),
        ("GET", "/v1/blocks/?", None),
        ("DELETE", "/v1/blocks/?", None),
        ("GET", "/v1/conversations/?", None),
        ("DELETE", "/v1/conversations/?", None),
        ("GET", "/v1/conversations/?/messages", None),
        ("POST", "/v1/conversations/?/messages", {"input": "Hello"}),
        ("POST", "/v1/conversations/?/cancel", None),
        ("POST", "/v1/conversations/?/fork", None),
        ("GET", "/v1/messages/?", None),
        ("GET", "/v1/runs/?", None),
        ("GET", "/v1/steps/?", None),
    )
    for malformed in _MALFORMED
]


@dataclass(frozen=True, slots=True)
class Place:
    """A server with one of each, and what stands in its database."""

    client: Client
    db: Database
    ids: dict[str, str]

    async def refuses(self, bad: Bad) -> None:
        """It is refused as it must be, and nothing has changed."""
        before = await contents(self.db)
        answer = await self.client.ask(
            bad.method, self._filled(bad.path), bad.body, **self._params(bad)
        )
        assert answer.status_code == bad.status, answer.text
        self.clear(answer)
        assert await contents(self.db) == before

    def clear(self, answer: httpx2.Response) -> None:
        """The answer says what is wrong."""
        assert answer.headers["content-type"] == "application/json"
        assert len(answer.json()["detail"]) >= 9

    def _filled(self, text: str) -> str:
        for name, value in self.ids.items():
            text = text.replace(f"<{name}>", value)
        return text

    def _params(self, bad: Bad) -> dict[str, Any]:
        return {name: self._filled(str(value)) for name, value in bad.params.items()}


@pytest.fixture(scope="module")
async def place(file_url: str) -> AsyncIterator[Place]:
    """Where there is an agent with a block, and a conversation in which something was said."""
    async with serving(file_url) as client, looking_into(file_url) as db:
        block = await client.post(_BLOCKS, {"label": "notes", "value": ""})
        agent = await client.agent(block_ids=[block["id"]])
        conversation = await client.conversation(agent)
        await client.send(conversation, "Hello")
        run = await client.newest_run(conversation)
        (step,) = await client.get(f"/v1/runs/{run['id']}/steps")
        ids = {
            "agent": agent, "block": block["id"], "conversation": conversation,
            "run": run["id"], "step": step["id"],
        }  # fmt: skip
        yield Place(client, db, ids)


@pytest.mark.parametrize("bad", SENDS, ids=str)
async def test_a_send_that_means_nothing(place: Place, bad: Bad) -> None:
    await place.refuses(bad)


@pytest.mark.parametrize("bad", BODIES, ids=str)
async def test_a_request_that_means_nothing(place: Place, bad: Bad) -> None:
    await place.refuses(bad)


@pytest.mark.parametrize("bad", LIMITS, ids=str)
async def test_a_limit_out_of_bounds(place: Place, bad: Bad) -> None:
    await place.refuses(bad)


@pytest.mark.parametrize("bad", CURSORS, ids=str)
async def test_an_unknown_cursor(place: Place, bad: Bad) -> None:
    await place.refuses(bad)


async def test_a_malformed_id(place: Place) -> None:
    for bad in IDS:
        if bad.path.endswith("..") or "/../" in bad.path:
            continue
        await place.refuses(bad)


RAW = {
    "no JSON": b'{"input": ',
    "not UTF-8": b'{"input": "\xff"}',
    "a lone surrogate": rb'{"input": "\ud800"}',
    "a surrogate in a key": rb'{"input": "x", "\udfff": 1}',
    "an escaped NUL": rb'{"input": "a\u0000b"}',
    "an escaped NUL in a key": rb'{"input": "x", "a\u0000": 1}',
    "a NUL byte": b'{"input": "a\0b"}',
    "no number": b'{"input": "x", "max_steps": NaN}',
    "no finite number": b'{"input": "x", "max_steps": 1e999}',
    "deeper than anybody means": b'{"input": ' + b"[" * 100_000,
}


@pytest.mark.parametrize("name", RAW)
@pytest.mark.parametrize("path", [_SEND, _AGENTS, _BLOCKS])
async def test_a_body_that_cannot_come_back_exactly(place: Place, path: str, name: str) -> None:
    before = await contents(place.db)
    answer = await place.client.http.post(
        path.replace("<conversation>", place.ids["conversation"]),
        content=RAW[name],
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 422, answer.text
    place.clear(answer)
    assert await contents(place.db) == before


@pytest.mark.parametrize("known", [True, False])
async def test_a_body_that_is_too_large(place: Place, known: bool) -> None:
    body = json.dumps({"input": "x" * 10_000_000}).encode()

    async def unmeasured() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 2**16):
            yield body[at : at + 2**16]

    before = await contents(place.db)
    answer = await place.client.http.post(
        f"/v1/conversations/{place.ids['conversation']}/messages",
        content=body if known else unmeasured(),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 413
    place.clear(answer)
    assert await contents(place.db) == before


async def test_a_body_of_too_many_values(place: Place) -> None:
    before = await contents(place.db)
    answer = await place.client.ask("POST", _AGENTS, {"tags": [7] * 100_001})
    assert answer.status_code == 413
    place.clear(answer)
    assert await contents(place.db) == before


@pytest.mark.parametrize(
    "target", ["/v1/agents/%00", "/v1/agents/?name=%00", "/v1/blocks/?label_search=a%00b"]
)
async def test_nul_in_the_address(place: Place, target: str) -> None:
    answer = await place.client.http.get(target)
    assert answer.status_code == 422
    place.clear(answer)
