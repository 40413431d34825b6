"""Memory tools: pure functions from a block's text to its new text.

The model calls them by name; `edit` finds the block that a call is about and says what it becomes.
Semantics: behaviour §17.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from palaver.domain.block import Block
from palaver.domain.tool import ToolSpec
from palaver.errors import ToolRefused

_LINE_NUMBER = re.compile(r"^\s*\d+→ ?", re.MULTILINE)
_WARNING = "Line numbers are shown for orientation only"


@dataclass(frozen=True, slots=True)
class Edit:
    """What a call does: the block's new text, and what the model is told."""

    value: str
    said: str


@dataclass(frozen=True, slots=True)
class MemoryTool:
    """A memory tool: what the model is told of it, and what it does to a block's text."""

    spec: ToolSpec
    apply: Callable[[str, Mapping[str, Any]], str]


def label_of(arguments: Mapping[str, Any]) -> str:
    """The block that a call is about. Raises `ToolRefused` if the call does not say."""
    label = arguments.get("label")
    if not isinstance(label, str) or not label:
        raise ToolRefused("`label` must name the memory block to edit.")
    return label


def edit(tool: str, arguments: Mapping[str, Any], block: Block) -> Edit:
    """What calling `tool` makes of `block`. Raises `ToolRefused` where it may not or cannot."""
    check_writable(block)
    value = TOOLS[tool].apply(block.value, arguments)
    return Edit(value, f"The memory block `{block.label}` has been edited. It now reads:\n{value}")


def check_writable(block: Block) -> None:
    """Raises `ToolRefused` where a block is read-only."""
    if block.read_only:
        raise ToolRefused(f"The memory block `{block.label}` is read-only and was not changed.")


def _insert(value: str, arguments: Mapping[str, Any]) -> str:
    new = _text(arguments, "new_string", "new_str")
    line = arguments.get("insert_line", -1)
    lines = value.split("\n") if value else []
    if not isinstance(line, int) or isinstance(line, bool) or not -1 <= line <= len(lines):
        raise ToolRefused(f"`insert_line` must be -1 (the end) or from 0 to {len(lines)}.")
    at = len(lines) if line == -1 else line
    return "\n".join([*lines[:at], *new.split("\n"), *lines[at:]])


def _replace(value: str, arguments: Mapping[str, Any]) -> str:
    old = _text(arguments, "old_string", "old_str")
    new = _text(arguments, "new_string", "new_str")
    if not old:
        raise ToolRefused("`old_string` is empty; to add text use memory_insert.")
    found = value.count(old)
    if found != 1:
        hint = "quote it exactly" if found == 0 else "quote more of it, so that it is unique"
        raise ToolRefused(f"`old_string` occurs {found} times in the block; {hint}.")
    return value.replace(old, new)


def _rethink(_value: str, arguments: Mapping[str, Any]) -> str:
    return _text(arguments, "new_memory")


def _append(value: str, arguments: Mapping[str, Any]) -> str:
    content = _text(arguments, "content")
    return f"{value}\n{content}" if value else content


def _replace_all(value: str, arguments: Mapping[str, Any]) -> str:
    old, new = _text(arguments, "old_content"), _text(arguments, "new_content")
    if not old or old not in value:
        raise ToolRefused("`old_content` does not occur in the block; quote it exactly.")
    return value.replace(old, new)


def _text(arguments: Mapping[str, Any], name: str, older: str = "") -> str:
    """The text given as `name`, or as `older`, which some models still call it."""
    text = arguments.get(name, arguments.get(older))
    if not isinstance(text, str):
        raise ToolRefused(f"`{name}` is missing; it must be a string.")
    if _LINE_NUMBER.search(text):
        raise ToolRefused(f"`{name}` begins a line with a line number; leave the numbers out.")
    if _WARNING in text:
        raise ToolRefused(f"`{name}` holds the warning about line numbers; leave it out.")
    return text


_STRING: dict[str, Any] = {"type": "string"}
_LABEL = {**_STRING, "description": "Which memory block to edit, by its label."}


def _tool(
    name: str,
    description: str,
    apply: Callable[[str, Mapping[str, Any]], str],
    optional: tuple[str, ...] = (),
    **properties: Mapping[str, Any],
) -> MemoryTool:
    parameters = {
        "type": "object",
        "properties": {"label": _LABEL, **properties},
        "required": ["label", *(name for name in properties if name not in optional)],
    }
    return MemoryTool(ToolSpec(name=name, description=description, parameters=parameters), apply)


def _described(text: str, kind: str = "string") -> dict[str, Any]:
    return {"type": kind, "description": text}


TOOLS: Mapping[str, MemoryTool] = {
    tool.spec.name: tool
    for tool in (
        _tool(
            "memory_insert",
            "Insert text into a memory block, after a given line or at its end.",
            _insert,
            ("insert_line",),
            new_string=_described("The text to insert, without line numbers."),
            insert_line=_described(
                "The line to insert after: 0 is the beginning, -1 (the default) the end.", "integer"
            ),
        ),
        _tool(
            "memory_replace",
            "Replace a piece of a memory block. The old text must occur exactly once.",
            _replace,
            old_string=_described("The text to replace, exactly as it stands, and only once."),
            new_string=_described("The text to put there; empty to delete the old text."),
        ),
        _tool(
            "memory_rethink",
            "Rewrite a memory block as a whole, to reorganise or condense it.",
            _rethink,
            new_memory=_described("The block's whole new text."),
        ),
        _tool(
            "core_memory_append",
            "Add a line to the end of a memory block.",
            _append,
            content=_described("The line to add."),
        ),
        _tool(
            "core_memory_replace",
            "Replace every occurrence of a text in a memory block.",
            _replace_all,
            old_content=_described("The text to replace, exactly as it stands."),
            new_content=_described("The text to put there; empty to delete the old text."),
        ),
    )
}
"""The memory tools, by name."""
