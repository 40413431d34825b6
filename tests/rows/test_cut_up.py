"""However a provider's stream is cut up on its way, the same is heard."""

import re
from dataclasses import replace

import pytest

from palaver.domain.llm import StreamEvent
from palaver.providers.catalog import Catalog
from palaver.providers.remote import Patience
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Reply, Say, Think
from tests.providers.talk import LOOK, answer
from tests.rows.rows import ROWS, Row, environment

_TAPE = Reply(
    (
        Think(("Hm, ", "grün?"), seal="c2VhbA=="),
        Say(("Grüße ", "an 🌍!\n\n", "data: no")),
        Call("call_1", "look", ('{"where": ', '"über 🌳"}')),
        Call("call_2", "look", ('{"where":"down"}',)),
    )
)
_GIVEN_HERE = re.compile(r"pyd_ai_\w+")  # ids for calls whose protocol has none


def _byte_by_byte(frames: list[bytes]) -> list[bytes]:
    return [bytes([byte]) for frame in frames for byte in frame]


def _all_at_once(frames: list[bytes]) -> list[bytes]:
    return [b"".join(frames)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_stream_is_heard_the_same_however_it_is_cut_up(row: Row) -> None:
    async with FakeProvider() as fake:
        models = Catalog(environment(fake), Patience(tries=1))
        fake.script(*(replace(_TAPE, bend=bend) for bend in (list, _byte_by_byte, _all_at_once)))

        whole, *others = [_told(await answer(models, row.handle, tools=(LOOK,))) for _ in range(3)]

        assert others == [whole, whole]
        assert len(whole) > 4
        await models.close()


def _told(events: list[StreamEvent]) -> list[str]:
    return [_GIVEN_HERE.sub("an id", repr(event)) for event in events]
