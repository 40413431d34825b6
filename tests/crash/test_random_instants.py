"""Two servers on one database are killed at random instants, under clients that do not give up."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random

import httpx2
import pytest

from tests.crash.checks import check, check_alone
from tests.crash.lives import Life, living
from tests.crash.playing import QUIET_WITHIN, world_of
from tests.crash.stories import TOOL, WORDS
from tests.crash.witness import Sent, Witness
from tests.databases import Databases

pytestmark = pytest.mark.timeout(400)  # for machines that do something else as well

SEED = int(os.environ.get("PALAVER_SEED", "1"))

_CLIENTS = 4
_LONGEST_LIFE = (
    5.0  # seconds; a lease is shorter, so some are taken over by the other, some are not
)
_TALK = 6  # sends to a conversation, then comes the next one
_PATIENCE = 0.1  # seconds before the next try
_ORDERS = (WORDS, TOOL, "[[words: 60]] [[pace: 10]]", "[[fail: cut]] [[words: 6]]")
_WAYS = ("reject", "queue", "queue", "interrupt")


@dataclass(slots=True)
class Pair:
    """Two servers, each started again as soon as it has been killed, so many times in all."""

    world: Mapping[str, str]
    dice: Random
    kills: int
    lives: list[Life] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether nobody is killed any more."""
        return self.kills <= 0

    def any(self) -> Life:
        """A server; perhaps it is not ready yet, perhaps it is just dying."""
        return self.dice.choice(self.lives)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The servers are there, and are killed, for as long as the context lasts."""
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
            self.lives = [await stack.enter_async_context(living(self.world)) for _ in range(2)]
            for place in range(2):
                tasks.create_task(self._die_again_and_again(place, stack))
            yield

    async def _die_again_and_again(self, place: int, stack: AsyncExitStack) -> None:
        while not self.over:
            self.kills -= 1
            await asyncio.sleep(self.dice.uniform(0, _LONGEST_LIFE))  # the random instant
            self.lives[place].kill()
            self.lives[place] = await stack.enter_async_context(living(self.world))


async def _kill_and_check(databases: Databases, kills: int) -> None:
    print(f"PALAVER_SEED={SEED}")
    dice = Random(SEED)
    with databases.fresh() as url, world_of(url) as world:
        pair = Pair(world, dice, kills)
        async with pair.running():
            witnesses = [await _opened(pair) for _ in range(_CLIENTS)]
            async with asyncio.TaskGroup() as tasks:
                for witness in witnesses:
                    tasks.create_task(_talk(pair, witness, dice))
                tasks.create_task(_watch(pair))
        async with living(world) as life:
            for number, witness in enumerate(witnesses):
                witness.life = life
                quiet = await check(witness)
                assert number or quiet < QUIET_WITHIN, f"no active run only after {quiet:.2f} s"
                assert all(sent.told.done for sent in witness.sent)


async def _opened(pair: Pair) -> Witness:
    """A client with an agent of its own."""
    witness = Witness(pair.any())
    while witness.agent_id is None:
        with suppress(httpx2.TransportError):
            await witness.agent()
        witness.life = pair.any()
    return witness


async def _talk(pair: Pair, witness: Witness, dice: Random) -> None:
    """Open conversations, and say several things at once in each."""
    while not pair.over:
        witness.life = pair.any()
        try:
            conversation = await witness.conversation()
        except httpx2.TransportError:
            await asyncio.sleep(_PATIENCE)
            continue
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_TALK):
                sent = witness.note(conversation, dice.choice(_ORDERS), on_busy=dice.choice(_WAYS))
                tasks.create_task(_deliver(pair, witness, sent, dice))


async def _deliver(pair: Pair, witness: Witness, sent: Sent, dice: Random) -> None:
    """Send until the whole answer has been heard: what was heard before is never unsaid."""
    await asyncio.sleep(dice.uniform(0, 2))
    while not sent.told.done:
        before, raw, witness.life = sent.told, sent.raw, pair.any()
        if before.events and dice.random() < 0.7:
            await witness.follow(sent)
        else:
            await witness.listen(sent)
        both = zip(before.events, sent.told.events, strict=False)
        assert all(one == other for one, other in both), f"said otherwise: {sent.key}"
        assert sent.refused in (None, 409, 503), f"{sent.refused}: {sent.refusal!r}"
        if len(sent.told.events) < len(before.events):
            sent.raw = raw
        if not sent.told.done:
            await asyncio.sleep(_PATIENCE)


async def _watch(pair: Pair) -> None:
    """Look for two runs at a time in one conversation."""
    while not pair.over:
        await asyncio.sleep(_PATIENCE)
        with suppress(httpx2.TransportError):
            answer = await pair.any().client.ask("GET", "/v1/runs/", active=True, limit=1000)
            check_alone(answer.json())


async def test_a_few_kills_at_random_instants(many: Databases) -> None:
    await _kill_and_check(many, kills=4)


@pytest.mark.soak
@pytest.mark.timeout(1000)
async def test_many_kills_at_random_instants(many: Databases) -> None:
    await _kill_and_check(many, kills=int(os.environ.get("PALAVER_KILLS", "200")))
