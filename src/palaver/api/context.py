"""What fills the window of a conversation, over HTTP."""

from palaver.api import addressing, routing
from palaver.api.deps import Caller, Rooms
from palaver.domain.ids import AgentId, ConversationId, ConversationName
from palaver.domain.overview import ContextWindowOverview
from palaver.engine import surveying
from palaver.store.db import Tx

router = routing.router("/v1/conversations/{conversation_id}/context", "conversations")
of_agent = routing.router("/v1/agents/{agent_id}/context", "agents")


@router.get("")
async def overview(
    conversation_id: ConversationName, caller: Caller, rooms: Rooms, agent_id: AgentId | None = None
) -> ContextWindowOverview:
    """Tell what fills the window, part by part, as the next send would find it."""

    def read(tx: Tx) -> ContextWindowOverview:
        address = addressing.find(tx, caller.project, conversation_id, agent_id)
        return surveying.survey(tx, caller.project, rooms.catalog, address)

    return await rooms.db.read(read)


@of_agent.get("")
async def overview_of_agent(
    agent_id: AgentId, caller: Caller, rooms: Rooms, conversation_id: ConversationId | None = None
) -> ContextWindowOverview:
    """Tell what fills the window of a conversation of the agent, else of its default one."""

    def read(tx: Tx) -> ContextWindowOverview:
        address = addressing.of_agent(tx, caller.project, agent_id, conversation_id)
        return surveying.survey(tx, caller.project, rooms.catalog, address)

    return await rooms.db.read(read)
