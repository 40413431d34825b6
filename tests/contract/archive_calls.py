"""The operations about what is archived and what is found, with every parameter they have."""

from tests.contract.things import SINCE, UNTIL, Row, Things, paged


def _made(it: Things, path: str, **body: object) -> str:
    made = it.http.post(path, json=body).raise_for_status().json()
    return str(made[0]["id"] if isinstance(made, list) else made["id"])


def _archive(it: Things) -> str:
    return _made(it, "/v1/archives/", name="Papers")


def _attached(it: Things) -> str:
    archive = _archive(it)
    it.http.patch(f"/v1/agents/{it.agent}/archives/attach/{archive}").raise_for_status()
    return archive


def _in_archive(it: Things) -> dict[str, str]:
    archive = _archive(it)
    passage = _made(it, f"/v1/archives/{archive}/passages", text="x")
    return {"archive_id": archive, "passage_id": passage}


def _memory(it: Things) -> str:
    return _made(it, f"/v1/agents/{it.agent}/archival-memory", text="x")


ARCHIVE_CALLS: dict[str, Row] = {
    "archives.create": lambda it: [
        {"name": "x", "description": "y", "embedding": None, "embedding_config": None}
    ],
    "archives.retrieve": lambda it: [{"archive_id": _archive(it)}],
    "archives.update": lambda it: [{"archive_id": _archive(it), "name": "y", "description": None}],
    "archives.list": lambda it: [
        {**one, "agent_id": it.agent, "name": "Papers"} for one in paged(_archive(it))
    ],
    "archives.delete": lambda it: [{"archive_id": _archive(it)}],
    "archives.passages.create": lambda it: [
        {
            "archive_id": _archive(it),
            "text": "x",
            "created_at": "2026-01-02T03:04:05Z",
            "metadata": {"k": 1},
            "tags": ["t"],
        }
    ],
    "archives.passages.create_many": lambda it: [
        {"archive_id": _archive(it), "passages": [{"text": "x", "tags": ["t"]}]}
    ],
    "archives.passages.delete": lambda it: [_in_archive(it)],
    "agents.archives.attach": lambda it: [{"agent_id": it.agent, "archive_id": _archive(it)}],
    "agents.archives.detach": lambda it: [{"agent_id": it.agent, "archive_id": _attached(it)}],
    "agents.passages.create": lambda it: [
        {"agent_id": it.agent, "text": "x", "created_at": SINCE, "tags": ["t"]}
    ],
    "agents.passages.list": lambda it: [
        {
            "agent_id": it.agent,
            "after": _memory(it),
            "ascending": True,
            "before": _memory(it),
            "limit": 5,
            "search": "x",
        }
    ],
    "agents.passages.delete": lambda it: [{"agent_id": it.agent, "memory_id": _memory(it)}],
    "agents.passages.search": lambda it: [
        {
            "agent_id": it.agent,
            "query": "x",
            "end_datetime": UNTIL,
            "start_datetime": SINCE,
            "tag_match_mode": "all",
            "tags": ["t"],
            "top_k": 5,
        }
    ],
    "passages.search": lambda it: [
        {
            "agent_id": it.agent,
            "archive_id": _archive(it),
            "end_date": UNTIL,
            "limit": 5,
            "query": "x",
            "start_date": SINCE,
            "tag_match_mode": "any",
            "tags": ["t"],
        }
    ],
    "messages.list": lambda it: [
        {
            "after": it.message,
            "before": it.message,
            "conversation_id": it.conversation,
            "include_return_message_types": ["user_message"],
            "limit": 5,
            "order": "asc",
        }
    ],
    "messages.search": lambda it: [
        {
            "query": "Hello",
            "agent_id": it.agent,
            "conversation_id": it.conversation,
            "end_date": UNTIL,
            "limit": 5,
            "search_mode": "fts",
            "start_date": SINCE,
        }
    ],
}
