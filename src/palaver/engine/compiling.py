"""System prompts of conversations: compiled from what the agent is now, and written anew."""

from datetime import datetime
from zoneinfo import ZoneInfo

from palaver import clock
from palaver.core.prompt import Facts, compile_prompt
from palaver.domain.agent import Agent
from palaver.domain.conversation import Address
from palaver.domain.entry import SYSTEM_SEQ, Entry
from palaver.domain.ids import ProjectId
from palaver.domain.part import Text
from palaver.engine import shelves
from palaver.engine.says import says
from palaver.store import agents, blocks, conversations, entries
from palaver.store.db import Tx


def compiled(tx: Tx, project: ProjectId, agent: Agent, conversation: str, earlier: int = 0) -> str:
    """The system text that a conversation of `agent` would have if it were compiled now.

    `conversation` is its id or ``default``, `earlier` counts the messages before.
    """
    now = clock.now().astimezone(ZoneInfo(agent.timezone or "UTC"))
    held = blocks.of_agent(tx, project, agent.id)
    folders = shelves.told(tx, project, agent)
    return compile_prompt(agent, held, Facts(conversation, now, earlier), folders)


def system_entry(text: str, at: datetime) -> Entry:
    """The entry that a conversation begins with."""
    return says("system", Text(text=text), seq=SYSTEM_SEQ, created_at=at)


def refresh(tx: Tx, project: ProjectId, address: Address) -> None:
    """Compile the prompt of a default conversation anew if a block was changed under it.

    Only changes that somebody makes over the API count: what a memory tool writes, the model has
    just said itself. Other conversations keep their prompts until they are recompiled.
    """
    if address.is_default and conversations.take_stale(tx, address.conversation_id):
        recompile(tx, project, address, dry_run=False)


def recompile(tx: Tx, project: ProjectId, address: Address, dry_run: bool) -> str:
    """Compile a conversation's system prompt anew and, unless `dry_run`, replace it; the text."""
    agent = agents.get(tx, project, address.agent_id)
    earlier = conversations.recall_count(tx, address.conversation_id)
    text = compiled(tx, project, agent, address.shown_id or "default", earlier)
    if not dry_run:
        entries.rewrite_system(tx, address.conversation_id, text)
    return text
