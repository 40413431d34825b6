"""Which tools fit some words best: by what is said of them, not by what they mean."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from palaver.domain.tool import Tool


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, each once, in small letters."""
    return tuple(dict.fromkeys(re.findall(r"\w+", text.lower())))


def ranked(tools: Iterable[Tool], words: Sequence[str]) -> list[Tool]:
    """The tools that some of the words are found in, the best first; without words all of them.

    More words are better than few, and a word in the name is better than one in a tag or in the
    description, which is better than one that only an argument has. A word may be part of another.
    """
    found = [(_fit(tool, words), tool) for tool in tools]
    fitting = [one for one in found if one[0] > (0, 0) or not words]
    return [tool for _, tool in sorted(fitting, key=lambda one: one[0], reverse=True)]


def _fit(tool: Tool, words: Sequence[str]) -> tuple[int, int]:
    """How many of the words are found, and how much those places are worth."""
    worth = [_worth(tool, word) for word in words]
    return sum(one > 0 for one in worth), sum(worth)


def _worth(tool: Tool, word: str) -> int:
    places: dict[int, Iterable[str]] = {
        4: (tool.name or "",),
        2: (tool.description or "", *tool.tags),
        1: _texts((tool.json_schema or {}).get("parameters")),
    }
    return sum(
        value for value, texts in places.items() if any(word in one.lower() for one in texts)
    )


def _texts(schema: Any) -> list[str]:
    """The names and the descriptions of arguments."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return []
    described = (one for one in properties.values() if isinstance(one, dict))
    return [*properties, *(str(one.get("description", "")) for one in described)]
