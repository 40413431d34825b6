"""Law 1: folding what was streamed gives what was stored. With it, parts of laws 5 and 7."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.here import Client, Heard, Json, check_calls, joined

_WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0[]{}"), max_size=20)
_TOOL_CALLS = st.sampled_from(
    (
        '[[call: memory_insert {"label": "human", "new_string": "likes tea"}]]',
        '[[call: memory_replace {"label": "human", "old_string": "no", "new_string": "yes"}]]',
        '[[call: nobody_knows {"this": "tool"}]]',
        "[[call: memory_insert {no json}]]",
    )
)
_ENDINGS = st.sampled_from(
    (
        "",
        "",
        "[[length]]",
        "[[empty]]",
        "[[fail: cut]]",
        "[[fail: rate_limit]]",
        "[[fail: overflow]]",
        "[[fail: broken]]",
    )
)


@dataclass(frozen=True, slots=True)
class Said:
    """A send: its words, how it is streamed, and after how many messages it is cancelled."""

    text: str
    tokens: bool
    max_steps: int
    cancelled_after: int | None


@st.composite
def sends(draw: st.DrawFn) -> Said:
    """Any send to the offline model, with any of its orders."""
    think = draw(st.sampled_from(("", "[[think: let me see about that]]")))
    calls = draw(st.lists(_TOOL_CALLS, max_size=3))
    words = draw(st.sampled_from(("", "[[words: 0]]", "[[words: 1]]", "[[words: 30]]")))
    cancelled_after = draw(st.none() | st.integers(1, 12))
    pace = "" if cancelled_after is None else "[[pace: 3]]"
    return Said(
        "say " + draw(_WORDS) + think + words + "".join(calls) + draw(_ENDINGS) + pace,
        tokens=draw(st.booleans()),
        max_steps=draw(st.integers(1, 3)),
        cancelled_after=cancelled_after,
    )


@settings(max_examples=25)
@given(st.lists(sends(), min_size=1, max_size=4))
async def test_what_was_streamed_is_what_is_stored(client: Client, said: Sequence[Said]) -> None:
    agent = await client.agent(memory_blocks=[{"label": "human", "value": "no tea"}])
    conversation = await client.conversation(agent)
    told: list[Json] = []
    for send in said:
        heard = await _hear(client, conversation, send)
        _check_frames(heard)
        run = await client.newest_run(conversation)
        of_run = await client.get(f"/v1/runs/{run['id']}/messages", limit=1000)
        streamed = [one for one in heard.messages if one["message_type"] != "event_message"]
        assert [one for one in of_run if one["message_type"] != "user_message"] == joined(streamed)
        assert run["status"] in ("completed", "failed", "cancelled")
        assert run["stop_reason"] == heard.stop
        told += of_run
    history = await client.history(conversation)
    assert history[1:] == told
    check_calls(history)


@settings(max_examples=15)
@given(sends())
async def test_what_is_told_at_once_is_what_is_stored(client: Client, send: Said) -> None:
    agent = await client.agent(memory_blocks=[{"label": "human", "value": "no tea"}])
    conversation = await client.conversation(agent)
    body = {"input": send.text, "streaming": False, "max_steps": send.max_steps}
    path = f"/v1/conversations/{conversation}/messages"
    answer = await client.ask("POST", path, body)
    history = await client.history(conversation)
    if "[[fail" in send.text and answer.status_code != 200:
        assert 400 <= answer.status_code < 600
        assert answer.headers["x-should-retry"] == "false"
    else:
        assert answer.json()["messages"] == history[2:]
    check_calls(history)
    assert (await client.send(conversation, "go on")).stop == "end_turn"


async def _hear(client: Client, conversation: str, send: Said) -> Heard:
    frames: list[Json] = []
    done = False
    body = {"stream_tokens": send.tokens, "max_steps": send.max_steps}
    body["include_compaction_messages"] = True
    async with aclosing(client.stream(conversation, send.text, **body)) as stream:
        async for frame in stream:
            if frame is None:
                done = True
                continue
            frames.append(frame)
            if len(frames) == send.cancelled_after:
                assert (await client.cancel(conversation)).status_code in (200, 409)
    return Heard(tuple(frames), done)


def _check_frames(heard: Heard) -> None:
    """The frames are numbered without a gap, and end as the contract says."""
    assert [frame["seq_id"] for frame in heard.frames] == list(range(1, len(heard.frames) + 1))
    assert heard.done
    ends = [frame["message_type"] for frame in heard.frames[len(heard.messages) :]]
    if heard.stop == "cancelled":
        assert ends == ["stop_reason"]
    elif heard.error is not None:
        assert ends == ["stop_reason", "error_message"]
    else:
        assert ends == ["stop_reason", "usage_statistics"]
