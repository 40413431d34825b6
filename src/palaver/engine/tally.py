"""What a run has cost so far: tokens, steps, time."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from palaver import clock
from palaver.core.estimate import tokens_of
from palaver.core.window import Window
from palaver.domain.entry import Entry
from palaver.domain.llm import Completion, StreamEvent, TokenCount
from palaver.domain.message import Usage
from palaver.domain.run import Run, Step, StopReason, status_of
from palaver.engine.failure import Failure


def _sum(before: int | None, more: int | None) -> int | None:
    return more if before is None else before + (more or 0)


def completed(completion: Completion, window: Window, said: Entry | None) -> Completion:
    """The completion with an estimate of its tokens, if its provider has counted none.

    Nobody is asked anything in no tokens: a 0 counts as none. `said` is what the model has said.
    """
    tokens = completion.tokens
    if tokens.prompt:
        return completion
    after = window.with_entries(said) if said else window
    more = tokens_of(after.size - window.size, window.per_byte)
    counted = replace(tokens, prompt=window.estimate, completion=tokens.completion or more)
    return replace(completion, tokens=counted)


def counted(before: Usage, tokens: TokenCount) -> Usage:
    """What was used, with one more call of a model."""
    prompt, said = tokens.prompt or 0, tokens.completion or 0
    return Usage(
        prompt_tokens=before.prompt_tokens + prompt,
        completion_tokens=before.completion_tokens + said,
        total_tokens=before.total_tokens + prompt + said,
        step_count=before.step_count + 1,
        cached_input_tokens=_sum(before.cached_input_tokens, tokens.cached),
        cache_write_tokens=_sum(before.cache_write_tokens, tokens.cache_write),
        reasoning_tokens=_sum(before.reasoning_tokens, tokens.reasoning),
        context_tokens=prompt + said,
    )


@dataclass(slots=True)
class Tally:
    """Counts of one run. Sub-counts that no provider reported stay null."""

    usage_so_far: Usage = field(default_factory=Usage)
    last_step: str | None = None
    _begun: int = field(default_factory=clock.ticks)
    _first: int | None = None

    @classmethod
    def resumed(cls, done: Sequence[Step]) -> Self:
        """The counts of a run of which some steps are done, oldest first."""
        tally = cls()
        for step in done:
            tokens = TokenCount(
                prompt=step.prompt_tokens,
                completion=step.completion_tokens,
                cached=step.cached_input_tokens,
                cache_write=step.cache_write_tokens,
                reasoning=step.reasoning_tokens,
            )
            if step.status == "success":
                tally._count(step.id, tokens)
        return tally

    def heard(self, event: StreamEvent) -> None:
        """Note when the first event of the run came."""
        if self._first is None and not isinstance(event, Completion):
            self._first = clock.ticks()

    def finished(self, step: Step, completion: Completion) -> Step:
        """Count a finished call to the model; the step, with what it cost."""
        tokens = completion.tokens
        self._count(step.id, tokens)
        return step.model_copy(
            update={
                "status": "success",
                "prompt_tokens": tokens.prompt,
                "completion_tokens": tokens.completion,
                "total_tokens": (tokens.prompt or 0) + (tokens.completion or 0),
                "cached_input_tokens": tokens.cached,
                "cache_write_tokens": tokens.cache_write,
                "reasoning_tokens": tokens.reasoning,
                "request_id": completion.response_id,
                "token_details": completion.token_details,
            }
        )

    def _count(self, step_id: str, tokens: TokenCount) -> None:
        self.last_step = step_id
        self.usage_so_far = counted(self.usage_so_far, tokens)

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
                "total_duration_ns": clock.ticks() - self._begun,
            }
        )
