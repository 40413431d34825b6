"""Agents as the API shows them."""

from collections.abc import Collection, Iterable
from typing import Any

from palaver.core.expand import messages_of
from palaver.domain.agent import Agent, AgentState, Include, Memory, Variable
from palaver.domain.block import Block
from palaver.domain.entry import Entry
from palaver.domain.folder import EmbeddingConfig, Folder, HeldFolder
from palaver.domain.ids import ProjectId, named
from palaver.domain.message import ApprovalRequestMessage
from palaver.domain.tool import Tool
from palaver.engine import choosing, equipment, pausing
from palaver.providers.catalog import Catalog
from palaver.store import agents, blocks, conversations, entries, folders, groups, identities
from palaver.store.db import Tx

EVERYTHING: tuple[Include, ...] = (
    "agent.blocks", "agent.tools", "agent.tags", "agent.secrets", "agent.sources",
    "agent.pending_approval", "agent.identities", "agent.managed_group",
)  # fmt: skip


def show(
    tx: Tx,
    project: ProjectId,
    catalog: Catalog,
    agent: Agent,
    include: Collection[str] = EVERYTHING,
) -> AgentState:
    """The agent, with the relations that are asked for."""
    held = blocks.of_agent(tx, project, agent.id)
    default = conversations.find_default(tx, project, agent.id)
    context = entries.context_ids(tx, default) if default else []
    named = "agent.identities" in include
    whose = identities.of_agent(tx, project, agent.id) if named else []
    managed = "agent.managed_group" in include
    group = groups.find_managed(tx, project, agent.id) if managed else None
    asked = None
    if default and "agent.pending_approval" in include:
        asked = pausing.find(tx, default)
    shelved = []
    if "agent.sources" in include:
        shelved = [shown(catalog, one) for one in folders.of_agent(tx, project, agent.id)]
    return AgentState(
        **{**_stored(agent), **_embedding(catalog)},
        sources=shelved,
        llm_config=choosing.llm_config(catalog, agent),
        memory=Memory(blocks=held, agent_type=agent.agent_type),
        message_ids=context,
        in_context_message_ids=context,
        pending_approval=_request(asked) if asked else None,
        identities=whose,
        identity_ids=[one.id for one in whose],
        managed_group=group,
        multi_agent_group=group,
        **_relations(agent, held, equipment.of_agent(tx, project, agent), include),
    )


def show_all(
    tx: Tx,
    project: ProjectId,
    catalog: Catalog,
    found: Iterable[Agent],
    include: Collection[str] | None,
) -> list[AgentState]:
    """Agents of a list; their relations are empty unless they are asked for."""
    return [show(tx, project, catalog, agent, include or ()) for agent in found]


def shown(catalog: Catalog, folder: Folder) -> HeldFolder:
    """A folder, with the embedding model that is used for it, if there is one."""
    held = HeldFolder(**dict(folder))
    config = catalog.embedder.config if catalog.embedder else None
    if config is None:
        return held
    size = folder.embedding_config.embedding_chunk_size
    config = {**config, "embedding_chunk_size": size}
    return held.model_copy(update={"embedding_config": EmbeddingConfig(**config)})


def memory_of(tx: Tx, project: ProjectId, agent_id: str) -> Memory:
    """The blocks of an agent in their older form. Raises `NotFound`."""
    agent = agents.get(tx, project, agent_id)
    return Memory(blocks=blocks.of_agent(tx, project, agent_id), agent_type=agent.agent_type)


def _embedding(catalog: Catalog) -> dict[str, Any]:
    """The embedding model, where there is one: no agent has another. Else what was said stays."""
    if catalog.embedder is None:
        return {}
    return {
        "embedding": str(catalog.embedder.handle),
        "embedding_config": catalog.embedder.config,
    }


def _stored(agent: Agent) -> dict[str, Any]:
    related = {"tools", "tags", "secrets", "context_window_limit"}
    return {name: getattr(agent, name) for name in Agent.model_fields if name not in related}


def _relations(
    agent: Agent, held: list[Block], tools: list[Tool], include: Collection[str]
) -> dict[str, Any]:
    secrets = [_variable(agent.id, key, value) for key, value in agent.secrets.items()]
    shown: dict[Include, dict[str, Any]] = {
        "agent.blocks": {"blocks": held},
        "agent.tools": {"tools": tools},
        "agent.tags": {"tags": list(agent.tags)},
        "agent.secrets": {"secrets": secrets, "tool_exec_environment_variables": secrets},
    }
    return {
        name: value
        for relation, fields in shown.items()
        if relation in include
        for name, value in fields.items()
    }


def _request(asked: Entry) -> ApprovalRequestMessage:
    """The message that asks for an answer to the calls that wait in an entry."""
    messages = messages_of(asked)
    return next(one for one in messages if isinstance(one, ApprovalRequestMessage))


def _variable(agent_id: str, key: str, value: str) -> Variable:
    """A secret under an id that is its own for as long as the agent has it."""
    own = named("agent-env", f"{agent_id}:{key}")
    return Variable(id=own, agent_id=agent_id, key=key, value=value)
