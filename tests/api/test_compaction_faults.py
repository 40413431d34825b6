"""F17: whatever a summary fails with, a window becomes smaller and sound, or stays as it is."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from palaver.providers.remote import Patience
from palaver.store.db import Database
from tests.api.here import Client, Json, check_calls, serving
from tests.api.tables import contents, looking_into
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import WORDS, Answer, Call, Fault, Refusal, Reply, Say, Usage

MODEL = "openai/gpt-4o"
SHORT = Reply((Say(("They", " spoke.")),))
LONG = Reply((Say(("much longer " * 4_000,)),))
FULL = Refusal(
    400, {"error": {"message": "maximum context length", "code": "context_length_exceeded"}}
)


@dataclass(frozen=True, slots=True)
class Fault17:
    """What a summariser does, and how that is told: a status, and the error of a stream."""

    answer: Answer
    status: int
    error: str = "llm_error"


FAULTS = {
    "silent": Fault17(Reply(fault=Fault("stall")), 504, "llm_timeout"),
    "silent in mid-sentence": Fault17(Reply(fault=Fault("stall", WORDS)), 504, "llm_timeout"),
    "broken off": Fault17(Reply(fault=Fault("break", WORDS)), 500),
    "nonsense": Fault17(Reply(fault=Fault("nonsense")), 500),
    "empty": Fault17(Reply(()), 500, "llm_empty_response"),
    "blank": Fault17(Reply((Say((" \n",)),)), 400, "compaction_failed"),
    "a call": Fault17(Reply((Call(),)), 400, "compaction_failed"),
    "longer": Fault17(LONG, 400, "compaction_failed"),
    "refused": Fault17(Refusal(400, {"error": {"message": "no"}}), 400),
    "unknown model": Fault17(Refusal(404, {"error": {"message": "no such model"}}), 400),
    "no key": Fault17(Refusal(401, {"error": {"message": "no"}}), 401, "llm_authentication"),
    "limited": Fault17(
        Refusal(429, {"error": {"message": "no"}}, {"retry-after": "60"}), 429, "llm_rate_limit"
    ),
    "failing": Fault17(Refusal(500, {"error": {"message": "no"}}), 500),
    "overloaded": Fault17(Refusal(503, {"error": {"message": "no"}}), 503),
    "full": Fault17(FULL, 400),
}


@pytest.fixture(scope="module")
async def client(file_url: str, fake: FakeProvider) -> AsyncIterator[Client]:
    """A client of a server that loses its patience soon, and asks once only."""
    patience = Patience(first_event=0.6, idle=0.6, tries=1)
    async with serving(file_url, {"OPENAI_BASE_URL": fake.openai_url}, patience) as client:
        for model in (MODEL, "openai/gpt-5-mini"):  # whose library takes longer to be loaded
            await client.send(await client.conversation(await client.agent(model=model)), "Hi")
        yield client


@pytest.fixture(scope="module")
async def db(client: Client, file_url: str) -> AsyncIterator[Database]:
    """The database of that server."""
    _ = client  # who has made it
    async with looking_into(file_url) as db:
        yield db


async def talked(client: Client, turns: int = 6, limit: int = 8_000, **settings: Any) -> str:
    """An agent in whose default conversation so many turns were taken."""
    said = [{"role": role, "content": "words " * 60} for role in ("user", "assistant")]
    return await client.agent(
        model=MODEL,
        system="Be brief.",
        include_base_tools=False,
        initial_message_sequence=said * turns,
        context_window_limit=limit,
        compaction_settings=settings or None,
    )


async def window(client: Client, agent: str) -> list[str]:
    """The ids of the messages in the window of the agent's default conversation."""
    ids: list[str] = (await client.get(f"/v1/agents/{agent}"))["message_ids"]
    return ids


async def compact(client: Client, agent: str, **settings: Any) -> tuple[int, Json]:
    """What compacting an agent's default conversation is answered with."""
    body = {"agent_id": agent, "compaction_settings": settings}
    answer = await client.ask("POST", "/v1/conversations/default/compact", body)
    return answer.status_code, answer.json()


@pytest.mark.usefixtures("begin_again")
@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_changes_nothing_and_the_second_summary_may_be_better(
    client: Client, fake: FakeProvider, db: Database, name: str
) -> None:
    fault = FAULTS[name]
    agent = await talked(client)
    before, ids = await contents(db), await window(client, agent)
    # After a refusal the transcript is read in pieces: the first of them is refused, too.
    fake.script(fault.answer, fault.answer)

    status, told = await compact(client, agent)

    assert status == fault.status, told
    words = told["detail"] if "detail" in told else told["error"]["message"]
    assert "could not be summed up, and stays as it is" in words
    assert await contents(db) == before
    assert len(fake.requests) == 2

    fake.script(fault.answer, *[SHORT] * 50)
    status, told = await compact(client, agent)
    assert (status, told["summary"]) == (200, "They spoke.")
    after = await window(client, agent)
    assert len(after) == told["num_messages_after"] < told["num_messages_before"] == len(ids)
    assert after[2:] == ids[-len(after[2:]) :]


@pytest.mark.usefixtures("begin_again")
@pytest.mark.parametrize("name", FAULTS)
async def test_a_run_that_cannot_make_room_says_why_and_the_next_can(
    client: Client, fake: FakeProvider, name: str
) -> None:
    fault = FAULTS[name]
    agent = await talked(client, turns=10, limit=2_000)
    ids = await window(client, agent)
    fake.script(*[fault.answer] * 4)  # the second summary may be made of three pieces

    heard = await _send(client, agent)

    assert heard["stop_reason"] != "end_turn"
    assert heard["error_message"]["error_type"] == fault.error
    now = await window(client, agent)
    assert now[: len(ids)] == ids
    assert len(now) == len(ids) + 1
    assert len(fake.requests) in (2, 4)

    fake.forget()
    fake.script(SHORT, Reply())
    heard = await _send(client, agent, include_compaction_messages=True)
    assert heard["stop_reason"] == "end_turn"
    assert heard["summary_message"]["summary"] == "They spoke."
    assert len(fake.requests) == 2
    after = await window(client, agent)
    assert after[1] == heard["summary_message"]["id"]
    assert len(after) < len(ids)


@pytest.mark.usefixtures("begin_again")
async def test_a_summary_comes_from_the_providers_usual_model(
    client: Client, fake: FakeProvider
) -> None:
    agent = await talked(client)
    fake.script(LONG, SHORT)

    await compact(client, agent)

    assert [body["model"] for body in fake.bodies] == ["gpt-5-mini", "gpt-4o"]


@pytest.mark.usefixtures("begin_again")
async def test_a_summary_comes_from_whom_the_settings_name_and_as_they_say(
    client: Client, fake: FakeProvider
) -> None:
    about = {"provider_type": "openai", "temperature": 0.25, "max_output_tokens": 77}
    agent = await talked(client, model="openai/gpt-4o-mini", model_settings=about)
    fake.script(SHORT, SHORT)

    await compact(client, agent, prompt="Sum up!")
    await compact(client, agent, model="nobody/nothing", mode="all")

    named, unknown = fake.bodies
    assert (named["model"], named["temperature"]) == ("gpt-4o-mini", 0.25)
    assert 77 in (named.get("max_tokens"), named.get("max_completion_tokens"))
    assert [one["content"] for one in named["messages"][:1]] == ["Sum up!"]
    assert unknown["model"] == "gpt-4o"


@pytest.mark.usefixtures("begin_again")
async def test_ten_times_over_the_window_recovers_within_one_step(
    client: Client, fake: FakeProvider
) -> None:
    agent = await talked(client, turns=60, limit=1_200)
    fake.script(*[SHORT] * 3, Reply())

    heard = await _send(client, agent, include_compaction_messages=True)

    stats = heard["summary_message"]["compaction_stats"]
    assert stats["context_tokens_before"] > 10 * stats["context_window"]
    assert stats["context_tokens_after"] < stats["context_window"]
    assert heard["stop_reason"] == "end_turn"


@pytest.mark.usefixtures("begin_again")
async def test_where_nothing_can_leave_the_window_its_provider_is_asked(
    client: Client, fake: FakeProvider
) -> None:
    agent = await talked(client, turns=0, limit=200)
    fake.script(FULL, Reply())

    heard = await _send(client, agent, "words " * 200)
    assert heard["error_message"]["message"] == "The window is too full; compact it."
    heard = await _send(client, agent, "words " * 200, include_compaction_messages=True)
    assert (heard["stop_reason"], "event_message" in heard) == ("end_turn", False)
    assert len(fake.requests) == 2


@pytest.mark.usefixtures("begin_again")
async def test_what_a_provider_has_counted_before_is_its_measure(
    client: Client, fake: FakeProvider
) -> None:
    agent = await talked(client, limit=4_000)
    fake.script(Reply(usage=Usage(prompt=4_400)), SHORT, Reply(usage=Usage(prompt=500)), Reply())

    first, second, third = [
        await _send(client, agent, include_compaction_messages=True) for _ in range(3)
    ]

    assert "summary_message" not in first
    stats = second["summary_message"]["compaction_stats"]
    assert stats["context_tokens_before"] > 3_600 > stats["context_tokens_after"]
    assert "summary_message" not in third


@pytest.mark.usefixtures("begin_again")
async def test_a_prompt_that_fills_the_window_says_so(client: Client, fake: FakeProvider) -> None:
    agent = await client.agent(model=MODEL, system="Be brief. " * 500, context_window_limit=1_000)

    heard = await _send(client, agent)

    assert heard["stop_reason"] == "context_window_overflow_in_system_prompt"
    assert "shorten the blocks" in heard["error_message"]["message"]
    assert fake.requests == []


@pytest.mark.usefixtures("begin_again")
@pytest.mark.parametrize("mode", ["sliding_window", "self_compact_all"])
async def test_after_a_refusal_room_is_made_once(
    client: Client, fake: FakeProvider, mode: str
) -> None:
    agent = await talked(client, turns=20, limit=100_000, mode=mode)
    fake.script(FULL, SHORT, Reply((Say(("Well.",)),)))

    heard = await _send(client, agent, include_compaction_messages=True)

    assert heard["event_message"]["event_data"]["trigger"] == "context_window_exceeded"
    assert heard["assistant_message"]["content"] == "Well."
    assert [body["model"] for body in fake.bodies] == ["gpt-4o", "gpt-5-mini", "gpt-4o"]
    assert heard["usage_statistics"]["step_count"] == 1

    fake.forget()
    other = await talked(client, turns=20, limit=100_000, mode=mode)
    fake.script(FULL, SHORT, FULL)
    heard = await _send(client, other)
    assert heard["stop_reason"] == "llm_api_error"
    assert len(fake.requests) == 3
    fake.script(Reply())
    assert (await _send(client, other))["stop_reason"] == "end_turn"


@pytest.mark.usefixtures("begin_again")
async def test_a_turn_of_many_calls_makes_room_in_itself(
    client: Client, fake: FakeProvider
) -> None:
    agent = await client.agent(
        model=MODEL,
        system="Be brief.",
        tools=["memory_insert"],
        include_base_tools=False,
        memory_blocks=[{"label": "notes", "value": "", "limit": 100_000}],
        context_window_limit=1_600,
    )
    note = json.dumps({"label": "notes", "new_str": "a long note " * 40})
    words, end = Say(("Noted.",)), Reply((Say(("Done.",)),))
    calls = (Call(id=f"call_{n}", name="memory_insert", pieces=(note,)) for n in range(15))
    fake.script(*(Reply((words, call)) for call in calls), end)

    heard = await _send(client, agent, include_compaction_messages=True)

    assert heard["stop_reason"] == "end_turn"
    assert heard["summary_message"]["summary"] == "Noted."
    history = await client.get(f"/v1/agents/{agent}/messages", order="asc", limit=200)
    check_calls(history)
    asked = next(one["id"] for one in history if one["message_type"] == "user_message")
    assert asked in await window(client, agent)
    steps = heard["usage_statistics"]["step_count"]
    summaries = [one for one in history if one["message_type"] == "summary_message"]
    assert len(fake.requests) == steps + len(summaries)


async def _send(client: Client, agent: str, text: str = "And now?", **body: Any) -> Json:
    """What came of a send to the agent's default conversation: the last event of each kind."""
    said = {"agent_id": agent, **body}
    heard = {
        event["message_type"]: event
        async for event in client.stream("default", text, **said)
        if event is not None
    }
    return {**heard, "stop_reason": heard["stop_reason"]["stop_reason"]}
