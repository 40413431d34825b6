"""Sends become runs: one transaction that starts a run, and a task that carries it out."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any

from palaver.core import approval, rules
from palaver.core.compaction import merged
from palaver.domain.run import Run
from palaver.engine import abandoned, choosing, line
from palaver.engine.abandoned import Resumed
from palaver.engine.choosing import Opened
from palaver.engine.hints import Hints
from palaver.engine.line import Admitted
from palaver.engine.live_run import LiveRun
from palaver.engine.log import Log
from palaver.engine.send import Send
from palaver.engine.stage import Stage
from palaver.engine.summarising import Summariser
from palaver.engine.tally import Tally
from palaver.engine.toolbox import Toolbox
from palaver.engine.workshop import Workshop
from palaver.errors import Stopping, Unavailable
from palaver.providers.catalog import Catalog
from palaver.store.claims import Lost, Owner
from palaver.store.db import Database, Tx

logger = logging.getLogger(__name__)

_GRACE = 5.0  # seconds in which all runs have to end when the process does
_AGAIN = 0.5  # seconds between tries to take a run up while the database is away

Admit = Callable[[Tx, str, Send, Run], Admitted]
"""What lets a send in, as `palaver.engine.line.admit` does."""


class Runner:
    """Starts runs, carries them out, and ends those that are cancelled or left by a shutdown."""

    def __init__(
        self,
        db: Database,
        log: Log,
        hints: Hints,
        catalog: Catalog,
        workshop: Workshop,
        worker: str,
    ) -> None:
        self._db = db
        self._log = log
        self._hints = hints
        self._catalog = catalog
        self._workshop = workshop
        self._worker = worker
        self._live: dict[str, LiveRun] = {}
        self._coming: set[str] = set()  # runs that are about to be carried out here
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self._when_over: list[Callable[[Send], None]] = []

    def when_over(self, do: Callable[[Send], None]) -> None:
        """Call `do` with the send of each run that this process has carried to its end."""
        self._when_over.append(do)

    @property
    def busy(self) -> bool:
        """Whether any run is under way in this process."""
        return bool(self._live)

    @property
    def worker(self) -> str:
        """The worker that this process is."""
        return self._worker

    @property
    def closing(self) -> bool:
        """Whether this process takes up no more runs."""
        return self._closing

    def carries(self, run_id: str) -> bool:
        """Whether a run is under way in this process, or about to be."""
        return run_id in self._live or run_id in self._coming

    async def start(self, send: Send, admit: Admit = line.admit) -> Admitted:
        """Start a run for `send`, or let it wait, or find the run that the same send has started.

        When this returns, the input is kept. Raises `NotFound` for an unknown model, and what
        `admit` raises.
        """
        if self._closing:
            raise Stopping
        opened = await self._db.read(choosing.opened, send.project, send.address)
        choosing.choose(self._catalog, opened, send.override_model)
        send = send.model_copy(update={"forgets": opened.agent.message_buffer_autoclear})
        # Once it is committed it has to be carried out, even if the caller is gone by then.
        return await asyncio.shield(self._begin(send, opened, admit))

    def take_up(self, owner: Owner) -> None:
        """Carry out a run that this worker has got: one that waited, or that was left."""
        if not self._closing:
            self._coming.add(owner.run_id)
            _ = self._spawn(self._settle(owner), owner.run_id)

    def cancel(self, run_ids: Collection[str], begun: Collection[Owner] = ()) -> None:
        """End runs as cancelled: those of this process, and with a hint those of others.

        Runs that have `begun` in their place are taken up.
        """
        for owner in begun:
            self.take_up(owner)
        self.stop(run_ids)
        if any(run_id not in self._live for run_id in run_ids):
            self._hints.tell("cancels")

    def stop(self, run_ids: Collection[str]) -> None:
        """End those of the runs that this process carries out, as cancelled."""
        for run_id in run_ids:
            live = self._live.get(run_id)
            if live is not None:
                live.stop("cancelled")

    async def close(self) -> None:
        """End all runs of this process, each with its last frames, and wait for them.

        While the database is away no end can be written: then they are left to the next process.
        """
        self._closing = True
        self._log.leave_others()
        for live in list(self._live.values()):
            live.stop("shutdown")
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_GRACE)
        for live in list(self._live.values()):
            live.leave()

    async def _begin(self, send: Send, opened: Opened, admit: Admit) -> Admitted:
        run = send.new_run()
        self._coming.add(run.id)
        try:
            admitted = await self._db.tx(admit, self._worker, send, run)
            if admitted.owner is not None:
                running = run.model_copy(update={"status": "running"})
                begun = Resumed(admitted.owner, running, send, Tally(), 0, admitted.due)
                self._carry(begun, opened)
        finally:
            self._coming.discard(run.id)
        self.cancel(admitted.interrupted)
        return admitted

    async def _settle(self, owner: Owner) -> None:
        """Put a run in order, then carry it out, or the one that waited behind it."""
        try:
            while True:
                try:
                    settled = await self._db.tx(abandoned.settle, owner)
                    break
                except Unavailable:
                    if self._closing:
                        return
                    await asyncio.sleep(_AGAIN)
        except Lost:
            return
        finally:
            self._coming.discard(owner.run_id)
        if isinstance(settled, Owner):
            self.take_up(settled)
        elif settled is not None and not self._closing:
            self._carry(settled)

    def _carry(self, resumed: Resumed, opened: Opened | None = None) -> None:
        owner, send = resumed.owner, resumed.send
        tail = self._log.open(owner, resumed.last)
        prepare = partial(self._stage, send, owner, opened)
        live = LiveRun(
            resumed.run,
            send,
            owner,
            self._db,
            self._log,
            tail,
            prepare,
            resumed.tally,
            resumed.due,
            self._catalog.tape(),
        )
        self._live[owner.run_id] = live
        live.task = self._spawn(self._carry_out(live), owner.run_id)

    async def _carry_out(self, live: LiveRun) -> None:
        try:
            begun = await live.carry()
        finally:
            if self._live.get(live.run.id) is live:
                del self._live[live.run.id]
        if not self._closing:
            for do in self._when_over:
                do(live.send)
        if begun is not None:
            self.take_up(begun)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _stage(self, send: Send, owner: Owner, opened: Opened | None) -> Stage:
        """What a run is carried out with."""
        while opened is None:
            try:
                opened = await self._db.read(choosing.opened, send.project, send.address)
            except Unavailable:
                await asyncio.sleep(_AGAIN)
        agent, held, _ = opened
        choice = choosing.choose(self._catalog, opened, send.override_model)
        together = choice.settings is None or choice.settings.parallel_tool_calls
        tools = Toolbox(self._workshop, send, owner, agent, held, together)
        blank = choice.blank(held, send.address, send.client_tools)
        window = replace(blank, logprobs=send.logprobs, token_ids=send.token_ids)
        gates = approval.gates(agent.tool_rules, send.client_tools)
        settings = merged(agent.compaction_settings, None)
        summariser = Summariser(self._catalog, settings)
        kept = rules.read(agent.tool_rules)
        return Stage(window, choice.model, tools, choice.context_window, gates, summariser, kept)
