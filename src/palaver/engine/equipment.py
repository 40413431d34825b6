"""The tools that there are: those that palaver brings, and those that callers have brought."""

from collections.abc import Iterable

from palaver.core.builtin import BUILT_IN, BY_ID
from palaver.domain.agent import Agent
from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.domain.tool import Tool
from palaver.errors import Invalid
from palaver.store import tools
from palaver.store.db import Tx
from palaver.store.tools import ToolFilter


def of_agent(tx: Tx, project: ProjectId, agent: Agent) -> list[Tool]:
    """The tools of an agent, in its order; those that were deleted are left out."""
    kept = tools.by_ids(tx, project, [one for one in agent.tools if one not in BY_ID])
    found = (BY_ID.get(one) or kept.get(one) for one in agent.tools)
    return [tool for tool in found if tool is not None]


def get(tx: Tx, project: ProjectId, tool_id: str) -> Tool:
    """The tool called `tool_id`, or `NotFound`."""
    return BY_ID.get(tool_id) or tools.get(tx, project, tool_id)


def get_to_change(tx: Tx, project: ProjectId, tool_id: str) -> Tool:
    """The same, kept from being changed by others. Raises `Invalid` for one that is built in."""
    if tool_id in BY_ID:
        raise Invalid(
            f"`{BY_ID[tool_id].name}` is built in and the same for everybody; "
            "make a tool of your own with another name."
        )
    return tools.get(tx, project, tool_id, for_update=True)


def listed(tx: Tx, project: ProjectId, page: Page, wanted: ToolFilter) -> list[Tool]:
    """The tools on a page."""
    return tools.listed(tx, project, page, wanted, BY_ID)


def counted(tx: Tx, project: ProjectId, wanted: ToolFilter) -> int:
    """How many tools there are of those that are wanted."""
    return tools.counted(tx, project, wanted, BY_ID)


def find_named(tx: Tx, project: ProjectId, name: str) -> Tool | None:
    """The tool of a name, if there is one."""
    return BUILT_IN.get(name) or tools.find_named(tx, project, name)


def named(tx: Tx, project: ProjectId, names: Iterable[str]) -> list[Tool]:
    """The tools of these names, or `Invalid` with those that there are not."""
    found = {name: find_named(tx, project, name) for name in names}
    unknown = [name for name, tool in found.items() if tool is None]
    if unknown:
        raise Invalid(
            f"Tools not found by name: {', '.join(unknown)}; make them first. "
            f"Built in are: {', '.join(BUILT_IN)}."
        )
    return [tool for tool in found.values() if tool is not None]
