"""Laws 1, 4, 5 and 7 where calls wait for an answer: whatever comes, in whatever order."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.answering import ASK, approvals, returned, verdict
from tests.api.here import Client, Json, check_calls, joined, waits, without_request

_INPUTS = ("user_message", "approval_response_message")
_CALLS = (
    "[[call: ask]]",
    '[[call: ask {"about": "a longer argument, in pieces"}]]',
    '[[call: memory_insert {"label": "human", "new_string": "likes tea"}]]',
    "[[call: core_memory_append {}]]",
)
_RULES = [{"type": "requires_approval", "tool_name": "core_memory_append"}]
_DEEDS = ("ask", "ask", "say", "deny", "answer", "answer", "wrong", "repeat", "cancel", "fork")


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that is done, and the choices in it; `stop_after` frames a cancel comes."""

    what: str
    where: int
    calls: tuple[str, ...]
    verdicts: tuple[str, ...]
    backwards: bool
    words: str
    tokens: bool
    stop_after: int | None


@dataclass(slots=True)
class Place:
    """A conversation, and what is known of it: its history, what waits, the last answer given."""

    name: str
    history: list[Json] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    answered: list[Json] = field(default_factory=list)


deeds = st.builds(
    Deed,
    st.sampled_from(_DEEDS),
    st.integers(0, 2),
    st.lists(st.sampled_from(_CALLS), min_size=1, max_size=4).map(tuple),
    st.lists(st.sampled_from(("yes", "no", "return")), min_size=4, max_size=4).map(tuple),
    st.booleans(),
    st.sampled_from(("", "and now?")),
    st.booleans(),
    st.none() | st.integers(1, 6),
)


@pytest.mark.timeout(300)
@settings(max_examples=40)
@given(st.lists(deeds, min_size=3, max_size=9))
async def test_whatever_comes_while_calls_wait(client: Client, done: Sequence[Deed]) -> None:
    blocks = [{"label": "human", "value": "no tea"}]
    agent = await client.agent(
        memory_blocks=blocks, tools=["core_memory_append"], tool_rules=_RULES
    )
    places = [Place(await client.conversation(agent))]
    for deed in done:
        place = places[deed.where % len(places)]
        if deed.what == "fork":
            made = await client.post(f"/v1/conversations/{place.name}/fork")
            fork = Place(made["id"], asked=list(place.asked))
            fork.history = (await client.history(fork.name))[1:]
            assert fork.history == place.history
            places.append(fork)
        else:
            await _do(client, place, deed)
        for each in places:
            await _check(client, each)
    for place in places:
        heard = await client.send(place.name, "the last", on_pending="deny")
        assert heard.stop == "end_turn"
        check_calls(await client.history(place.name))


async def _do(client: Client, place: Place, deed: Deed) -> None:
    tools: Json = {"client_tools": [ASK]}
    words = [{"role": "user", "content": deed.words}] if deed.words else []
    match deed.what:
        case "ask":
            text = "".join(deed.calls)
            await _say(client, place, deed, {"input": text, **tools}, refused=bool(place.asked))
        case "say":
            await _say(client, place, deed, {"input": "Hello"}, refused=bool(place.asked))
        case "deny":
            body: Json = {"input": "Hello", "on_pending": "deny"}
            await _say(client, place, deed, body, refused=False)
        case "answer" if place.asked:
            place.answered = _answers(place.asked, deed)
            message = approvals(*place.answered)
            await _say(client, place, deed, {"messages": [message, *words]}, refused=False)
        case "wrong":
            ids = [*place.asked[1:], "call_nobody_knows"]
            message = approvals(*(returned(one) for one in ids))
            await _refused(client, place, {"messages": [message, *words]}, 400)
        case "repeat" if place.answered and not place.asked:
            message = approvals(*reversed(place.answered))
            before = len(await client.get("/v1/runs/", conversation_id=place.name))
            await _say(client, place, deed, {"messages": [message, *words]}, refused=False)
            after = len(await client.get("/v1/runs/", conversation_id=place.name))
            assert after - before in ((1,) if words else (0, 1))
        case "cancel":
            status = (await client.cancel(place.name)).status_code
            assert status == (200 if place.asked else 409)
            place.asked = []


def _answers(asked: Sequence[str], deed: Deed) -> list[Json]:
    given = [
        returned(one, "it rains") if how == "return" else verdict(one, how == "yes", "because")
        for one, how in zip(asked, deed.verdicts, strict=False)
    ]
    return given[::-1] if deed.backwards else given


async def _refused(client: Client, place: Place, body: Json, status: int) -> None:
    path = f"/v1/conversations/{place.name}/messages"
    answer = await client.ask("POST", path, body)
    assert answer.status_code == status, answer.text


async def _say(client: Client, place: Place, deed: Deed, body: Json, *, refused: bool) -> None:
    """Send, perhaps with a cancel in the middle; what the stream spells is what is stored."""
    if refused:
        return await _refused(client, place, body, 409)
    frames: list[Json] = []
    text = body.pop("input", "")
    more = {**body, "stream_tokens": deed.tokens}
    async with aclosing(client.stream(place.name, text, **more)) as stream:
        async for frame in stream:
            if frame is not None:
                frames.append(frame)
                if len(frames) == deed.stop_after:
                    await client.cancel(place.name)
    said = [one for one in frames if one["message_type"].endswith("_message")]
    run = next(iter(await client.get("/v1/runs/", conversation_id=place.name, limit=1)))
    if said and said[0]["run_id"] != run["id"]:
        run = await client.get(f"/v1/runs/{said[0]['run_id']}")
    stored = await client.get(f"/v1/runs/{run['id']}/messages", limit=1000)
    assert [one for one in stored if one["message_type"] not in _INPUTS] == joined(said)
    assert run["stop_reason"] == next(
        one["stop_reason"] for one in frames if one["message_type"] == "stop_reason"
    )
    place.asked = waits(await client.history(place.name))
    if deed.stop_after is None:
        assert bool(place.asked) == (run["stop_reason"] == "requires_approval")
    return None


async def _check(client: Client, place: Place) -> None:
    """What stood there stands there; what waits waits, and every other call has its return."""
    history = (await client.history(place.name))[1:]
    assert history[: len(place.history)] == place.history
    assert (waits(history) if history else []) == place.asked
    check_calls(without_request(history) if history else [])
    place.history = history
