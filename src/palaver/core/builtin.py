"""The tools that palaver brings with it."""

from typing import Any

from palaver.core import file_tools, memory, memory_commands, recall, voice
from palaver.domain.agent import AgentType
from palaver.domain.ids import named
from palaver.domain.tool import DEFAULT_RETURN_LIMIT, Tool, ToolType

_GIVEN: dict[AgentType, tuple[str, ...]] = {
    "letta_v1_agent": ("conversation_search", "memory_insert", "memory_replace"),
    "memgpt_v2_agent": (voice.NAME, "conversation_search", "memory_insert", "memory_replace"),
    "memgpt_agent": (
        voice.NAME,
        "conversation_search",
        "core_memory_append",
        "core_memory_replace",
    ),
    "sleeptime_agent": ("memory_replace", "memory_insert", "memory_rethink"),
}


def tools_given_to(agent_type: AgentType) -> tuple[str, ...]:
    """The names of the tools that a new agent of a type is given."""
    return _GIVEN.get(agent_type, ())


def rules_given_to(agent_type: AgentType) -> list[dict[str, Any]] | None:
    """The rules that come with these tools: who speaks by a tool has said it all when it has."""
    speaks = voice.NAME in tools_given_to(agent_type)
    return [{"type": "exit_loop", "tool_name": voice.NAME}] if speaks else None


_SPECS = {
    **{name: tool.spec for name, tool in memory.TOOLS.items()},
    **recall.TOOLS,
    **file_tools.TOOLS,
    memory_commands.NAME: memory_commands.SPEC,
    voice.NAME: voice.SPEC,
}


def _built_in(name: str) -> Tool:
    spec = _SPECS[name]
    of_files = name in file_tools.TOOLS
    is_long = name in recall.TOOLS or name == "open_files"
    kind: ToolType = "letta_files_core" if of_files else "letta_core"
    if name == "memory_rethink":
        kind = "letta_sleeptime_core"
    return Tool(
        id=named("tool", name),
        name=name,
        description=spec.description,
        tool_type=kind,
        json_schema={
            "name": name,
            "description": spec.description,
            "parameters": spec.parameters,
        },
        source_type="python",
        tags=["letta_files_core" if of_files else "letta_core"],
        return_char_limit=recall.MOST_SHOWN if is_long else DEFAULT_RETURN_LIMIT,
    )


BUILT_IN: dict[str, Tool] = {name: _built_in(name) for name in _SPECS}
"""By name. They have the same ids everywhere and always."""

BY_ID: dict[str, Tool] = {tool.id: tool for tool in BUILT_IN.values()}
"""The same, by id."""

OF_FILES: tuple[str, ...] = tuple(BUILT_IN[name].id for name in file_tools.TOOLS)
"""The ids of those that an agent has for as long as it has a folder."""
