"""Law 4: a fork is a snapshot; neither side sees what the other says later."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.here import Client, Json

Kind = Literal["send", "fork", "fork at", "delete"]


@dataclass(frozen=True, slots=True)
class Deed:
    """Something done to one of the conversations that are there; both numbers wrap around."""

    kind: Kind
    conversation: int
    message: int


deeds = st.builds(
    Deed,
    st.sampled_from(("send", "fork at", "send", "fork", "delete")),
    st.integers(0, 3),
    st.integers(0, 9),
)


@dataclass(slots=True)
class Tree:
    """Conversations that grew from one, and what must be read in each of them."""

    client: Client
    agent: str
    told: dict[str, list[Json]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)

    async def do(self, deed: Deed) -> None:
        """Do it, and remember what it should have come to."""
        if not self.told:
            return
        chosen = sorted(self.told)[-1 - deed.conversation % len(self.told)]  # 0 is the newest
        match deed.kind:
            case "send":
                await self._send(chosen)
            case "fork":
                await self._fork(chosen, None)
            case "fork at":
                await self._fork(chosen, deed.message)
            case "delete":
                await self.client.delete(f"/v1/conversations/{chosen}")
                del self.told[chosen]
                self.gone.append(chosen)

    async def check(self) -> None:
        """Each conversation reads as it must, and those that were deleted are not there."""
        for conversation, told in self.told.items():
            system, *said = await self.client.history(conversation)
            assert system["message_type"] == "system_message"
            assert conversation in system["content"]
            assert said == told
            read = await self.client.get(f"/v1/conversations/{conversation}")
            assert read["in_context_message_ids"] == [system["id"], *_ids(told)]
            for message in told:
                assert await self.client.get(f"/v1/messages/{message['id']}") == [message]
        for conversation in self.gone:
            answer = await self.client.ask("GET", f"/v1/conversations/{conversation}/messages")
            assert answer.status_code == 404

    async def _send(self, conversation: str) -> None:
        heard = await self.client.send(conversation, f"number {len(self.told[conversation])}")
        run = await self.client.newest_run(conversation)
        said = await self.client.get(f"/v1/runs/{run['id']}/messages")
        count = sum(one["message_type"] == "user_message" for one in self.told[conversation]) + 1
        assert heard.text.endswith(f"(user messages that I can see: {count})")
        self.told[conversation] += said

    async def _fork(self, source: str, number: int | None) -> None:
        told = self.told[source]
        cut = {}
        if number is not None and told:
            told = told[: number % len(told) + 1]
            cut = {"message_id": told[-1]["id"]}
        made = await self.client.post(f"/v1/conversations/{source}/fork", **cut)
        assert made["agent_id"] == self.agent
        self.told[made["id"]] = list(told)


def _ids(told: Sequence[Json]) -> list[str]:
    return [message["id"] for message in told]


_TWO_SAID = [Deed("send", 0, 0)] * 2


@settings(max_examples=25)
@given(st.lists(deeds, min_size=4, max_size=12))
async def test_every_fork_stays_as_it_was_told(client: Client, done: Sequence[Deed]) -> None:
    agent = await client.agent()
    tree = Tree(client, agent, {await client.conversation(agent): []})
    for deed in (*_TWO_SAID, *done):
        await tree.do(deed)
    await tree.check()
