"""The operations about folders and files, with every parameter they have."""

from uuid import uuid4

from tests.contract.things import EMBEDDING, Given, Row, Things, paged


def _folder(it: Things) -> str:
    made = it.http.post("/v1/folders/", json={"name": uuid4().hex})
    return str(made.raise_for_status().json()["id"])


def _attached(it: Things) -> str:
    folder = _folder(it)
    it.http.patch(f"/v1/agents/{it.agent}/folders/attach/{folder}").raise_for_status()
    return folder


def _filed(it: Things, folder: str = "") -> dict[str, str]:
    folder = folder or _folder(it)
    file = {"file": (f"{uuid4().hex}.txt", b"Tea.")}
    made = it.http.post(f"/v1/folders/{folder}/upload", files=file)
    return {"folder_id": folder, "file_id": made.raise_for_status().json()["id"]}


def _held(it: Things) -> Given:
    return {"agent_id": it.agent, "file_id": _filed(it, _attached(it))["file_id"]}


def _uploads(it: Things) -> list[Given]:
    folder = _folder(it)
    return [
        {
            "folder_id": folder,
            "file": ("a.txt", b"Tea."),
            "duplicate_handling": how,
            "name": "b.txt",
        }
        for how in ("error", "skip", "suffix", "replace")
    ]


FOLDER_CALLS: dict[str, Row] = {
    "folders.create": lambda it: [
        {
            "name": uuid4().hex,
            "description": "D",
            "embedding": None,
            "embedding_chunk_size": 100,
            "embedding_config": EMBEDDING,
            "instructions": "I",
            "metadata": {"a": 1},
        }
    ],
    "folders.retrieve": lambda it: [{"folder_id": _folder(it)}],
    "folders.update": lambda it: [
        {
            "folder_id": _folder(it),
            "name": uuid4().hex,
            "description": None,
            "embedding_config": EMBEDDING,
            "instructions": "I",
            "metadata": {"a": 1},
        }
    ],
    "folders.list": lambda it: [{**one, "name": "x"} for one in paged(_folder(it))],
    "folders.delete": lambda it: [{"folder_id": _attached(it)}],
    "folders.agents.list": lambda it: [
        {**one, "folder_id": _attached(it)} for one in paged(it.agent)
    ],
    "folders.files.list": lambda it: [
        {**one, "folder_id": made["folder_id"], "include_content": True}
        for made in (_filed(it),)
        for one in paged(made["file_id"])
    ],
    "folders.files.retrieve": lambda it: [{**_filed(it), "include_content": True}],
    "folders.files.upload": _uploads,
    "folders.files.delete": lambda it: [_filed(it)],
    "agents.folders.list": lambda it: [
        {**one, "agent_id": it.agent} for one in paged(_attached(it))
    ],
    "agents.folders.attach": lambda it: [{"agent_id": it.agent, "folder_id": _folder(it)}],
    "agents.folders.detach": lambda it: [{"agent_id": it.agent, "folder_id": _attached(it)}],
    "agents.files.list": lambda it: [
        {**one, "agent_id": it.agent, "cursor": None, "is_open": False}
        for one in paged(_held(it)["file_id"])
    ],
    "agents.files.open": lambda it: [_held(it)],
    "agents.files.close": lambda it: [_held(it)],
    "agents.files.close_all": lambda it: [{"agent_id": it.agent}],
}
