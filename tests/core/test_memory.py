"""The memory tools, as functions of a block's text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.core.memory import TOOLS, edit, label_of
from palaver.domain.block import Block
from palaver.errors import ToolRefused


def block(value: str, *, read_only: bool = False) -> Block:
    """A block with a text in it."""
    return Block(id="block-1", label="human", value=value, read_only=read_only)


@pytest.mark.parametrize(
    ("tool", "arguments", "before", "after"),
    [
        ("memory_insert", {"new_string": "b"}, "a", "a\nb"),
        ("memory_insert", {"new_string": "a"}, "", "a"),
        ("memory_insert", {"new_string": "0", "insert_line": 0}, "1\n2", "0\n1\n2"),
        ("memory_insert", {"new_string": "x", "insert_line": 1}, "1\n2", "1\nx\n2"),
        ("memory_replace", {"old_string": "a", "new_string": "b"}, "cat", "cbt"),
        ("memory_replace", {"old_string": "a\n", "new_string": ""}, "a\nb", "b"),
        ("memory_rethink", {"new_memory": "all new"}, "old", "all new"),
        ("core_memory_append", {"content": "b"}, "a", "a\nb"),
        ("core_memory_replace", {"old_content": "a", "new_content": "o"}, "banana", "bonono"),
    ],
)
def test_a_tool_edits(tool: str, arguments: dict[str, Any], before: str, after: str) -> None:
    done = edit(tool, arguments, block(before))

    assert done.value == after
    assert after in done.said


@pytest.mark.parametrize(
    ("tool", "arguments", "complaint"),
    [
        ("memory_replace", {"old_string": "z", "new_string": "b"}, "0 times"),
        ("memory_replace", {"old_string": "a", "new_string": "b"}, "2 times"),
        ("memory_replace", {"old_string": "", "new_string": "b"}, "empty"),
        ("memory_replace", {"new_string": "b"}, "`old_string` is missing"),
        ("memory_replace", {"old_string": "1→ a", "new_string": "b"}, "line number"),
        ("memory_insert", {"new_string": "b", "insert_line": 9}, "from 0 to 1"),
        ("memory_insert", {"new_string": "b", "insert_line": True}, "from 0 to 1"),
        ("memory_rethink", {}, "`new_memory` is missing"),
        ("core_memory_replace", {"old_content": "z", "new_content": "b"}, "does not occur"),
    ],
)
def test_a_tool_refuses_and_says_what_to_do(
    tool: str, arguments: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ToolRefused, match=complaint):
        edit(tool, arguments, block("aa"))


@pytest.mark.parametrize("tool", TOOLS)
def test_a_read_only_block_stays_as_it_is(tool: str) -> None:
    with pytest.raises(ToolRefused, match="read-only"):
        edit(tool, {}, block("a", read_only=True))


def test_a_call_must_name_its_block() -> None:
    with pytest.raises(ToolRefused, match="label"):
        label_of({})


@given(st.text(), st.text(min_size=1).filter(lambda text: "→" not in text))
def test_inserting_at_the_end_keeps_what_was_there(before: str, new: str) -> None:
    after = edit("memory_insert", {"new_string": new}, block(before)).value

    assert after.startswith(before)
    assert after.endswith(new)


def test_a_schema_requires_what_has_no_default() -> None:
    parameters = TOOLS["memory_insert"].spec.parameters

    assert parameters["required"] == ["label", "new_string"]
    assert set(parameters["properties"]) == {"label", "new_string", "insert_line"}
