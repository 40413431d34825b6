"""The tools that agents have, by the official clients."""

import httpx2
import pytest
from letta_client import BadRequestError, Letta, NotFoundError

from tests.contract.talk import paged
from tests.contract.test_tools import fresh

OFFLINE = "palaver/offline"
NAMES = ["memory_insert", "memory_replace", "memory_rethink", "core_memory_append"]


@pytest.fixture
def own(client: Letta) -> dict[str, str]:
    """The ids of some built-in tools, by name."""
    found = client.tools.list(names=NAMES, order="asc")
    return {str(one.name): one.id for one in found}


def held(client: Letta, agent: str) -> list[str]:
    """The ids of an agent's tools, in its order."""
    return [one.id for one in client.agents.retrieve(agent, include=["agent.tools"]).tools]


def test_tools_are_attached_and_detached(
    client: Letta, http: httpx2.Client, agent: str, own: dict[str, str]
) -> None:
    first, second = own["memory_replace"], own["memory_insert"]

    client.agents.tools.attach(first, agent_id=agent)
    client.agents.tools.attach(second, agent_id=agent)
    again = http.patch(f"/v1/agents/{agent}/tools/attach/{first}")

    assert again.text == "null"
    assert held(client, agent) == [first, second]
    assert http.patch(f"/v1/agents/{agent}/tools/detach/{first}").text == "null"
    assert held(client, agent) == [second]
    with pytest.raises(NotFoundError, match="of this agent"):
        client.agents.tools.detach(first, agent_id=agent)


def test_pages_of_an_agents_tools_tile(client: Letta, own: dict[str, str]) -> None:
    ids = sorted(own.values())
    agent = client.agents.create(model=OFFLINE, include_base_tools=False, tool_ids=ids).id

    up = paged(lambda limit: client.agents.tools.list(agent, limit=limit, order="asc"))
    down = paged(lambda limit: client.agents.tools.list(agent, limit=limit))

    assert up == [ids] * 3
    assert down == [ids[::-1]] * 3
    one_on = client.agents.tools.list(agent, after=ids[0], order="asc", order_by="created_at")
    assert [one.id for one in one_on] == ids[1:]


def test_an_agent_without_tools_lists_none(client: Letta, agent: str) -> None:
    assert list(client.agents.tools.list(agent)) == []


def test_agents_are_made_and_changed_with_tools(client: Letta, own: dict[str, str]) -> None:
    insert, _, rethink, append = (own[name] for name in NAMES)

    made = client.agents.create(
        model=OFFLINE,
        include_base_tools=False,
        tools=["memory_rethink"],
        tool_ids=[append, insert, rethink],
    )
    changed = client.agents.update(made.id, tool_ids=[rethink, rethink])

    assert [one.id for one in made.tools] == [rethink, append, insert]
    assert [one.id for one in changed.tools] == [rethink]


def test_a_tool_of_an_agent_is_run_for_whoever_asks(client: Letta, own: dict[str, str]) -> None:
    agent = client.agents.create(
        model=OFFLINE,
        include_base_tools=False,
        tool_ids=[own["memory_insert"]],
        memory_blocks=[{"label": "human", "value": "A."}],
    ).id

    done = client.agents.tools.run(
        "memory_insert", agent_id=agent, args={"label": "human", "new_string": "B."}
    )
    refused = client.agents.tools.run("memory_insert", agent_id=agent, args={"label": "nobody"})

    assert done.status == "success"
    assert "A.\nB." in str(done.func_return)
    assert client.agents.blocks.retrieve("human", agent_id=agent).value == "A.\nB."
    assert (refused.status, refused.func_return) == ("error", None)
    assert refused.stderr == ["There is no memory block `nobody`."]
    with pytest.raises(NotFoundError, match="has to be one of this agent's"):
        client.agents.tools.run("memory_replace", agent_id=agent)


def test_tools_of_the_web_are_absent_and_say_so(client: Letta) -> None:
    with pytest.raises(BadRequestError, match=r"not found by name: web_search.*not configured"):
        client.agents.create(model=OFFLINE, tools=["web_search", "memory_insert"])


def test_tools_that_there_are_not_are_named(client: Letta) -> None:
    with pytest.raises(BadRequestError, match="Tools not found by name: no_such, nor_this"):
        client.agents.create(model=OFFLINE, tools=["no_such", "memory_insert", "nor_this"])


def test_a_tool_that_cannot_be_run_here_is_not_attached(client: Letta, agent: str) -> None:
    script = client.tools.create(
        source_code="export const f = 1",
        source_type="typescript",
        json_schema={"name": fresh()},
    )

    with pytest.raises(BadRequestError, match="does not run"):
        client.agents.tools.attach(script.id, agent_id=agent)
    with pytest.raises(BadRequestError, match="does not run"):
        client.agents.update(agent, tool_ids=[script.id])
    with pytest.raises(BadRequestError, match="does not run"):
        client.agents.create(model=OFFLINE, tools=[str(script.name)])
    assert held(client, agent) == []
