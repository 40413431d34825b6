"""An agent file is read: a bundle, or what is wrong with it and on which line."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pydantic_core
from pydantic import ValidationError

from palaver.core import rules
from palaver.core.histories import messages_of
from palaver.core.json_places import SUSPICIOUS, Path, place_of, spelled, unkept
from palaver.domain.bundle import Bundle, BundledAgent, BundledBlock, BundledConversation
from palaver.errors import FileRefused, Invalid

_BOM = b"\xef\xbb\xbf"
_JSON_SAYS = re.compile(r"Invalid JSON: (.*) at line (\d+) column (\d+)", re.DOTALL)
_TOLD = 50  # errors that are looked at to find out which one is meant
_UNKEPT = "text must not hold NUL (U+0000), and numbers must be finite"
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
    """The bundle that a file holds. Raises `FileRefused` with the line of what is wrong with it."""
    data = data.removeprefix(_BOM)
    try:
        bundle = Bundle.model_validate_json(data)
    except ValidationError as error:
        raise _refusal(data, error) from None
    if SUSPICIOUS.search(data):
        path = unkept(pydantic_core.from_json(data))
        if path is not None:
            raise _at(data, Fault(path, _UNKEPT))
    fault = first_fault(bundle)
    if fault is not None:
        raise _at(data, fault)
    return bundle


def first_fault(bundle: Bundle) -> Fault | None:
    """What is wrong with a bundle whose fields are all of the right form, if anything is.

    Whatever it names has to be in it; ids are there once.
    """
    return next(_faults(bundle), None)


def _faults(bundle: Bundle) -> Iterator[Fault]:
    blocks = {one.id: one for one in bundle.blocks if one.id is not None}
    tools, servers = _ids(bundle.tools), _ids(bundle.mcp_servers)
    archives = _ids(bundle.archives)
    for name in ("agents", "blocks", "tools", "mcp_servers", "archives"):
        yield from _twice((name,), [one.id for one in getattr(bundle, name)])
    for n, tool in enumerate(bundle.tools):
        yield from _missing(("tools", n, "mcp_server_id"), tool.mcp_server_id, servers)
    for n, agent in enumerate(bundle.agents):
        path = ("agents", n)
        for name, known in (("block_ids", blocks), ("tool_ids", tools), ("archive_ids", archives)):
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
    if agent.model and not all(agent.model.partition("/")[::2]):
        yield Fault((*path, "model"), "a model is written as provider/model")


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
    if one.model and not all(one.model.partition("/")[::2]):
        yield Fault((*path, "model"), "a model is written as provider/model")


def _ids(things: Iterable[Any]) -> set[str]:
    return {one.id for one in things}


def _missing(path: Path, named: str | None, known: Any) -> Iterator[Fault]:
    if named is not None and named not in known:
        yield Fault(path, f"`{named}` is named here and is not in the file")


def _twice(path: Path, ids: Iterable[str | None]) -> Iterator[Fault]:
    seen: set[str] = set()
    for n, one in enumerate(ids):
        if one in seen:
            yield Fault((*path, n), f"`{one}` is there twice")
        if one is not None:
            seen.add(one)


def _at(data: bytes, fault: Fault) -> FileRefused:
    place = place_of(data.decode(), fault.path)
    return FileRefused(place.line, place.column, spelled(place.steps), fault.message)


def _refusal(data: bytes, error: ValidationError) -> FileRefused | Invalid:
    errors = error.errors(include_url=False, include_context=False, include_input=False)[:_TOLD]
    broken = _JSON_SAYS.fullmatch(errors[0]["msg"])
    if errors[0]["type"] == "json_invalid" and broken:
        return FileRefused(int(broken[2]), int(broken[3]), "", f"this is no JSON: {broken[1]}")
    text = data.decode()
    if place_of(text, ("core_memory",)).steps:
        return Invalid(_LEGACY)
    # Of several ways to read a value the one is meant that leads farthest into it.
    places = [place_of(text, one["loc"]) for one in errors]
    n = max(range(len(places)), key=lambda i: (len(places[i].steps), -i))
    message, missing = errors[n]["msg"], errors[n]["type"] == "missing"
    if missing:
        message = f"`{errors[n]['loc'][-1]}` is missing"
    return FileRefused(places[n].line, places[n].column, spelled(places[n].steps), message)
