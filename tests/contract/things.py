"""What the calls of all operations are made of: things with ids, and parameters by the dozen."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2

Given = dict[str, Any]

OFFLINE = "palaver/offline"
SINCE, UNTIL = "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
SETTINGS = {"provider_type": "openai", "temperature": 0.5, "max_output_tokens": 500}
LLM = {
    "model": "offline", "model_endpoint_type": "openai", "context_window": 32_000,
    "handle": OFFLINE,
}  # fmt: skip
EMBEDDING = {"embedding_dim": 8, "embedding_endpoint_type": "openai", "embedding_model": "none"}
COMPACTION = {"mode": "all", "model": "letta/auto", "prompt": "Sum it up.", "clip_chars": 1000}
TOOL = {"name": "ask", "description": "Asks.", "parameters": {"type": "object", "properties": {}}}
SKILL = {"name": "tea", "description": "Makes tea.", "location": "/tea"}
RULE = {"type": "requires_approval", "tool_name": "memory_insert"}
SCHEMA = {
    "name": "twice",
    "description": "Says it twice.",
    "parameters": {"type": "object", "properties": {"text": {"type": "string"}}},
}
SOURCE = 'def {name}(text: str) -> str:\n    """Say it twice."""\n    return text * 2\n'


@dataclass(frozen=True, slots=True)
class Things:
    """What calls are about: one of each that has an id, and ways to more of them."""

    http: httpx2.Client
    agent: str
    block: str
    conversation: str
    message: str
    run: str
    step: str
    tool: str
    mcp_url: str
    mcp_server: str
    mcp_tool: str

    def new_agent(self, **more: Any) -> str:
        """Another agent."""
        made = self.http.post("/v1/agents/", json={"model": OFFLINE, **more})
        return str(made.raise_for_status().json()["id"])

    def new_block(self) -> str:
        """Another block."""
        made = self.http.post("/v1/blocks/", json={"label": "more", "value": "v"})
        return str(made.raise_for_status().json()["id"])

    def new_identity(self) -> str:
        """Another identity."""
        body = {"identifier_key": uuid4().hex, "name": "Ada", "identity_type": "user"}
        return str(self.http.post("/v1/identities/", json=body).raise_for_status().json()["id"])

    def new_conversation(self) -> str:
        """Another conversation."""
        made = self.http.post("/v1/conversations/", params={"agent_id": self.agent})
        return str(made.raise_for_status().json()["id"])

    def new_passage(self) -> str:
        """A passage of the agent."""
        made = self.http.post(f"/v1/agents/{self.agent}/archival-memory", json={"text": "Tea."})
        return str(made.raise_for_status().json()[0]["id"])

    def new_mcp_server(self) -> str:
        """Another MCP server; nobody answers there."""
        body = {"server_name": f"s{uuid4().hex}", "config": mcp(self.mcp_url, "/nowhere")}
        return str(self.http.post("/v1/mcp-servers/", json=body).raise_for_status().json()["id"])

    def exported(self) -> bytes:
        """The agent as a file."""
        return self.http.get(f"/v1/agents/{self.agent}/export").raise_for_status().content

    def talk(self, name: str) -> str:
        """The conversation of that name, or the agent's, when a lot was said in it."""
        for _ in range(4):
            body = {"input": "[[words: 200]]", "streaming": False}
            self.http.post(f"/v1/conversations/{name}/messages", json=body).raise_for_status()
        return name

    def busy(self) -> tuple[str, str]:
        """An agent with a run that takes a while, and the run."""
        agent, slow = self.new_agent(), {"input": "[[pace: 20]] [[words: 1000]]"}
        run = self.http.post(f"/v1/agents/{agent}/messages/async", json=slow).raise_for_status()
        return agent, run.json()["id"]

    def new_tool(self) -> str:
        """Another tool."""
        body = {"source_code": SOURCE.format(name=f"f{uuid4().hex}")}
        return str(self.http.post("/v1/tools/", json=body).raise_for_status().json()["id"])


def mcp(url: str, path: str = "/mcp") -> Given:
    """How an MCP server is reached."""
    return {"mcp_server_type": "streamable_http", "server_url": url + path}


Row = Callable[["Things"], Iterable[Given]]
"""The calls of an operation."""


def paged(cursor: str, order: str = "asc", **more: Any) -> tuple[Given, Given]:
    """A list twice: from its beginning, and between cursors."""
    first = {"limit": 5, "order": order, "order_by": "created_at", **more}
    return first, {**first, "after": cursor, "before": cursor}


def without(given: Iterable[Given], *names: str) -> list[Given]:
    """The same without some parameters."""
    return [{key: value for key, value in one.items() if key not in names} for one in given]


def sent(**more: Any) -> tuple[Given, Given]:
    """A send twice: said in either way, and with every wish."""
    wishes: Given = {
        "assistant_message_tool_kwarg": "message",
        "assistant_message_tool_name": "send_message",
        "client_skills": [SKILL],
        "client_tools": [TOOL],
        "enable_thinking": "true",
        "include_compaction_messages": True,
        "include_return_message_types": ["assistant_message"],
        "max_steps": 3,
        "override_model": OFFLINE,
        "override_system": "You count.",
        "return_logprobs": False,
        "return_token_ids": False,
        "top_logprobs": 2,
        "use_assistant_message": True,
        **more,
    }
    messages = [{"type": "message", "role": "user", "content": "Hello", "otid": str(uuid4())}]
    return {"input": "Hello", **wishes}, {"messages": messages, **wishes}


def streamed(**more: Any) -> list[Given]:
    """A send twice, its answer streamed."""
    wishes = {"background": True, "include_pings": True, "stream_tokens": True, "streaming": True}
    return list(sent(**wishes, **more))


def tool(name: str) -> Given:
    """All that a tool may be made of."""
    return {
        "source_code": SOURCE.format(name=name),
        "args_json_schema": {"type": "object", "properties": {"text": {"type": "string"}}},
        "default_requires_approval": False,
        "description": "Says it twice.",
        "enable_parallel_execution": True,
        "json_schema": {**SCHEMA, "name": name},
        "npm_requirements": [],
        "pip_requirements": [],
        "return_char_limit": 1000,
        "source_type": "python",
        "tags": ["t"],
    }


TEMPLATE = {
    "base_template_id": None, "template_id": None, "deployment_id": None, "entity_id": None,
    "template_name": None, "project_id": None,
}  # fmt: skip
BLOCK: Given = {
    **TEMPLATE, "description": "D", "hidden": False, "is_template": False, "limit": 500,
    "metadata": {"a": 1}, "preserve_on_migration": False, "read_only": False, "tags": ["t"],
    "value": "v",
}  # fmt: skip
AGENT: Given = {
    "compaction_settings": COMPACTION, "context_window_limit": 16_000, "description": "D",
    "embedding": None, "embedding_config": EMBEDDING, "enable_sleeptime": False,
    "folder_ids": [], "hidden": False, "identity_ids": [], "llm_config": LLM,
    "max_files_open": 5, "max_tokens": 500, "message_buffer_autoclear": False,
    "metadata": {"a": 1}, "model": OFFLINE, "model_settings": SETTINGS, "name": "Ada",
    "parallel_tool_calls": True, "per_file_view_window_char_limit": 1000, "project_id": None,
    "reasoning": False, "response_format": {"type": "text"}, "secrets": {"K": "v"},
    "source_ids": [], "system": "You count.", "tags": ["t"], "template_id": None,
    "base_template_id": None, "timezone": "UTC",
    "tool_exec_environment_variables": {"L": "w"}, "tool_rules": [RULE],
}  # fmt: skip
AGENT_WISH: Given = {
    "include": ["agent.blocks", "agent.tools"], "include_relationships": ["tools"],
}  # fmt: skip
NOW = {"model": OFFLINE, "model_settings": SETTINGS, "summary": "S", "description": "D"}
