"""Compaction by the official clients: asked for, tried out, taken back."""

from typing import Any

import httpx2
import pytest
from letta_client import BadRequestError, ConflictError, Letta, NotFoundError

from tests.api.here import Json
from tests.contract.conftest import Say
from tests.contract.talk import Record
from tests.servers import Server

LONG = "[[words: 120]] Once more."
SHORT = {"prompt": "[[words: 8]]"}
MODES = ("all", "sliding_window", "self_compact_all", "self_compact_sliding_window")


def window(client: Letta, conversation: str) -> list[str]:
    """The ids of the messages in a conversation's window."""
    found = client.conversations.retrieve(conversation).in_context_message_ids
    assert found is not None
    return found


def history(client: Letta, conversation: str) -> list[str]:
    """The ids of all messages of a conversation, oldest first, each once."""
    listed = client.conversations.messages.list(conversation, order="asc", limit=200)
    return list(dict.fromkeys(one.id for one in listed))


@pytest.fixture
def long(say: Say, conversation: str) -> str:
    """A conversation in which a few long things were said."""
    for _ in range(4):
        say(conversation, LONG)
    return conversation


@pytest.mark.parametrize("mode", MODES)
def test_a_summary_stands_for_what_left_the_window(
    client: Letta, long: str, say: Say, mode: Any
) -> None:
    before = window(client, long)

    settings: Any = {"mode": mode, **SHORT}
    done = client.conversations.messages.compact(long, compaction_settings=settings)

    after = window(client, long)
    assert (done.num_messages_before, done.num_messages_after) == (len(before), len(after))
    assert len(done.summary.split()) == 8
    assert after[0] == before[0]
    assert after[2:] == before[-len(after[2:]) :]
    assert history(client, long) == [*before, after[1]]
    summary = client.conversations.messages.list(long, limit=1).items[0]
    assert summary.message_type == "summary_message"
    assert (summary.id, summary.summary) == (after[1], done.summary)
    stats = summary.compaction_stats
    assert stats and stats.context_tokens_after and stats.context_tokens_before
    assert (stats.trigger, stats.messages_count_after) == ("requested", len(after))
    assert stats.context_tokens_after < stats.context_tokens_before <= stats.context_window

    turn = say(long, "How many?")
    assert window(client, long)[: len(after)] == after
    assert f"can see: {len(after[2:]) // 2 + 1})" in turn.text


def test_a_dry_run_tells_more_and_changes_nothing(client: Letta, server: Server, long: str) -> None:
    before, told = window(client, long), history(client, long)

    path = f"/v1/conversations/{long}/compact"
    body: Any = {"compaction_settings": {"mode": "all", **SHORT}}
    tried = server.http.post(path, params={"dry_run": True}, json=body).raise_for_status().json()

    assert (window(client, long), history(client, long)) == (before, told)
    assert tried.pop("tokens_after") < tried.pop("tokens_before")
    assert tried.pop("dropped_message_ids") == before[1:-2]
    assert tried == client.conversations.messages.compact(long, **body).model_dump()


def test_a_compaction_is_undone_until_the_next(
    client: Letta, server: Server, long: str, say: Say
) -> None:
    settings: Any = {"mode": "all", **SHORT}
    before = window(client, long)
    client.conversations.messages.compact(long, compaction_settings=settings)
    compacted = window(client, long)
    say(long, LONG)
    later = window(client, long)[len(compacted) :]

    undone = _undo(server, long)

    assert window(client, long) == [*before, *later]
    assert undone == {
        "num_messages_before": len(compacted) + 2,
        "num_messages_after": len(before) + 2,
    }
    with pytest.raises(ConflictError, match="no compaction"):
        _raise(client, long)
    client.conversations.messages.compact(long, compaction_settings=settings)
    once = window(client, long)
    for _ in range(3):
        say(long, LONG)
    client.conversations.messages.compact(long, compaction_settings=settings)
    _undo(server, long)
    assert window(client, long)[: len(once)] == once
    assert "can see: 5)" in say(long, "How many?").text


def test_what_cannot_be_better_changes_nothing(client: Letta, long: str, conversation: str) -> None:
    before = window(client, long), history(client, long)

    for prompt, complaint in (("[[empty]]", "empty"), ("[[words: 9000]]", "longer")):
        settings: Any = {"mode": "all", "prompt": prompt}
        with pytest.raises(BadRequestError, match=f"COMPACTION_FAILED.*{complaint}"):
            client.conversations.messages.compact(long, compaction_settings=settings)

    assert (window(client, long), history(client, long)) == before
    fresh = client.conversations.create(agent_id=client.conversations.retrieve(long).agent_id)
    with pytest.raises(BadRequestError, match="nothing to compact"):
        client.conversations.messages.compact(fresh.id)
    assert conversation == long


def test_the_default_conversation_is_summarized_by_its_agent(
    client: Letta, server: Server, agent: str, say: Say
) -> None:
    nothing = server.http.post(f"/v1/agents/{agent}/summarize").raise_for_status().json()
    assert nothing == {"summary": None, "num_messages_before": 1, "num_messages_after": 1}
    for _ in range(3):
        say("default", LONG, agent_id=agent)

    settings: Any = {"mode": "all", **SHORT}
    done = client.agents.messages.compact(agent, compaction_settings=settings)
    again = client.agents.messages.compact(agent)

    assert (done.num_messages_before, done.num_messages_after) == (7, 4)
    assert (again.num_messages_before, again.num_messages_after) == (4, 4)
    assert again.summary == done.summary
    assert _undo(server, "default", agent_id=agent)["num_messages_after"] == 7
    other = client.conversations.messages.compact("default", agent_id=agent, **_asking(settings))
    assert other.num_messages_after == 4


def test_a_pause_outlives_a_compaction(client: Letta, agent: str, long: str, say: Say) -> None:
    tools = [{"name": "look", "description": "Look.", "parameters": {"type": "object"}}]
    asked = say(long, '[[call: look {"at": "sea"}]]', client_tools=tools)
    assert asked.stop == "requires_approval"
    (request,) = asked.of("approval_request_message")
    call = request["tool_call"]["tool_call_id"]

    settings: Any = {"mode": "all", **SHORT}
    client.conversations.messages.compact(long, compaction_settings=settings)

    assert request["id"] == window(client, long)[-1]
    with pytest.raises(ConflictError, match="waiting for approval"):
        say(long, "Well?")
    returned = {"type": "tool", "tool_call_id": call, "status": "success", "tool_return": "waves"}
    turn = say(long, messages=[{"type": "approval", "approvals": [returned]}], client_tools=tools)
    assert "waves" in turn.text


def test_a_fork_takes_the_summary_along(
    client: Letta, server: Server, long: str, say: Say, records: list[Record]
) -> None:
    settings: Any = {"mode": "sliding_window", **SHORT}
    client.conversations.messages.compact(long, compaction_settings=settings)
    system, summary, *kept = window(client, long)

    whole = client.conversations.fork(long).id
    assert window(client, whole)[1:] == [summary, *kept]
    cut = client.conversations.fork(long, message_id=kept[1]).id
    _, other, *rest = window(client, cut)
    assert rest == kept[:2]
    assert _summary(client, other) == _summary(client, summary)
    say(cut, "Go on.")
    _undo(server, long)
    records.clear()  # nobody reads what is deleted
    client.conversations.delete(long)
    assert window(client, whole)[1:] == [summary, *kept]
    assert window(client, cut)[1:4] == [other, *rest]
    assert system not in window(client, cut)
    with pytest.raises(ConflictError):
        _raise(client, whole)


@pytest.fixture
def filling(client: Letta) -> str:
    """A conversation whose window is full after a few turns."""
    settings: Any = {"mode": "all", "prompt": "[[words: 8]]"}
    agent = client.agents.create(
        model="palaver/offline",
        system="Be brief.",
        include_base_tools=False,
        context_window_limit=4_000,
        compaction_settings=settings,
    )
    return client.conversations.create(agent_id=agent.id, context_window_limit=1_000).id


@pytest.mark.parametrize("tokens", [True, False])
def test_a_turn_that_compacts_itself_tells_it_if_asked(
    client: Letta, filling: str, say: Say, tokens: bool
) -> None:
    while True:
        before = window(client, filling)
        options = {"include_compaction_messages": True, "stream_tokens": tokens}
        turn = say(filling, f"{LONG} [[think: well]]", **options)
        if turn.of("event_message"):
            break
        assert len(before) < 30

    assert turn.kinds == [
        "ping",
        "event_message",
        "summary_message",
        "reasoning_message",
        "assistant_message",
        "stop_reason",
        "usage_statistics",
    ]
    (event,), (summary,) = turn.of("event_message"), turn.of("summary_message")
    stats = summary["compaction_stats"]
    assert event["event_type"] == "compaction"
    assert event["event_data"] == {
        "trigger": "post_step_context_check",
        "context_token_estimate": stats["context_tokens_before"],
        "context_window": 1_000,
    }
    assert stats["trigger"] == "post_step_context_check"
    assert stats["context_tokens_after"] < 900 < stats["context_tokens_before"]
    after = window(client, filling)
    assert after[:2] == [before[0], summary["id"]]
    assert stats["messages_count_before"] == len(before) + 1
    assert stats["messages_count_after"] == len(after) - 1  # the answer came later
    listed = client.conversations.messages.list(filling, order="asc", limit=200)
    system = listed.items[0]
    assert system.message_type == "system_message"
    assert f"{len(before)} previous messages" in system.content
    run = client.runs.messages.list(turn.run_id)
    assert "summary_message" in [one.message_type for one in run]


def test_a_turn_that_compacts_itself_keeps_it_to_itself(
    client: Letta, server: Server, filling: str, say: Say
) -> None:
    turns = [say(filling, LONG) for _ in range(8)]

    assert {kind for turn in turns for kind in turn.kinds} == {
        "ping",
        "assistant_message",
        "stop_reason",
        "usage_statistics",
    }
    assert len(window(client, filling)) < 12
    assert len(history(client, filling)) > 17
    system = client.conversations.messages.list(filling, order="asc", limit=1).items[0]
    _undo(server, filling)
    before = client.conversations.messages.list(filling, order="asc", limit=1).items[0]
    assert system.message_type == before.message_type == "system_message"
    assert system.content != before.content


def test_an_answer_that_is_not_streamed_tells_it_too(
    http: httpx2.Client, filling: str, say: Say
) -> None:
    path = f"/v1/conversations/{filling}/messages"
    body = {"input": LONG, "streaming": False, "include_compaction_messages": True}
    for _ in range(8):
        kinds = [one["message_type"] for one in http.post(path, json=body).json()["messages"]]
        if len(kinds) > 1:
            break
    assert kinds == ["event_message", "summary_message", "assistant_message"]


def test_a_running_conversation_is_not_compacted(client: Letta, long: str) -> None:
    stream = client.conversations.messages.create(
        long, input="[[pace: 200]] [[words: 500]]", stream_tokens=True, background=True
    )
    next(iter(stream))
    with pytest.raises(ConflictError, match="currently being processed"):
        client.conversations.messages.compact(long)
    with pytest.raises(ConflictError, match="currently being processed"):
        _raise(client, long)
    client.conversations.cancel(long)
    for _ in stream:
        pass


@pytest.mark.parametrize(
    "settings", [{"mode": "none"}, {"sliding_window_percentage": 2}, {"clip_chars": 0}]
)
def test_settings_that_mean_nothing_are_refused(
    http: httpx2.Client, conversation: str, settings: Json
) -> None:
    path = f"/v1/conversations/{conversation}/compact"
    assert http.post(path, json={"compaction_settings": settings}).status_code == 422


def test_an_unknown_conversation_is_not_found(client: Letta) -> None:
    nobody = "conv-00000000-0000-4000-8000-000000000000"
    with pytest.raises(NotFoundError):
        client.conversations.messages.compact(nobody)
    with pytest.raises(NotFoundError):
        _raise(client, nobody)


def _summary(client: Letta, message: str) -> str:
    (shown,) = client.messages.retrieve(message)
    assert shown.message_type == "summary_message"
    return shown.summary


def _asking(settings: Any) -> dict[str, Any]:
    return {"compaction_settings": settings}


def _undo(server: Server, conversation: str, **params: str) -> Json:
    path = f"/v1/conversations/{conversation}/compact/undo"
    undone: Json = server.http.post(path, params=params).raise_for_status().json()
    return undone


def _raise(client: Letta, conversation: str) -> None:
    """Undo by the client, which raises what it is answered."""
    client.post(f"/v1/conversations/{conversation}/compact/undo", cast_to=object)
