"""What must hold after a crash: laws 1, 2, 3, 5, 7 and 8, asked over HTTP."""

import asyncio
import json
from itertools import groupby
from time import monotonic
from typing import Any

from tests.api.here import Json, check_calls, joined, waits, without_request
from tests.api.sending import Told, follow, json_of, log_of
from tests.crash.lives import WITHIN
from tests.crash.witness import Sent, Witness

_TERMINAL = {"completed", "failed", "cancelled"}
_LOOK = 0.05  # seconds between looks; a list of runs tells of no change by itself
_ANSWER = "approval_response_message"
_INPUTS = ("user_message", _ANSWER)
_BROKEN_OFF = "stream_incomplete"


async def check(witness: Witness) -> float:
    """Everything. How many seconds it took until nothing was active any more."""
    begun = monotonic()
    await expired(witness)
    runs = await settled(witness)
    quiet = monotonic() - begun
    if witness.agent_id is None:
        await _check_fresh(witness)
        return quiet
    await check_conversations(witness)
    await check_memory(witness)
    logs = {run["id"]: await check_log(witness, run) for run in runs}
    for conversation in [*witness.summaries, *witness.forks]:
        if not await _is_gone(witness, conversation):
            await check_history(witness, conversation, logs)
            await check_window(witness, conversation)
            check_order(witness, await witness.life.client.history(conversation))
    for sent in witness.sent:
        await check_sent(witness, sent, logs)
    await settled(witness)
    for conversation in [*witness.summaries, *witness.forks]:
        if not await _is_gone(witness, conversation):
            await check_next(witness, conversation)
    after = {run["id"]: run for run in await settled(witness)}
    for run in runs:
        assert after[run["id"]]["status"] == run["status"], f"ended twice: {run['id']}"
    return quiet


async def expired(witness: Witness) -> None:
    """Nothing waits any more of what does not wait for ever."""
    async with asyncio.timeout(WITHIN):
        for conversation in witness.expiring:
            while waits(await witness.life.client.history(conversation)):
                await asyncio.sleep(_LOOK)


async def settled(witness: Witness) -> list[Json]:
    """All runs, once none is active."""
    async with asyncio.timeout(WITHIN):
        while True:
            active = await witness.do("GET", "/v1/runs/", active=True, limit=1000)
            check_alone(active)
            if not active:
                return await all_runs(witness)
            await asyncio.sleep(_LOOK)


def check_alone(runs: list[Json]) -> None:
    """Never are two running in one conversation."""
    running = [run["conversation_id"] for run in runs if run["status"] == "running"]
    assert len(running) == len(set(running)), f"two at a time: {runs}"


async def all_runs(witness: Witness, **wanted: Any) -> list[Json]:
    """All runs, each of which has ended, oldest first."""
    found: list[Json] = []
    while True:
        after = {"after": found[-1]["id"]} if found else {}
        page = await witness.do("GET", "/v1/runs/", limit=1000, order="asc", **after, **wanted)
        found += page
        if len(page) < 1000:
            assert {run["status"] for run in found} <= _TERMINAL
            return found


async def check_conversations(witness: Witness) -> None:
    """What was made is there once; what was changed or deleted is so entirely, or not at all."""
    await witness.do("GET", f"/v1/agents/{witness.agent_id}")
    listed = await witness.do("GET", "/v1/conversations/", agent_id=witness.agent_id, limit=1000)
    known = {*witness.summaries, *witness.forks}
    gone = {one for one in known if await _is_gone(witness, one)}
    assert gone <= set(witness.deleted), f"lost: {gone}"
    sure = {one for one, sure in witness.deleted.items() if sure}
    assert sure <= gone, f"back from the dead: {sure - gone}"
    ids = [one["id"] for one in listed]
    assert len(ids) == len(set(ids))
    assert known - gone <= set(ids)
    assert len(set(ids) - known) <= witness.created - len(known), f"too many: {ids}"
    for one in listed:
        assert one["summary"] in witness.summaries.get(one["id"], {one["summary"]}), one
    witness.summaries |= {one: {"old"} for one in ids if one not in known}


async def check_memory(witness: Witness) -> None:
    """A tool has done its work as often as it said so, and never twice for one call."""
    block = await witness.do("GET", f"/v1/agents/{witness.agent_id}/core-memory/blocks/human")
    own = [one for one in witness.summaries if not await _is_gone(witness, one)]
    histories = [await witness.life.client.history(one) for one in own]
    returns = [
        each
        for history in histories
        for one in history
        if one["message_type"] == "tool_return_message"
        for each in one["tool_returns"]
    ]
    done = [one for one in returns if "has been edited" in one["tool_return"]]
    times = block["value"].count("likes tea")
    assert len(done) <= times <= len(returns), f"{times} for {len(done)} of {len(returns)} calls"


async def check_log(witness: Witness, run: Json) -> Told:
    """The log of a run is numbered without a gap, ends once, and goes on from any number."""
    client, run_id = witness.life.client, run["id"]
    log = await log_of(client, run_id)
    total = len(log.events)
    assert log.numbers == list(range(1, total + 1)), f"{run_id}: {log.numbers}"
    assert log.done
    assert log.stop == run["stop_reason"], f"{run_id} ended otherwise: {log.events[-2:]}"
    ends = [json_of(frame)["message_type"] for frame in log.events[-2:]]
    if run["status"] == "cancelled":
        assert ends[-1] == "stop_reason", ends
    else:
        last = "usage_statistics" if run["status"] == "completed" else "error_message"
        assert ends == ["stop_reason", last], ends
    for after in {1, 2, total // 3, total // 2, total - 2, total - 1, total, total + 9}:
        rest = await log_of(client, run_id, starting_after=max(after, 0))
        assert rest.done
        assert rest.events == log.after(max(after, 0)), f"{run_id} differs after {after}"
    if run_id in witness.cancelled:
        assert run["status"] == "cancelled", f"{run_id} was to be cancelled, and {run['status']}"
    return log


async def check_history(witness: Witness, conversation: str, logs: dict[str, Told]) -> None:
    """A conversation holds what the logs of its runs tell, run by run; no call is unanswered."""
    history = await witness.life.client.history(conversation)
    said = [one for one in history if one["message_type"] != "system_message"]
    runs = [run_id for run_id, _ in groupby(said, lambda one: one["run_id"])]
    assert len(runs) == len(set(runs)), f"runs are mixed up: {runs}"
    check_calls(without_request(history))
    own = await all_runs(witness, conversation_id=conversation)
    assert {run["id"] for run in own} <= set(runs), "a run has left nothing"
    for run in own:
        of_run = [one for one in said if one["run_id"] == run["id"]]
        answer = [one for one in of_run if one["message_type"] not in _INPUTS]
        said_to = [one["message_type"] for one in of_run if one["message_type"] in _INPUTS]
        nobody = conversation in witness.expiring and said_to == [_ANSWER]
        assert nobody or said_to in (["user_message"], [_ANSWER, "user_message"]), of_run
        told = [json_of(frame) for frame in logs[run["id"]].events]
        messages = [one for one in told if one["message_type"].endswith("_message")]
        aloud = ("error_message", "event_message")  # what is told in a stream only
        spoken = [one for one in messages if one["message_type"] not in aloud]
        assert joined(spoken) == answer, f"{run['id']}: its stream is not its history"
    if conversation in witness.forks:
        source = await witness.life.client.history(witness.forks[conversation])
        shared = [one for one in said if one["run_id"] not in {run["id"] for run in own}]
        whole = [one for one in source if one["message_type"] != "system_message"]
        assert shared == whole[: len(shared)], "a fork has another past than its source"
        assert shared


async def check_window(witness: Witness, conversation: str) -> None:
    """A summary stands for what left the window, or nothing has left it."""
    client = witness.life.client
    window = (await client.get(f"/v1/conversations/{conversation}"))["in_context_message_ids"]
    history = await client.history(conversation)
    summaries = [one["id"] for one in history if one["message_type"] == "summary_message"]
    said = [one for one in dict.fromkeys(one["id"] for one in history) if one not in summaries]
    if window[1:2] == summaries[-1:] and summaries:
        assert window[2:] == said[len(said) - len(window[2:]) :]
        assert len(window) <= len(said)
    else:  # no compaction, or one that was taken back
        assert window == said


def check_order(witness: Witness, history: list[Json]) -> None:
    """The sends whose order is known stand in it."""
    texts = [one["content"] for one in history if one["message_type"] == "user_message"]
    there = [sent.text for sent in witness.order if sent.text in texts]
    assert [text for text in texts if text in there] == there, f"out of order: {texts}"


async def check_sent(witness: Witness, sent: Sent, logs: dict[str, Told]) -> None:
    """A send that was acknowledged is there once; said again, it adds nothing and tells the same.

    One that was not may be lost; said again, it is there once.
    """
    client = witness.life.client
    if await _is_gone(witness, sent.conversation):
        assert (await witness.again(sent)).refused == 404
        return
    before = await client.history(sent.conversation)
    times = _times(before, sent)
    assert times <= 1, f"{sent.text} is there {times} times"
    assert times == 1 or not sent.kept, f"{sent.text} was acknowledged and is lost"
    again = await witness.again(sent)
    if sent.streams:
        assert again.kept, f"{again.refused}: {again.refusal!r}"
        assert again.told.done
        assert again.told.events[: len(sent.told.events)] == sent.told.events, "seen, then changed"
        if times:
            assert again.told.events == logs[again.told.run_id].events
            assert again.told.run_id == await _run_of(witness, before, sent)
    elif sent.whole and sent.kept and _is_json(sent.raw):
        assert again.raw == sent.raw
    else:
        assert again.refused in (None, 500), f"{again.refused}: {again.refusal!r}"
    after = await client.history(sent.conversation)
    assert _times(after, sent) == 1
    assert not times or after == before, "a repeated send has added something"


async def check_next(witness: Witness, conversation: str) -> None:
    """The conversation takes the next send."""
    heard = await witness.life.client.send(conversation, "and now?", on_pending="deny")
    assert heard.done
    assert heard.stop == "end_turn", heard.frames
    assert [frame["seq_id"] for frame in heard.frames] == list(range(1, len(heard.frames) + 1))


async def check_resumed(witness: Witness, sent: Sent) -> None:
    """Whoever goes on where the server died hears the rest, on either way to ask."""
    told = sent.told
    if not told.events:
        return
    after = len(told.events)
    body = {"run_id": told.run_id, "starting_after": after, "include_pings": False}
    for path in (f"/v1/runs/{told.run_id}", f"/v1/conversations/{sent.conversation}"):
        rest = await follow(witness.life.client, f"{path}/stream", body)
        whole = await log_of(witness.life.client, told.run_id)
        assert told.events + rest.events == whole.events


async def _check_fresh(witness: Witness) -> None:
    """A server of which nothing was asked successfully can be asked."""
    witness.agent_id = None
    await witness.agent()
    await check_next(witness, await witness.conversation())


async def _is_gone(witness: Witness, conversation: str) -> bool:
    """Whether a conversation is deleted, whichever way one asks for it."""
    client = witness.life.client
    path = f"/v1/conversations/{conversation}"
    ways = [await client.ask("GET", path), await client.ask("PATCH", path, {})]
    statuses = {answer.status_code for answer in ways}
    assert len(statuses) == 1, f"half deleted: {statuses}"
    return statuses == {404}


def _times(history: list[Json], sent: Sent) -> int:
    return sum(
        one["content"] == sent.text for one in history if one["message_type"] == "user_message"
    )


async def _run_of(witness: Witness, history: list[Json], sent: Sent) -> Any:
    (run_id,) = {one["run_id"] for one in history if one.get("content") == sent.text}
    return run_id


def _is_json(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except ValueError:
        return False
    return True
