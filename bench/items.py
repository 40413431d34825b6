"""What is measured, one function an item; each gives the rows of the table that it fills."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from bench.load import Completions, Conversations, Cost, Job, measured, together
from bench.servers import Program, Server, running
from bench.window import cost_of_window

STREAMS = 64
TOKENS = 200
APART = 20  # milliseconds between two tokens
PACE = (TOKENS - 1) * APART / 1000  # seconds that a stream takes if nobody delays it
TURNS = 5  # turns that a conversation is used for before the next one is taken
AT_ONCE = 8  # tools that one step calls
FEW, MANY = 10, 5_000  # messages behind a turn
COMPACTED = 1_000  # messages in a window that is compacted


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: figures in `unit`, except ``p50``, which is in milliseconds."""

    what: str
    unit: str
    palaver: float
    p50: float | None = None
    reference: str = ""
    floor: float | None = None
    budget: float | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """The servers that run, the programs to start anew, and how much is asked of them."""

    palaver: Server
    proxy: Server
    rows: Server
    model: Server
    cold: tuple[Program, Program]  # palaver, and the reference beside it
    database_url: str  # palaver's
    quick: bool

    def times(self, full: int) -> int:
        """How often to do what a full run does `full` times."""
        return full // 3 if self.quick else full


Item = Callable[[Bench], Awaitable[list[Row]]]
Prepare = Callable[[Conversations], Awaitable[Sequence[Job]]]


async def create(bench: Bench) -> list[Row]:
    """Create conversations."""

    async def prepare(client: Conversations) -> Sequence[Job]:
        return [client.create] * bench.times(1_500)

    return [await _beside_rows(bench, "create a conversation", 2.0, prepare)]


async def retrieve(bench: Bench) -> list[Row]:
    """Read conversations, one of many at a time."""

    async def prepare(client: Conversations) -> Sequence[Job]:
        ids = [await client.create() for _ in range(100)]
        return [partial(client.retrieve, id) for id in ids] * bench.times(20)

    return [await _beside_rows(bench, "retrieve a conversation", 0.8, prepare)]


async def list_50(bench: Bench) -> list[Row]:
    """List the newest 50 of an agent's 1,000 conversations."""

    async def prepare(client: Conversations) -> Sequence[Job]:
        for _ in range(1_000):
            await client.create()
        return [client.list_50] * bench.times(600)

    return [await _beside_rows(bench, "list 50 of 1,000 conversations", 2.0, prepare)]


async def messages_100(bench: Bench) -> list[Row]:
    """List the newest 100 of a conversation's 1,000 messages."""

    async def prepare(client: Conversations) -> Sequence[Job]:
        conversation = await client.create()
        await client.fill(conversation, 1_000)
        return [partial(client.list_100_messages, conversation)] * bench.times(600)

    return [await _beside_rows(bench, "list 100 of 1,000 messages", 3.0, prepare)]


async def turn(bench: Bench) -> list[Row]:
    """Turns that are not streamed, with a model that answers one token at once."""
    cost, _ = await _turns(bench.palaver, 0, bench.times(30), TURNS)
    plain = Completions(bench.proxy)
    floor = await measured(bench.proxy, [plain.say] * bench.times(1_500))
    plain.close()
    row = Row(
        what="turn, not streamed, instant model",
        unit="CPU ms",
        palaver=cost.cpu,
        p50=cost.p50,
        reference=bench.proxy.name,
        floor=floor.cpu,
        budget=15.0,
    )
    return [row]


async def token(bench: Bench) -> list[Row]:
    """Streamed tokens: 64 conversations of one agent at once, stored and sent."""
    waves = [10] + [TOKENS] * (1 if bench.quick else 3)
    cost = await _streamed(bench.palaver, waves)
    floor = await _relayed(bench.proxy, waves)
    name = bench.proxy.name
    return [
        Row(
            what=f"streamed token, {STREAMS} conversations at once",
            unit="CPU ms",
            palaver=cost.cpu,
            reference=name,
            floor=floor.cpu,
            budget=0.6,
        ),
        Row(
            what=f"until all {STREAMS} have ended, {PACE:.2f} s if nobody delays them",
            unit="s",
            palaver=cost.p50 / 1000,
            reference=name,
            floor=floor.p50 / 1000,
        ),
    ]


async def scale(bench: Bench) -> list[Row]:
    """The same turn with 10 and with 5,000 messages behind it."""
    few, short = await _turns(bench.palaver, FEW, bench.times(30), TURNS)
    many, long = await _turns(bench.palaver, MANY, 1, bench.times(20))
    little = await cost_of_window(bench.database_url, bench.model.port, short)
    much = await cost_of_window(bench.database_url, bench.model.port, long)
    read, sent = much.read - little.read, much.sent - little.sent
    growth = max(0.0, many.cpu - read - sent) / few.cpu  # what is below the noise is nothing
    return [
        Row(f"turn, {FEW} messages behind it", "CPU ms", few.cpu, few.p50),
        Row(f"turn, {MANY:,} messages behind it", "CPU ms", many.cpu, many.p50),
        Row(f"of that, to read {MANY:,} messages", "CPU ms", read),
        Row(f"of that, to put {MANY:,} messages on the wire", "CPU ms", sent),
        Row(f"what is left, over the turn with {FEW}", "×", growth, budget=1.5),
    ]


async def compact(bench: Bench) -> list[Row]:
    """Compact conversations of 1,000 messages, with a model that sums up at once."""
    client = await Conversations(bench.palaver).begin()
    ids = [await client.create() for _ in range(bench.times(30))]
    for id in ids:
        await client.fill(id, COMPACTED)
    cost = await measured(bench.palaver, [partial(client.compact, id, COMPACTED) for id in ids])
    client.close()
    return [
        Row(f"compact {COMPACTED:,} messages", "CPU ms", cost.cpu, cost.p50, budget=60.0),
        Row("until it is done, with an instant summary", "ms", cost.p50, budget=150.0),
    ]


async def start(bench: Bench) -> list[Row]:
    """Starts from nothing: how long, and how much memory a worker holds when it is idle."""
    ours, floors = bench.cold
    starts = [await _started(ours, talks=True) for _ in range(bench.times(3))]
    bare = [await _started(floors, talks=False) for _ in range(bench.times(3))]
    seconds, fresh, used = (median(column) for column in zip(*starts, strict=True))
    bare_seconds, bare_fresh, _ = (median(column) for column in zip(*bare, strict=True))
    name = floors.name
    return [
        Row("idle worker, before its first turn", "MB", fresh, None, name, bare_fresh, 150.0),
        Row("idle worker, after its first turn", "MB", used, None, name, bare_fresh, 150.0),
        Row("cold start, from exec to health 200", "s", seconds, None, name, bare_seconds),
    ]


async def tools(bench: Bench) -> list[Row]:
    """A turn whose one step calls several tools at once, each a process in the sandbox."""
    client = Conversations(bench.palaver)
    await client.equip("rest")
    conversation = await client.create()
    rows: list[Row] = []
    for calls, budget in ((1, None), (AT_ONCE, 300.0)):
        job = partial(client.use_tools, conversation, "rest", calls)
        cost = await measured(bench.palaver, [job] * bench.times(30))
        what = f"turn that calls {calls} tool{'s' * (calls > 1)} of 100 ms at once"
        rows.append(Row(what, "ms", cost.p50, budget=budget))
    client.close()
    return rows


ITEMS: dict[str, Item] = {
    "create": create,
    "retrieve": retrieve,
    "list50": list_50,
    "messages100": messages_100,
    "turn": turn,
    "token": token,
    "scale": scale,
    "compact": compact,
    "start": start,
    "tools": tools,
}


async def _beside_rows(bench: Bench, what: str, budget: float, prepare: Prepare) -> Row:
    cost = await _prepared(bench.palaver, prepare)
    floor = await _prepared(bench.rows, prepare)
    return Row(what, "CPU ms", cost.cpu, cost.p50, bench.rows.name, floor.cpu, budget)


async def _prepared(server: Server, prepare: Prepare) -> Cost:
    client = await Conversations(server).begin()
    cost = await measured(server, await prepare(client))
    client.close()
    return cost


async def _turns(server: Server, size: int, conversations: int, turns: int) -> tuple[Cost, str]:
    """The cost of a turn, `turns` of which are made in each conversation of `size` messages.

    Also the id of the last of these conversations.
    """
    client = await Conversations(server).begin()
    ids = [await client.create() for _ in range(conversations)]
    for id in ids:
        await client.fill(id, size)
    cost = await measured(server, [partial(client.say, id) for id in ids for _ in range(turns)])
    client.close()
    return cost, ids[-1]


async def _streamed(server: Server, waves: Sequence[int]) -> Cost:
    """The cost of a token, in waves of streams of so many tokens each; the first is not counted."""
    first = await Conversations(server).begin()
    crowd = [await Conversations(server).begin(first.agent) for _ in range(STREAMS)]
    ids = [await client.create() for client in crowd]
    pairs = list(zip(crowd, ids, strict=True))

    async def wave(tokens: int) -> None:
        await together(client.follow(id, tokens, APART) for client, id in pairs)

    cost = await measured(server, [partial(wave, n) for n in waves], STREAMS * TOKENS)
    for client, id in pairs:
        await client.check_stored(id, TOKENS)
        client.close()
    first.close()
    return cost


async def _relayed(proxy: Server, waves: Sequence[int]) -> Cost:
    """The same through the bare proxy."""
    crowd = [Completions(proxy) for _ in range(STREAMS)]

    async def wave(tokens: int) -> None:
        await together(client.follow(tokens, APART) for client in crowd)

    cost = await measured(proxy, [partial(wave, n) for n in waves], STREAMS * TOKENS)
    for client in crowd:
        client.close()
    return cost


async def _started(program: Program, talks: bool) -> tuple[float, float, float]:
    """Seconds to come up, and MB held before and after a first turn (if it `talks`)."""
    async with running(program) as server:
        fresh = server.memory()
        if talks:
            client = await Conversations(server).begin()
            await client.say(await client.create())
            client.close()
        return server.started_in, fresh, server.memory()
