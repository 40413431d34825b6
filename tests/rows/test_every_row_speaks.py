"""Laws 1 and 10: each provider takes every shared conversation, and what it says survives.

The last request of a conversation holds all of it, so its body shows both how each thing that was
said is encoded, and how what the provider had streamed before goes back to it.
"""

import pytest

from tests.api.here import Client, Json, check_calls, joined
from tests.fakes.provider import FakeProvider
from tests.rows.bodies import check, parts_of
from tests.rows.rows import ROWS, Row
from tests.rows.talks import TALKS, Talk


@pytest.mark.parametrize("tokens", [True, False], ids=["tokens", "steps"])
@pytest.mark.parametrize("name", TALKS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_conversation(
    client: Client, fake: FakeProvider, row: Row, name: str, tokens: bool
) -> None:
    talk = TALKS[name]
    fake.script(*talk.replies)
    conversation = await client.conversation(await _agent(client, row, talk))

    told: list[Json] = []
    for said in talk.says:
        heard = await client.send(conversation, said, stream_tokens=tokens)
        assert (heard.stop, heard.error, heard.done) == ("end_turn", None, True)
        told += [_input(said), *joined(heard.messages)]

    history = (await client.history(conversation))[1:]
    assert [_input(one["content"]) if _is_input(one) else one for one in history] == told
    check_calls(history)
    assert len(fake.requests) == len(talk.replies)
    check(row, name, parts_of(fake.requests[-1]))


async def _agent(client: Client, row: Row, talk: Talk) -> str:
    return await client.agent(
        model=row.handle,
        model_settings=row.model_settings(talk.form),
        system="Be kind.",
        memory_blocks=[{"label": "human", "value": ""}] if talk.tools else [],
        tools=["memory_insert"] if talk.tools else [],
        include_base_tools=False,
    )


def _input(content: object) -> Json:
    return {"message_type": "user_message", "content": content}


def _is_input(message: Json) -> bool:
    return bool(message["message_type"] == "user_message")
