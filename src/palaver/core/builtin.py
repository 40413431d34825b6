"""The tools that palaver brings with it."""

import uuid

from palaver.core import memory
from palaver.domain.agent import AgentType
from palaver.domain.ids import shape
from palaver.domain.tool import Tool

_GIVEN: dict[AgentType, tuple[str, ...]] = {
    "letta_v1_agent": ("memory_insert", "memory_replace"),
    "memgpt_v2_agent": ("memory_insert", "memory_replace"),
    "memgpt_agent": ("core_memory_append", "core_memory_replace"),
    "sleeptime_agent": ("memory_replace", "memory_insert", "memory_rethink"),
}


def tools_given_to(agent_type: AgentType) -> tuple[str, ...]:
    """The names of the tools that a new agent of a type is given."""
    return _GIVEN.get(agent_type, ())


def _built_in(name: str) -> Tool:
    spec = memory.TOOLS[name].spec
    noise = uuid.uuid5(uuid.NAMESPACE_URL, f"palaver:{name}").int
    return Tool(
        id=shape("tool", 0, noise),
        name=name,
        description=spec.description,
        tool_type="letta_sleeptime_core" if name == "memory_rethink" else "letta_core",
        json_schema={
            "name": name,
            "description": spec.description,
            "parameters": spec.parameters,
        },
        source_type="python",
        tags=["letta_core"],
    )


BUILT_IN: dict[str, Tool] = {name: _built_in(name) for name in memory.TOOLS}
"""By name. They have the same ids everywhere and always."""

BY_ID: dict[str, Tool] = {tool.id: tool for tool in BUILT_IN.values()}
"""The same, by id."""
