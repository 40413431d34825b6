"""What must hold after an outage, whatever it was: laws 1, 2, 5, 7 and 8, asked over HTTP."""

import asyncio
from collections.abc import Sequence

import httpx2

from tests.api.here import Client, Json, check_calls, joined
from tests.api.sending import Told, json_of, log_of, until
from tests.outages.callers import Caller

_TERMINAL = ("completed", "failed", "cancelled")
_SOON = 30  # seconds in which all runs have to end that were under way


def check_refusal(answer: httpx2.Response) -> None:
    """It says that the database is away, in words and in a code, and when to come again."""
    assert answer.status_code == 503, f"{answer.status_code}: {answer.text}"
    body = answer.json()
    assert body["code"] == "UNAVAILABLE", body
    assert body["detail"].startswith("UNAVAILABLE: "), body
    assert int(answer.headers["retry-after"]) > 0


async def check(client: Client, callers: Sequence[Caller]) -> None:
    """Everything, for all that was ever sent to the conversations of these callers."""
    for conversation in {caller.conversation for caller in callers}:
        own = [caller for caller in callers if caller.conversation == conversation]
        await _check_conversation(client, conversation, own)
    for caller in callers:
        for refusal in caller.refusals:
            check_refusal(refusal)


async def check_log(client: Client, run_id: str, seen: Sequence[Told]) -> Told:
    """The run has ended; its log has no gap and begins with what was `seen`, however often."""
    async with asyncio.timeout(_SOON):
        run = await until(client, run_id, *_TERMINAL)
    log = await log_of(client, run_id)
    assert log.done
    assert log.numbers == list(range(1, len(log.events) + 1)), f"{run_id}: {log.numbers}"
    assert log.stop == run["stop_reason"]
    for told in seen:
        assert told.events == log.events[: len(told.events)], f"{run_id}: seen, and then changed"
    return log


async def check_untouched(client: Client, conversation: str) -> None:
    """Nothing was ever said in a conversation."""
    said = [one["message_type"] for one in await client.history(conversation)]
    assert said == ["system_message"]
    assert await client.get("/v1/runs/", conversation_id=conversation) == []


async def _check_conversation(client: Client, conversation: str, callers: list[Caller]) -> None:
    """Each send is there once and nothing else is; what was streamed is what is stored."""
    runs = [run["id"] for run in await client.get("/v1/runs/", conversation_id=conversation)]
    for run_id in runs:
        async with asyncio.timeout(_SOON):
            await until(client, run_id, *_TERMINAL)
    history = await client.history(conversation)
    inputs = [one for one in history if one["message_type"] == "user_message"]
    assert sorted(one["content"] for one in inputs) == sorted(caller.text for caller in callers)
    assert sorted(one["run_id"] for one in inputs) == sorted(runs)
    run_of = {one["content"]: one["run_id"] for one in inputs}
    for caller in callers:
        run_id = run_of[caller.text]
        streamed = caller.told if caller.body.get("streaming", True) else []
        log = await check_log(client, run_id, streamed)
        answer = [one for one in history if one["run_id"] == run_id and one not in inputs]
        assert joined(_messages(log)) == answer, f"{run_id}: its stream is not its history"
    check_calls(history)
    assert (await client.send(conversation, "And now?")).stop == "end_turn"


def _messages(log: Told) -> list[Json]:
    said = [json_of(frame) for frame in log.events]
    kinds = ("assistant_message", "reasoning_message", "tool_call_message", "tool_return_message")
    return [one for one in said if one["message_type"] in kinds]
