"""A fork writes a few rows, however long the history that it shares (timed: `bench.fork`)."""

from tests.api.here import Client
from tests.api.tables import counts, lengthen, looking_into, rows_of, size

_LONG = 100_000  # messages
_MOST = 16_000  # bytes that a fork may write


async def test_a_fork_of_a_long_conversation_is_three_rows(client: Client, module_url: str) -> None:
    agent = await client.agent()
    long = await client.conversation(agent)
    async with looking_into(module_url) as db:
        await db.tx(lengthen, long, agent, _LONG)
        (newest,) = await client.get(f"/v1/conversations/{long}/messages", limit=1)
        before = await db.read(counts)

        whole = (await client.post(f"/v1/conversations/{long}/fork"))["id"]
        part = (await client.post(f"/v1/conversations/{long}/fork", message_id=newest["id"]))["id"]

        after = await db.read(counts)
        written = {
            name: after[name] - before[name] for name in after if after[name] != before[name]
        }
        assert written == {"conversations": 2, "segments": 2, "entries": 2}
        for fork in (whole, part):
            assert size(await db.read(rows_of, fork)) < _MOST
            (last,) = await client.get(f"/v1/conversations/{fork}/messages", limit=1)
            assert last == newest
