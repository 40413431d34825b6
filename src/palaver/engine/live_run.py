"""A run that this process carries out: it does what the turn wants, and ends, whatever happens."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from palaver import clock
from palaver.core.compaction import Trigger
from palaver.core.expand import messages_of
from palaver.core.prefix import Outline
from palaver.core.repair import Mend, mended
from palaver.core.speech import Speech
from palaver.core.turn import CallModel, Compact, Remind, Reply, RunTools, Turn, Want, take_turn
from palaver.core.window import Window
from palaver.domain.entry import Entry, Role
from palaver.domain.message import Message
from palaver.domain.part import Part, Text
from palaver.domain.run import Run, Step, StopReason
from palaver.engine import compiling, ending, line, surveying
from palaver.engine.ending import Ending, Unwritten
from palaver.engine.failure import Failure
from palaver.engine.log import Log
from palaver.engine.meter import Meter
from palaver.engine.says import says
from palaver.engine.send import Send
from palaver.engine.stage import Stage, Tools
from palaver.engine.summarising import Summariser
from palaver.engine.tail import Tail
from palaver.engine.tally import Tally, completed
from palaver.errors import (
    BrokenReply,
    ContextOverflow,
    LLMError,
    NothingToCompact,
    PalaverError,
    Unavailable,
)
from palaver.providers import overheard
from palaver.providers.overheard import Tape
from palaver.store import entries, prompts
from palaver.store.claims import Lost, Owner
from palaver.store.db import Database, Tx

logger = logging.getLogger(__name__)

_AHEAD = 2_000  # events that may wait to be written before the model has to wait too
_TOLD = 100  # mended faults that a run's record tells of
_AGAIN = 0.5  # seconds between tries to write a run's end while the database is away

Why = Literal["cancelled", "shutdown"]


@dataclass(slots=True)
class LiveRun:
    """One run under way. It is cancelled through `stop`, which delivers the news only once.

    `prepare` finds out what it is carried out with. `tally` counts the steps that another worker
    has done before. `due` are the calls that are to be carried out and have no return yet: with an
    answer to calls that have waited a run begins with some. What goes to providers and comes from
    them is kept if there is a `tape`.
    """

    run: Run
    send: Send
    owner: Owner
    db: Database
    log: Log
    tail: Tail
    prepare: Callable[[], Awaitable[Stage]]
    tally: Tally = field(default_factory=Tally)
    due: RunTools | None = None
    tape: Tape | None = None
    task: asyncio.Task[None] | None = None
    _why: Why | None = None
    _begun: bool = False  # a task that is cancelled before its first step does nothing at all
    _left: bool = False
    _writing: bool = False  # what is being stored has to be known before the run can end
    _step: Step | None = None  # the call to the model under way
    _speech: Speech | None = None  # what it has said
    _meter: Meter = field(default_factory=Meter)
    _new: Unwritten = field(default_factory=Unwritten)
    _mends: tuple[Mend, ...] = ()  # what had to be mended in the window

    def stop(self, why: Why) -> None:
        """End the run soon. The first reason counts; saying it again does nothing."""
        if self._why is None:
            self._why = why
            if self._begun and not self._writing:
                self._cancel()

    def leave(self) -> None:
        """Give the run up with its end unwritten: whoever comes next takes it over."""
        self._left = True
        if self._begun:
            self._cancel()

    def _heed(self) -> None:
        """Stop here if the run was stopped in a moment in which its task could not be."""
        if self._why is not None:
            raise asyncio.CancelledError

    def _cancel(self) -> None:
        if self.task is not None:
            self.task.cancel()

    async def carry(self) -> Owner | None:
        """Carry the run to its end; the run that its end has begun, if one waited.

        A run whose end cannot be written is left, and taken up again.
        """
        self._begun = True
        overheard.record(self.tape)
        begun, ended = None, False
        try:
            begun = await self._end(await self._ended())
            ended = True
        except Lost:
            logger.warning("%s was taken over by another process", self.run.id)
        except asyncio.CancelledError:
            logger.warning("%s is left to whoever comes next: no database", self.run.id)
        except PalaverError:
            logger.exception("the end of %s cannot be written", self.run.id)
        finally:
            overheard.record(None)
            self.log.close(self.tail, ended=ended)
        return begun

    async def _ended(self) -> Ending:
        """Do what the turn wants, until it wants no more; how that came about."""
        try:
            self._heed()
            stage = await self.prepare()
            window = await self._opened(stage.window)
            done = self.tally.usage_so_far.step_count
            turn = take_turn(window, self.send.max_steps, done, self.due, stage.rules)
            return Ending(await self._drive(stage, turn))
        except Lost:
            raise
        except asyncio.CancelledError:
            if self._left:
                raise
            cancelled = self._why == "cancelled"
            return Ending("cancelled") if cancelled else Ending("error", Failure.shutdown())
        except LLMError as error:
            return ending.of_error(error)
        except PalaverError as error:
            return Ending("error", Failure.refused(error))
        except Exception:  # the edge of a run
            logger.exception("run %s failed", self.run.id)
            return Ending("error", Failure.internal())

    async def _opened(self, blank: Window) -> Window:
        send = self.send
        system, said, before = await self.db.read(_read, send)
        self._meter.outline = before
        system_text = self.send.system(system.text)
        return await self._measured(replace(blank, system=system_text, entries=said), before)

    async def _measured(self, window: Window, before: Outline | None) -> Window:
        """The window with its provider's measure, if that has counted what the window begins with.

        Nobody asks where the window could not be full by any measure.
        """
        if window.size <= window.room:
            return window
        return await self.db.read(surveying.calibrated, self.send.project, window, before)

    async def _drive(self, stage: Stage, turn: Turn) -> StopReason:
        answer: Any = None
        refusal: ContextOverflow | None = None
        while True:
            self._heed()
            try:
                want = turn.send(answer) if refusal is None else turn.throw(refusal)
            except StopIteration as stopped:
                stop: StopReason = stopped.value
                return stop
            refusal = None
            try:
                answer = await self._do(stage, want)
            except ContextOverflow as error:
                if self._speech is not None and self._speech.entry() is not None:
                    raise  # it has begun to answer, and cannot begin again
                refusal = error

    async def _do(self, stage: Stage, want: Want[Any]) -> Any:
        match want:
            case CallModel(window):
                return await self._call_model(stage, window)
            case RunTools():
                return await self._run_tools(stage.tools, want)
            case Remind():
                return await self._remind(want)
            case Compact(window, trigger):
                return await self._compact(stage.summariser, window, trigger)
            case _:
                raise AssertionError(f"nobody knows how to do {want}")

    async def _compact(self, summariser: Summariser, window: Window, trigger: Trigger) -> Window:
        """Have a summary stand for what leaves the window, if anything can.

        Its prompt is compiled anew with that, unless it would take the room that was made.
        """
        window = self._sound(window)
        self._trace("summarization")

        async def tell() -> None:
            if self.send.compactions:
                await self._show(ending.compacting(self._says("summary", None), window, trigger))

        try:
            done = await summariser.compacted(window, trigger, tell)
        except NothingToCompact:
            return window  # its provider may know better
        summary = done.entry(self._says("summary", None))
        after = done.cut.window(window, summary)
        project, address = self.send.project, self.send.address
        text = await self.db.read(compiling.recompile, project, address, True)
        fresh = replace(after, system=self.send.system(text))
        if fresh.estimate < min(window.estimate, window.room or window.estimate):
            after, self._new.system = fresh, text
        self._stage(summary, shown=not self.send.compactions)
        self._new.cut = done.cut
        await self._write()
        return after

    async def _call_model(self, stage: Stage, window: Window) -> Reply:
        window = self._sound(window)
        self._step = self._new_step(window, stage.context_window)
        self._trace("agent_step", self._step.id)
        blank = self._says("assistant", self._step.id, model=str(window.handle))
        gates = {name: g for name, g in stage.gates.items() if name not in window.barred}
        self._speech = Speech(blank, gates)
        self._new.prompt = self._meter.ask(self._step.id, window)
        async with aclosing(stage.model.stream(window.request())) as events:
            async for event in events:
                self.tally.heard(event)
                fragment = self._speech.hear(event)
                if fragment is not None and self.send.tokens:
                    await self._show(fragment)
        return self._heard_all(window, self._step, self._speech)

    def _sound(self, window: Window) -> Window:
        """The window as a model takes it; what was mended for that is told in the run's record."""
        whole = mended(window.entries)
        if whole.mends and whole.mends != self._mends:
            self._mends = whole.mends
            told = [mend.told() for mend in whole.mends[:_TOLD]]
            metadata = {**(self.run.metadata or {}), "repaired": told}
            self.run = self.run.model_copy(update={"metadata": metadata})
            where = self.send.address.conversation_id
            logger.warning("%s: mended in the window of %s: %s", self.run.id, where, told)
        return replace(window, entries=whole.entries) if whole.mends else window

    def _heard_all(self, window: Window, step: Step, speech: Speech) -> Reply:
        """What the model said, to be written before its calls are carried out, or with the end."""
        if speech.completion is None:
            raise BrokenReply("The provider's answer stopped without an end; send again.")
        entry = speech.entry()
        reply = Reply(entry, speech.completion.finish, speech.completion.tokens.prompt)
        if entry is not None:
            self._stage(entry, shown=self.send.tokens)
        told = completed(speech.completion, window, entry)
        self._new.step = self.tally.finished(step, told)
        self._meter.estimated(told.tokens != speech.completion.tokens)
        self._new.metrics = self._meter.measured()
        self._speech, self._step = None, None
        self._trace("tool")
        self.due = reply.tools() if reply.calls else None
        return reply

    async def _run_tools(self, tools: Tools, due: RunTools) -> tuple[Entry, ...]:
        if self._new.said:
            await self._write()
        self._meter.run_tools()
        parts = due.returned(await tools.run(due.due, due.ordered))
        self._new.metrics = self._meter.measured()
        entry = self._says("tool", due.step_id, *parts)
        self._stage(entry)
        self._new.said += due.then
        self.due = None
        await self._write()
        return (entry, *due.then)

    async def _remind(self, want: Remind) -> Entry:
        entry = self._says("user", want.step_id, Text(text=want.text))
        self._new.said.append(entry)
        await self._write()
        return entry

    def _trace(self, call_type: str, step_id: str | None = None) -> None:
        """Let what goes over the wire from now on be for this, and of a step."""
        if self.tape is not None:
            self.tape.turn(call_type, step_id)

    def _stage(self, entry: Entry, *, shown: bool = False) -> None:
        """Have an entry written, and its messages seen unless they have been `shown` already."""
        self._new.said.append(entry)
        if not shown:
            self._new.events += [self.tail.number(message) for message in messages_of(entry)]

    async def _write(self) -> Owner | None:
        """Write what is new, in one transaction, after all that was streamed before it.

        It goes on however long the database is away. A cancel waits meanwhile, so that it is known
        what has been written. With the end of the run, the one that waits next is begun: whose that
        is. Raises `Lost` if the run belongs to somebody else now.
        """
        self._writing = True
        self._new.heard += self.tape.take() if self.tape else ()
        new, begun, again = self._new, None, False
        streamed = new.events[0].seq - 1 if new.events else self.tail.last
        while True:
            await self.log.drain(self.tail, streamed)
            if self.tail.lost:
                raise Lost
            try:
                if new.over is None:
                    await self.db.tx(ending.write, self.owner, self.send, new, again)
                else:
                    begun = await self.db.tx(line.end, self.owner, self.send, new, again)
                break
            except Unavailable:
                again = True
                await asyncio.sleep(_AGAIN)
        self._new = Unwritten()
        self.log.show(self.tail, new.events)
        self._writing = new.over is not None
        return begun

    async def _end(self, how: Ending) -> Owner | None:
        """Write the end of the run: what was left, why it stopped, its status."""
        said = [] if how.stop == "requires_approval" else self._leftovers()
        for message in ending.shown(said, self.send.tokens):
            self._new.events.append(self.tail.number(message))
        self._new.said += said
        if self._step is not None:
            self._new.step = ending.step_of(self._step, how)
        elif self._new.step is not None:
            self._new.step = self._new.step.model_copy(update={"stop_reason": how.stop})
        self._new.metrics = self._meter.measured() or self._new.metrics
        frames = how.frames(self.run.id, self.tally.usage(self.run.id))
        self._new.events += [self.tail.number(frame) for frame in frames]
        self._new.over = self.tally.over(self.run, how.stop, how.failure)
        return await self._write()

    async def _show(self, fragment: Message) -> None:
        """Stream a fragment; a model that is far ahead of the database waits for it."""
        if self.tail.lost:
            raise Lost
        self.log.append(self.tail, fragment)
        if self.tail.last - self.tail.written > _AHEAD:
            await self.log.drain(self.tail)

    def _leftovers(self) -> list[Entry]:
        """What was said or asked for and is not stored yet."""
        cut = self._speech.entry() if self._speech else None
        said = [cut] if cut is not None else []
        reply = Reply(cut, "error")
        due = reply.tools() if reply.calls else self.due
        if due is not None:
            said += [ending.closed(self._says("tool", due.step_id), due), *due.then]
        return said

    def _new_step(self, window: Window, context_window: int) -> Step:
        return Step(
            id=clock.mint("step"),
            run_id=self.run.id,
            agent_id=self.run.agent_id,
            model=window.handle.model,
            model_handle=str(window.handle),
            provider_name=window.handle.provider,
            context_window_limit=context_window,
        )

    def _says(
        self, role: Role, step_id: str | None, *parts: Part, model: str | None = None
    ) -> Entry:
        return says(role, *parts, run_id=self.run.id, step_id=step_id, model=model)


def _read(tx: Tx, send: Send) -> tuple[Entry, tuple[Entry, ...], Outline | None]:
    """A conversation's system entry, its window, and what the model was asked before."""
    conversation = send.address.conversation_id
    before = prompts.find(tx, send.project, conversation)
    return *entries.window(tx, conversation), before and Outline(*before)
