"""Tools: what a model may call, what it asked for, what came back."""

from typing import Any, Literal

from pydantic import Field

from palaver.domain.frozen import Frozen

DEFAULT_RETURN_LIMIT = 50_000  # characters (contract §5.1)

ToolType = Literal[
    "custom", "letta_core", "letta_memory_core", "letta_multi_agent_core", "letta_sleeptime_core",
    "letta_voice_sleeptime_core", "letta_builtin", "letta_files_core", "external_langchain",
    "external_composio", "external_mcp",
]  # fmt: skip


class Tool(Frozen):
    """A tool as the API shows it; ``json_schema`` is what the model is told.

    ``approval_ttl`` is how many seconds its calls wait for an answer before they are denied.
    """

    id: str
    name: str | None = None
    description: str | None = None
    tool_type: ToolType = "custom"
    json_schema: dict[str, Any] | None = None
    args_json_schema: dict[str, Any] | None = None
    source_code: str | None = None
    source_type: str | None = None
    tags: list[str] = Field(default_factory=list)
    return_char_limit: int = DEFAULT_RETURN_LIMIT
    default_requires_approval: bool | None = None
    approval_ttl: float | None = None
    enable_parallel_execution: bool | None = False
    pip_requirements: list[dict[str, Any]] | None = None
    npm_requirements: list[dict[str, Any]] | None = None
    metadata_: dict[str, Any] | None = None
    project_id: str | None = None
    created_by_id: str | None = None
    last_updated_by_id: str | None = None

    @property
    def spec(self) -> "ToolSpec":
        """What a model is told of it."""
        schema = self.json_schema or {}
        return ToolSpec(
            name=self.name or "",
            description=schema.get("description") or self.description or "",
            parameters=schema.get("parameters") or NO_PARAMETERS,
        )


NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}


class ToolSpec(Frozen):
    """A tool as a model is told of it. ``parameters`` is a JSON schema of an object."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = Field(default_factory=lambda: NO_PARAMETERS)


class Outcome(Frozen):
    """What using a tool came to. ``text`` is what the model is told.

    ``characters`` says how long the text was where it is not here at full length.
    """

    status: Literal["success", "error"] = "success"
    text: str
    characters: int | None = None
    stdout: list[str] | None = None
    stderr: list[str] | None = None


class ToolExecutionResult(Frozen):
    """What came of a tool that a client had run; ``func_return`` is what a model would be told."""

    status: Literal["success", "error"]
    func_return: Any = None
    stdout: list[str] | None = None
    stderr: list[str] | None = None
    agent_state: None = None
    sandbox_config_fingerprint: str | None = None
