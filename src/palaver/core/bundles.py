"""An agent file is read: a bundle, or what is wrong with it and on which line."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from palaver.core import rules
from palaver.core.histories import messages_of
from palaver.core.json_places import (
    JsonText,
    Mark,
    Misshapen,
    Path,
    Shape,
    Unreadable,
    spelled,
    unkept,
)
from palaver.domain.bundle import (
    Bundle,
    BundledAgent,
    BundledBlock,
    BundledConversation,
    BundledMessage,
    BundledPassage,
)
from palaver.domain.llm import Handle
from palaver.errors import FileRefused, Invalid

_BOM = b"\xef\xbb\xbf"
_SHAPE: Shape = {
    "agents": [{"messages": [BundledMessage]}],
    "archives": [{"passages": [BundledPassage]}],
}
_SPELLED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")  # a NUL, or half of a pair of surrogates
_UNKEPT = "text must hold neither NUL (U+0000) nor half of a surrogate pair"
_LEGACY = (
    "This is an agent file of the first version, which holds one agent and nothing else (it has "
    "`core_memory`); import it where it was written and export it in the newer format."
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a bundle that is of the right form, and where."""

    path: Path
    message: str


def read(data: bytes) -> Bundle:
    """The bundle that a file holds. Raises `FileRefused` with the line of what is wrong with it.

    It is read message by message, so that others have their turn. A file of the first version is
    refused with `Invalid`.
    """
    text = _decoded(data.removeprefix(_BOM))
    file = JsonText(text)
    try:
        value = file.read(_SHAPE)
        if isinstance(value, dict) and "agents" not in value and "core_memory" in value:
            raise Invalid(_LEGACY)
        bundle = Bundle.model_validate(value)
    except Unreadable as error:
        raise _refusal(error.mark, str(error)) from None
    except Misshapen as error:
        raise _misfit(file, error.error, error.at, error.path) from None
    except ValidationError as error:
        raise _misfit(file, error) from None
    if _SPELLED.search(text):
        path = unkept(JsonText(text).read(None))
        if path is not None:
            raise _refusal(file.place_of(path), _UNKEPT)
    fault = first_fault(bundle)
    if fault is not None:
        raise _refusal(file.place_of(fault.path), fault.message)
    return bundle


def first_fault(bundle: Bundle) -> Fault | None:
    """What is wrong with a bundle whose fields are all of the right form, if anything is.

    Whatever it names has to be in it; ids are there once.
    """
    return next(_faults(bundle), None)


def _faults(bundle: Bundle) -> Iterator[Fault]:
    blocks = {one.id: one for one in bundle.blocks if one.id is not None}
    tools, servers = _ids(bundle.tools), _ids(bundle.mcp_servers)
    archives, folders, files = _ids(bundle.archives), _ids(bundle.sources), _ids(bundle.files)
    for name in ("agents", "blocks", "tools", "mcp_servers", "archives", "sources", "files"):
        yield from _twice((name,), [one.id for one in getattr(bundle, name)])
    for n, tool in enumerate(bundle.tools):
        yield from _missing(("tools", n, "mcp_server_id"), tool.mcp_server_id, servers)
    for n, file in enumerate(bundle.files):
        yield from _missing(("files", n, "source_id"), file.source_id, folders)
    kinds = {
        "block_ids": blocks, "tool_ids": tools, "archive_ids": archives, "source_ids": folders
    }  # fmt: skip
    for n, agent in enumerate(bundle.agents):
        path = ("agents", n)
        for i, opened in enumerate(agent.files_agents or ()):
            yield from _missing((*path, "files_agents", i, "file_id"), opened.file_id, files)
        for name, known in kinds.items():
            named: list[str] = getattr(agent, name) or []
            for i, one in enumerate(named):
                yield from _missing((*path, name, i), one, known)
            yield from _twice((*path, name), named)
        held = [blocks[one] for one in agent.block_ids or ()]
        yield from _labels(path, [*held, *(agent.memory_blocks or ())])
        yield from _settings(path, agent)
        yield from _said(path, agent)


def _labels(path: Path, held: Iterable[BundledBlock]) -> Iterator[Fault]:
    counted = Counter(one.label for one in held)
    for label in (label for label, times in counted.items() if times > 1):
        yield Fault((*path, "block_ids"), f"two blocks of the agent are labelled `{label}`")


def _settings(path: Path, agent: BundledAgent) -> Iterator[Fault]:
    try:
        rules.check(agent.tool_rules or ())
    except Invalid as error:
        yield Fault((*path, "tool_rules"), str(error))
    yield from _model(path, agent.model)


def _said(path: Path, agent: BundledAgent) -> Iterator[Fault]:
    """What is wrong with the messages of an agent and with its conversations."""
    yield from _twice((*path, "messages"), [one.id for one in agent.messages])
    said = messages_of(agent)
    for i, one in enumerate(agent.in_context_message_ids or ()):
        yield from _missing((*path, "in_context_message_ids", i), one, said)
    if agent.conversations is None:
        yield from _twice((*path, "in_context_message_ids"), agent.in_context_message_ids or ())
        return
    yield from _twice((*path, "conversations"), [one.id for one in agent.conversations])
    if sum(one.is_default for one in agent.conversations) > 1:
        yield Fault((*path, "conversations"), "an agent has one default conversation")
    for n, about in enumerate(agent.conversations):
        yield from _conversation((*path, "conversations", n), about, said)


def _conversation(path: Path, one: BundledConversation, said: Iterable[str]) -> Iterator[Fault]:
    for name, known in (("message_ids", said), ("in_context_message_ids", set(one.message_ids))):
        named: list[str] = getattr(one, name)
        for i, message in enumerate(named):
            yield from _missing((*path, name, i), message, known)
        yield from _twice((*path, name), named)
    yield from _model(path, one.model)


def _model(path: Path, handle: str | None) -> Iterator[Fault]:
    try:
        if handle:
            Handle.of(handle)
    except Invalid as error:
        yield Fault((*path, "model"), str(error))


def _ids(things: Iterable[Any]) -> set[str]:
    return {one.id for one in things}


def _missing(path: Path, named: str | None, known: Any) -> Iterator[Fault]:
    if named is not None and named not in known:
        yield Fault(path, f"`{named}` is named here and is not in the file")


def _twice(path: Path, ids: Iterable[str | None]) -> Iterator[Fault]:
    seen: set[str] = set()
    for n, one in enumerate(ids):
        if one in seen:
            yield Fault((*path, n, "id"), f"`{one}` is there twice")
        if one is not None:
            seen.add(one)


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        mark = Mark(line, column)
        raise _refusal(mark, "this is no text in UTF-8; agent files are JSON in UTF-8") from None


def _misfit(file: JsonText, error: ValidationError, at: int = 0, path: Path = ()) -> FileRefused:
    """What is wrong with the value at `at`, to which `path` leads.

    Of several ways to read a value that one is meant which leads farthest into it.
    """
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    places = [file.place_of(one["loc"], at) for one in errors]
    n = max(range(len(places)), key=lambda i: (len(places[i].steps), -i))
    message = errors[n]["msg"]
    if errors[n]["type"] == "missing":
        message = f"`{errors[n]['loc'][-1]}` is missing"
    steps = (*path, *places[n].steps)
    return _refusal(replace(places[n], steps=steps), message)


def _refusal(mark: Mark, message: str) -> FileRefused:
    return FileRefused(mark.line, mark.column, spelled(mark.steps), message)
