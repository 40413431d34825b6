"""Law 9: what belongs to another project answers as what is not there, and is not touched."""

import itertools
from collections.abc import Iterator
from typing import Any

from sqlalchemy import insert, update

from palaver import clock
from palaver.store import schema
from palaver.store.db import Tx
from tests.api.here import Client, Json
from tests.api.tables import contents, looking_into

_LABEL = "notes"
_CHAT = "/v1/chat/completions"
_HELLO = [{"role": "user", "content": "Hello"}]
_ABSENT = {
    name: f"{prefix}-00000000-0000-4000-8000-00000000dead"
    for name, prefix in {
        "agent_id": "agent",
        "archive_id": "archive",
        "batch_id": "job",
        "block_id": "block",
        "conversation_id": "conv",
        "file_id": "file",
        "folder_id": "source",
        "group_id": "group",
        "identity_id": "identity",
        "memory_id": "passage",
        "passage_id": "passage",
        "mcp_server_id": "mcp_server",
        "message_id": "message",
        "run_id": "run",
        "step_id": "step",
        "tool_id": "tool",
    }.items()
}
_QUERIES: dict[str, Json] = {  # for the paths that must have one
    "/v1/agents/{agent_id}/archival-memory/search": {"query": "Hello"},
}
_BODIES: dict[tuple[str, str], Any] = {  # for the operations that must have one
    ("post", "/v1/agents/{agent_id}/archival-memory"): {"text": "Hello"},
    ("post", "/v1/archives/{archive_id}/passages"): {"text": "Hello"},
    ("post", "/v1/archives/{archive_id}/passages/batch"): {"passages": [{"text": "Hello"}]},
    ("post", "/v1/agents/{agent_id}/generate"): {"prompt": "Hello"},
    ("post", "/v1/agents/{agent_id}/messages"): {"input": "Hello"},
    ("post", "/v1/agents/{agent_id}/messages/async"): {"input": "Hello"},
    ("post", "/v1/agents/{agent_id}/messages/stream"): {"input": "Hello"},
    ("post", "/v1/agents/{agent_id}/messages/preview-raw-payload"): {"input": "Hello"},
    ("post", "/v1/conversations/{conversation_id}/messages/preview-raw-payload"): {
        "input": "Hello"
    },
    ("post", "/v1/conversations/{conversation_id}/messages"): {"input": "Hello"},
    ("patch", "/v1/agents/{agent_id}/tools/approval/{tool_name}"): {"requires_approval": True},
    ("put", "/v1/identities/{identity_id}/properties"): [],
    ("patch", "/v1/mcp-servers/{mcp_server_id}"): {"config": {"server_url": "https://x.example"}},
}

_UPLOAD = "/v1/folders/{folder_id}/upload"
_FILE = {"file": ("a.txt", b"Hello")}


async def test_a_foreign_id_answers_as_an_absent_one(client: Client, module_url: str) -> None:
    foreign = await _things(client)
    async with looking_into(module_url) as db:
        await db.tx(_give_away)
        own = await _things(client)
        before = await contents(db)
        document = await client.get("/openapi.json")

        differences = {}
        for method, path, names in _operations(document):
            for mix in _mixes(names, own, foreign):
                absent = {
                    name: _ABSENT.get(name, mix[name]) for name in names if mix[name] != own[name]
                }
                there = await _asked(client, method, path, mix)
                nowhere = await _asked(client, method, path, {**mix, **absent})
                assert nowhere[0] == 404, f"{method} {path}: {nowhere}"
                if there != nowhere:
                    differences[f"{method} {path} {mix}"] = (there, nowhere)

        assert differences == {}
        assert await contents(db) == before


async def test_foreign_ids_are_absent_wherever_they_may_stand(
    client: Client, module_url: str
) -> None:
    foreign = await _things(client)
    async with looking_into(module_url) as db:
        await db.tx(_give_away)
        own = await _things(client)
        before = await contents(db)
        agent, conversation = own["agent_id"], own["conversation_id"]
        identity, export = _identity(), f"/v1/agents/{agent}/export"
        requests: list[tuple[str, str, str, Any, Json]] = [
            ("agent_id", "POST", "/v1/conversations/", {}, {"agent_id": "?"}),
            ("agent_id", "GET", "/v1/conversations/", None, {"agent_id": "?"}),
            ("agent_id", "POST", _CHAT, {"model": "?", "messages": _HELLO}, {}),
            ("conversation_id", "POST", _CHAT, {"model": "?", "messages": _HELLO}, {}),
            ("agent_id", "GET", "/v1/runs/", None, {"agent_id": "?"}),
            ("agent_id", "GET", "/v1/runs/active", None, {"agent_id": "?"}),
            ("agent_id", "GET", "/v1/steps/", None, {"agent_id": "?"}),
            ("conversation_id", "GET", "/v1/runs/", None, {"conversation_id": "?"}),
            ("conversation_id", "GET", "/v1/conversations/", None, {"after": "?"}),
            ("agent_id", "GET", "/v1/agents/", None, {"after": "?"}),
            ("agent_id", "GET", "/v1/agents/", None, {"before": "?"}),
            ("block_id", "GET", "/v1/blocks/", None, {"after": "?"}),
            ("block_id", "POST", "/v1/agents/", {"block_ids": ["?"]}, {}),
            ("block_id", "PATCH", f"/v1/agents/{agent}", {"block_ids": ["?"]}, {}),
            ("identity_id", "GET", "/v1/identities/", None, {"after": "?"}),
            ("identity_id", "GET", "/v1/agents/", None, {"identity_id": "?"}),
            ("identity_id", "GET", "/v1/agents/count", None, {"identity_id": "?"}),
            ("identity_id", "GET", "/v1/blocks/", None, {"identity_id": "?"}),
            ("identity_id", "POST", "/v1/agents/", {"identity_ids": ["?"]}, {}),
            ("identity_id", "PATCH", f"/v1/agents/{agent}", {"identity_ids": ["?"]}, {}),
            ("agent_id", "POST", "/v1/identities/", {**identity, "agent_ids": ["?"]}, {}),
            ("block_id", "PUT", "/v1/identities/", {**identity, "block_ids": ["?"]}, {}),
            ("group_id", "GET", "/v1/groups/", None, {"after": "?"}),
            ("group_id", "GET", f"/v1/agents/{agent}/groups", None, {"after": "?"}),
            ("agent_id", "POST", "/v1/groups/", {**_group(agent), "agent_ids": ["?"]}, {}),
            ("agent_id", "POST", "/v1/groups/", _group("?"), {}),
            ("block_id", "POST", "/v1/groups/", {**_group(agent), "shared_block_ids": ["?"]}, {}),
            ("agent_id", "PATCH", f"/v1/groups/{own['group_id']}", {"agent_ids": ["?"]}, {}),
            ("run_id", "GET", "/v1/runs/", None, {"after": "?"}),
            ("batch_id", "GET", "/v1/messages/batches", None, {"after": "?"}),
            (
                "agent_id",
                "POST",
                "/v1/messages/batches",
                {"requests": [{"agent_id": "?", "input": "Hello"}]},
                {},
            ),
            ("step_id", "GET", "/v1/steps/", None, {"after": "?"}),
            ("tool_id", "GET", "/v1/tools/", None, {"after": "?"}),
            ("tool_id", "GET", "/v1/tools/", None, {"tool_ids": "?"}),
            ("tool_id", "GET", "/v1/tools/count", None, {"tool_ids": "?"}),
            ("tool_id", "POST", "/v1/agents/", {"tool_ids": ["?"]}, {}),
            ("tool_id", "PATCH", f"/v1/agents/{agent}", {"tool_ids": ["?"]}, {}),
            ("message_id", "GET", f"/v1/agents/{agent}/messages", None, {"before": "?"}),
            ("message_id", "GET", "/v1/messages/", None, {"after": "?"}),
            ("conversation_id", "GET", "/v1/messages/", None, {"conversation_id": "?"}),
            ("agent_id", "POST", "/v1/messages/search", {"query": "Hello", "agent_id": "?"}, {}),
            (
                "conversation_id",
                "POST",
                "/v1/messages/search",
                {"query": "Hello", "conversation_id": "?"},
                {},
            ),
            ("agent_id", "POST", "/v1/agents/messages/search", {"agent_id": "?"}, {}),
            ("conversation_id", "POST", "/v1/agents/messages/search", {"conversation_id": "?"}, {}),
            ("agent_id", "POST", "/v1/passages/search", {"agent_id": "?"}, {}),
            ("archive_id", "POST", "/v1/passages/search", {"archive_id": "?"}, {}),
            ("archive_id", "GET", "/v1/archives/", None, {"after": "?"}),
            ("conversation_id", "GET", export, None, {"conversation_id": "?"}),
            ("conversation_id", "POST", export, {"conversation_id": "?"}, {}),
            ("agent_id", "GET", "/v1/archives/", None, {"agent_id": "?"}),
            ("folder_id", "GET", "/v1/folders/", None, {"after": "?"}),
            ("folder_id", "POST", "/v1/agents/", {"folder_ids": ["?"]}, {}),
            ("folder_id", "PATCH", f"/v1/agents/{agent}", {"source_ids": ["?"]}, {}),
            ("file_id", "GET", f"/v1/agents/{agent}/files", None, {"before": "?"}),
            ("memory_id", "GET", f"/v1/agents/{agent}/archival-memory", None, {"after": "?"}),
            (
                "agent_id",
                "PATCH",
                f"/v1/mcp-servers/{own['mcp_server_id']}/refresh",
                None,
                {"agent_id": "?"},
            ),
        ]
        requests += [
            ("agent_id", method, f"/v1/conversations/{conversation}{path}", body, params)
            for method, path, body in (
                ("GET", "/messages", None),
                ("POST", "/messages", {"input": "Hello", "agent_id": "?"}),
                ("POST", "/cancel", None),
                ("POST", "/fork", None),
                ("POST", "/recompile", {"agent_id": "?"}),
                ("POST", "/compact", {"agent_id": "?"}),
                ("POST", "/compact/undo", None),
                ("GET", "/context", None),
            )
            for conversation, params in (("default", {"agent_id": "?"}), ("?", {}))
        ]
        requests += [
            (
                "message_id",
                "GET",
                f"/v1/conversations/{conversation}/messages",
                None,
                {"after": "?"},
            ),
            (
                "message_id",
                "POST",
                f"/v1/conversations/{conversation}/fork",
                None,
                {"message_id": "?"},
            ),
        ]
        for name, method, path, body, params in requests:
            there = await _filled(client, (method, path, body, params), foreign[name])
            nowhere = await _filled(client, (method, path, body, params), _ABSENT[name])
            assert there == nowhere, f"{method} {path} {params}"
        assert await contents(db) == before


async def _things(client: Client) -> dict[str, str]:
    """One of each thing that has an id, by the name of the id."""
    block = await client.post("/v1/blocks/", {"label": _LABEL, "value": "mine"})
    identity = await client.post("/v1/identities/", {**_identity(), "block_ids": [block["id"]]})
    agent = await client.agent(block_ids=[block["id"]], identity_ids=[identity["id"]])
    group = await client.post("/v1/groups/", {**_group(agent), "shared_block_ids": [block["id"]]})
    conversation = await client.conversation(agent)
    await client.send(conversation, "Hello")
    (passage,) = await client.post(f"/v1/agents/{agent}/archival-memory", {"text": "Hello"})
    folder = await client.post("/v1/folders/", {"name": clock.mint("n")})
    await client.patch(f"/v1/agents/{agent}/folders/attach/{folder['id']}", {})
    file = await client.http.post(_UPLOAD.format(folder_id=folder["id"]), files=_FILE)
    run = await client.newest_run(conversation)
    (step,) = await client.get(f"/v1/runs/{run['id']}/steps")
    requests = [{"agent_id": agent, "input": "Hello"}]
    batch = await client.post("/v1/messages/batches", {"requests": requests})
    while (await client.get(f"/v1/messages/batches/{batch['id']}"))["completed_at"] is None:
        pass
    tool = await client.post("/v1/tools/", {"source_code": _tool(clock.mint("n"))})
    server = await client.post(
        "/v1/mcp-servers/",
        {"server_name": clock.mint("n"), "config": {"server_url": "http://127.0.0.1:1/nobody"}},
    )
    return {
        "agent_id": agent,
        "batch_id": batch["id"],
        "block_id": block["id"],
        "block_label": _LABEL,
        "conversation_id": conversation,
        "group_id": group["id"],
        "identity_id": identity["id"],
        "memory_id": passage["id"],
        "passage_id": passage["id"],
        "archive_id": passage["archive_id"],
        "folder_id": folder["id"],
        "folder_name": folder["name"],
        "file_id": file.json()["id"],
        "mcp_server_id": server["id"],
        "message_id": (await client.history(conversation))[-1]["id"],
        "provider_id": (await client.get("/v1/providers"))[0]["id"],  # nobody's own
        "run_id": run["id"],
        "step_id": step["id"],
        "tool_id": tool["id"],
        "tool_name": "memory_insert",
    }


def _tool(name: str) -> str:
    """The source of a tool that nobody else has."""
    return f'def {name.replace("-", "_")}() -> str:\n    """Do."""\n'


def _identity() -> Json:
    """What an identity is made of that has nothing."""
    return {"identifier_key": clock.mint("k"), "name": "Ada", "identity_type": "user"}


def _group(agent: str) -> Json:
    """What a group of nobody is made of, which an agent manages."""
    config = {"manager_type": "supervisor", "manager_agent_id": agent}
    return {"agent_ids": [], "description": "", "manager_config": config}


def _give_away(tx: Tx) -> None:
    """Let all that is there belong to somebody else."""
    other = clock.mint("project")
    tx.run(insert(schema.projects), {"id": other, "name": "Theirs", "created_at": clock.now()})
    for table in schema.metadata.sorted_tables:
        if "project_id" in table.c:
            tx.run(update(table).values(project_id=other))


def _operations(document: Json) -> Iterator[tuple[str, str, list[str]]]:
    """Method, path and the names of the parameters of each path that has some."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            names = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"]
            if names:
                yield method, path, names


def _mixes(
    names: list[str], own: dict[str, str], foreign: dict[str, str]
) -> Iterator[dict[str, str]]:
    """All ways to fill a path in which at least one id is foreign."""
    for values in itertools.product(*({own[name], foreign[name]} for name in names)):
        mix = dict(zip(names, values, strict=True))
        if any(mix[name] != own[name] for name in names):
            yield mix


async def _asked(client: Client, method: str, path: str, ids: dict[str, str]) -> tuple[int, str]:
    """Status and body, without the ids that were asked for."""
    body = _BODIES.get((method, path), {} if method == "patch" else None)
    if path == _UPLOAD:
        answer = await client.http.post(path.format(**ids), files=_FILE)
    else:
        asked = _QUERIES.get(path, {})
        answer = await client.ask(method.upper(), path.format(**ids), body, **asked)
    text = answer.text
    for name, value in ids.items():
        text = text.replace(value, name)
    return answer.status_code, text


async def _filled(
    client: Client, request: tuple[str, str, Any, Json], name: str
) -> tuple[int, str]:
    """Status and body of a request whose question mark is a name."""
    method, path, body, params = request
    path, body, params = path.replace("?", name), _replaced(body, name), _replaced(params, name)
    answer = await client.ask(method, path, body, **params)
    return answer.status_code, answer.text.replace(name, "?")


def _replaced(value: Any, name: str) -> Any:
    match value:
        case dict():
            return {key: _replaced(item, name) for key, item in value.items()}
        case list():
            return [_replaced(item, name) for item in value]
        case _:
            return name if value == "?" else value
