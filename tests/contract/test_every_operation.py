"""All operations of the official client are called: those that are there with all they take."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from letta_client import APIStatusError, Letta, Stream

from palaver.api.unplanned import NOT_PLANNED
from tests.contract.calls import CALLS, DUMMIES, NEEDED_TOO
from tests.contract.coverage import KNOWN, served, shape
from tests.contract.talk import official
from tests.contract.things import OFFLINE, Things, mcp
from tests.servers import Server

BY_NAME = {one.client: one for one in KNOWN if one.client}
_THERE = served()
ABSENT = [name for name, one in BY_NAME.items() if shape(one.row) not in _THERE]
_OURS = {"self", "extra_headers", "extra_query", "extra_body", "timeout"}


@pytest.fixture(scope="module")
def sdk(server: Server) -> Iterator[Letta]:
    """The official client; all that it is answered is held against the contract."""
    with official(server.url, []) as client:
        yield client


@pytest.fixture(scope="module")
def things(server: Server, mcp_url: str) -> Things:
    """One of each, in a conversation in which something was said."""
    http = server.http

    def made(path: str, body: Any = None, **query: Any) -> Any:
        return http.post(path, json=body, params=query).raise_for_status().json()

    block = made("/v1/blocks/", {"label": "notes", "value": "v", "description": "D", "tags": ["t"]})
    new = {"name": "Ada", "model": OFFLINE, "block_ids": [block["id"]], "tags": ["walk"]}
    agent = made("/v1/agents/", new)["id"]
    conversation = made("/v1/conversations/", agent_id=agent)["id"]
    said = {"input": "Hello", "streaming": False}
    answer = made(f"/v1/conversations/{conversation}/messages", said)
    message = answer["messages"][-1]
    source = 'def spare(text: str) -> str:\n    """Spare."""\n    return text\n'
    tool = http.put("/v1/tools/", json={"source_code": source}).raise_for_status().json()
    met = made("/v1/mcp-servers/", {"server_name": f"s{uuid4().hex}", "config": mcp(mcp_url)})
    offered = http.get(f"/v1/mcp-servers/{met['id']}/tools").json()
    return Things(
        http=http,
        mcp_url=mcp_url,
        mcp_server=met["id"],
        mcp_tool=next(one["id"] for one in offered if one["name"].endswith("add")),
        agent=agent,
        block=block["id"],
        conversation=conversation,
        message=message["id"],
        run=message["run_id"],
        step=message["step_id"],
        tool=tool["id"],
    )


def _method(client: Letta, name: str) -> Callable[..., Any]:
    found: Any = client
    for part in name.split("."):
        found = getattr(found, part)
    method: Callable[..., Any] = found
    return method


def _parameters(method: Callable[..., Any]) -> list[inspect.Parameter]:
    found = inspect.signature(method).parameters.values()
    return [one for one in found if one.name not in _OURS]


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
@pytest.mark.parametrize("name", CALLS)
def test_what_is_there_is_called_with_every_parameter(
    sdk: Letta, things: Things, name: str
) -> None:
    method = _method(sdk, name)
    calls = list(CALLS[name](things))
    given = {parameter for call in calls for parameter in call}
    assert {one.name for one in _parameters(method)} == given

    for call in calls:
        answer = method(**call)
        if isinstance(answer, Stream):
            kinds = [type(event).__name__ for event in answer]
            assert "LettaStopReason" in kinds


@pytest.mark.parametrize("name", ABSENT)
def test_what_is_not_there_is_called_too_and_refused(sdk: Letta, name: str) -> None:
    method = _method(sdk, name)
    needed = [one.name for one in _parameters(method) if one.default is inspect.Parameter.empty]
    needed += NEEDED_TOO.get(name, ())

    with pytest.raises(APIStatusError) as refused:
        answer = method(**{one: DUMMIES.get(one, "x") for one in needed})
        list(answer)

    if BY_NAME[name].row in NOT_PLANNED:
        assert refused.value.status_code == 501
    assert refused.value.status_code in (404, 405, 501)
