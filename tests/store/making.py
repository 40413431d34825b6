"""Things to keep: nouns with as little in them as the store asks for, and a way to keep them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from palaver.clock import mint
from palaver.domain.agent import Agent
from palaver.domain.archive import Archive, Passage
from palaver.domain.batch import BatchJob
from palaver.domain.block import Block
from palaver.domain.conversation import Address, Conversation
from palaver.domain.entry import Entry
from palaver.domain.folder import AgentFile, File, Folder, Piece
from palaver.domain.group import Group
from palaver.domain.identity import Identity
from palaver.domain.ids import DEFAULT_PROJECT
from palaver.domain.page import MAX_LIMIT, Order, Page
from palaver.domain.part import Text
from palaver.domain.run import Run, Step
from palaver.domain.tool import Tool
from palaver.domain.trace import Http, ProviderTrace
from palaver.errors import ConversationBusy
from palaver.store import (
    agents,
    archives,
    batches,
    blocks,
    conversations,
    entries,
    files,
    folders,
    passages,
    runs,
    waiting,
)  # fmt: skip
from palaver.store.batches import Item
from palaver.store.db import Tx
from palaver.store.runs import Ticket

Kept = Agent | Archive | Block | Conversation | Entry | Passage | Run | Step

HERE = DEFAULT_PROJECT
NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


def all_of_it(order: Order = "asc") -> Page:
    """A page that holds the whole of a short list."""
    return Page(limit=MAX_LIMIT, order=order)


def agent(name: str = "Ada") -> Agent:
    """An agent."""
    return Agent(
        id=mint("agent"),
        name=name,
        system="You listen.",
        model="scripted/echo",
        tags=("kind",),
        created_at=NOON,
        updated_at=NOON,
    )


def trace(run_id: str, step_id: str) -> ProviderTrace:
    """What a provider was asked."""
    asked = Http(method="POST", url="https://x.example", headers={}, response_headers={})
    return ProviderTrace(
        id=mint("provider_trace"),
        request_json={"model": "m"},
        response_json={},
        http=asked,
        created_at=NOON,
        run_id=run_id,
        step_id=step_id,
    )


def block(label: str = "human", value: str = "Likes rain.") -> Block:
    """A block."""
    return Block(id=mint("block"), label=label, value=value)


def archive(name: str = "Papers") -> Archive:
    """An archive."""
    return Archive(id=mint("archive"), name=name, created_at=NOON, updated_at=NOON)


def passage(text: str = "hello", tags: Sequence[str] = ()) -> Passage:
    """A passage, for any archive."""
    return Passage(id=mint("passage"), text=text, tags=list(tags), created_at=NOON)


def identity() -> Identity:
    """An identity with a key of its own."""
    name = mint("identity")
    return Identity(id=name, identifier_key=f"key:{name}", name="Ada", identity_type="user")


def group(agent_id: str) -> Group:
    """A group of an agent, which it manages itself."""
    return Group(
        id=mint("group"),
        description="They talk.",
        agent_ids=[agent_id],
        manager_type="supervisor",
        manager_agent_id=agent_id,
    )


def tool(name: str = "count") -> Tool:
    """A tool."""
    return Tool(id=mint("tool"), name=name, description="Count words.")


def conversation(agent_id: str, **more: object) -> Conversation:
    """A conversation of an agent."""
    blank = Conversation(
        id=mint("conv"), agent_id=agent_id, summary="small talk", created_at=NOON, updated_at=NOON
    )
    return blank.model_copy(update=more)


def system() -> Entry:
    """What a conversation begins with."""
    return Entry(
        id=mint("message"), seq=0, role="system", parts=(Text(text="Listen."),), created_at=NOON
    )


def entry(text: str = "hello", run_id: str | None = None, step_id: str | None = None) -> Entry:
    """What a user says."""
    return Entry(
        id=mint("message"),
        seq=0,
        role="user",
        parts=(Text(text=text),),
        created_at=NOON,
        run_id=run_id,
        step_id=step_id,
    )


def run(address: Address) -> Run:
    """A run in a conversation, under way."""
    return Run(
        id=mint("run"),
        agent_id=address.agent_id,
        conversation_id=address.conversation_id,
        status="running",
        created_at=NOON,
    )


def step(run: Run, model: str = "echo") -> Step:
    """A step of a run."""
    return Step(id=mint("step"), run_id=run.id, agent_id=run.agent_id or "", model=model)


def start(tx: Tx, address: Address, worker: str = "worker-1") -> Run:
    """A run that `worker` carries out, unless another one is active."""
    new = run(address)
    runs.hold(tx, HERE, address.conversation_id)
    if active := runs.active(tx, HERE, address.conversation_id):
        raise ConversationBusy(active[0])
    runs.add(tx, HERE, new, address, Ticket("{}", worker, key=f"key:{new.id}", fingerprint="1"))
    return new


def wait(tx: Tx, address: Address, *, interrupts: bool = False, request: str = "{}") -> Run:
    """A run that waits in line."""
    new = run(address).model_copy(update={"status": "created"})
    place, _ = waiting.place_for(tx, HERE, address.conversation_id, interrupts=interrupts)
    runs.add(tx, HERE, new, address, Ticket(request, place=place))
    return new


def keep_agent(tx: Tx, name: str = "Ada") -> Agent:
    """An agent that is kept."""
    new = agent(name)
    agents.add(tx, HERE, new)
    return new


def keep_batch(tx: Tx, agent_id: str, run_id: str) -> BatchJob:
    """A batch of two requests that is kept; the first one is a run."""
    job = BatchJob(id=mint("job"), created_at=NOON)
    batches.add(tx, HERE, job, [(agent_id, "{}")] * 2)
    batches.begun(tx, Item(job.id, 0, "{}"), run_id)
    return job


def keep_block(tx: Tx, agent_id: str, label: str = "human") -> Block:
    """A block that is kept, of an agent."""
    new = block(label)
    blocks.add(tx, HERE, new, NOON)
    blocks.attach(tx, HERE, agent_id, new.id)
    return new


def keep_passage(tx: Tx, agent_id: str, text: str = "hello") -> tuple[Archive, Passage]:
    """A passage that is kept, in a new archive of an agent."""
    box, new = archive(), passage(text, ["grey"])
    archives.add(tx, HERE, box)
    archives.attach(tx, HERE, agent_id, box.id)
    passages.add(tx, HERE, box.id, [new])
    return box, new


def folder(name: str = "count") -> Folder:
    """A folder."""
    return Folder(id=mint("source"), name=name, created_at=NOON, updated_at=NOON)


def file(folder_id: str, name: str = "count") -> File:
    """A file, for a folder."""
    return File(id=mint("file"), source_id=folder_id, file_name=name, created_at=NOON, lines=1)


def keep_file(tx: Tx, agent_id: str, text: str = "hello") -> File:
    """A file that is kept, in a new folder of an agent."""
    box = folder()
    new = file(box.id)
    folders.add(tx, HERE, box)
    folders.attach(tx, HERE, agent_id, box.id)
    files.begin(tx, HERE, new, LATER)
    files.put(tx, HERE, new, [(mint("passage"), Piece(line=1, text=text))])
    files.finish(tx, HERE, new)
    return new


def opened(file: File) -> AgentFile:
    """A file as an agent has it that has opened it."""
    return AgentFile(
        id=file.id.replace("file-", "file_agent-"), file_id=file.id, file_name=file.file_name,
        folder_id=file.source_id, folder_name="count", is_open=True,
    )  # fmt: skip


def keep_conversation(tx: Tx, agent_id: str | None = None, said: int = 0) -> Address:
    """A conversation that is kept, with as many entries said in it."""
    owner = agent_id or keep_agent(tx).id
    new = conversation(owner)
    conversations.add(tx, HERE, new, system())
    address = Address(conversation_id=new.id, agent_id=owner)
    say(tx, address, said)
    return address


def say(tx: Tx, address: Address, times: int = 1) -> list[str]:
    """Say something so many times; the ids of what was said."""
    said = entries.append(tx, HERE, address, [entry(f"word {n}") for n in range(times)])
    return [one.id for one in said]


def fork(tx: Tx, source: Address, upto: str | None = None) -> Address:
    """A fork of a conversation that is kept."""
    new = conversation(source.agent_id)
    conversations.fork(tx, HERE, source.conversation_id, new, system(), upto=upto)
    return Address(conversation_id=new.id, agent_id=source.agent_id)
