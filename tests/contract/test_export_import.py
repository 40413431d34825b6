"""Agents go out to files and come in from them, by the official client."""

import json
from typing import Any
from uuid import uuid4

import pytest
from letta_client import BadRequestError, Letta, NotFoundError

from tests.contract.conftest import Say
from tests.contract.things import OFFLINE, SOURCE, mcp
from tests.servers import Server

IMAGE = {"type": "image", "source": {"type": "url", "url": "https://x.example/a.png"}}

INSIDE = "http://10.0.0.1/"
NOTE = {"label": "notes", "new_string": "x"}


def made(server: Server, path: str, body: Any = None, **query: Any) -> Any:
    """What came of a POST."""
    return server.http.post(path, json=body, params=query).raise_for_status().json()


@pytest.fixture
def rich(client: Letta, server: Server, say: Say, mcp_url: str) -> str:
    """An agent that has of everything, and has said a lot."""
    name = f"files_{uuid4().hex[:12]}"
    tool = client.tools.create(source_code=SOURCE.format(name=name), tags=["t"])
    config = {"server_name": name, "config": mcp(mcp_url)}
    known = [
        one for one in server.http.get("/v1/mcp-servers/").json() if one["server_name"] == name
    ]
    met = known[0] if known else made(server, "/v1/mcp-servers/", config)
    offered = server.http.get(f"/v1/mcp-servers/{met['id']}/tools").json()
    agent = client.agents.create(
        name="Rich",
        model=OFFLINE,
        system="You count.\n{CORE_MEMORY}",
        tags=["t", "u"],
        memory_blocks=[
            {"label": "human", "value": "Ünïcödé", "limit": 50},
            {"label": "notes", "value": ""},
        ],
        tool_ids=[tool.id, offered[0]["id"]],
        tool_rules=[{"type": "max_count_per_step", "tool_name": name, "max_count_limit": 3}],
        secrets={"KEY": "hush"},
        timezone="Asia/Tokyo",
        metadata={"a": None, "b": [1, {"c": "d"}]},
        model_settings={"provider_type": "openai", "temperature": 0.5},
        compaction_settings={"mode": "all", "model": OFFLINE, "clip_chars": None},
        response_format={"type": "json_object"},
        description="Has everything.",
    ).id
    client.agents.passages.create(agent, text="Tea is warm.", tags=["x"])
    first = client.conversations.create(agent_id=agent, summary="first").id
    say(first, '[[think: well]] [[call: memory_insert {"label": "notes", "new_string": "x"}]]')
    say(first, messages=[{"role": "user", "content": [{"type": "text", "text": "See"}, IMAGE]}])
    for _ in range(3):
        say(first, "[[words: 60]]")
    made(server, f"/v1/conversations/{first}/compact")
    say(first, "And then?")
    fork = client.conversations.fork(first).id
    say(fork, "On the other side.")
    made(server, f"/v1/conversations/{fork}/fork", hidden=True)
    client.conversations.update(fork, archived=True, summary="other")
    made(server, f"/v1/agents/{agent}/messages", {"input": "By default", "streaming": False})
    return agent


def test_a_rich_agent_comes_back_as_it_was(client: Letta, server: Server, rich: str) -> None:
    first = str(client.agents.export_file(rich))
    answer = client.agents.import_file(file=first.encode(), append_copy_suffix=False)
    (copy,) = answer.agent_ids
    second = str(client.agents.export_file(copy))

    assert first.startswith('{\n  "agents": ['), "pretty-printed text"
    assert "hush" not in first
    assert _timeless(first) == _timeless(second)
    assert _shown(server, copy) == _shown(server, rich)
    assert _secrets(client, copy) == {"KEY": ""}


def test_what_is_said_to_the_copy_is_not_said_to_the_other(
    client: Letta, server: Server, rich: str, say: Say
) -> None:
    before = str(client.agents.export_file(rich))
    (copy,) = client.agents.import_file(file=before.encode()).agent_ids
    names = [one.summary for one in client.conversations.list(agent_id=copy, archive_status="all")]
    for one in client.conversations.list(agent_id=copy, archive_status="all"):
        assert say(one.id, "Only here.").stop == "end_turn"

    assert client.agents.retrieve(copy).name == "Rich_copy"
    assert sorted(map(str, names)) == ["first", "other"]
    assert _timeless(str(client.agents.export_file(rich))) == _timeless(before)
    found = server.http.get(f"/v1/agents/{copy}/archival-memory").json()
    assert [one["text"] for one in found] == ["Tea is warm."]


def test_a_part_of_an_agent_is_exported_too(client: Letta, server: Server, rich: str) -> None:
    conversation = client.conversations.list(agent_id=rich)[0].id
    one = json.loads(str(client.agents.export_file(rich, conversation_id=conversation)))
    none = json.loads(str(client.agents.export_file(rich, scrub_messages=True)))
    skill = {"name": "tea", "files": {"SKILL.md": "Boil."}}
    path, body = f"/v1/agents/{rich}/export", {"skills": [skill], "conversation_id": "default"}
    default = made(server, path, body)

    (agent,) = one["agents"]
    assert [told["summary"] for told in agent["conversations"]] == ["first"]
    assert {message["id"] for message in agent["messages"]} == set(
        agent["conversations"][0]["message_ids"]
    )
    assert none["agents"][0]["messages"] == []
    assert default["skills"] == [skill]
    assert default["agents"][0]["conversations"][0]["is_default"] is True
    with pytest.raises(BadRequestError, match="use_legacy_format"):
        client.agents.export_file(rich, use_legacy_format=True)
    with pytest.raises(NotFoundError):
        client.agents.export_file(rich, conversation_id="conv-00000000-0000-4000-8000-00000000dead")


def test_wishes_come_before_the_file(client: Letta, server: Server, rich: str) -> None:
    file = str(client.agents.export_file(rich)).encode()
    (copy,) = client.agents.import_file(
        file=("rich.af", file), name="Eve", secrets='{"KEY": "new"}', strip_messages=True,
        model="letta/auto", embedding="openai/text-embedding-3-small",
    ).agent_ids  # fmt: skip
    agent = client.agents.retrieve(copy)

    assert (agent.name, agent.embedding) == ("Eve", "openai/text-embedding-3-small")
    assert agent.model != OFFLINE
    assert _secrets(client, copy) == {"KEY": "new"}
    assert len(client.conversations.list(agent_id=copy, archive_status="all")) == 0
    assert len(agent.message_ids or []) == 1


def test_the_longest_names_go_out_and_come_in(client: Letta) -> None:
    folder = client.folders.create(name="f" * 255).id
    client.folders.files.upload(file=("a", b"Tea."), folder_id=folder, name="n" * 255)
    agent = client.agents.create(name="a" * 200, model=OFFLINE, folder_ids=[folder]).id
    for _ in range(2):  # each adds "_copy" to the name
        file = str(client.agents.export_file(agent)).encode()
        (agent,) = client.agents.import_file(file=("a.af", file)).agent_ids

    assert client.agents.retrieve(agent).name == "a" * 200 + "_copy" * 2
    client.folders.delete(folder)


def test_a_tool_of_that_name_is_changed_or_kept_as_is_wished(
    client: Letta, server: Server, rich: str
) -> None:
    file = str(client.agents.export_file(rich))
    (tool,) = [one for one in json.loads(file)["tools"] if one["tool_type"] == "custom"]
    new = file.replace("return text * 2", "return text * 3").encode()

    def source() -> str:
        (found,) = client.tools.list(name=tool["name"])
        return str(found.source_code)

    client.agents.import_file(file=new, override_existing_tools=False, strip_messages=True)
    assert "text * 2" in source()
    client.agents.import_file(file=new, strip_messages=True)
    assert "text * 3" in source()


def test_what_the_operator_does_not_allow_is_left_out(client: Letta, server: Server) -> None:
    tool = {"tool_type": "external_mcp", "json_schema": {"name": "x"}, "mcp_server_id": "s"}
    file = {
        "agents": [{"id": "agent-0", "name": "Ada", "model": OFFLINE, "tool_ids": ["tool-0"]}],
        "tools": [{"id": "tool-0", "name": "from_inside", **tool}],
        "mcp_servers": [
            {
                "id": "s",
                "server_type": "sse",
                "server_name": "inside",
                "server_url": "http://10.0.0.1/",
            }
        ],
    }
    (agent,) = client.agents.import_file(file=json.dumps(file).encode()).agent_ids

    assert client.agents.retrieve(agent, include=["agent.tools"]).tools == []
    assert [one for one in client.mcp_servers.list() if one.server_name == "inside"] == []


def _secrets(client: Letta, agent: str) -> dict[str, str]:
    found = client.agents.retrieve(agent, include=["agent.secrets"]).secrets or []
    return {one.key: one.value for one in found}


def _timeless(text: str) -> Any:
    found = json.loads(text)
    del found["created_at"]
    return found


def _shown(server: Server, agent: str) -> list[Any]:
    """What is said in the conversations of an agent, hidden ones left out; ids and times aside."""
    wanted = {"agent_id": agent, "archive_status": "all", "order": "asc"}
    listed = server.http.get("/v1/conversations/", params=wanted).json()
    everything: dict[str, int | str] = {"limit": 1000, "order": "asc"}
    return [
        (
            one["summary"],
            one["archived"],
            [
                {k: v for k, v in said.items() if k not in ("id", "otid", "run_id", "step_id")}
                for said in server.http.get(
                    f"/v1/conversations/{one['id']}/messages", params=everything
                ).json()[1:]
            ],
        )
        for one in listed
    ]
