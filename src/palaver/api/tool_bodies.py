"""What a caller may say of a tool (contract §5). What makes one may say nothing else."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from palaver.api.agent_bodies import Variables
from palaver.api.pages import Fifty
from palaver.domain.frozen import Frozen
from palaver.domain.tool import DEFAULT_RETURN_LIMIT, Tool, ToolType
from palaver.store.tools import ToolFilter

MAX_TTL = 10 * 365 * 86_400.0  # seconds

ReturnLimit = Annotated[int, Field(ge=1, le=1_000_000)]
SourceType = Literal["python", "typescript"]


class Requirement(Frozen):
    """A package that a tool's source imports."""

    name: Annotated[str, Field(min_length=1)]
    version: str | None = None


class _ToolFields(Frozen):
    json_schema: dict[str, Any] | None = None
    args_json_schema: dict[str, Any] | None = None
    description: str | None = None
    tags: list[str] | None = None
    default_requires_approval: bool | None = None
    approval_ttl: Annotated[float, Field(gt=0, le=MAX_TTL)] | None = None
    enable_parallel_execution: bool | None = False
    pip_requirements: list[Requirement] | None = None
    npm_requirements: list[Requirement] | None = None


class NewTool(_ToolFields):
    """What makes a tool. Its name comes from `json_schema`, or else from the source."""

    model_config = ConfigDict(extra="forbid")

    source_code: str
    source_type: SourceType = "python"
    return_char_limit: ReturnLimit = DEFAULT_RETURN_LIMIT


class ToolChange(_ToolFields):
    """What changes of a tool: fields left out stay as they are."""

    source_code: str | None = None
    source_type: SourceType | None = None
    return_char_limit: ReturnLimit | None = None
    metadata_: dict[str, Any] | None = None


class ToolInput(Frozen):
    """What a tool is called with."""

    args: dict[str, Any] = Field(default_factory=dict)


class ToolTrial(Frozen):
    """A tool that is not kept, and what it is called with."""

    source_code: str
    args: dict[str, Any]
    env_vars: Variables = Field(default_factory=dict)
    name: str | None = None
    source_type: SourceType | None = None
    args_json_schema: dict[str, Any] | None = None
    json_schema: dict[str, Any] | None = None
    pip_requirements: list[Requirement] | None = None
    npm_requirements: list[Requirement] | None = None


class ToolSearch(Frozen):
    """Words that tools are looked for by."""

    model_config = ConfigDict(extra="forbid")

    query: str | None = None
    search_mode: Literal["vector", "fts", "hybrid"] = "hybrid"
    tool_types: list[ToolType] | None = None
    tags: list[str] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class ToolSearchResult(Frozen):
    """A tool that was found. Ranks begin with 1; there is none by meaning."""

    tool: Tool
    embedded_text: str | None = None
    fts_rank: int | None = None
    vector_rank: int | None = None
    combined_score: float


class ToolCounted(Frozen):
    """Which tools are wanted."""

    name: str | None = None
    names: list[str] | None = None
    tool_ids: list[str] | None = None
    search: str | None = None
    tool_types: list[ToolType] | None = None
    exclude_tool_types: list[ToolType] | None = None
    return_only_letta_tools: bool | None = False
    exclude_letta_tools: bool | None = False

    @property
    def wanted(self) -> ToolFilter:
        """The filter that the store understands; an empty one is as good as none."""
        names = [*(self.names or ()), *([self.name] if self.name else ())]
        only, none = self.return_only_letta_tools, self.exclude_letta_tools
        return ToolFilter(
            names=tuple(names) or None,
            ids=tuple(self.tool_ids or ()) or None,
            search=self.search or None,
            types=tuple(self.tool_types or ()) or None,
            not_types=tuple(self.exclude_tool_types or ()),
            built_in=True if only else False if none else None,
        )


class ToolQuery(ToolCounted, Fifty):
    """Which tools are wanted, in which order."""
