"""What a run is carried out with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from palaver.core.window import Window
from palaver.domain.llm import ChatModel
from palaver.domain.part import Gate, ToolCall, ToolReturn
from palaver.domain.rule import ToolRule
from palaver.engine.summarising import Summariser


class Tools(Protocol):
    """Who carries out tool calls."""

    async def run(self, calls: Sequence[ToolCall], ordered: bool) -> tuple[ToolReturn, ...]:
        """A return for each call, in their order; in which they are made, too, if `ordered`."""
        ...


@dataclass(frozen=True, slots=True)
class Stage:
    """What a run is carried out with. `window` has no entries yet; `gates` let calls wait."""

    window: Window
    model: ChatModel
    tools: Tools
    context_window: int
    gates: Mapping[str, Gate]
    summariser: Summariser
    rules: tuple[ToolRule, ...]
