"""The tool `memory`: one tool with a command for everything that can be done to memory blocks.

Older agents have it in the place of the single tools. Its paths are labels, perhaps written as
files of a folder ``/memories``. Semantics: behaviour §17.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from palaver.core.calls import tool_called
from palaver.domain.frozen import Frozen
from palaver.errors import ToolRefused

NAME = "memory"
_FOLDER = "/memories/"
_LONGEST_LABEL = 200


class Given(Frozen):
    """What a call gives: its command, and what that one takes."""

    command: Literal["create", "str_replace", "insert", "delete", "rename"]
    path: str | None = Field(None, description="The memory block, such as /memories/human.")
    file_text: str | None = Field(None, description="create: the block's text.")
    description: str | None = Field(
        None, description="create, rename: what the block is for; rename with a path changes it."
    )
    old_string: str | None = Field(
        None, description="str_replace: the text to replace, exactly as it stands, and only once."
    )
    new_string: str | None = Field(None, description="str_replace: the text to put there.")
    insert_line: int = Field(
        -1, description="insert: the line to insert after; 0 is the beginning, -1 the end."
    )
    insert_text: str | None = Field(None, description="insert: the text to insert.")
    old_path: str | None = Field(None, description="rename: the memory block.")
    new_path: str | None = Field(None, description="rename: what it is to be called.")

    @property
    def label(self) -> str:
        """The block that is meant. Raises `ToolRefused` if the call does not say."""
        return _label("path", self.old_path or self.path)

    @property
    def new_label(self) -> str:
        """What the block is to be called. Raises `ToolRefused` if the call does not say."""
        return _label("new_path", self.new_path)

    @property
    def edit(self) -> tuple[str, Mapping[str, Any]]:
        """The single tool that changes a block's text as these do, and its arguments."""
        if self.command == "insert":
            return "memory_insert", {
                "new_string": self.insert_text,
                "insert_line": self.insert_line,
            }
        return "memory_replace", {"old_string": self.old_string, "new_string": self.new_string}


def _label(name: str, path: str | None) -> str:
    label = (path or "").removeprefix(_FOLDER).strip("/")
    if not 1 <= len(label) <= _LONGEST_LABEL:
        raise ToolRefused(f"`{name}` must name a memory block, such as {_FOLDER}human.")
    return label


SPEC = tool_called(
    NAME,
    "Change your memory: create a memory block, replace or insert text in one, rename or "
    "describe it, or delete it.",
    Given,
)
"""What the model is told of it."""
