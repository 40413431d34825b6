"""Answers held against the contract: each field is there, of its type, and nothing else is."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONTRACT: dict[str, Any] = json.loads(Path(__file__).with_name("contract.json").read_text())
_TYPES: dict[str, dict[str, dict[str, Any]]] = CONTRACT["types"]
_UNIONS: dict[str, dict[str, Any]] = CONTRACT["unions"]
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6}Z|Z|\+00:00)")
_GENERIC = re.compile(r"(array|map)<(?:string,)?(.*)>")

# What palaver says beyond the contract: whoever resumes a stream needs its last number, the
# vendor's own command line reads an agent's context by its newer name, a step tells what a cache
# could make of its prompt and whether its tokens are estimated, calls that wait for approval may do
# so up to some moment only, a trace tells more of the request than its body, and an import tells
# what it has left out.
_MORE = {
    "LettaStopReason": {"seq_id"},
    "LettaUsageStatistics": {"seq_id"},
    "StepMetrics": {"prefix_changed_at", "cached_input_tokens", "estimated"},
    "AgentState": {"in_context_message_ids"},
    "Tool": {"approval_ttl"},
    "AgentImportFileResponse": {"refused", "remarks"},
    "ProviderTrace": {"http"},
}
# What was left out of these is left out again.
_AS_GIVEN = frozenset({*_UNIONS["ToolRule"]["one_of"], "ChildToolRule.ChildArgNode"})


@dataclass(frozen=True, slots=True)
class Operation:
    """What answers an operation: the type of its JSON, and that of the frames of its stream."""

    method: str
    path: str
    response: str | None = None
    stream: str | None = None

    def is_at(self, method: str, path: str) -> bool:
        """Whether a request to `path` (still percent-encoded) is of this operation."""
        pattern = re.sub(r"\{\w+\}", "[^/]+", self.path)
        return method == self.method and re.fullmatch(pattern, path.rstrip("/")) is not None


OPERATIONS = tuple(Operation(**one) for one in CONTRACT["operations"])


def operation_of(method: str, path: str) -> Operation:
    """The operation that a request is of; the path with fewer variables goes first."""
    found = [one for one in OPERATIONS if one.is_at(method, path)]
    assert found, f"{method} {path} is no operation of the contract"
    return min(found, key=lambda one: one.path.count("{"))


def check(kind: str, value: Any) -> None:
    """Assert that `value` is a `kind` of the contract, down to the last field."""
    wrong = list(_wrong(kind, value, kind))
    assert not wrong, "\n".join(wrong)


def _wrong(kind: str, value: Any, where: str) -> Iterator[str]:
    """What is wrong with `value`, each complaint with the place where it is."""
    if " | " in kind:
        tries = [list(_wrong(one, value, where)) for one in kind.split(" | ")]
        yield from min(tries, key=len)
    elif generic := _GENERIC.fullmatch(kind):
        yield from _wrong_in_many(generic[1], generic[2], value, where)
    elif kind in _UNIONS:
        yield from _wrong_union(_UNIONS[kind], value, where)
    elif kind in _TYPES:
        yield from _wrong_fields(kind, value, where)
    elif not _is_plain(kind, value):
        yield f"{where}: {value!r} is no {kind}"


def _is_plain(kind: str, value: Any) -> bool:
    match kind:
        case "any":
            return True
        case "null":
            return value is None
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "datetime":
            return isinstance(value, str) and _MOMENT.fullmatch(value) is not None
    raise AssertionError(f"the contract has no type {kind!r}")


def _wrong_in_many(shape: str, kind: str, value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, list if shape == "array" else dict):
        yield f"{where}: {value!r} is no {shape}"
        return
    for name, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _wrong(kind, item, f"{where}[{name}]")


def _wrong_union(union: dict[str, Any], value: Any, where: str) -> Iterator[str]:
    if union["discriminator"] is None:
        yield from _wrong(" | ".join(union["one_of"]), value, where)
        return
    tag = value.get(union["discriminator"]) if isinstance(value, dict) else None
    for kind in union["one_of"]:
        if tag in _TYPES[kind][union["discriminator"]].get("enum", ()):
            yield from _wrong(kind, value, where)
            return
    yield f"{where}: {tag!r} tells no kind of {value!r}"


def _wrong_fields(kind: str, value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: {value!r} is no {kind}"
        return
    fields = _TYPES[kind]
    for name, field in fields.items():
        if name not in value:
            if kind in _AS_GIVEN and not field.get("required"):
                continue
            yield f"{where}.{name} is not there"
        elif value[name] is not None:
            yield from _wrong(field["type"], value[name], f"{where}.{name}")
            yield from _out_of_bounds(field, value[name], f"{where}.{name}")
        elif not field.get("nullable"):
            yield f"{where}.{name} must not be null"
    for name in value.keys() - fields.keys() - _MORE.get(kind, set()):
        yield f"{where}.{name} is not in the contract"


def _out_of_bounds(field: dict[str, Any], value: Any, where: str) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        if "enum" in field and one not in field["enum"]:
            yield f"{where}: {one!r} is none of {field['enum']}"
    if "pattern" in field and not re.match(field["pattern"], value):
        yield f"{where}: {value!r} is not of the form {field['pattern']}"
