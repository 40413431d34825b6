"""What providers say on their own wires reaches the stream and the history, and goes back to them.

A turn of two steps: the model reasons and calls two tools at once, and then it talks. The next turn
must show the provider its own words again, to the last signature.
"""

from typing import Any

import pytest
from letta_client import Letta

from tests.contract.conftest import Say
from tests.contract.talk import Turn
from tests.fakes import gemini
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Redacted, Refusal, Reply, Think, Usage
from tests.fakes.reply import Say as Words

INSERT = '{"label":"human","new_string":"Likes tea."}'
REPLACE = '{"label":"persona","old_string":"shy","new_string":"bold"}'
INSERTING = Call("call_1", "memory_insert", (INSERT[:12], INSERT[12:]))
REPLACING = Call("call_2", "memory_replace", (REPLACE[:30], REPLACE[30:]))

SPENT = (
    Usage(prompt=1000, completion=60, cached=400, reasoning=30),
    Usage(prompt=1200, completion=40, cached=900, reasoning=10),
)
TALK = Reply((Words(("I will", " remember.")),), usage=SPENT[1])


@pytest.fixture
def thinker(client: Letta, request: pytest.FixtureRequest) -> str:
    """A conversation with an agent of two memory blocks; the test's parameter is its model."""
    agent = client.agents.create(
        model=request.param,
        memory_blocks=[
            {"label": "human", "value": "Ada."},
            {"label": "persona", "value": "I am shy."},
        ],
    )
    return client.conversations.create(agent_id=agent.id).id


def two_turns(say: Say, fake: FakeProvider, conversation: str, *first: Any) -> Turn:
    """The first of two turns: a step of the parts in `first` and two calls, and one of words."""
    fake.script(Reply((*first, INSERTING, REPLACING), usage=SPENT[0]), TALK, Reply())
    turn = say(conversation, "I like tea.", stream_tokens=True)
    say(conversation, "Thanks.")
    assert len(fake.requests) == 3
    return turn


def check_turn(client: Letta, turn: Turn, conversation: str, kinds: list[str]) -> None:
    """Assert what is the same on all wires: the messages, the blocks and the tokens."""
    first = [message for message in turn.messages if message.message_type != "assistant_message"]
    assert [message.message_type for message in first] == [
        *kinds,
        "tool_call_message",
        "tool_call_message",
        "tool_return_message",
    ]
    returned = turn.of("tool_return_message")[0]["tool_returns"]
    called = [message["tool_call"]["tool_call_id"] for message in turn.of("tool_call_message")]
    assert [one["tool_call_id"] for one in returned] == list(dict.fromkeys(called))
    assert {one["status"] for one in returned} == {"success"}
    assert turn.text == "I will remember."
    agent = client.conversations.retrieve(conversation).agent_id
    blocks = {one.label: one.value for one in client.agents.blocks.list(agent)}
    assert "Likes tea." in blocks["human"]
    assert blocks["persona"] == "I am bold."
    [usage] = turn.of("usage_statistics")
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (2200, 100)
    assert (usage["total_tokens"], usage["step_count"]) == (2300, 2)
    assert usage["cached_input_tokens"] == 1300


@pytest.mark.parametrize("thinker", ["openai/gpt-4o"], indirect=True)
def test_chat_completions(client: Letta, say: Say, fake: FakeProvider, thinker: str) -> None:
    turn = two_turns(say, fake, thinker, Think(("Tea", " it is")))

    check_turn(client, turn, thinker, ["reasoning_message"])
    assert fake.requests[0].path == "/v1/chat/completions"
    [usage] = turn.of("usage_statistics")
    assert usage["reasoning_tokens"] == 40
    _, user, calling, one, two, talking, thanks = fake.bodies[2]["messages"]
    assert user["content"] == "I like tea."
    assert [call["id"] for call in calling["tool_calls"]] == ["call_1", "call_2"]
    assert [call["function"]["arguments"] for call in calling["tool_calls"]] == [INSERT, REPLACE]
    assert [one["tool_call_id"], two["tool_call_id"]] == ["call_1", "call_2"]
    assert (talking["content"], thanks["content"]) == ("I will remember.", "Thanks.")


@pytest.mark.parametrize("thinker", ["openai/gpt-5-mini"], indirect=True)
def test_responses(client: Letta, say: Say, fake: FakeProvider, thinker: str) -> None:
    turn = two_turns(say, fake, thinker, Think(("Tea", "it is"), seal="encrypted-1"))

    check_turn(client, turn, thinker, ["reasoning_message"] * 2)
    assert fake.requests[0].path == "/v1/responses"
    [usage] = turn.of("usage_statistics")
    assert usage["reasoning_tokens"] == 40
    items = fake.bodies[2]["input"]
    [thought] = [item for item in items if item.get("type") == "reasoning"]
    assert (thought["id"], thought["encrypted_content"]) == ("rs_1", "encrypted-1")
    assert [part["text"] for part in thought["summary"]] == ["Tea", "it is"]
    calls = [item for item in items if item.get("type") == "function_call"]
    assert [(call["call_id"], call["arguments"]) for call in calls] == [
        ("call_1", INSERT),
        ("call_2", REPLACE),
    ]
    returns = [item for item in items if item.get("type") == "function_call_output"]
    assert [item["call_id"] for item in returns] == ["call_1", "call_2"]


@pytest.mark.parametrize("thinker", ["google_ai/gemini-2.5-flash"], indirect=True)
def test_gemini(client: Letta, say: Say, fake: FakeProvider, thinker: str) -> None:
    turn = two_turns(say, fake, thinker, Think(("Tea", " it is"), seal="sig-1"))

    check_turn(client, turn, thinker, ["reasoning_message"])
    assert fake.requests[0].path.startswith("/v1beta/models/gemini-2.5-flash:")
    _, spoke, results, talking, thanks = fake.bodies[2]["contents"]
    thought, *calls = spoke["parts"]
    assert (thought["text"], gemini.seal_of(thought)) == ("Tea it is", "sig-1")
    assert gemini.seal_of(calls[0]).startswith("signed ai memory_insert")
    ids = [part["functionCall"]["id"] for part in calls]
    assert [part["functionResponse"]["id"] for part in results["parts"]] == ids
    assert [talking["parts"][0]["text"], thanks["parts"][0]["text"]] == [
        "I will remember.", "Thanks.",
    ]  # fmt: skip


@pytest.mark.parametrize("thinker", ["anthropic/claude-sonnet-4-6"], indirect=True)
def test_anthropic_messages(client: Letta, say: Say, fake: FakeProvider, thinker: str) -> None:
    turn = two_turns(say, fake, thinker, Think(("Tea", " it is"), seal="sig-1"), Redacted("xyz"))

    check_turn(client, turn, thinker, ["reasoning_message", "hidden_reasoning_message"])
    assert fake.requests[0].path.startswith("/v1/messages")
    [hidden] = turn.of("hidden_reasoning_message")
    assert (hidden["state"], hidden["hidden_reasoning"]) == ("redacted", "xyz")
    assert turn.of("reasoning_message")[-1]["signature"] == "sig-1"
    calling = fake.bodies[2]["messages"][1]["content"]
    assert [block["type"] for block in calling] == [
        "thinking",
        "redacted_thinking",
        "tool_use",
        "tool_use",
    ]
    assert (calling[0]["thinking"], calling[0]["signature"]) == ("Tea it is", "sig-1")
    assert calling[1]["data"] == "xyz"
    returns = fake.bodies[2]["messages"][2]["content"]
    assert [block["tool_use_id"] for block in returns] == ["call_1", "call_2"]


@pytest.mark.parametrize("thinker", ["openai/gpt-4o"], indirect=True)
def test_what_a_provider_did_not_report_is_null(say: Say, fake: FakeProvider, thinker: str) -> None:
    fake.script(Reply(usage=Usage(prompt=10, completion=2)))

    [usage] = say(thinker, "Hi").of("usage_statistics")

    assert (usage["total_tokens"], usage["context_tokens"]) == (12, 12)
    assert usage["cached_input_tokens"] is None
    assert usage["reasoning_tokens"] is None


@pytest.mark.parametrize(
    "thinker",
    ["openai/gpt-4o", "openai/gpt-5-mini", "anthropic/claude-sonnet-4-6"],
    indirect=True,
)
def test_a_provider_that_refuses_the_key_ends_the_run(
    client: Letta, say: Say, fake: FakeProvider, thinker: str
) -> None:
    fake.script(Refusal(401, {"error": {"message": "bad key"}}))

    stream = client.conversations.messages.create(thinker, input="Hi")
    with pytest.raises(Exception, match="llm_authentication") as failed:
        list(stream)

    run = client.runs.retrieve(failed.value.body["run_id"])  # type: ignore[attr-defined]
    assert (run.status, run.stop_reason) == ("failed", "llm_api_error")
    assert say(thinker, "Again").stop == "end_turn"
