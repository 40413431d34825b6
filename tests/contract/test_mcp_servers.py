"""MCP servers and their tools, by the official clients and with a real MCP server."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from letta_client import BadRequestError, ConflictError, InternalServerError, NotFoundError

from palaver.core.mcp_servers import MASK
from tests.contract.conftest import Say
from tests.fakes.mcp_process import STDIO, listening

Client = Any  # its types tell three kinds of servers apart at each step, which says nothing here
OFFERED = {"add", "fail", "show", "flood", "hang", "die", "variable", "header", "become_newer"}
NOWHERE = "http://127.0.0.1:1/mcp"


def config_of(kind: str, url: str) -> dict[str, Any]:
    """How the real server is reached."""
    if kind == "stdio":
        return STDIO
    path = {"streamable_http": "/mcp", "sse": "/sse"}[kind]
    return {
        "mcp_server_type": kind,
        "server_url": url + path,
        "auth_header": "X-Token",
        "auth_token": "t0ken",
        "custom_headers": {"X-Key": "k3y"},
    }


def name() -> str:
    """A name that no other server has."""
    return f"s{uuid4().hex[:8]}"


@pytest.mark.parametrize("kind", ["streamable_http", "sse", "stdio"])
def test_a_server_is_made_with_its_tools_shown_without_secrets_and_forgotten(
    client: Client, mcp_url: str, kind: str
) -> None:
    called = name()
    made = client.mcp_servers.create(server_name=called, config=config_of(kind, mcp_url))

    assert (made.server_name, made.mcp_server_type) == (called, kind)
    if made.mcp_server_type == "stdio":
        assert (made.args, made.env) == (STDIO["args"], dict.fromkeys(STDIO["env"], MASK))
    else:
        assert (made.auth_header, made.auth_token) == ("X-Token", MASK)
        assert made.custom_headers == {"X-Key": MASK}
    assert client.mcp_servers.retrieve(made.id) == made
    assert made in client.mcp_servers.list()

    tools = client.mcp_servers.tools.list(made.id)
    by_name = {tool.metadata["mcp"]["tool_name"]: tool for tool in tools if tool.metadata}
    assert by_name.keys() == OFFERED
    add = by_name["add"]
    assert (add.tool_type, add.tags) == ("external_mcp", [f"mcp:{called}"])
    assert client.mcp_servers.tools.retrieve(add.id, mcp_server_id=made.id) == add
    assert client.tools.retrieve(add.id) == add

    client.mcp_servers.delete(made.id)
    with pytest.raises(NotFoundError):
        client.mcp_servers.retrieve(made.id)
    with pytest.raises(NotFoundError):
        client.tools.retrieve(add.id)


def test_a_tool_is_run_and_what_goes_wrong_is_a_result(client: Client, mcp_url: str) -> None:
    server, tools = _made(client, config_of("streamable_http", mcp_url))

    def run(tool: str, **args: Any) -> Any:
        return client.mcp_servers.tools.run(tools[tool], mcp_server_id=server, args=args)

    sum_, failed, header = run("add", a=1, b=2), run("fail"), run("header", name="x-token")
    cut = run("flood", size=60_000)

    assert (sum_.status, sum_.func_return) == ("success", "3")
    assert failed.status == "error"
    assert header.func_return == "t0ken"
    assert cut.func_return.startswith("x" * 50_000 + "... [truncated")
    assert client.mcp_servers.tools.run(tools["show"], mcp_server_id=server).status == "success"
    client.mcp_servers.delete(server)


def test_a_config_is_changed_and_what_is_masked_stays(client: Client, mcp_url: str) -> None:
    server, tools = _made(client, config_of("streamable_http", mcp_url))
    before = client.mcp_servers.retrieve(server).model_dump()
    renamed = name()

    sent_back = {**before, "auth_header": "X-Other"}
    after = client.mcp_servers.update(server, config=sent_back, server_name=renamed)
    run = client.mcp_servers.tools.run(
        tools["header"], mcp_server_id=server, args={"name": "x-other"}
    )

    assert after.model_dump() == {**before, "auth_header": "X-Other", "server_name": renamed}
    assert run.func_return == "t0ken"
    moved = client.mcp_servers.update(
        server, config={"server_url": NOWHERE, "mcp_server_type": "sse"}
    )
    assert moved.mcp_server_type == "sse"
    assert (moved.auth_token, moved.custom_headers) == (None, None)
    client.mcp_servers.delete(server)


def test_refreshing_adds_changes_and_removes(client: Client, agent: str) -> None:
    with listening() as url:
        server, tools = _made(client, config_of("streamable_http", url))
        client.agents.tools.attach(tools["add"], agent_id=agent)
        client.agents.tools.attach(tools["fail"], agent_id=agent)
        client.mcp_servers.tools.run(tools["become_newer"], mcp_server_id=server)

        found = client.mcp_servers.refresh(server, agent_id=agent)
        again = client.mcp_servers.refresh(server)

        assert isinstance(found, dict)
        assert [_offered(one) for one in found["added"]] == ["new"]
        assert [_offered(one) for one in found["updated"]] == ["add"]
        assert {_offered(one) for one in found["deleted"]} == {"fail", "become_newer"}
        assert again == {"added": [], "updated": [], "deleted": [], "skipped": {}}
        (kept,) = client.agents.tools.list(agent)
        assert kept.id == tools["add"]
        assert kept.json_schema and len(kept.json_schema["parameters"]["properties"]) == 3
    client.mcp_servers.delete(server)


def test_names_that_are_taken_are_told_apart(client: Client, mcp_url: str) -> None:
    first, _ = _made(client, config_of("streamable_http", mcp_url))
    called = name()
    second = client.mcp_servers.create(server_name=called, config=config_of("sse", mcp_url)).id
    names = {tool.name for tool in client.mcp_servers.tools.list(second)}

    assert names == {f"{called}_{one}" for one in OFFERED}
    with pytest.raises(ConflictError):
        client.mcp_servers.create(server_name=called, config=config_of("sse", mcp_url))
    with pytest.raises(ConflictError):
        client.mcp_servers.update(first, server_name=called, config={"server_url": None})
    for server in (first, second):
        client.mcp_servers.delete(server)


def test_an_agent_calls_the_tools_of_a_server(client: Client, mcp_url: str, say: Say) -> None:
    server, tools = _made(client, config_of("streamable_http", mcp_url))
    names = {known: client.tools.retrieve(tool).name for known, tool in tools.items()}
    agent = client.agents.create(
        model="palaver/offline", tool_ids=[tools["add"], tools["fail"]], include_base_tools=False
    )
    talk = client.conversations.create(agent_id=agent.id).id

    turn = say(
        talk,
        f'[[call: {names["add"]} {{"a": 1, "b": 2}}]] [[call: {names["fail"]}]] '
        f'[[call: {names["add"]} {{"a": "one"}}]]',
    )

    returns = [back for one in turn.of("tool_return_message") for back in one["tool_returns"]]
    assert [back["status"] for back in returns] == ["success", "error", "error"]
    assert returns[0]["tool_return"] == "3"
    assert turn.stop == "end_turn"
    client.mcp_servers.delete(server)
    assert client.agents.retrieve(agent.id, include=["agent.tools"]).tools == []
    assert "no tool" in _returned(say(talk, f"[[call: {names['add']}]]"))


def test_a_server_that_is_dead_or_dies_is_an_error_in_the_return(client: Client, say: Say) -> None:
    with listening() as url:
        server, tools = _made(client, config_of("streamable_http", url))
        names = {known: client.tools.retrieve(tool).name for known, tool in tools.items()}
        agent = client.agents.create(model="palaver/offline", tool_ids=list(tools.values()))
        talk = client.conversations.create(agent_id=agent.id).id
        dying = say(talk, f"[[call: {names['die']}]]")
    other = client.agents.create(model="palaver/offline").id
    client.agents.tools.attach(tools["add"], agent_id=other)
    dead = say(talk, f'[[call: {names["add"]} {{"a": 1, "b": 2}}]]')

    for turn in (dying, dead):
        assert "failed" in _returned(turn)
        assert turn.stop == "end_turn"
    result = client.mcp_servers.tools.run(tools["add"], mcp_server_id=server, args={})
    assert result.status == "error"
    assert "cannot be reached" in str(result.stderr)
    with pytest.raises(InternalServerError) as failure:
        client.mcp_servers.refresh(server)
    assert failure.value.status_code == 502
    error: Any = failure.value.body
    assert error["error"]["type"] == "mcp_connection_error"
    assert len(client.mcp_servers.tools.list(server)) == len(OFFERED)
    client.mcp_servers.delete(server)


def test_a_server_that_does_not_answer_yet_is_kept_without_tools(client: Client) -> None:
    made = client.mcp_servers.create(server_name=name(), config={"server_url": NOWHERE})

    assert made.mcp_server_type == "sse"
    assert client.mcp_servers.tools.list(made.id) == []
    client.mcp_servers.delete(made.id)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.2/mcp", "http://10.0.0.1/mcp", "http://[::1]/mcp", "http://2852039166/",
     "file:///etc/passwd", "http://user:pw@mcp.example/", "mcp.example", "http://127.0.0.1:0/"],
)  # fmt: skip
def test_a_url_that_is_not_gone_to_is_refused_and_nothing_is_kept(client: Client, url: str) -> None:
    called = name()
    with pytest.raises(BadRequestError):
        client.mcp_servers.create(
            server_name=called, config={"server_url": url, "mcp_server_type": "streamable_http"}
        )
    assert called not in [one.server_name for one in client.mcp_servers.list()]


def test_what_is_wrong_with_a_config_is_told_of_its_own_kind_alone(http: httpx2.Client) -> None:
    config = {"mcp_server_type": "streamable_http", "server_url": NOWHERE, "auth_token": "…"}
    refused = http.post("/v1/mcp-servers/", json={"server_name": name(), "config": config})

    assert refused.status_code == 422
    told = refused.json()["detail"]
    assert told.startswith("body.config.streamable_http.auth_token: "), told
    assert ";" not in told


def test_deleting_answers_null(http: httpx2.Client) -> None:
    body = {"server_name": name(), "config": {"server_url": NOWHERE}}
    made = http.post("/v1/mcp-servers/", json=body).json()

    assert http.delete(f"/v1/mcp-servers/{made['id']}").text == "null"


def _made(client: Client, config: Any) -> tuple[str, dict[str, str]]:
    """A new server, and its tools' ids by the names that it knows them by."""
    server = client.mcp_servers.create(server_name=name(), config=config).id
    tools = client.mcp_servers.tools.list(server)
    return server, {tool.metadata["mcp"]["tool_name"]: tool.id for tool in tools if tool.metadata}


def _offered(called: str) -> str:
    """A tool's name without that of its server, which it may begin with."""
    return called.partition("_")[2] if called.startswith("s") and "_" in called else called


def _returned(turn: Any) -> str:
    (message,) = turn.of("tool_return_message")
    assert message["status"] == "error"
    return str(message["tool_return"])
