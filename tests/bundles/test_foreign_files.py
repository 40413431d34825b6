"""A file that another server has written: the agent is here afterwards, and goes on."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.here import Client, serving
from tests.api.tables import contents, looking_into
from tests.bundles.files import brought, exported, refused, sent

DESK = Path(__file__).with_name("harbour_desk.af")
OFFLINE = {"model": "palaver/offline", "append_copy_suffix": "false"}


@pytest.fixture(scope="module")
async def client(module_url: str) -> AsyncIterator[Client]:
    async with serving(module_url) as client:
        yield client


@pytest.fixture
async def desk(client: Client) -> str:
    """The agent of the file, here."""
    return await brought(client, DESK.read_bytes(), **OFFLINE)


async def test_all_that_the_file_tells_is_there(client: Client, desk: str) -> None:
    include = ["agent.tools", "agent.blocks", "agent.tags", "agent.secrets"]
    agent = await client.get(f"/v1/agents/{desk}", include=include)

    assert agent["name"] == "Harbour desk (night)"
    assert agent["agent_type"] == "memgpt_v2_agent"
    assert agent["llm_config"]["context_window"] == 90_000
    assert agent["timezone"] == "Europe/Berlin"
    assert agent["embedding"] == "openai/text-embedding-3-small"
    assert [rule["type"] for rule in agent["tool_rules"]] == ["requires_approval", "exit_loop"]
    names = {"conversation_search", "free_places", "send_message", "book"}
    of_files = {"open_files", "grep_files", "semantic_search_files"}
    assert {tool["name"] for tool in agent["tools"]} == names | of_files
    assert {one["label"]: one["value"] for one in agent["blocks"]} == {
        "desk": "The night ferry leaves at 22:40.",
        "human": "Travels with a cart.",
    }
    (file,) = (await client.get(f"/v1/agents/{desk}/files"))["files"]
    assert (file["file_name"], file["is_open"]) == ("timetable/winter.md", True)
    assert "22:40" in file["visible_content"]
    assert sorted(agent["tags"]) == ["harbour", "view:desk"]
    assert [(one["key"], one["value"]) for one in agent["secrets"]] == [("HARBOUR_KEY", "")]


async def test_what_was_said_reads_as_it_did(client: Client, desk: str) -> None:
    history = await client.get(
        "/v1/conversations/default/messages", agent_id=desk, order="asc", limit=100
    )
    told = [(one["message_type"], _words(one)) for one in history]

    assert told[0][0] == "system_message"
    assert "HARBOUR" not in told[0][1]
    assert ("reasoning_message", "A new guest. I greet them.") in told
    assert ("assistant_message", "Harbour desk, good morning.") in told
    assert ("hidden_reasoning_message", "ErcBopaque") in told
    calls = [
        one["tool_call"]["name"] for one in history if one["message_type"] == "tool_call_message"
    ]
    assert calls == ["free_places", "free_places"]
    (returned,) = [one for one in history if one["name"] == "free_places"]
    assert [one["status"] for one in returned["tool_returns"]] == ["success", "error"]
    kinds = [kind for kind, _ in told]
    assert kinds.index("approval_request_message") + 1 == kinds.index("approval_response_message")
    assert told[-1] == ("assistant_message", "Done: N-204, two places at 22:40.")
    assert history[1]["date"] == "2026-02-03T08:01:00+00:00"


async def test_the_window_is_that_of_the_file_whatever_its_order(client: Client, desk: str) -> None:
    history = await client.get(
        "/v1/conversations/default/messages", agent_id=desk, order="asc", limit=100
    )
    agent = await client.get(f"/v1/agents/{desk}")
    words = {one["id"]: _words(one) for one in history}
    seen = [words[one] for one in agent["message_ids"]]

    assert len(seen) == 8
    assert "summary of the previous messages" in seen[1]
    assert seen[2] == "There is: twelve places on the night ferry."
    assert seen[3] == "Book two, please."


async def test_the_conversation_goes_on(client: Client, desk: str) -> None:
    answer = await client.post(
        f"/v1/agents/{desk}/messages", {"input": "And back again?", "streaming": False}
    )
    said = [one["content"] for one in answer["messages"] if "content" in one]
    agent = await client.get(f"/v1/agents/{desk}")
    system = (await client.get(f"/v1/messages/{agent['message_ids'][0]}"))[0]

    assert "And back again?" in said[-1]
    assert "user messages that I can see: 3" in said[-1]
    assert desk in system["content"], "the prompt is compiled anew, by the rules of this server"
    assert "The night ferry leaves at 22:40." in system["content"]


async def test_it_goes_out_with_all_that_came_in(client: Client, desk: str) -> None:
    first = await exported(client, desk)
    copy = await brought(client, first, append_copy_suffix="false")

    assert await exported(client, copy) == first


async def test_what_is_left_out_is_told(client: Client) -> None:
    answer = (await sent(client, DESK.read_bytes())).json()

    (refusal,) = answer["refused"]
    assert (refusal["noun"], refusal["name"]) == ("tools", "web_search")
    (remark,) = answer["remarks"]
    assert "ANTHROPIC_API_KEY" in remark


async def test_agents_of_one_file_share_what_they_share_there(client: Client) -> None:
    both = ("agent-0", "agent-1")
    file = {
        "agents": [
            {"id": one, "name": one, "block_ids": ["b"], "archive_ids": ["a"],
             "memory_blocks": [{"label": "own", "value": one}],
             "messages": [{"id": "m", "role": "user", "content": f"I am {one}."}]}
            for one in both
        ],
        "blocks": [{"id": "b", "label": "shared", "value": "x"}],
        "archives": [{"id": "a", "name": "Papers", "passages": [{"text": "Tea."}]}],
    }  # fmt: skip
    answer = await sent(client, json.dumps(file).encode())
    made = answer.json()["agent_ids"]
    agents = [await client.get(f"/v1/agents/{one}", include=["agent.blocks"]) for one in made]
    held = [{block["label"]: block["id"] for block in agent["blocks"]} for agent in agents]
    papers = [await client.get("/v1/archives/", agent_id=one) for one in made]

    assert [agent["name"] for agent in agents] == [f"{one}_copy" for one in both]
    assert held[0]["shared"] == held[1]["shared"]
    assert held[0]["own"] != held[1]["own"]
    assert papers[0] == papers[1] != []
    for agent, name in zip(agents, both, strict=True):
        said = await client.get(f"/v1/messages/{agent['message_ids'][-1]}")
        assert said[0]["content"] == f"I am {name}."


async def test_what_is_no_form_is_refused(client: Client) -> None:
    for content, kind in (
        (b"--x", "multipart/form-data; boundary=x"),
        (b"{}", "multipart/form-data"),
        (b"{}", "application/json"),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\n", "multipart/form-data; boundary=x"),
        (b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n{}\r\n--x--\r\n',
         "multipart/form-data; boundary=x"),
    ):  # fmt: skip
        answer = await client.http.post(
            "/v1/agents/import", content=content, headers={"content-type": kind}
        )
        assert answer.status_code in (400, 422), answer.text


async def test_an_older_format_is_refused_with_what_to_do(client: Client, module_url: str) -> None:
    async with looking_into(module_url) as db:
        before = await contents(db)
        answer = await refused(client, b'{"core_memory": [], "messages": [], "version": "0.7.17"}')
        desk = DESK.read_bytes().replace(b'"tool-4"\n', b'"tool-5"\n', 1)
        dangling = await refused(client, desk)
        assert await contents(db) == before

    assert answer.status_code == 400
    assert "newer format" in answer.json()["detail"]
    assert dangling.status_code == 422
    assert "line 12, column 9 (`agents[0].tool_ids[4]`): `tool-5`" in dangling.json()["detail"]


def _words(message: dict[str, Any]) -> str:
    for name in ("content", "reasoning", "hidden_reasoning", "summary"):
        if isinstance(message.get(name), str):
            return str(message[name])
    return ""
