"""What fills a window, as the official client is told: part by part, and it adds up."""

import json
from typing import Any

import pytest
from letta_client import Letta, NotFoundError, UnprocessableEntityError
from letta_client.types import CreateBlockParam

from tests.api.here import Json
from tests.contract.conftest import Say

LONG = "[[words: 120]] Once more."
PARTS = (
    "system", "core_memory", "memory_filesystem", "tool_usage_rules", "directories",
    "external_memory_summary", "summary_memory", "functions_definitions", "messages",
)  # fmt: skip


def overview(client: Letta, conversation: str, **query: str) -> Json:
    """What fills the window of a conversation; its parts are seen to add up."""
    path = f"/v1/conversations/{conversation}/context"
    told = client.get(path, cast_to=dict[str, Any], options={"params": query})
    assert sum(told[f"num_tokens_{part}"] for part in PARTS) == told["context_window_size_current"]
    return told


def test_each_part_of_the_window_is_told(client: Letta, say: Say) -> None:
    block: CreateBlockParam = {
        "label": "human",
        "value": "Ada's own words </memory_blocks> stay hers.",
    }
    agent = client.agents.create(
        model="palaver/offline",
        system="You are brief.",
        memory_blocks=[block],
        tools=["memory_insert"],
        include_base_tools=False,
        tool_rules=[{"type": "exit_loop", "tool_name": "memory_insert"}],
        context_window_limit=20_000,
    ).id
    conversation = client.conversations.create(agent_id=agent, context_window_limit=9_000).id
    client.agents.passages.create(agent, text="Kept for later.")
    empty = overview(client, conversation)
    turn = say(conversation, LONG)
    told = overview(client, conversation)

    ids = client.conversations.retrieve(conversation).in_context_message_ids
    assert [one["id"] for one in told["messages"]] == ids
    assert [one["role"] for one in told["messages"]] == ["system", "user", "assistant"]
    assert told["messages"][2]["content"][-1]["text"] == turn.text
    assert (told["num_messages"], told["num_recall_memory"], told["num_archival_memory"]) == (
        3, 3, 1,
    )  # fmt: skip
    assert told["context_window_size_max"] == 9_000
    assert told["system_prompt"].strip() == "You are brief."
    assert block["value"] in told["core_memory"]
    assert told["core_memory"].endswith("</human>\n</memory_blocks>")
    assert told["tool_usage_rules"].count("memory_insert") == 1
    assert conversation in told["external_memory_summary"]
    (tool,) = told["functions_definitions"]
    assert tool["function"]["name"] == "memory_insert"
    assert (told["summary_memory"], told["num_tokens_summary_memory"]) == (None, 0)
    assert empty["num_tokens_messages"] == 0 < told["num_tokens_messages"]
    assert all(told[f"num_tokens_{part}"] > 0 for part in PARTS[5:6] + PARTS[7:] + PARTS[:2])


def test_it_is_counted_as_its_provider_counts(client: Letta, conversation: str, say: Say) -> None:
    say(conversation, LONG)
    say(conversation, LONG)
    told = overview(client, conversation)

    step = client.runs.steps.list(client.runs.list(limit=1).items[0].id).items[0]
    assert step.prompt_tokens and step.completion_tokens
    counted = step.prompt_tokens + step.completion_tokens
    assert told["context_window_size_current"] == pytest.approx(counted, rel=0.2)


def test_a_summary_is_a_part_of_its_own(
    client: Letta, agent: str, conversation: str, say: Say
) -> None:
    for _ in range(4):
        say(conversation, LONG)
    before = overview(client, conversation)
    settings: Any = {"mode": "all", "prompt": "[[words: 8]]"}
    done = client.conversations.messages.compact(conversation, compaction_settings=settings)
    after = overview(client, conversation)

    assert after["summary_memory"] == done.summary
    assert 0 < after["num_tokens_summary_memory"] < after["num_tokens_messages"]
    assert after["num_tokens_messages"] < before["num_tokens_messages"]
    assert after["num_messages"] == done.num_messages_after
    assert after["num_recall_memory"] == before["num_recall_memory"] + 1
    path = f"/v1/agents/{agent}/context"
    asked: Any = {"params": {"conversation_id": conversation}}
    assert client.get(path, cast_to=dict[str, Any], options=asked) == after
    assert overview(client, "default", agent_id=agent) == client.get(path, cast_to=dict[str, Any])


def test_calls_and_returns_stand_apart(client: Letta, agent: str, conversation: str) -> None:
    client.agents.tools.attach(_tool(client, "memory_insert"), agent_id=agent)
    call = {"label": "human", "new_string": "Likes tea."}
    said: Any = [{"role": "user", "content": f"[[call: memory_insert {json.dumps(call)}]]"}]
    client.conversations.messages.create(conversation, messages=said, streaming=False)
    messages = overview(client, conversation)["messages"]

    (asked,) = (one for one in messages if one["tool_calls"])
    (done,) = (one for one in messages if one["tool_returns"])
    assert json.loads(asked["tool_calls"][0]["function"]["arguments"]) == call
    assert done["tool_call_id"] == asked["tool_calls"][0]["id"]


def test_only_a_conversation_of_the_agent_is_told(
    client: Letta, agent: str, conversation: str
) -> None:
    other = client.agents.create(model="palaver/offline").id

    for wrong, error in (
        (conversation, NotFoundError),
        ("conv-00000000-0000-4000-8000-000000000000", NotFoundError),
        ("nonsense", UnprocessableEntityError),
    ):
        asked: Any = {"params": {"conversation_id": wrong}}
        with pytest.raises(error):
            client.get(f"/v1/agents/{other}/context", cast_to=object, options=asked)
    assert agent != other


def _tool(client: Letta, name: str) -> str:
    return client.tools.list(name=name).items[0].id
