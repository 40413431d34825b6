"""Files that are too large, and what many do at once."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator

import httpx2
import pytest
from sqlalchemy import select

from palaver.store import schema
from palaver.store.db import Tx
from tests.api.here import Client, serving
from tests.api.tables import contents, looking_into

MOST = 3000


@pytest.fixture(scope="module")
async def library(module_url: str) -> AsyncIterator[Client]:
    """A client of a server that takes small files."""
    async with serving(module_url, max_file=MOST) as client:
        yield client


async def new_folder(client: Client, **body: object) -> str:
    """The id of a folder."""
    made = await client.post("/v1/folders/", {"name": f"f{len(await _all(client))}", **body})
    return str(made["id"])


async def _all(client: Client) -> list[object]:
    found: list[object] = await client.get("/v1/folders/", limit=1000)
    return found


async def put(client: Client, folder: str, content: bytes, name: str = "a.txt") -> httpx2.Response:
    """Upload a file."""
    path = f"/v1/folders/{folder}/upload"
    return await client.http.post(path, files={"file": (name, content)})


async def test_a_file_that_is_too_large(library: Client, module_url: str) -> None:
    folder = await new_folder(library)
    async with looking_into(module_url) as db:
        before = await contents(db)
        for size in (MOST + 1, 100_000, 10_000_000):
            refused = await put(library, folder, b"x" * size)
            assert refused.status_code == 413
            assert "bytes" in refused.json()["detail"]
        for broken in (b"x\0", b"\xff\xfex"):
            assert (await put(library, folder, broken)).status_code == 415
        assert await contents(db) == before
    assert (await put(library, folder, b"x" * MOST)).status_code == 200


async def test_many_files_of_one_name_at_once(library: Client) -> None:
    folder = await new_folder(library, embedding_chunk_size=50)
    answers = await asyncio.gather(*(put(library, folder, b"word " * 500) for _ in range(6)))

    names = Counter(answer.json()["file_name"] for answer in answers)
    assert names == Counter(["a.txt", *(f"a_({n}).txt" for n in range(1, 6))])


async def test_a_folder_that_goes_while_files_come(library: Client) -> None:
    folder = await new_folder(library)
    *answers, gone = await asyncio.gather(
        *(put(library, folder, b"word " * 500, f"{n}.txt") for n in range(6)),
        library.ask("DELETE", f"/v1/folders/{folder}"),
    )

    assert gone.status_code == 200
    assert {answer.status_code for answer in answers} <= {200, 404}
    assert (await library.ask("GET", f"/v1/folders/{folder}")).status_code == 404


async def test_one_file_may_be_open_whoever_opens_it(library: Client) -> None:
    folder = await new_folder(library)
    agent = await library.agent(folder_ids=[folder], max_files_open=1)
    ids = [(await put(library, folder, b"x", f"{n}.txt")).json()["id"] for n in range(3)]
    conversation = await library.conversation(agent)
    call = {"file_requests": [{"file_name": "2.txt"}]}

    *opened, _ = await asyncio.gather(
        *(library.patch(f"/v1/agents/{agent}/files/{id}/open") for id in ids * 2),
        library.send(conversation, f"[[call: open_files {json.dumps(call)}]]"),
    )

    files = (await library.get(f"/v1/agents/{agent}/files", is_open="true"))["files"]
    assert len(files) == 1
    assert Counter(name for names in opened for name in names) <= Counter(
        name for n in range(3) for name in [f"{n}.txt"] * 3
    )


async def test_an_agent_that_is_gone_has_no_folder(library: Client) -> None:
    folder = await new_folder(library)
    agent = await library.agent(folder_ids=[folder])
    fork = await library.post(
        f"/v1/conversations/{await library.conversation(agent)}/fork", agent_id=agent
    )
    assert "<directories>" in (await library.history(fork["id"]))[0]["content"]

    await library.delete(f"/v1/agents/{agent}")

    assert await library.get(f"/v1/folders/{folder}/agents") == []
    assert (await library.ask("GET", f"/v1/agents/{agent}/files")).status_code == 404
    assert (await library.ask("DELETE", f"/v1/folders/{folder}")).status_code == 200


async def test_folders_are_told_of_only_as_far_as_it_goes(library: Client) -> None:
    folder = await new_folder(library)
    agent = await library.agent(folder_ids=[folder])
    await asyncio.gather(*(put(library, folder, b"x", f"{n}.txt") for n in range(102)))

    prompt = await library.post(f"/v1/agents/{agent}/recompile", dry_run="true")

    assert prompt.count('status="closed"') == 100
    assert "There are more than these 100" in prompt


async def test_only_what_changes_what_is_told_makes_a_prompt_stale(
    library: Client, module_url: str
) -> None:
    folder = await new_folder(library)
    file = (await put(library, folder, b"x")).json()["id"]
    agent = await library.agent()
    attached = f"/v1/agents/{agent}/folders/attach/{folder}"
    files = f"/v1/agents/{agent}/files"

    async def is_stale() -> bool:
        async with looking_into(module_url) as db:
            mine = schema.conversations.c.agent_id == agent
            [row] = await db.read(Tx.all, select(schema.conversations.c.stale).where(mine))
            return bool(row.stale)

    for path, body, changes in (
        (attached, None, True),
        (attached, None, False),
        (f"/v1/folders/{folder}", {"metadata": {"a": 1}}, False),
        (f"/v1/folders/{folder}", {"instructions": "Read."}, True),
        (f"{files}/{file}/close", None, False),
        (f"{files}/close-all", None, False),
        (f"{files}/{file}/open", None, True),
        (f"{files}/{file}/open", None, False),
        (f"{files}/close-all", None, True),
        (f"/v1/agents/{agent}", {"folder_ids": [folder]}, False),
        (f"/v1/agents/{agent}", {"folder_ids": []}, True),
    ):
        await library.patch(path, body)
        assert await is_stale() == changes, path
        await library.post(f"/v1/agents/{agent}/messages", {"input": "Hello"})
        assert not await is_stale()


@pytest.mark.parametrize(
    "call",
    [
        r'open_files {"file_requests": [{"file_name": "\u0000"}]}',
        r'semantic_search_files {"query": "\ud800"}',
        r'grep_files {"pattern": "x", "include": "\u0000"}',
        r'memory_insert {"label": "human", "new_string": "\ud800"}',
        r'conversation_search {"query": "tea", "limit": 1e999}',
    ],
)
async def test_what_cannot_be_kept_is_told_to_the_model(library: Client, call: str) -> None:
    block = {"label": "human", "value": ""}
    agent = await library.agent(folder_ids=[await new_folder(library)], memory_blocks=[block])
    heard = await library.send(await library.conversation(agent), f"[[call: {call}]]")

    [told] = [one for one in heard.messages if one["message_type"] == "tool_return_message"]
    assert (told["status"], heard.stop) == ("error", "end_turn")
    assert "cannot be kept" in told["tool_return"]
