"""What is told of the tokens of an answer that is not streamed, to the official clients."""

import json
from typing import Any

import httpx2
import pytest
from letta_client import Letta

from tests.contract.conftest import Say
from tests.fakes import tokens
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Reply
from tests.fakes.reply import Say as Words
from tests.fakes.sglang import Started

TEA = Call("call_1", "memory_insert", ('{"label":"human",', '"new_string":"Tea."}'))
PARSING = Started(tool_call_parser="qwen25")


@pytest.fixture
def thinker(client: Letta, request: pytest.FixtureRequest) -> str:
    """An agent that has something to edit; the test's parameter is its model."""
    blocks: Any = [{"label": "human", "value": "Ada."}]
    return client.agents.create(model=request.param, memory_blocks=blocks).id


def row(text: str, alternatives: int = 0) -> list[Any]:
    others = [[*row(one)[:2], one] for one in tokens.others_of(text, alternatives)]
    return [tokens.logprob(text), tokens.id_of(text), others or None]


@pytest.mark.parametrize("thinker", ["openai/gpt-4o", "sglang/served"], indirect=True)
def test_the_last_answer_is_told_token_by_token(
    client: Letta, fake: FakeProvider, thinker: str
) -> None:
    fake.script(Reply((Words(("I", " note")), TEA)), Reply((Words(("Tea", "!")),)))

    answer = client.agents.messages.create(
        thinker, input="I like tea.", return_logprobs=True, top_logprobs=2
    )

    assert answer.logprobs is not None and answer.logprobs.content is not None
    assert [one.model_dump(exclude_none=True) for one in answer.logprobs.content] == [
        tokens.likely(piece, 2, in_bytes=True) for piece in ("Tea", "!")
    ]
    assert answer.turns is None


@pytest.mark.parametrize("thinker", ["sglang/served"], indirect=True)
@pytest.mark.parametrize("top", [None, 2])
def test_all_turns_are_told_with_their_tokens(
    client: Letta, fake: FakeProvider, thinker: str, top: int | None
) -> None:
    fake.sglang = PARSING
    fake.script(Reply((Words(("I", " note")), TEA)), Reply((Words(("Tea", "!")),)))

    answer = client.agents.messages.create(
        thinker,
        input="I like tea.",
        return_token_ids=True,
        return_logprobs=top is not None,
        top_logprobs=top,
    )

    assert answer.turns is not None
    asking, tool, talking = answer.turns
    assert (asking.role, asking.content, asking.tool_name) == ("assistant", "I note", None)
    told = [*("I", " note"), "\n<tool_call>\n", '{"name": "memory_insert", "arguments": ']
    rows = [row(piece, top or 0) for piece in (*told, *TEA.pieces, "}\n</tool_call>")]
    assert asking.output_token_logprobs == rows
    assert asking.output_ids == [one[1] for one in rows]
    assert (tool.role, tool.tool_name, tool.output_ids) == ("tool", "memory_insert", None)
    [returned] = [m for m in answer.messages if m.message_type == "tool_return_message"]
    assert tool.content == returned.tool_return
    assert (talking.content, talking.output_ids) == ("Tea!", [row("Tea")[1], row("!")[1]])
    assert (answer.logprobs is None) == (top is None)


@pytest.mark.parametrize(
    ("thinker", "asked"),
    [
        ("openai/gpt-4o", {}),
        ("openai/gpt-4o", {"top_logprobs": 3}),
        ("openai/gpt-4o", {"return_token_ids": True}),
        ("openai/gpt-5-mini", {"return_logprobs": True}),
        ("anthropic/claude-sonnet-4-6", {"return_logprobs": True, "return_token_ids": True}),
        ("palaver/offline", {"return_logprobs": True, "return_token_ids": True}),
        ("sglang/served", {}),
    ],
    indirect=["thinker"],
)
def test_what_was_not_asked_for_or_is_not_told_is_null(
    client: Letta, fake: FakeProvider, thinker: str, asked: Any
) -> None:
    answer = client.agents.messages.create(thinker, input="Hi", **asked)

    assert (answer.logprobs, answer.turns) == (None, None)
    assert "logprobs" not in str(fake.bodies)


@pytest.mark.parametrize("thinker", ["sglang/served"], indirect=True)
def test_streams_and_steps_show_none_of_it(
    client: Letta, say: Say, http: httpx2.Client, fake: FakeProvider, thinker: str
) -> None:
    fake.sglang = PARSING
    conversation = client.conversations.create(agent_id=thinker).id

    turn = say(conversation, "Hi", return_token_ids=True, return_logprobs=True, stream_tokens=True)

    assert "logprob" not in json.dumps(turn.events)
    [step] = http.get(f"/v1/runs/{turn.run_id}/steps").json()  # and it is held to the contract
    assert step["completion_tokens"] == 2
    assert "logprob" not in json.dumps(step)
