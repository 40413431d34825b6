"""What was brought over from V1 goes on here: histories, windows, pauses, forks, memory."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.api.here import Client, serving
from tests.databases import Databases
from tests.v1.conftest import Json, Old, bring

HARBOUR = "agent-06000000-0000-4000-8000-000000000001"
LIGHTHOUSE = "agent-07000000-0000-4000-8000-000000000001"
ORCHARD = "agent-11000000-0000-4000-8000-000000000001"
FORGE = "agent-14000000-0000-4000-8000-000000000001"
MILL = "agent-16000000-0000-4000-8000-000000000001"
COMPACTED, FORK, WAITING = (f"conv-16000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))

OFFLINE = {"override_model": "palaver/offline"}
REEDS = """
INSERT INTO agents
    (id, name, system, agent_type, llm_config, organization_id, message_ids, created_at)
SELECT 'agent-20000000-0000-4000-8000-0000000' || 20000 - n, 'Reed ' || n, 'You bend.',
    'letta_v1_agent', '{"handle": "palaver/offline", "model": "offline"}',
    'org-00000000-0000-4000-8000-000000000000', '[]', timestamptz '2025-05-01' + n * interval '1 h'
FROM generate_series(1, 5) AS n;
INSERT INTO agents_tags SELECT id, 'reed' FROM agents WHERE name LIKE 'Reed%';
INSERT INTO block (id, label, value, "limit", is_template, organization_id, created_at)
SELECT 'block' || substr(id, 6), 'reed', name, 99, false, organization_id, created_at
FROM agents WHERE name LIKE 'Reed%';
INSERT INTO conversations (id, agent_id, summary, organization_id, created_at)
SELECT 'conv' || substr(id, 6), 'agent-20000000-0000-4000-8000-000000019999', name,
    organization_id, created_at
FROM agents WHERE name LIKE 'Reed%';
"""


def message(n: int) -> str:
    """The id of a message of the mill."""
    return f"message-16000000-0000-4000-8000-000000000{n}"


@pytest.fixture(scope="module")
def url(old: Old, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database into which the newest V1 was brought over."""
    home: Path = tmp_path_factory.mktemp("home")
    with old("0_16", REEDS) as source, databases.fresh() as url:
        bring(home, url, source)
        yield url


@pytest.fixture(scope="module")
async def client(url: str) -> AsyncIterator[Client]:
    """A client of a server on it, which knows the offline model alone."""
    async with serving(url) as client:
        yield client


def kinds(history: list[Json]) -> list[str]:
    """What kinds of messages a history has."""
    return [one["message_type"].removesuffix("_message") for one in history]


async def test_a_history_is_told_in_the_order_in_which_it_was_said(client: Client) -> None:
    history = await client.history(COMPACTED)

    assert [one["id"] for one in history] == [
        message(n) for n in (201, 202, 203, 204, 205, 205, 205, 206, 207, 208)
    ]
    assert [one.get("content") for one in history][:4] == [
        "You grind corn. (1)", "Rye, please.", "Rye it is.", "And wheat?",
    ]  # fmt: skip
    returns = {one["tool_call_id"]: one["status"] for one in history[7]["tool_returns"]}
    assert returns == {"call-a": "success", "call-b": "error"}
    assert history[8]["summary"] == "They want rye and wheat."
    assert history[8]["compaction_stats"]["messages_count_before"] == 7


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_its_pages_tile(client: Client, order: str) -> None:
    path = f"/v1/conversations/{COMPACTED}/messages"
    whole = [one["otid"] for one in await client.get(path, order=order, limit=1000)]

    found, page = [], await client.get(path, order=order, limit=3)
    while page:
        found += [one["otid"] for one in page]
        page = await client.get(path, order=order, limit=3, after=page[-1]["id"])

    assert found == whole


async def test_a_window_that_begins_with_a_summary_stays_so(client: Client) -> None:
    before = (await client.get(f"/v1/conversations/{COMPACTED}"))["in_context_message_ids"]
    heard = await client.send(COMPACTED, "Is the rest done?")
    after = (await client.get(f"/v1/conversations/{COMPACTED}"))["in_context_message_ids"]

    assert before == [message(n) for n in (201, 207, 205, 206, 208)]
    assert heard.stop == "end_turn"
    assert (after[:5], len(after)) == (before, 7)
    assert kinds(await client.history(COMPACTED))[-2:] == ["user", "assistant"]


async def test_a_fork_shares_what_it_was_forked_with(client: Client) -> None:
    told = await client.get(f"/v1/conversations/{FORK}")
    assert told["in_context_message_ids"] == [message(n) for n in (301, 207, 205, 206, 302)]

    refused = await client.ask("POST", f"/v1/conversations/{FORK}/messages", {"input": "And?"})
    heard = await client.send(FORK, "And barley?", **OFFLINE)

    assert "OPENAI_API_KEY" in refused.text  # whose model it has
    assert heard.stop == "end_turn"


async def test_a_call_that_waited_may_be_approved_of(client: Client) -> None:
    pending = (await client.history(WAITING))[-1]
    assert pending["message_type"] == "approval_request_message"
    assert [one["name"] for one in pending["tool_calls"]] == ["open_sluice"]
    path = f"/v1/conversations/{WAITING}/messages"
    busy = await client.ask("POST", path, {"input": "Well?", "streaming": False})
    verdict = {"type": "approval", "tool_call_id": "call-open", "approve": True}

    heard = await client.send(WAITING, "", messages=[{"type": "approval", "approvals": [verdict]}])

    assert busy.status_code == 409
    assert heard.stop == "end_turn"
    (back,) = (one for one in heard.messages if one["message_type"] == "tool_return_message")
    assert {one["tool_call_id"] for one in back["tool_returns"]} == {"call-open", "call-look"}


async def test_a_call_that_waited_may_be_passed_over(client: Client) -> None:
    heard = await client.send(
        "default", "Never mind.", agent_id=ORCHARD, on_pending="deny", **OFFLINE
    )

    assert heard.stop == "end_turn"


async def test_what_older_agents_thought_is_not_what_they_said(client: Client) -> None:
    history = await client.get(f"/v1/agents/{HARBOUR}/messages", order="asc", limit=100)

    assert kinds(history) == [
        "system", "user", "reasoning", "tool_call", "tool_return", "reasoning", "assistant",
        "summary",
    ]  # fmt: skip
    assert [history[1]["content"], history[6]["content"]] == ["Ahoy!", "The water is 4.2 m high."]
    assert history[4]["tool_return"] == "4.2 m"


async def test_steps_of_which_only_numbers_tell_the_order(client: Client) -> None:
    history = await client.get(f"/v1/agents/{LIGHTHOUSE}/messages", order="asc", limit=100)

    assert kinds(history) == [
        "system", "user", "reasoning", "tool_call", "tool_return", "reasoning", "assistant",
    ]  # fmt: skip
    assert (history[1]["content"], history[1]["otid"]) == (
        "Is there fog?", "07000000-0000-4000-8000-000000000082",
    )  # fmt: skip
    assert (history[4]["status"], history[4]["tool_return"]) == (
        "error", "Error: nothing to be seen",
    )  # fmt: skip
    assert history[6]["content"] == "Thick fog."


async def test_calls_that_were_answered_one_by_one(client: Client) -> None:
    history = await client.get(f"/v1/agents/{FORGE}/messages", order="asc", limit=100)

    assert kinds(history) == [
        "system", "user", "reasoning", "assistant", "approval_request", "approval_response",
        "tool_return", "assistant", "summary",
    ]  # fmt: skip
    verdicts = {one["tool_call_id"]: one["approve"] for one in history[5]["approvals"]}
    assert verdicts == {"call-heat": True, "call-quench": False}
    returns = {one["tool_call_id"]: one["status"] for one in history[6]["tool_returns"]}
    assert returns == {"call-heat": "success", "call-quench": "error"}
    assert history[8]["summary"] == "They heat iron."
    heard = await client.send("default", "Go on.", agent_id=FORGE)
    assert heard.stop == "end_turn"


async def test_agents_have_what_they_had(client: Client) -> None:
    include = ["agent.blocks", "agent.tools", "agent.tags", "agent.secrets"]
    harbour = await client.get(f"/v1/agents/{HARBOUR}", include=include)
    orchard = await client.get(f"/v1/agents/{ORCHARD}", include=include)

    assert {one["label"]: one["value"] for one in harbour["blocks"]} == {
        "persona": "I am calm.", "human": "They sail.", "soil": "Loam.",
    }  # fmt: skip
    assert {one["name"] for one in harbour["tools"]} == {"send_message", "tide"}
    assert (harbour["tags"], harbour["metadata"]) == (["sea"], {"berth": 7})
    assert (harbour["model"], orchard["model"]) == ("openai/gpt-4o-mini", "anthropic/palaver-test")
    assert [one["key"] for one in orchard["secrets"]] == ["WELL_KEY"]
    grower = await client.get("/v1/identities/identity-11000000-0000-4000-8000-000000000001")
    assert grower["identifier_key"] == "grower"
    assert {ORCHARD, HARBOUR} <= {*grower["agent_ids"]}
    assert grower["block_ids"] == ["block-11000000-0000-4000-8000-000000000001"]
    texts = {one["text"] for one in await client.get(f"/v1/agents/{HARBOUR}/archival-memory")}
    assert texts == {"Springs follow the full moon.", "Boskoop keeps until March."}


async def test_what_was_said_is_found(client: Client) -> None:
    found = await client.post("/v1/messages/search", {"query": "wheat", "agent_id": MILL})

    assert {one["message_id"] for one in found} >= {message(204)}


async def test_lists_are_in_the_order_in_which_things_were_created(client: Client) -> None:
    reeds = [f"Reed {n}" for n in range(1, 6)]
    of = "agent-20000000-0000-4000-8000-000000019999"
    await client.agent(name="Newer", tags=["reed"])
    await client.conversation(of, summary="Newer")

    asc = await client.get("/v1/agents/", tags="reed", order="asc")
    desc = await client.get("/v1/agents/", tags="reed", limit=2)
    talks = await client.get("/v1/conversations/", agent_id=of, order="asc")
    some = await client.get("/v1/conversations/", agent_id=of, order="asc", after=talks[2]["id"])
    blocks = await client.get("/v1/blocks/", label="reed", order="asc")

    assert [one["name"] for one in asc] == [*reeds, "Newer"]
    assert [one["name"] for one in desc] == ["Newer", "Reed 5"]
    assert [one["summary"] for one in talks] == [*reeds, "Newer"]
    assert some == talks[3:]
    assert [one["value"] for one in blocks] == reeds
