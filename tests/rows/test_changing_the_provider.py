"""In the middle of a conversation another provider takes over, and then the first one again.

The fake refuses what the real ones refuse: calls without returns, reasoning without the signature
that its own protocol gave it, ids of a foreign form, content that is none.
"""

import json
from itertools import permutations

import pytest

from tests.api.here import Client, check_calls
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Reply, Say, Think
from tests.rows.rows import ROWS, Row

_THOUGHT, _SEAL = "They like tea.", "c2VhbC0x"
_CALLS = (
    Call("call_tea", "memory_insert", ('{"label": "human", "new_string": "tea"}',)),
    Call("call_milk", "memory_insert", ('{"label": "human", "new_string": "milk"}',)),
)
_WIRES = tuple({row.wire: row for row in reversed(ROWS)}.values())  # the first row of each


@pytest.mark.parametrize(("one", "other"), list(permutations(_WIRES, 2)), ids=lambda row: row.name)
async def test_another_provider_goes_on_and_the_first_one_after_it(
    client: Client, fake: FakeProvider, one: Row, other: Row
) -> None:
    agent = await client.agent(
        model=one.handle,
        model_settings=one.model_settings(),
        memory_blocks=[{"label": "human", "value": ""}],
        tools=["memory_insert"],
        include_base_tools=False,
    )
    conversation = await client.conversation(agent)
    for row in (one, other, one):
        fake.script(
            Reply((Think((_THOUGHT,), seal=_SEAL), Say(("I note it.",)), *_CALLS)),
            Reply((Say(("Done.",)),)),
        )
        heard = await client.send(conversation, "Tea with milk.", override_model=row.handle)
        assert (heard.stop, heard.error) == ("end_turn", None)

    check_calls(await client.history(conversation))
    to_other = json.dumps(fake.bodies[2])  # the first that the other was asked
    assert "I note it." in to_other and "Done." in to_other
    assert _THOUGHT not in to_other and _SEAL not in to_other
