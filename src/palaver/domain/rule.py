"""Tool rules: what an agent's maker wants of the order in which its tools are called."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from palaver.domain.frozen import Frozen

ToolName = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Rule(Frozen):
    """What all rules have. The contract says that ``prompt_template`` is ignored; it is kept."""

    tool_name: ToolName
    prompt_template: str | None = None


class InitToolRule(_Rule):
    """A turn begins with this tool. Of its arguments, ``args`` are as they are given here."""

    type: Literal["run_first"]
    args: dict[str, Any] | None = None


class ChildArgNode(Frozen):
    """The arguments of a child that are given by its rule."""

    name: ToolName
    args: dict[str, Any] | None = None


class ChildToolRule(_Rule):
    """Directly after the tool only its ``children`` may be called."""

    type: Literal["constrain_child_tools"]
    children: list[ToolName]
    child_arg_nodes: list[ChildArgNode] | None = None

    @model_validator(mode="after")
    def _name_children(self) -> Self:
        strange = {node.name for node in self.child_arg_nodes or ()} - set(self.children)
        if strange:
            raise ValueError(
                f"child_arg_nodes: {', '.join(sorted(strange))} is not among the children; "
                "name a tool of `children`"
            )
        return self


class ParentToolRule(_Rule):
    """The ``children`` may be called only directly after the tool."""

    type: Literal["parent_last_tool"]
    children: list[ToolName]


class ConditionalToolRule(_Rule):
    """What the tool returns says which one may be called directly after it.

    A return that is not in the mapping leads to ``default_child``, or to any tool if there is none;
    where the mapping is required, to no tool at all.
    """

    type: Literal["conditional"]
    child_output_mapping: dict[str, ToolName]
    default_child: ToolName | None = None
    require_output_mapping: bool = False


class TerminalToolRule(_Rule):
    """The turn ends when the tool has returned."""

    type: Literal["exit_loop"]


class ContinueToolRule(_Rule):
    """The turn goes on when the tool has returned, as it does anyway."""

    type: Literal["continue_loop"]


class RequiredBeforeExitToolRule(_Rule):
    """The turn does not end before the tool was called."""

    type: Literal["required_before_exit"]


class MaxCountPerStepToolRule(_Rule):
    """The tool is called at most so many times a turn."""

    type: Literal["max_count_per_step"]
    max_count_limit: Annotated[int, Field(ge=0, le=2**31 - 1)]


class RequiresApprovalToolRule(_Rule):
    """The calls of the tool wait for somebody's approval."""

    type: Literal["requires_approval"]


ToolRule = Annotated[
    ChildToolRule
    | InitToolRule
    | TerminalToolRule
    | ConditionalToolRule
    | ContinueToolRule
    | RequiredBeforeExitToolRule
    | MaxCountPerStepToolRule
    | ParentToolRule
    | RequiresApprovalToolRule,
    Field(discriminator="type"),
]
