"""The log of a run whose events were removed: told again from what the conversation holds.

Messages come whole, not in fragments, and the numbers end where the log ended, so that whoever had
followed it half way hears the rest.
"""

from collections import deque

from palaver.core.expand import messages_of
from palaver.engine.ending import Ending, is_told
from palaver.engine.failure import Failure
from palaver.engine.send import Send
from palaver.engine.tail import Frame, Tail, event_of
from palaver.engine.tally import Tally
from palaver.store import claims, entries, steps
from palaver.store.db import Tx


def tail_of(tx: Tx, run_id: str, last: int) -> Tail:
    """All of a run that has ended, its last event under the number `last` or a later one."""
    known = claims.recall(tx, run_id)
    said = entries.all_of_run(tx, known.project, run_id)
    asked = Send.recalled(known.request, known.project, known.address)
    frames: list[Frame] = [
        message
        for entry in said
        if is_told(entry) or (entry.role == "summary" and asked.compactions)
        for message in messages_of(entry)
    ]
    run = known.run
    failed = (run.metadata or {}).get("error")
    how = Ending(run.stop_reason or "error", Failure.model_validate(failed) if failed else None)
    tally = Tally.resumed(steps.all_of_run(tx, known.project, run_id))
    frames += how.frames(run_id, tally.usage(run_id))
    last = max(last, len(frames))
    numbered = deque(event_of(n, frame) for n, frame in enumerate(frames, last - len(frames) + 1))
    return Tail(run_id, last=last, written=last, events=numbered, ended=True, whole=True)
