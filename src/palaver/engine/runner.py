"""Sends become runs: one transaction that starts a run, and a task that carries it out."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass

from palaver import clock
from palaver.core.window import Window
from palaver.domain.agent import Agent
from palaver.domain.conversation import Conversation
from palaver.domain.entry import Entry
from palaver.domain.llm import ChatModel, Handle
from palaver.domain.model_settings import ModelSettings
from palaver.domain.run import Run
from palaver.engine import compiling
from palaver.engine.live_run import LiveRun, Stage
from palaver.engine.log import Log
from palaver.engine.send import Send
from palaver.engine.toolbox import Toolbox
from palaver.errors import Unavailable
from palaver.providers.catalog import Catalog
from palaver.store import agents, conversations, entries, runs
from palaver.store.db import Database, Tx

logger = logging.getLogger(__name__)

MAX_WINDOW = 128_000  # tokens; a model's own window counts up to here unless a limit is set


@dataclass(frozen=True, slots=True)
class _Choice:
    """The model that answers a send, with its settings and the window it may have."""

    handle: Handle
    model: ChatModel
    settings: ModelSettings | None
    context_window: int


class Runner:
    """Starts runs, carries them out, and ends those that are cancelled or left by a shutdown."""

    def __init__(self, db: Database, log: Log, catalog: Catalog, worker: str) -> None:
        self._db = db
        self._log = log
        self._catalog = catalog
        self._worker = worker
        self._live: dict[str, LiveRun] = {}
        self._closing = False

    @property
    def busy(self) -> bool:
        """Whether any run is under way in this process."""
        return bool(self._live)

    async def start(self, send: Send) -> Run:
        """Start a run for `send`; when this returns, its input is kept and the run is going on.

        Raises `NotFound` for an unknown model, `ConversationBusy` while another run is active.
        """
        if self._closing:
            raise Unavailable("The server is being stopped; send again when it is back.")
        agent, conversation = await self._db.read(_opened, send)
        choice = self._choose(send, agent, conversation)
        run = _new_run(send)
        inputs = [entry.model_copy(update={"run_id": run.id}) for entry in send.inputs]
        await self._db.tx(_start, self._worker, send, run, inputs)
        tools = Toolbox(self._db, send.project, agent.id, agent.tools)
        window = Window(
            choice.handle,
            tools=tools.specs(),
            settings=choice.settings,
            conversation=send.address.conversation_id,
        )
        stage = Stage(send, window, choice.model, tools, choice.context_window)
        self._carry(run, stage)
        return run

    def stop(self, run_ids: Iterable[str]) -> None:
        """End those of the runs that this process carries out, as cancelled."""
        for run_id in run_ids:
            live = self._live.get(run_id)
            if live is not None:
                live.stop("cancelled")

    async def close(self) -> None:
        """End all runs of this process, each with its last frames, and wait for them."""
        self._closing = True
        live = list(self._live.values())
        for run in live:
            run.stop("shutdown")
        await asyncio.gather(*(run.task for run in live if run.task is not None))

    def _carry(self, run: Run, stage: Stage) -> None:
        live = LiveRun(run, stage, self._worker, self._db, self._log, self._log.open(run.id))
        self._live[run.id] = live
        live.task = asyncio.create_task(live.carry(), name=run.id)
        live.task.add_done_callback(lambda _: self._live.pop(run.id, None))

    def _choose(self, send: Send, agent: Agent, conversation: Conversation | None) -> _Choice:
        """Whose model answers: the request's, else the conversation's, else the agent's."""
        named, settings = agent.model, agent.model_settings
        if conversation is not None and conversation.model:
            named, settings = conversation.model, None
        if conversation is not None and conversation.model_settings is not None:
            settings = conversation.model_settings
        if send.override_model:
            named, settings = send.override_model, None
        handle, model = self._catalog.resolve(named)
        limit = conversation.context_window_limit if conversation is not None else None
        limit = limit or agent.context_window_limit or MAX_WINDOW
        own = self._catalog.context_window(handle)
        return _Choice(handle, model, settings, min(own, limit))


def _opened(tx: Tx, send: Send) -> tuple[Agent, Conversation | None]:
    agent = agents.get(tx, send.project, send.address.agent_id)
    if send.address.is_default:
        return agent, None
    return agent, conversations.bare(tx, send.project, send.address.conversation_id)


def _start(tx: Tx, worker: str, send: Send, run: Run, inputs: list[Entry]) -> None:
    runs.start(tx, send.project, run, send.address, worker)
    compiling.refresh(tx, send.project, send.address)
    entries.append(tx, send.project, send.address, inputs)
    conversations.touch(tx, send.address.conversation_id, run.created_at)


def _new_run(send: Send) -> Run:
    kind = "send_message" if send.address.is_default else "send_conversation_message"
    return Run(
        id=clock.mint("run"),
        agent_id=send.address.agent_id,
        conversation_id=send.address.shown_id,
        status="running",
        background=send.background,
        created_at=clock.now(),
        metadata={"run_type": kind},
        request_config=send.config,
    )
