"""Agents are made, changed and removed, each in one transaction."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from palaver import clock
from palaver.api import addressing, agent_states
from palaver.api.agent_bodies import AgentChange, FirstMessage, NewAgent
from palaver.api.send_body import parts_of
from palaver.core import rules
from palaver.core.approval import with_gates
from palaver.core.builtin import rules_given_to, tools_given_to
from palaver.core.prompt import DEFAULT_SYSTEM
from palaver.domain.agent import Agent, AgentState
from palaver.domain.block import Block, NewBlock
from palaver.domain.conversation import Address, Conversation
from palaver.domain.entry import Entry
from palaver.domain.ids import ProjectId
from palaver.domain.rule import ToolRule
from palaver.domain.tool import Tool
from palaver.engine import compiling, equipment, line, shelves
from palaver.engine.line import Cancelled
from palaver.engine.says import says
from palaver.engine.workshop import Workshop
from palaver.providers.catalog import Catalog
from palaver.store import agents, blocks, conversations, entries, identities, runs
from palaver.store.db import Tx
from palaver.store.identities import AGENTS

_ADJECTIVES = ("Amber", "Brisk", "Calm", "Deft", "Eager", "Fond", "Keen", "Lucid", "Mild", "Quick")
_NOUNS = ("Finch", "Harbor", "Lantern", "Meadow", "Otter", "Pebble", "Quill", "River", "Willow")

_CLEARED_BY_NULL = frozenset(
    {
        "description", "metadata", "timezone", "hidden", "model_settings", "context_window_limit",
        "embedding", "compaction_settings", "response_format", "enable_sleeptime",
        "max_files_open", "per_file_view_window_char_limit", "tool_rules", "last_stop_reason",
        "last_run_completion", "last_run_duration_ms",
    }
)  # fmt: skip


class Making:
    """Makes and changes the agents of one project."""

    def __init__(self, catalog: Catalog, workshop: Workshop, project: ProjectId) -> None:
        self._catalog = catalog
        self._workshop = workshop
        self._project = project

    def create(self, tx: Tx, body: NewAgent) -> AgentState:
        """Make the agent, its blocks and its default conversation."""
        agent = self._new(tx, body)
        agents.add(tx, self._project, agent)
        for new in body.memory_blocks or []:
            block = block_from(new)
            blocks.add(tx, self._project, block, agent.created_at)
            blocks.attach(tx, self._project, agent.id, block.id)
        for block_id in body.block_ids or []:
            blocks.attach(tx, self._project, agent.id, block_id)
        for folder_id in [*(body.folder_ids or []), *(body.source_ids or [])]:
            shelves.attach(tx, self._project, agent.id, folder_id)
        agent = agents.get(tx, self._project, agent.id)
        for identity_id in body.identity_ids or []:
            identities.attach(tx, self._project, AGENTS, agent.id, identity_id)
        self._open_default(tx, agent, body.initial_message_sequence or [])
        return agent_states.show(tx, self._project, self._catalog, agent)

    def change(self, tx: Tx, agent_id: str, body: AgentChange) -> AgentState:
        """Change what `body` names."""
        before = agents.get(tx, self._project, agent_id, for_update=True)
        changes = {**self._changes(body), "updated_at": clock.now()}
        if body.tool_ids is not None:
            held = shelves.file_tools(tx, self._project, agent_id)
            changes["tools"] = _unique([*body.tool_ids, *held])
        after = self._equipped(tx, before.model_copy(update=changes), before.tools)
        agents.change(tx, self._project, after)
        if body.block_ids is not None:
            _attach_only(tx, self._project, agent_id, body.block_ids)
        wanted = body.source_ids if body.folder_ids is None else body.folder_ids
        if wanted is not None:
            shelves.attach_only(tx, self._project, agent_id, wanted)
            after = agents.get(tx, self._project, agent_id)
        if body.identity_ids is not None:
            _be_only(tx, self._project, agent_id, body.identity_ids)
        if after.system != before.system:
            recompile_default(tx, self._project, agent_id, dry_run=False)
        return agent_states.show(tx, self._project, self._catalog, after)

    def reset(self, tx: Tx, agent_id: str) -> AgentState:
        """Open a new default conversation; the one so far becomes one like all others.

        Raises `NotFound`, and `ConversationBusy` while a run is active in it.
        """
        before = addressing.default_of(tx, self._project, agent_id)
        conversations.demote(tx, self._project, before.conversation_id)
        runs.refuse_if_active(tx, self._project, before.conversation_id)
        named = before.model_copy(update={"is_default": False})
        compiling.recompile(tx, self._project, named, dry_run=False)  # it says its name itself
        agent = agents.get(tx, self._project, agent_id)
        self._open_default(tx, agent, ())
        return agent_states.show(tx, self._project, self._catalog, agent)

    def _new(self, tx: Tx, body: NewAgent) -> Agent:
        now = clock.now()
        tools = self._tools(tx, body)
        config = body.llm_config or {}
        own = {
            "id": clock.mint("agent"),
            "name": body.name or f"{clock.choose(_ADJECTIVES)}{clock.choose(_NOUNS)}",
            "system": DEFAULT_SYSTEM if body.system is None else body.system,
            "model": self._model(body.model or config.get("handle")),
            "context_window_limit": body.context_window_limit or config.get("context_window"),
            "tools": _unique(tool.id for tool in tools),
            "tags": _unique(body.tags or []),
            "tool_rules": with_gates(_first_rules(body), tools),
            "secrets": {**(body.tool_exec_environment_variables or {}), **(body.secrets or {})},
            "created_at": now,
            "updated_at": now,
        }
        return Agent.model_validate({**dict(body), **own})

    def _model(self, handle: object) -> str:
        if handle is None:
            return str(self._catalog.default_handle())
        return str(self._catalog.checked(str(handle)))

    def _changes(self, body: AgentChange) -> dict[str, Any]:
        given = {name: getattr(body, name) for name in body.model_fields_set}
        changes = {
            name: value
            for name, value in given.items()
            if name in Agent.model_fields and (value is not None or name in _CLEARED_BY_NULL)
        }
        handle = given.get("model") or (given.get("llm_config") or {}).get("handle")
        if handle is not None:
            changes["model"] = self._model(handle)
        if body.tags is not None:
            changes["tags"] = _unique(body.tags)
        if body.tool_rules is not None:
            changes["tool_rules"] = _rules(body.tool_rules)
        secrets = body.secrets if body.secrets is not None else body.tool_exec_environment_variables
        if secrets is not None:
            changes["secrets"] = secrets
        return changes

    def _tools(self, tx: Tx, body: NewAgent) -> list[Tool]:
        base = tools_given_to(body.agent_type) if body.include_base_tools else ()
        named = equipment.named(tx, self._project, [*base, *(body.tools or [])])
        tools = [*named, *self._by_id(tx, body.tool_ids or [])]
        for tool in tools:
            self._workshop.check(tool)
        return tools

    def _by_id(self, tx: Tx, tool_ids: Iterable[str]) -> list[Tool]:
        return [equipment.get(tx, self._project, tool_id) for tool_id in tool_ids]

    def _equipped(self, tx: Tx, agent: Agent, before: Collection[str]) -> Agent:
        """The agent with what its tools ask for that it did not have `before`."""
        new = self._by_id(tx, [one for one in agent.tools if one not in before])
        for tool in new:
            self._workshop.check(tool)
        return agent.model_copy(update={"tool_rules": with_gates(agent.tool_rules, new)})

    def _open_default(self, tx: Tx, agent: Agent, first: Sequence[FirstMessage]) -> None:
        text = compiling.compiled(tx, self._project, agent, addressing.DEFAULT)
        now = clock.now()
        conversation = Conversation(
            id=clock.mint("conv"), agent_id=agent.id, created_at=now, updated_at=now
        )
        system = compiling.system_entry(text, now)
        conversations.add(tx, self._project, conversation, system, is_default=True)
        address = Address(conversation_id=conversation.id, agent_id=agent.id, is_default=True)
        if first:
            entries.append(tx, self._project, address, [_first(one) for one in first])


def remove(tx: Tx, worker: str, project: ProjectId, agent_id: str) -> Cancelled:
    """Delete an agent with its conversations; its active runs, which are to be cancelled."""
    ended = line.cancel_all(tx, worker, project, agent_id)
    agents.remove(tx, project, agent_id, clock.now())
    return ended


def recompile_default(tx: Tx, project: ProjectId, agent_id: str, dry_run: bool) -> str:
    """Compile the prompt of the agent's default conversation anew; the text."""
    address = addressing.default_of(tx, project, agent_id)
    return compiling.recompile(tx, project, address, dry_run)


def block_from(new: NewBlock) -> Block:
    """A block with an id of its own."""
    given = new.model_dump()
    return Block.model_validate({**given, "id": clock.mint("block"), "value": new.value or ""})


def _attach_only(tx: Tx, project: ProjectId, agent_id: str, wanted: Sequence[str]) -> None:
    held = {block.id for block in blocks.of_agent(tx, project, agent_id)}
    for block_id in held - set(wanted):
        blocks.detach(tx, project, agent_id, block_id)
    for block_id in wanted:
        if block_id not in held:
            blocks.attach(tx, project, agent_id, block_id)


def _be_only(tx: Tx, project: ProjectId, agent_id: str, wanted: Sequence[str]) -> None:
    held = {one.id for one in identities.of_agent(tx, project, agent_id)}
    for identity_id in held - set(wanted):
        identities.detach(tx, project, AGENTS, agent_id, identity_id)
    for identity_id in set(wanted) - held:
        identities.attach(tx, project, AGENTS, agent_id, identity_id)


def _rules(given: Sequence[ToolRule] | None) -> list[dict[str, Any]] | None:
    """Rules as they are kept: as they were given, so that what was left out is left out again."""
    rules.check(given or ())
    return None if given is None else [rule.model_dump(exclude_unset=True) for rule in given]


def _first_rules(body: NewAgent) -> list[dict[str, Any]] | None:
    if body.tool_rules is None and body.include_base_tools:
        return rules_given_to(body.agent_type)
    return _rules(body.tool_rules)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _first(message: FirstMessage) -> Entry:
    return says(
        message.role,
        *parts_of(message.content),
        name=message.name,
        otid=message.otid,
    )
