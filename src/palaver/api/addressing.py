"""The old ways to name a conversation live here, and here alone.

Besides its id, a path may say ``default`` with an agent's id beside it, or (deprecated) only the
agent's id: both mean the agent's default conversation.
"""

from palaver.domain.conversation import Address
from palaver.domain.ids import ProjectId
from palaver.errors import NotFound
from palaver.store import agents, conversations
from palaver.store.db import Tx

DEFAULT = "default"


def find(tx: Tx, project: ProjectId, name: str, agent_id: str | None) -> Address:
    """The conversation that `name` means. Raises `NotFound`."""
    if name.startswith("agent-"):
        return default_of(tx, project, name)
    if name != DEFAULT:
        return conversations.locate(tx, project, name)
    if agent_id is None:
        raise NotFound("Conversation `default`", "say whose it is with agent_id.")
    return default_of(tx, project, agent_id)


def default_of(tx: Tx, project: ProjectId, agent_id: str) -> Address:
    """The default conversation of an agent. Raises `NotFound`."""
    agents.get(tx, project, agent_id)
    found = conversations.find_default(tx, project, agent_id)
    if found is None:
        raise NotFound("Agent")
    return Address(conversation_id=found, agent_id=agent_id, is_default=True)


def of_agent(tx: Tx, project: ProjectId, agent_id: str, name: str | None) -> Address:
    """A conversation of an agent: what `name` means, else its default one. Raises `NotFound`."""
    found = find(tx, project, name or DEFAULT, agent_id)
    if found.agent_id != agent_id:
        raise NotFound("Conversation")
    return found
