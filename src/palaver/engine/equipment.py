"""The tools that there are: those that palaver brings, and those that callers have brought."""

from collections.abc import Iterable, Sequence

from palaver.core.builtin import BUILT_IN, BY_ID
from palaver.domain.agent import Agent
from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.domain.tool import Tool
from palaver.errors import Invalid
from palaver.store import tools
from palaver.store.db import Tx
from palaver.store.tools import ToolFilter

_WEB = {"web_search", "fetch_webpage"}
_OF_THE_WEB = (
    " This server is not configured to search or fetch from the web: "
    "bring a tool of your own, or one of an MCP server, under that name."
)


def of_agent(tx: Tx, project: ProjectId, agent: Agent) -> list[Tool]:
    """The tools of an agent, in its order; those that were deleted are left out."""
    kept = tools.by_ids(tx, project, [one for one in agent.tools if one not in BY_ID])
    found = (BY_ID.get(one) or kept.get(one) for one in agent.tools)
    return [tool for tool in found if tool is not None]


def get(tx: Tx, project: ProjectId, tool_id: str) -> Tool:
    """The tool called `tool_id`, or `NotFound`."""
    return BY_ID.get(tool_id) or tools.get(tx, project, tool_id)


def brought(tx: Tx, project: ProjectId, tool_id: str, *, for_update: bool = False) -> Tool:
    """A tool that a caller has brought. Raises `NotFound`, and `Invalid` for a built-in one.

    `for_update` keeps others from changing it.
    """
    if tool_id in BY_ID:
        raise Invalid(
            f"`{BY_ID[tool_id].name}` is built in and the same for everybody; "
            "make a tool of your own with another name."
        )
    return tools.get(tx, project, tool_id, for_update=for_update)


def listed(tx: Tx, project: ProjectId, page: Page, wanted: ToolFilter) -> list[Tool]:
    """The tools on a page."""
    return tools.listed(tx, project, page, wanted, BY_ID)


def counted(tx: Tx, project: ProjectId, wanted: ToolFilter) -> int:
    """How many tools there are of those that are wanted."""
    return tools.counted(tx, project, wanted, BY_ID)


def find_named(tx: Tx, project: ProjectId, name: str) -> Tool | None:
    """The tool of a name, if there is one."""
    return BUILT_IN.get(name) or tools.find_named(tx, project, name)


def mentioning(
    tx: Tx, project: ProjectId, words: Sequence[str], types: Sequence[str] | None
) -> list[Tool]:
    """The tools of some types that may hold one of the words, and those that are built in."""
    own = [tool for tool in BUILT_IN.values() if types is None or tool.tool_type in types]
    return [*tools.mentioning(tx, project, words, types), *own]


def named(tx: Tx, project: ProjectId, names: Iterable[str]) -> list[Tool]:
    """The tools of these names, or `Invalid` with those that there are not."""
    found = {name: find_named(tx, project, name) for name in names}
    unknown = [name for name, tool in found.items() if tool is None]
    if unknown:
        raise Invalid(
            f"Tools not found by name: {', '.join(unknown)}; make them first. "
            f"Built in are: {', '.join(BUILT_IN)}.{_OF_THE_WEB if _WEB & set(unknown) else ''}"
        )
    return [tool for tool in found.values() if tool is not None]
