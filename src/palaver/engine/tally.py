"""What a run has cost so far: tokens, steps, time."""

import time
from dataclasses import dataclass, field

from palaver import clock
from palaver.domain.llm import Completion, StreamEvent
from palaver.domain.message import Usage
from palaver.domain.run import Run, Step, StopReason, status_of
from palaver.engine.failure import Failure


def _sum(before: int | None, more: int | None) -> int | None:
    return more if before is None else before + (more or 0)


@dataclass(slots=True)
class Tally:
    """Counts of one run. Sub-counts that no provider reported stay null."""

    usage_so_far: Usage = field(default_factory=Usage)
    last_step: str | None = None
    _begun: int = field(default_factory=time.monotonic_ns)
    _first: int | None = None

    def heard(self, event: StreamEvent) -> None:
        """Note when the first event of the run came."""
        if self._first is None and not isinstance(event, Completion):
            self._first = time.monotonic_ns()

    def finished(self, step: Step, completion: Completion) -> Step:
        """Count a finished call to the model; the step, with what it cost."""
        self.last_step = step.id
        tokens = completion.tokens
        prompt, said = tokens.prompt or 0, tokens.completion or 0
        before = self.usage_so_far
        self.usage_so_far = Usage(
            prompt_tokens=before.prompt_tokens + prompt,
            completion_tokens=before.completion_tokens + said,
            total_tokens=before.total_tokens + prompt + said,
            step_count=before.step_count + 1,
            cached_input_tokens=_sum(before.cached_input_tokens, tokens.cached),
            cache_write_tokens=_sum(before.cache_write_tokens, tokens.cache_write),
            reasoning_tokens=_sum(before.reasoning_tokens, tokens.reasoning),
            context_tokens=prompt + said,
        )
        return step.model_copy(
            update={
                "status": "success",
                "prompt_tokens": tokens.prompt,
                "completion_tokens": tokens.completion,
                "total_tokens": prompt + said,
                "cached_input_tokens": tokens.cached,
                "cache_write_tokens": tokens.cache_write,
                "reasoning_tokens": tokens.reasoning,
                "request_id": completion.response_id,
            }
        )

    def usage(self, run_id: str) -> Usage:
        """The tokens of the run so far."""
        return self.usage_so_far.model_copy(update={"run_ids": [run_id]})

    def over(self, run: Run, stop: StopReason, failure: Failure | None) -> Run:
        """The run as it is stored when it has ended."""
        metadata = dict(run.metadata or {})
        if failure is not None:
            metadata["error"] = failure.model_dump()
        return run.model_copy(
            update={
                "status": status_of(stop),
                "stop_reason": stop,
                "completed_at": clock.now(),
                "metadata": metadata,
                "ttft_ns": self._first and self._first - self._begun,
                "total_duration_ns": time.monotonic_ns() - self._begun,
            }
        )
