"""What the steps of a run are measured by: how long they take, and where their prompts begin anew.

Times are taken where they pass; a step is measured after its call of the model, and once more after
the tools that it asked for.
"""

from dataclasses import dataclass
from typing import Literal

from palaver import clock
from palaver.core.prefix import Outline
from palaver.core.window import Window
from palaver.domain.run import StepMetrics


@dataclass(slots=True)
class Meter:
    """Measures one step after the other. `outline` is of the conversation's newest prompt."""

    outline: Outline | None = None
    _step: StepMetrics | None = None
    _begun: int = 0
    _since: int = 0
    _going: Literal["llm_request_ns", "tool_execution_ns"] | None = None

    def ask(self, step_id: str, window: Window) -> Outline:
        """A step begins, and asks the model; the outline of what it asks."""
        self._begun, begun = clock.ticks(), clock.since_1970()
        before, self.outline = self.outline, Outline.of(window)
        self._step = StepMetrics(
            id=step_id,
            step_start_ns=begun,
            llm_request_start_ns=clock.since_1970(),
            prefix_changed_at=before and self.outline.changed_at(before, window),
        )
        self._going, self._since = "llm_request_ns", clock.ticks()
        return self.outline

    def estimated(self, is_so: bool) -> None:
        """Whether the tokens of the step are an estimate."""
        if self._step is not None:
            self._step = self._step.model_copy(update={"estimated": is_so})

    def run_tools(self) -> None:
        """The tools begin that the step has asked for."""
        self._going, self._since = "tool_execution_ns", clock.ticks()

    def measured(self) -> StepMetrics | None:
        """What goes on is over: the step as far as it is measured. None if nothing went on."""
        if self._step is None or self._going is None:
            return None
        now = clock.ticks()
        spent = {self._going: now - self._since, "step_ns": now - self._begun}
        self._step, self._going = self._step.model_copy(update=spent), None
        return self._step
