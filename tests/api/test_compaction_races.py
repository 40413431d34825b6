"""Compaction while others are at work in the same conversation."""

import asyncio
from typing import Any

from tests.api.here import Client, Json
from tests.api.sending import begin
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Fault, Reply, Say

SLOWLY = Reply((Say(("They", " spoke", " for", " a", " while.")),), fault=Fault("drip"))
BY_FAKE: Json = {"mode": "all", "model": "openai/gpt-4o"}


async def talked(client: Client) -> str:
    """A conversation in which a few things were said."""
    conversation = await client.conversation(await client.agent(include_base_tools=False))
    for _ in range(3):
        await client.send(conversation, "[[words: 80]]")
    return conversation


async def window(client: Client, conversation: str) -> list[str]:
    """The ids of the messages in a conversation's window."""
    found = await client.get(f"/v1/conversations/{conversation}")
    ids: list[str] = found["in_context_message_ids"]
    return ids


async def compact(client: Client, conversation: str) -> tuple[int, Any]:
    """What a compaction is answered with whose summary takes its time."""
    path = f"/v1/conversations/{conversation}/compact"
    answer = await client.ask("POST", path, {"compaction_settings": BY_FAKE})
    return answer.status_code, answer.json()


async def test_what_is_said_while_a_summary_is_written_stays(
    client: Client, fake: FakeProvider
) -> None:
    conversation = await talked(client)
    before = await window(client, conversation)

    fake.script(SLOWLY)
    going = asyncio.create_task(compact(client, conversation))
    await fake.until_streaming()
    await client.send(conversation, "Meanwhile.")
    said = (await window(client, conversation))[len(before) :]
    status, told = await going

    assert (status, told["num_messages_after"]) == (200, 4)
    after = await window(client, conversation)
    assert after[2:] == [*before[-2:], *said]
    assert len(said) == 2


async def test_a_run_that_began_meanwhile_is_left_alone(client: Client, fake: FakeProvider) -> None:
    conversation = await talked(client)
    before = await window(client, conversation)

    fake.script(SLOWLY)
    going = asyncio.create_task(compact(client, conversation))
    await fake.until_streaming()
    run = await begin(client, conversation)
    status, told = await going

    assert (status, told["run_id"]) == (409, run.run_id)
    assert (await window(client, conversation))[: len(before)] == before
    assert (await client.cancel(conversation)).status_code == 200


async def test_of_two_compactions_at_once_one_is_kept(client: Client, fake: FakeProvider) -> None:
    conversation = await talked(client)

    fake.script(SLOWLY, SLOWLY)
    answers = await asyncio.gather(*(compact(client, conversation) for _ in range(2)))

    assert sorted(status for status, _ in answers) == [200, 409]
    (refused,) = (told["detail"] for status, told in answers if status == 409)
    assert "window was changed meanwhile" in refused
    history = await client.history(conversation)
    summaries = [one["id"] for one in history if one["message_type"] == "summary_message"]
    assert (await window(client, conversation))[1:2] == summaries
