"""What a server offers, made palaver's tools."""

from collections.abc import Sequence

from palaver import clock
from palaver.core import offers
from palaver.core.builtin import BUILT_IN
from palaver.domain.ids import ProjectId
from palaver.domain.mcp import Offer, Refreshed
from palaver.store import mcp_servers, tools
from palaver.store.db import Tx


def refresh(tx: Tx, project: ProjectId, server_id: str, found: Sequence[Offer]) -> Refreshed:
    """Make a server's tools what it offers; what became of them. Raises `NotFound`.

    Agents keep the tools that stay, whatever has changed about them, and lose those that go.
    """
    server = mcp_servers.get(tx, project, server_id, for_update=True)
    kept = mcp_servers.tools_of(tx, project, server.id)
    names = offers.names_for(found, server)
    taken = mcp_servers.taken(tx, project, server.id, names) | set(BUILT_IN)
    plan = offers.plan(server, found, kept, taken)
    now = clock.now()
    for tool in plan.deleted:
        tools.remove(tx, project, tool.id)
    for tool in plan.updated:
        tools.change(tx, project, tool, now)
    for tool in plan.added:
        made = tool.model_copy(update={"id": clock.mint("tool")})
        mcp_servers.give(tx, project, server.id, made, now)
    return Refreshed(
        added=[tool.name or "" for tool in plan.added],
        updated=[tool.name or "" for tool in plan.updated],
        deleted=[tool.name or "" for tool in plan.deleted],
        skipped=dict(plan.skipped),
    )
