"""Each operation of the official client, called with every parameter that it has.

`CALLS` is the table: by the operation's name in the client, what it is given. Where parameters
exclude each other there are several calls. A new operation is a new row; `DUMMIES` is for those
that have none, whose answer is a refusal.
"""

from uuid import uuid4

from tests.contract.archive_calls import ARCHIVE_CALLS
from tests.contract.folder_calls import FOLDER_CALLS
from tests.contract.things import (
    AGENT,
    AGENT_WISH,
    BLOCK,
    COMPACTION,
    NOW,
    OFFLINE,
    SINCE,
    UNTIL,
    Given,
    Row,
    mcp,
    paged,
    sent,
    streamed,
    tool,
    without,
)  # fmt: skip

CALLS: dict[str, Row] = {
    **ARCHIVE_CALLS,
    **FOLDER_CALLS,
    "health": lambda it: [{}],
    "models.list": lambda it: [
        {"provider_category": ["base"], "provider_name": "palaver", "provider_type": "letta"}
    ],
    "models.embeddings.list": lambda it: [{}],
    "tags.list": lambda it: [
        {**one, "order_by": "name", "name": "t", "query_text": "t"} for one in paged("t")
    ],
    "agents.create": lambda it: [
        {
            **AGENT,
            "agent_type": "letta_v1_agent",
            "block_ids": [it.block],
            "embedding_chunk_size": 300,
            "enable_reasoner": False,
            "from_template": None,
            "include_base_tool_rules": False,
            "include_base_tools": True,
            "include_default_source": False,
            "initial_message_sequence": [{"role": "user", "content": "Hello"}],
            "max_reasoning_tokens": 0,
            "memory_blocks": [{"label": "human", "value": "x"}],
            "memory_variables": {},
            "project": None,
            "template": False,
            "tool_ids": [],
            "tools": ["memory_insert"],
        }
    ],
    "agents.retrieve": lambda it: [{"agent_id": it.agent, **AGENT_WISH}],
    "agents.update": lambda it: [
        {
            **AGENT,
            "agent_id": it.new_agent(),
            "block_ids": [it.block],
            "last_run_completion": SINCE,
            "last_run_duration_ms": 5,
            "last_stop_reason": "end_turn",
            "message_ids": None,
            "tool_ids": [],
        }
    ],
    "agents.list": lambda it: [
        {
            **one,
            **AGENT_WISH,
            "ascending": True,
            "base_template_id": None,
            "created_by_id": None,
            "identifier_keys": None,
            "identity_id": None,
            "last_stop_reason": None,
            "match_all_tags": True,
            "name": None,
            "project_id": None,
            "query_text": "A",
            "sort_by": "created_at",
            "tags": ["walk"],
            "template_id": None,
        }
        for one in paged(it.agent)
    ],
    "agents.delete": lambda it: [{"agent_id": it.new_agent()}],
    "agents.export_file": lambda it: [
        {
            "agent_id": it.agent,
            "conversation_id": it.conversation,
            "max_steps": 100,
            "scrub_messages": False,
            "use_legacy_format": False,
        }
    ],
    "agents.import_file": lambda it: [
        {
            "file": it.exported(),
            "append_copy_suffix": True,
            "embedding": "openai/text-embedding-3-small",
            "env_vars_json": None,
            "model": OFFLINE,
            "name": "Eve",
            "override_embedding_handle": None,
            "override_existing_tools": True,
            "override_model_handle": None,
            "override_name": None,
            "project_id": None,
            "secrets": '{"K": "v"}',
            "strip_messages": False,
            "x_override_embedding_model": "openai/text-embedding-3-small",
        }
    ],
    "agents.recompile": lambda it: [
        {"agent_id": it.agent, "dry_run": True, "update_timestamp": True}
    ],
    "agents.identities.attach": lambda it: [
        {"agent_id": it.new_agent(), "identity_id": it.new_identity()}
    ],
    "agents.identities.detach": lambda it: [
        {"agent_id": it.new_agent(identity_ids=[identity]), "identity_id": identity}
        for identity in (it.new_identity(),)
    ],
    "agents.messages.create": lambda it: [
        *({"agent_id": it.new_agent(), "streaming": False, **one} for one in sent()),
        *({"agent_id": it.new_agent(), **one} for one in streamed()),
    ],
    "agents.messages.stream": lambda it: [
        {"agent_id": it.new_agent(), **one} for one in streamed()
    ],
    "agents.messages.create_async": lambda it: [
        {"agent_id": it.new_agent(), "callback_url": None, **one} for one in sent()
    ],
    "agents.messages.list": lambda it: [
        {
            **one,
            "agent_id": it.agent,
            "assistant_message_tool_kwarg": "message",
            "assistant_message_tool_name": "send_message",
            "conversation_id": it.conversation,
            "group_id": None,
            "include_err": True,
            "include_return_message_types": ["user_message"],
            "use_assistant_message": True,
        }
        for one in paged(it.message)
    ],
    "agents.messages.cancel": lambda it: [
        {"agent_id": agent, "run_ids": [run]} for agent, run in (it.busy(),)
    ],
    "agents.messages.reset": lambda it: [
        {"agent_id": it.new_agent(), "add_default_initial_messages": True}
    ],
    "agents.blocks.list": lambda it: [{**one, "agent_id": it.agent} for one in paged(it.block)],
    "agents.blocks.retrieve": lambda it: [{"agent_id": it.agent, "block_label": "notes"}],
    "agents.blocks.update": lambda it: [
        {**BLOCK, "agent_id": it.agent, "block_label": "notes", "label": "notes"}
    ],
    "agents.blocks.attach": lambda it: [{"agent_id": it.new_agent(), "block_id": it.block}],
    "agents.blocks.detach": lambda it: [
        {"agent_id": it.new_agent(block_ids=[block]), "block_id": block}
        for block in (it.new_block(),)
    ],
    "agents.tools.list": lambda it: [
        {**one, "agent_id": it.agent}
        for one in paged(it.http.get(f"/v1/agents/{it.agent}/tools").json()[0]["id"])
    ],
    "agents.tools.run": lambda it: [
        {
            "agent_id": it.new_agent(block_ids=[it.new_block()]),
            "tool_name": "memory_insert",
            "args": {"label": "more", "new_str": "Tea."},
        }
    ],
    "agents.tools.update_approval": lambda it: [
        {
            "agent_id": it.new_agent(),
            "tool_name": "memory_insert",
            "body_requires_approval": True,
            "query_requires_approval": True,
        }
    ],
    "agents.tools.detach": lambda it: [
        {
            "agent_id": it.agent,
            "tool_id": it.http.get(f"/v1/agents/{it.agent}/tools").json()[0]["id"],
        }
    ],
    "agents.tools.attach": lambda it: [
        {
            "agent_id": it.agent,
            "tool_id": it.http.get("/v1/tools", params={"name": "memory_insert"}).json()[0]["id"],
        }
    ],
    "agents.passages.create": lambda it: [
        {"agent_id": it.agent, "text": "Tea.", "created_at": SINCE, "tags": ["t"]}
    ],
    "agents.passages.list": lambda it: [
        {**one, "agent_id": it.agent, "ascending": True, "search": "tea"}
        for one in without(paged(it.new_passage()), "order", "order_by")
    ],
    "agents.passages.search": lambda it: [
        {
            "agent_id": it.agent,
            "query": "tea",
            "end_datetime": UNTIL,
            "start_datetime": SINCE,
            "tag_match_mode": "all",
            "tags": ["t"],
            "top_k": 5,
        }
    ],
    "agents.passages.delete": lambda it: [{"agent_id": it.agent, "memory_id": it.new_passage()}],
    "mcp_servers.create": lambda it: [
        {"server_name": f"s{uuid4().hex}", "config": mcp(it.mcp_url, "/nowhere")}
    ],
    "mcp_servers.retrieve": lambda it: [{"mcp_server_id": it.mcp_server}],
    "mcp_servers.update": lambda it: [
        {
            "mcp_server_id": it.mcp_server,
            "config": mcp(it.mcp_url),
            "server_name": f"s{uuid4().hex}",
        }
    ],
    "mcp_servers.list": lambda it: [{}],
    "mcp_servers.refresh": lambda it: [{"mcp_server_id": it.mcp_server, "agent_id": it.agent}],
    "mcp_servers.tools.list": lambda it: [{"mcp_server_id": it.mcp_server}],
    "mcp_servers.tools.retrieve": lambda it: [
        {"mcp_server_id": it.mcp_server, "tool_id": it.mcp_tool}
    ],
    "mcp_servers.tools.run": lambda it: [
        {"mcp_server_id": it.mcp_server, "tool_id": it.mcp_tool, "args": {"a": 1, "b": 2}}
    ],
    "mcp_servers.delete": lambda it: [{"mcp_server_id": it.new_mcp_server()}],
    "blocks.create": lambda it: [{**BLOCK, "label": "notes"}],
    "blocks.retrieve": lambda it: [{"block_id": it.block}],
    "blocks.update": lambda it: [{**BLOCK, "block_id": it.block, "label": "notes"}],
    "blocks.list": lambda it: [
        {
            **one,
            "connected_to_agents_count_eq": [1],
            "connected_to_agents_count_gt": 0,
            "connected_to_agents_count_lt": 5,
            "description_search": "D",
            "identifier_keys": None,
            "identity_id": None,
            "label": "notes",
            "label_search": "note",
            "match_all_tags": True,
            "name": None,
            "project_id": None,
            "tags": ["t"],
            "templates_only": False,
            "value_search": "v",
        }
        for one in paged(it.block)
    ],
    "blocks.delete": lambda it: [{"block_id": it.new_block()}],
    "blocks.agents.list": lambda it: [
        {**one, **AGENT_WISH, "block_id": it.block} for one in paged(it.agent)
    ],
    "conversations.create": lambda it: [
        {**NOW, "agent_id": it.agent, "context_window_limit": 16_000, "hidden": False}
    ],
    "conversations.retrieve": lambda it: [{"conversation_id": it.conversation}],
    "conversations.update": lambda it: [
        {
            **NOW,
            "conversation_id": it.new_conversation(),
            "archived": True,
            "context_window_limit": 16_000,
            "last_message_at": SINCE,
        }
    ],
    "conversations.list": lambda it: [
        {**one, "agent_id": it.agent, "archive_status": "all", "summary_search": ""}
        for one in without(paged(it.conversation), "before")
    ],
    "conversations.delete": lambda it: [{"conversation_id": it.new_conversation()}],
    "conversations.cancel": lambda it: [
        {"conversation_id": "default", "agent_id": agent} for agent, _ in (it.busy(),)
    ],
    "conversations.fork": lambda it: [
        {
            "conversation_id": it.conversation,
            "agent_id": it.agent,
            "hidden": True,
            "message_id": it.message,
        }
    ],
    "conversations.recompile": lambda it: [
        {
            "conversation_id": it.conversation,
            "dry_run": True,
            "agent_id": it.agent,
            "compaction_settings": COMPACTION,
        }
    ],
    "conversations.messages.create": lambda it: [
        {"conversation_id": it.new_conversation(), "agent_id": it.agent, **one}
        for one in streamed()
    ],
    "conversations.messages.compact": lambda it: [
        {
            "conversation_id": it.talk(it.new_conversation()),
            "agent_id": it.agent,
            "compaction_settings": COMPACTION,
        }
    ],
    "agents.messages.compact": lambda it: [
        {"agent_id": it.talk(it.new_agent()), "compaction_settings": COMPACTION}
    ],
    "conversations.messages.list": lambda it: [
        {
            **one,
            "conversation_id": it.conversation,
            "agent_id": it.agent,
            "group_id": None,
            "include_err": True,
            "include_return_message_types": ["user_message"],
        }
        for one in paged(it.message)
    ],
    "conversations.messages.stream": lambda it: [
        {
            "conversation_id": it.conversation,
            "agent_id": it.agent,
            "batch_size": 10,
            "include_pings": False,
            "otid": None,
            "poll_interval": 0.1,
            "run_id": it.run,
            "starting_after": 1,
        }
    ],
    "messages.retrieve": lambda it: [{"message_id": it.message}],
    "runs.retrieve": lambda it: [{"run_id": it.run}],
    "runs.list": lambda it: [
        {
            **one,
            "active": False,
            "agent_id": it.agent,
            "agent_ids": [it.agent],
            "ascending": False,
            "background": False,
            "conversation_id": it.conversation,
            "statuses": ["completed"],
            "stop_reason": "end_turn",
        }
        for one in paged(it.run)
    ],
    "runs.messages.list": lambda it: [{**one, "run_id": it.run} for one in paged(it.message)],
    "runs.messages.stream": lambda it: [
        {
            "path_run_id": it.run,
            "agent_id": it.agent,
            "batch_size": 10,
            "include_pings": False,
            "otid": None,
            "poll_interval": 0.1,
            "body_run_id": it.run,
            "starting_after": 1,
        }
    ],
    "runs.steps.list": lambda it: [{**one, "run_id": it.run} for one in paged(it.step)],
    "runs.trace.retrieve": lambda it: [{"run_id": it.run, "limit": 5}],
    "runs.usage.retrieve": lambda it: [{"run_id": it.run}],
    "steps.retrieve": lambda it: [{"step_id": it.step}],
    "steps.list": lambda it: [
        {
            **one,
            "agent_id": it.agent,
            "end_date": UNTIL,
            "feedback": None,
            "has_feedback": False,
            "model": "offline",
            "project_id": None,
            "start_date": SINCE,
            "tags": None,
            "trace_ids": None,
        }
        for one in paged(it.step)
    ],
    "steps.messages.list": lambda it: [{**one, "step_id": it.step} for one in paged(it.message)],
    "steps.metrics.retrieve": lambda it: [{"step_id": it.step}],
    "steps.trace.retrieve": lambda it: [{"step_id": it.step}],
    "steps.feedback.create": lambda it: [
        {"step_id": it.step, "feedback": "positive", "tags": ["t"]},
        {"step_id": it.step, "feedback": None, "tags": []},
    ],
    "tools.create": lambda it: [tool(f"f{uuid4().hex}")],
    "tools.upsert": lambda it: [tool("twice")],
    "tools.retrieve": lambda it: [{"tool_id": it.tool}],
    "tools.update": lambda it: [{**tool("thrice"), "tool_id": it.new_tool(), "metadata": {"a": 1}}],
    "tools.list": lambda it: [
        {
            **one,
            "exclude_tool_types": ["external_mcp"],
            "name": None,
            "names": ["memory_insert"],
            "return_only_letta_tools": False,
            "search": "memory",
            "tool_ids": None,
            "tool_types": ["letta_core"],
        }
        for one in paged(it.tool)
    ],
    "tools.delete": lambda it: [{"tool_id": it.new_tool()}],
    "tools.search": lambda it: [
        {
            "limit": 5,
            "query": "memory",
            "search_mode": "hybrid",
            "tags": None,
            "tool_types": ["letta_core"],
        }
    ],
}
"""By the operation's name in the client."""

DUMMIES: Given = {
    "messages": [], "passages": [], "file": b"x", "config": {}, "policy": [],
    "schedule": {"type": "one-time", "scheduled_at": 1}, "agent_file_json": {}, "type": "agent",
}  # fmt: skip
"""Parameters that are no text, of operations without a row."""

NEEDED_TOO = {"templates.create": ("agent_id",)}
"""Parameters that the client demands although their signature does not say so."""
