"""What the rows of a V1 database mean: each becomes a part of a bundle, under the id that it has.

What cannot be read is left out and named, never guessed: a message as a whole, of everything else
the fields alone that are wrong. A character that cannot be kept becomes U+FFFD.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from palaver.core import rules
from palaver.domain.bundle import (
    BundledAgent,
    BundledArchive,
    BundledBlock,
    BundledConversation,
    BundledPassage,
    BundledServer,
    BundledTool,
)
from palaver.domain.frozen import Frozen
from palaver.domain.identity import Identity
from palaver.domain.model_settings import ModelSettings
from palaver.domain.rule import ToolRule
from palaver.errors import Invalid

Row = Mapping[str, Any]
T = TypeVar("T", bound=Frozen)

_LOST = re.compile("[\x00\ud800-\udfff]")
_SETTINGS: TypeAdapter[ModelSettings] = TypeAdapter(ModelSettings)
_RULE: TypeAdapter[ToolRule] = TypeAdapter(ToolRule)


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """What was made of a row, if anything, and what of it could not be read."""

    made: T | None
    faults: tuple[str, ...] = ()


def fields_of(row: Row) -> dict[str, Any]:
    """What a row says, without characters that cannot be kept."""
    return {name: _clean(value) for name, value in _known(row).items()}


def fault_of(error: ValidationError) -> str:
    """What is wrong with a row that cannot be read."""
    first = error.errors()[0]
    if first["loc"] == ("role",):
        return f"its role {str(first['input'])[:40]!r} is unknown"
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def handle_of(config: Row) -> str | None:
    """The handle of the model that an ``llm_config`` names, be its provider known here or not."""
    model = config.get("handle") or config.get("model")
    if not model or "/" in (config.get("handle") or ""):
        return model
    provider = config.get("provider_name") or config.get("model_endpoint_type") or "openai"
    return f"{provider}/{model}"


def settings_of(config: Row) -> ModelSettings | None:
    """The settings of a model that an ``llm_config`` names, if its provider is of a known kind.

    The kinds leave out what they do not know.
    """
    reasons, budget = config.get("enable_reasoner"), config.get("max_reasoning_tokens")
    fields = {
        "provider_type": config.get("model_endpoint_type"),
        "temperature": config.get("temperature"),
        "max_output_tokens": config.get("max_tokens"),
        "parallel_tool_calls": config.get("parallel_tool_calls"),
        "effort": config.get("effort"),
        "verbosity": config.get("verbosity"),
        "reasoning": {"reasoning_effort": config.get("reasoning_effort") or "medium"},
        "thinking": None if reasons else {"type": "disabled"},
    }
    if reasons and budget:
        fields["thinking"] = {"type": "enabled", "budget_tokens": budget}
        fields["thinking_config"] = {"include_thoughts": True, "thinking_budget": budget}
    try:
        return _SETTINGS.validate_python(_known(fields))
    except ValidationError:
        return None


def agent_of(row: Row, theirs: Row) -> Read[BundledAgent]:
    """An agent, with what other tables say is its own: tags, tools, blocks, conversations."""
    config = row["llm_config"] or {}
    followed, bad = _rules(row["tool_rules"] or ())
    read = _read(
        BundledAgent,
        {
            **fields_of(row),
            **theirs,
            "llm_config": None,
            "model": handle_of(config),
            "model_settings": settings_of(config),
            "context_window_limit": config.get("context_window"),
            "embedding_config": None,
            "embedding": (row["embedding_config"] or {}).get("handle"),
            "metadata": row["metadata_"],
            "tool_rules": followed,
        },
    )
    return Read(read.made, (*read.faults, *bad))


def block_of(row: Row, tags: Sequence[str]) -> Read[BundledBlock]:
    """A memory block."""
    return _read(BundledBlock, {**fields_of(row), "metadata": row["metadata_"], "tags": tags})


def tool_of(row: Row, server_id: str | None) -> Read[BundledTool]:
    """A tool, and the MCP server that it comes from."""
    return _read(BundledTool, {**fields_of(row), "mcp_server_id": server_id})


def server_of(row: Row) -> Read[BundledServer]:
    """An MCP server, without what it is told in confidence."""
    stdio = row["stdio_config"] or {}
    told = {name: stdio[name] for name in ("command", "args") if name in stdio}
    return _read(BundledServer, {**fields_of(row), "stdio_config": told or None})


def archive_of(row: Row, passages: Sequence[BundledPassage]) -> Read[BundledArchive]:
    """An archive and what is in it."""
    more = {"metadata": row.get("metadata_"), "passages": passages}
    return _read(BundledArchive, {**fields_of(row), **more})


def passage_of(row: Row) -> Read[BundledPassage]:
    """A text of an archive. Its vector stays where it is."""
    return _read(BundledPassage, {**fields_of(row), "metadata": row["metadata_"]})


def identity_of(row: Row, agent_ids: Sequence[str], block_ids: Sequence[str]) -> Read[Identity]:
    """An identity, and whose it is."""
    theirs = {"project_id": None, "agent_ids": agent_ids, "block_ids": block_ids}
    return _read(Identity, {**fields_of(row), **theirs})


def conversation_of(
    row: Row, order: Sequence[str], window: Sequence[str]
) -> Read[BundledConversation]:
    """A conversation: its messages in the order in which they were said, and its window.

    The system text of the window comes first, also where it is the youngest of them, as in a fork.
    """
    first = window[:1]
    more = {
        "archived": row.get("archived_at") is not None,
        "message_ids": [*first, *(one for one in order if one not in first)],
        "in_context_message_ids": window,
    }
    return _read(BundledConversation, {**fields_of(row), **more})


def _read(kind: type[T], fields: Row) -> Read[T]:
    """What can be made of a row; fields that are wrong are left out, if it can be without them."""
    known = _known(fields)
    try:
        return Read(kind.model_validate(known))
    except ValidationError as error:
        wrong = {str(one["loc"][0]): one["msg"] for one in error.errors()}
    faults = tuple(f"{name}: {why}" for name, why in wrong.items())
    try:
        return Read(
            kind.model_validate({name: known[name] for name in known.keys() - wrong.keys()}), faults
        )
    except ValidationError:
        return Read(None, faults)


def _known(fields: Row) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _rules(given: Iterable[Row]) -> tuple[list[ToolRule], list[str]]:
    """The rules that can be followed, and what is wrong with the others."""
    found, bad = [], []
    for one in given:
        try:
            found.append(_RULE.validate_python(one))
        except ValidationError:
            bad.append(f"tool_rules: {one.get('type')!r} is no rule")
    try:
        rules.check(found)
    except Invalid as error:
        return [], [*bad, str(error)]
    return found, bad


def _clean(value: Any) -> Any:
    match value:
        case str():
            return _LOST.sub("\ufffd", value)
        case list():
            return [_clean(one) for one in value]
        case dict():
            return {_clean(name): _clean(one) for name, one in value.items()}
        case _:
            return value
