"""Tools from Python source: what a model is told of a function, read from its text alone.

Nothing of the source is run, ever: it is parsed.
"""

import ast
import re
from collections.abc import Collection, Iterator
from typing import Any

from palaver.core.schemas import Schema, Types, refused
from palaver.domain.tool import NO_PARAMETERS, Tool
from palaver.errors import SourceRefused

LONGEST_NAME = 48  # characters (contract §5)
LONGEST_SOURCE = 64_000  # characters, which take 0.1 s; what is longer belongs in a package

_TELLING = frozenset({"source_code", "source_type", "json_schema", "args_json_schema"})
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]*")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def schema_of(
    source: str, name: str | None, description: str | None, parameters: Schema | None
) -> Schema:
    """What a model is told of the function in `source`: ``name``, ``description``, ``parameters``.

    `name` says which function, if there is one of that name among several; `description` and
    `parameters` (a JSON schema) are told instead of what stands in the source. Raises
    `SourceRefused`.
    """
    if parameters is not None:
        _check_parameters("args_json_schema", parameters)
    try:
        module = _parsed(source)
        function = _chosen(module, name)
        said = _Docstring(ast.get_docstring(function))
        told = description or said.description
        if not told:
            raise refused(
                function,
                f"`{function.name}` has no docstring, and a model would not know what it is for; "
                "give it one, or give a `description`.",
            )
        if parameters is None:
            parameters = _parameters(function, Types(module), said)
    except RecursionError:
        raise SourceRefused("The source is nested too deeply to be read.") from None
    return {"name": function.name, "description": told, "parameters": parameters}


def told(tool: Tool, given: Collection[str]) -> Tool:
    """`tool` with its name, its description and what a model is told of it.

    `given` are the fields that its caller has just set; what follows from a source or a schema that
    was not given again is as before. Raises `SourceRefused`.
    """
    if not _TELLING & set(given) and tool.description:
        schema = {**(tool.json_schema or {}), "description": tool.description}
    elif tool.tool_type != "custom" or tool.source_code is None:
        raise SourceRefused(f"`{tool.name}` has no source here, and keeps the schema that it has.")
    elif "json_schema" in given and tool.json_schema is not None:
        schema = _written(tool, tool.json_schema, given)
    elif tool.source_type == "python":
        description = tool.description if "description" in given else None
        schema = schema_of(tool.source_code, tool.name, description, tool.args_json_schema)
    elif tool.json_schema is not None:
        schema = tool.json_schema
    else:
        raise SourceRefused(
            f"A schema cannot be read from {tool.source_type} source; give a `json_schema`."
        )
    new = {"name": schema["name"], "description": schema["description"], "json_schema": schema}
    return tool.model_copy(update=new)


def _written(tool: Tool, schema: Schema, given: Collection[str]) -> Schema:
    """The schema that a caller has written, with what is left out in it taken from the source."""
    name, description = schema.get("name"), schema.get("description")
    if not isinstance(name, str):
        raise SourceRefused("`json_schema` has no `name`; write what the function is called.")
    if not isinstance(description, str | None):
        raise SourceRefused("`description` in `json_schema` must be a text.")
    if "description" in given and tool.description:
        description = tool.description
    parameters = schema.get("parameters", tool.args_json_schema)
    if parameters is not None:
        _check_parameters("json_schema.parameters", parameters)
    if tool.source_type == "python":
        read = schema_of(tool.source_code or "", name, description, parameters)
        if read["name"] != name:
            raise SourceRefused(
                f"`json_schema` names `{name}`, and the function in the source is "
                f"`{read['name']}`; let them have the same name."
            )
    else:
        _check_name(name)
        read = {"description": description or "", "parameters": parameters or NO_PARAMETERS}
    return {**schema, **read}


def _check_parameters(what: str, parameters: Any) -> None:
    is_object = isinstance(parameters, dict) and parameters.get("type") == "object"
    if not is_object or not isinstance(parameters.get("properties", {}), dict):
        raise SourceRefused(
            f"`{what}` must be the JSON schema of an object: "
            '`{"type": "object", "properties": {…}, "required": […]}`.'
        )


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise SourceRefused(
            f"`{name}` cannot be a tool's name; use letters from a to z, digits and underscores."
        )
    if len(name) > LONGEST_NAME:
        raise SourceRefused(
            f"`{name}` has {len(name)} characters; a tool's name has at most {LONGEST_NAME}."
        )


def _parsed(source: str) -> ast.Module:
    if len(source) > LONGEST_SOURCE:
        raise SourceRefused(
            f"The source has {len(source)} characters; {LONGEST_SOURCE} are read at most."
        )
    try:
        module = ast.parse(source)
        compile(module, "tool.py", "exec")  # finds what is wrong beyond the grammar; runs nothing
    except SyntaxError as error:
        where = f"line {error.lineno}: " if error.lineno else ""
        raise SourceRefused(f"{where}the source is no valid Python: {error.msg}.") from None
    except ValueError as error:
        raise SourceRefused(f"The source is no valid Python: {error}.") from None
    except MemoryError:
        raise SourceRefused("The source is nested too deeply to be read.") from None
    return module


def _chosen(module: ast.Module, name: str | None) -> Function:
    found = {node.name: node for node in module.body if isinstance(node, Function)}
    public = [one for one in found if not one.startswith("_")]
    if name in found:
        public = [name]
    if len(public) > 1:
        raise SourceRefused(
            f"The source has several functions ({', '.join(public)}), and any could be the tool; "
            "begin the names of the others with an underscore, or name it in `json_schema`."
        )
    if not public:
        raise SourceRefused(
            "The source has no function that could be the tool; define one at the top level whose "
            "name does not begin with an underscore."
        )
    _check_name(public[0])
    return found[public[0]]


def _parameters(function: Function, types: Types, said: "_Docstring") -> Schema:
    given = function.args
    for many in (given.vararg, given.kwarg):
        if many is not None:
            raise refused(
                many,
                f"`{function.name}` takes any number of arguments (`*{many.arg}`), and a model has "
                "to know their names; name each of them, or give `args_json_schema`.",
            )
    if given.posonlyargs:
        raise refused(
            given.posonlyargs[0],
            f"`{function.name}` takes `{given.posonlyargs[0].arg}` by position only, and tools are "
            "called by name; remove the `/`.",
        )
    properties: dict[str, Schema] = {}
    required = []
    for arg, default in _arguments(given):
        properties[arg.arg] = _property(arg, types, said)
        if default is None:
            required.append(arg.arg)
        elif (value := types.default(default, arg.arg)) is not None:
            properties[arg.arg]["default"] = value
    return {"type": "object", "properties": properties, "required": required}


def _arguments(given: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """Each argument with its default, if it has one."""
    missing = len(given.args) - len(given.defaults)
    yield from zip(given.args, [*[None] * missing, *given.defaults], strict=True)
    yield from zip(given.kwonlyargs, given.kw_defaults, strict=True)


def _property(arg: ast.arg, types: Types, said: "_Docstring") -> Schema:
    if arg.annotation is None:
        raise refused(arg, f"`{arg.arg}` has no type; write `{arg.arg}: str`, or what it is.")
    schema = dict(types.described(arg.annotation))
    if arg.arg in said.parameters:
        schema["description"] = said.parameters[arg.arg]
    return schema


class _Docstring:
    """A docstring in Google's style: what the function does, and what each argument is."""

    def __init__(self, text: str | None) -> None:
        from griffe import Docstring  # takes a while, and most processes do without

        sections: list[Any] = Docstring(text or "").parse("google", warnings=False)
        texts = [section.value for section in sections if section.kind == "text"]
        self.description = "\n\n".join(texts).strip()
        self.parameters: dict[str, str] = {
            one.name: one.description
            for section in sections
            if section.kind == "parameters"
            for one in section.value
        }
