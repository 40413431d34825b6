"""What fills a window: the bytes of each part become tokens that add up to those of the whole."""

from dataclasses import dataclass
from itertools import accumulate, pairwise

from palaver.core.bundled_messages import called, returned, told
from palaver.core.estimate import size_of_text, size_of_tools, tokens_of
from palaver.core.expand import answer_of
from palaver.core.prompt import sections
from palaver.core.window import Window
from palaver.domain.conversation import Address
from palaver.domain.entry import Entry
from palaver.domain.overview import (
    ContextWindowOverview,
    FunctionDefinition,
    FunctionTool,
    WholeMessage,
)
from palaver.domain.part import ToolCall, ToolReturn, Verdict
from palaver.domain.tool import ToolSpec


@dataclass(frozen=True, slots=True)
class Around:
    """What is counted besides the window: its conversation's messages, its agent's passages."""

    messages: int
    passages: int


def overview(
    window: Window, system: Entry, address: Address, around: Around
) -> ContextWindowOverview:
    """What fills a window whose system text is that of the entry `system`."""
    parts = sections(window.system)
    summary = next((entry for entry in window.entries if entry.role == "summary"), None)
    sized = list(zip(window.entries, window.sizes(), strict=True))
    tokens = _tokens(
        window.per_byte,
        *map(size_of_text, parts),
        size_of_tools(window.tools),
        sum(size for entry, size in sized if entry is summary),
        sum(size for entry, size in sized if entry is not summary),
    )
    return ContextWindowOverview(
        context_window_size_max=window.tokens,
        context_window_size_current=sum(tokens),
        num_messages=len(window.entries) + 1,
        num_archival_memory=around.passages,
        num_recall_memory=around.messages,
        num_tokens_system=tokens[0],
        system_prompt=parts.instructions,
        num_tokens_core_memory=tokens[1],
        core_memory=parts.memory,
        num_tokens_tool_usage_rules=tokens[2],
        tool_usage_rules=parts.rules or None,
        num_tokens_directories=tokens[3],
        directories=parts.directories or None,
        num_tokens_external_memory_summary=tokens[4],
        external_memory_summary=parts.metadata,
        num_tokens_functions_definitions=tokens[5],
        functions_definitions=[_function(tool) for tool in window.tools],
        num_tokens_summary_memory=tokens[6],
        summary_memory=summary.text if summary else None,
        num_tokens_messages=tokens[7],
        messages=[whole(entry, address) for entry in (system, *window.entries)],
    )


def whole(entry: Entry, address: Address) -> WholeMessage:
    """An entry as one message."""
    calls = [called(part).model_dump() for part in entry.parts if isinstance(part, ToolCall)]
    returns = [returned(part).model_dump() for part in entry.parts if isinstance(part, ToolReturn)]
    verdicts = [answer_of(part).model_dump() for part in entry.parts if isinstance(part, Verdict)]
    given = returns if entry.role == "approval" else []
    return WholeMessage(
        **entry.model_dump(exclude={"seq", "parts", "cut", "compaction"}),
        content=[one.model_dump() for part in entry.parts for one in told(part)],
        agent_id=address.agent_id,
        conversation_id=address.shown_id,
        tool_calls=calls or None,
        tool_call_id=returns[0]["tool_call_id"] if returns else None,
        tool_returns=returns or None,
        approvals=[*verdicts, *({"type": "tool", **one} for one in given)] or None,
        is_err=entry.cut or None,
    )


def _tokens(per_byte: float, *sizes: int) -> list[int]:
    """The tokens of each part: rounded so that they add up."""
    marks = [tokens_of(size, per_byte) for size in accumulate(sizes, initial=0)]
    return [after - before for before, after in pairwise(marks)]


def _function(tool: ToolSpec) -> FunctionTool:
    return FunctionTool(function=FunctionDefinition(**tool.model_dump()))
