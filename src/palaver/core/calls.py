"""Tools whose arguments are a class, which says what a model is told and how its call is read."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from palaver.domain.frozen import Frozen
from palaver.domain.tool import ToolSpec
from palaver.errors import ToolRefused

Asked = TypeVar("Asked", bound=Frozen)


def tool_called(name: str, description: str, kind: type[Frozen]) -> ToolSpec:
    """A tool, as a model is told of it: the fields of `kind` are its parameters."""
    whole = {**kind.model_json_schema(), "description": None}
    parameters = _told(whole, whole.get("$defs", {}))
    return ToolSpec(name=name, description=description, parameters=parameters)


def read(kind: type[Asked], arguments: Mapping[str, Any]) -> Asked:
    """The arguments of a call; null is as if it were left out. Raises `ToolRefused`."""
    given = {name: value for name, value in arguments.items() if value is not None}
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ToolRefused(f"`{where}`: {first['msg']}.") from None


def _told(schema: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """What a model needs of a schema: neither titles nor defaults, bounds and null."""
    kind = next(one for one in schema.get("anyOf", [schema]) if one.get("type") != "null")
    whole = known[kind["$ref"].rpartition("/")[2]] if "$ref" in kind else kind
    named = {**whole, "description": schema.get("description")}
    told = {name: named[name] for name in ("type", "description", "enum") if named.get(name)}
    if "items" in whole:
        told["items"] = _told(whole["items"], known)
    if "properties" in whole:
        fields = whole["properties"].items()
        told["properties"] = {name: _told(field, known) for name, field in fields}
        told["required"] = whole.get("required", [])
    return told
