"""Calls that wait for the client, through the official clients: every flow, held to law 1."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from letta_client import BadRequestError, ConflictError, Letta

from tests.contract.conftest import Say
from tests.contract.fields import check
from tests.contract.talk import Turn
from tests.fakes.provider import FakeProvider
from tests.servers import asking, serve

Ids = list[str]

ASK: dict[str, Any] = {
    "name": "ask",
    "description": "Asks the client.",
    "parameters": {"type": "object", "properties": {}},
}
EDIT = '[[call: memory_insert {"label": "human", "new_string": "tea"}]]'


@pytest.fixture(params=["tokens", "steps", "background"])
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """How the answers are wanted."""
    ways: dict[str, dict[str, Any]] = {
        "tokens": {"stream_tokens": True},
        "steps": {},
        "background": {"stream_tokens": True, "background": True},
    }
    return ways[request.param]


def ids_of(turn: Turn) -> Ids:
    """The ids of the calls that a turn asks for."""
    assert turn.stop == "requires_approval"
    (request,) = [m for m in turn.messages if m.message_type == "approval_request_message"]
    assert isinstance(request.tool_calls, list)
    return [str(call.tool_call_id) for call in request.tool_calls]


def returns(*ids: str, text: Any = "fine") -> dict[str, Any]:
    """What calls came to, as a message."""
    each = [
        {"type": "tool", "tool_call_id": one, "tool_return": text, "status": "success"}
        for one in ids
    ]
    return {"type": "approval", "approvals": each}


def verdicts(*ids: str, approve: bool, reason: str | None = None) -> dict[str, Any]:
    """A yes or no to calls, as a message."""
    each = [
        {"type": "approval", "tool_call_id": one, "approve": approve, "reason": reason}
        for one in ids
    ]
    return {"type": "approval", "approvals": each}


@pytest.fixture
def gated(client: Letta) -> str:
    """A conversation with an agent whose memory is edited only with a yes."""
    agent = client.agents.create(
        model="palaver/offline", memory_blocks=[{"label": "human", "value": "none"}]
    )
    client.agents.tools.update_approval(
        "memory_insert", agent_id=agent.id, body_requires_approval=True
    )
    return client.conversations.create(agent_id=agent.id).id


def memory_of(client: Letta, conversation: str) -> str:
    """What the agent of a conversation remembers."""
    agent = client.conversations.retrieve(conversation).agent_id
    return client.agents.blocks.retrieve("human", agent_id=agent).value


def test_one_call_and_then_several(say: Say, conversation: str, options: dict[str, Any]) -> None:
    (one,) = ids_of(say(conversation, "[[call: ask]]", client_tools=[ASK], **options))
    turn = say(conversation, messages=[returns(one, text="rain")], **options)
    assert (turn.text, turn.stop) == ("The tool ask returned: rain", "end_turn")

    text = "[[call: ask]] [[call: ask]] [[call: ask]]"
    three = ids_of(say(conversation, text, client_tools=[ASK], **options))
    turn = say(conversation, messages=[returns(*reversed(three))], **options)
    assert (len(three), turn.stop) == (3, "end_turn")


def test_calls_of_both_sides_in_one_step(
    client: Letta, say: Say, gated: str, options: dict[str, Any]
) -> None:
    text = f"[[call: ask]] {EDIT} [[call: nobody]]"
    asked = say(gated, text, client_tools=[ASK], **options)
    assert {"approval_request_message", "tool_call_message"} <= set(asked.kinds)
    theirs, ours = ids_of(asked)
    answers = [*returns(theirs)["approvals"], *verdicts(ours, approve=True)["approvals"]]

    turn = say(gated, messages=[{"type": "approval", "approvals": answers}], **options)

    (back,) = turn.of("tool_return_message")
    assert [one["status"] for one in back["tool_returns"]] == ["success", "success", "error"]
    assert memory_of(client, gated) == "none\ntea"


def test_denied_with_a_reason_and_without(
    client: Letta, say: Say, gated: str, options: dict[str, Any]
) -> None:
    for reason in (None, "not today"):
        (one,) = ids_of(say(gated, EDIT, **options))
        turn = say(gated, messages=[verdicts(one, approve=False, reason=reason)], **options)
        (back,) = turn.of("tool_return_message")
        assert back["tool_return"].startswith("Error: request to call tool denied. User reason: ")
        assert (reason or "") in back["tool_return"]
    assert memory_of(client, gated) == "none"


@pytest.mark.parametrize("streaming", [True, False])
def test_what_fits_nothing_is_refused_before_any_stream(
    client: Letta, say: Say, conversation: str, streaming: bool
) -> None:
    send: Callable[..., Any] = client.conversations.messages.create
    (one,) = ids_of(say(conversation, "[[call: ask]]", client_tools=[ASK]))

    with pytest.raises(ConflictError) as refused:
        send(conversation, input="Hi", streaming=streaming)
    assert "waiting for approval" in str(refused.value)
    assert "Please approve or deny the pending request before continuing" in str(refused.value)
    for wrong in (returns("other"), returns(one, "other"), returns()):
        with pytest.raises(BadRequestError, match="Invalid tool call IDs"):
            send(conversation, messages=[wrong], streaming=streaming)
    say(conversation, messages=[returns(one)])
    with pytest.raises(BadRequestError, match="No tool call is currently awaiting approval"):
        send(conversation, messages=[returns("other")], streaming=streaming)


def test_an_answer_is_repeated_without_harm(
    client: Letta, say: Say, conversation: str, options: dict[str, Any]
) -> None:
    (one,) = ids_of(say(conversation, "[[call: ask]]", client_tools=[ASK], **options))

    first, again = [say(conversation, messages=[returns(one)], **options) for _ in range(2)]

    assert first.run_id == again.run_id
    kinds = [one.message_type for one in client.conversations.messages.list(conversation)]
    assert kinds.count("approval_response_message") == 1


def test_a_command_line_answers_and_speaks_in_one_request(say: Say, conversation: str) -> None:
    user = {"role": "user", "content": "[[call: ask]]", "otid": "cli-1"}
    tools = {"client_tools": [ASK], "background": True, "stream_tokens": True}
    (one,) = ids_of(say(conversation, messages=[user], **tools))
    stale = {**verdicts(one, approve=False, reason="stale"), "otid": "cli-2"}
    more = {"role": "user", "content": "again", "otid": "cli-3"}

    turn = say(conversation, messages=[stale, more], **tools)
    again = say(conversation, messages=[stale, more], **tools)

    assert turn.kinds[:2] == ["ping", "tool_return_message"]
    assert "You said: again" in turn.text
    assert again.run_id == turn.run_id


def test_a_cancel_clears_what_waits(client: Letta, say: Say, conversation: str) -> None:
    asked = say(conversation, "[[call: ask]]", client_tools=[ASK])

    assert client.conversations.cancel(conversation) == {asked.run_id: "cancelled"}

    assert say(conversation, "Hello").stop == "end_turn"


@pytest.mark.parametrize("approve", [True, False])
def test_a_call_can_be_answered_whose_tool_has_vanished(
    client: Letta, say: Say, gated: str, approve: bool
) -> None:
    (one,) = ids_of(say(gated, EDIT))
    agent = client.conversations.retrieve(gated).agent_id
    (tool,) = [one for one in client.agents.tools.list(agent) if one.name == "memory_insert"]
    client.agents.tools.detach(tool.id, agent_id=agent)
    with pytest.raises(ConflictError):
        client.conversations.messages.create(gated, input="Hi")

    turn = say(gated, messages=[verdicts(one, approve=approve)])

    (back,) = turn.of("tool_return_message")
    assert (back["status"], turn.stop) == ("error", "end_turn")
    assert say(gated, "Hi").stop == "end_turn"
    assert memory_of(client, gated) == "none"


def test_a_fork_waits_by_itself(client: Letta, say: Say, conversation: str) -> None:
    (one,) = ids_of(say(conversation, "[[call: ask]]", client_tools=[ASK]))
    fork = client.conversations.fork(conversation).id

    for each in (fork, conversation):
        turn = say(each, messages=[returns(one, text=each)])
        assert turn.text == f"The tool ask returned: {each}"


def test_not_streamed(http: httpx2.Client, conversation: str) -> None:
    path = f"/v1/conversations/{conversation}/messages"
    body = {"input": "[[call: ask]]", "client_tools": [ASK], "streaming": False}
    asked = http.post(path, json=body).json()
    check("LettaResponse", asked)
    assert asked["stop_reason"]["stop_reason"] == "requires_approval"
    (request,) = asked["messages"]
    (call,) = request["tool_calls"]

    answer = {"messages": [returns(call["tool_call_id"])], "streaming": False}
    done = http.post(path, json=answer).json()

    assert done["stop_reason"]["stop_reason"] == "end_turn"
    assert [one["message_type"] for one in done["messages"]] == [
        "tool_return_message",
        "assistant_message",
    ]


def test_a_restart_comes_between(
    database_url: str, provider: FakeProvider, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environment = asking(provider) | {"PALAVER_DATABASE_URL": database_url}
    with serve(tmp_path_factory.mktemp("home"), environment) as server:
        agent = server.http.post("/v1/agents/", json={"model": "palaver/offline"}).json()["id"]
        path = "/v1/conversations/"
        made = server.http.post(path, json={}, params={"agent_id": agent}).json()["id"]
        body = {"input": "[[call: ask]]", "client_tools": [ASK], "streaming": False}
        asked = server.http.post(f"{path}{made}/messages", json=body).json()
    (call,) = asked["messages"][0]["tool_calls"]
    with serve(tmp_path_factory.mktemp("home"), environment) as server:
        assert server.http.post(f"{path}{made}/messages", json={"input": "Hi"}).status_code == 409
        answer = {"messages": [returns(call["tool_call_id"])], "streaming": False}
        done = server.http.post(f"{path}{made}/messages", json=answer).json()
    assert done["stop_reason"]["stop_reason"] == "end_turn"
