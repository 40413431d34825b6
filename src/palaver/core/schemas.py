"""Python types as JSON schemas, read from the text of a module that is never run.

What JSON cannot say, or what is defined elsewhere, is refused with what to write instead.
"""

import ast
from collections.abc import Iterator
from typing import Any

from palaver.errors import SourceRefused

Schema = dict[str, Any]

_MOST_TYPES = 3000

_PLAIN: dict[str, Schema] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "None": {"type": "null"},
    "Any": {},
    "object": {},
}
_LISTS = {"list", "List", "Sequence", "Iterable", "Collection", "MutableSequence", "tuple", "Tuple"}
_SETS = {"set", "Set", "frozenset", "FrozenSet", "AbstractSet", "MutableSet"}
_DICTS = {"dict", "Dict", "Mapping", "MutableMapping"}
_WRAPPERS = {"Required", "NotRequired", "ReadOnly", "Final"}
_RECORDS = {"BaseModel", "TypedDict", "NamedTuple"}
_ENUMS = {"Enum", "StrEnum", "IntEnum"}
_KNOWN = (
    "use str, int, float, bool, list[…], dict[str, …], Optional[…], Union[…], Literal[…], Any, or "
    "a BaseModel, TypedDict, dataclass or Enum class that stands in the source itself"
)
_TYPE_NAMES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def refused(node: ast.AST, complaint: str) -> SourceRefused:
    """A refusal that says in which line the trouble is."""
    line = getattr(node, "lineno", None)
    return SourceRefused(f"line {line}: {complaint}" if line else complaint)


class Types:
    """The types that a module can name: the language's own, and its own classes."""

    def __init__(self, module: ast.Module) -> None:
        self._classes = {node.name: node for node in module.body if isinstance(node, ast.ClassDef)}
        self._origins = dict(_imported(module))
        self._constants = dict(_assigned(module))
        self._open: list[str] = []  # the classes that are being read
        self._read = 0  # types and classes so far: each class is written out wherever it is named

    def schema(self, node: ast.expr) -> Schema:
        """The JSON schema of an annotation. Raises `SourceRefused`."""
        self._count(node)
        match node:
            case ast.Constant(value=None):
                return _PLAIN["None"]
            case ast.Constant(value=str(text)):
                return self.schema(_forward(node, text))
            case ast.BinOp(op=ast.BitOr()):
                return self._any_of([node.left, node.right])
            case ast.Subscript():
                return self._generic(node, self.name(node.value), _elements(node.slice))
            case ast.Name() | ast.Attribute():
                return self._named(node, self.name(node))
        raise self._unknown(node)

    def described(self, node: ast.expr) -> Schema:
        """The same, with the description that an ``Annotated`` may carry."""
        if isinstance(node, ast.Subscript) and self.name(node.value) == "Annotated":
            kind, *notes = _elements(node.slice)
            found = [text for note in notes if (text := self._note(note))]
            return self.schema(kind) | ({"description": found[0]} if found else {})
        return self.schema(node)

    def default(self, node: ast.expr, what: str) -> Any:
        """A default as JSON has it. Raises `SourceRefused` for one that is no JSON."""
        match node:
            case ast.Name(id=name) if name in self._constants:
                return self.default(self._constants[name], what)
            case ast.Attribute(value=ast.Name(id=name), attr=member) if name in self._classes:
                for known, value in _assigned(self._classes[name]):
                    if known == member:
                        return self.default(value, what)
        try:
            found: object = ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError):
            found = object()
        if not _is_json(found):
            raise refused(
                node,
                f"the default of `{what}`, {_shown(node)}, is no JSON value; "
                "let it be None, and choose the real one in the body of the function.",
            )
        return found

    def name(self, node: ast.expr) -> str:
        """The last word of a name, as it is called where it comes from."""
        match node:
            case ast.Name(id=name):
                return self._origins.get(name, name)
            case ast.Attribute(attr=name):
                return name
        return ""

    def _named(self, node: ast.expr, name: str) -> Schema:
        if isinstance(node, ast.Name) and node.id in self._classes:
            return self._class(self._classes[node.id])
        if isinstance(node, ast.Name) and node.id in self._constants:
            return self.schema(self._constants[node.id])
        if name in _PLAIN:
            return dict(_PLAIN[name])
        if name in _LISTS:
            return {"type": "array", "items": {}}
        if name in _SETS:
            return {"type": "array", "items": {}, "uniqueItems": True}
        if name in _DICTS:
            return {"type": "object"}
        raise self._unknown(node)

    def _generic(self, node: ast.Subscript, name: str, inner: list[ast.expr]) -> Schema:
        if name == "Literal":
            return _enum([self._literal(one) for one in inner])
        if name == "Union":
            return self._any_of(inner)
        if name == "Annotated":
            return self.described(node)
        if name == "Optional" and len(inner) == 1:
            return self._any_of([inner[0], ast.Constant(None)])
        if name in _WRAPPERS and len(inner) == 1:
            return self.schema(inner[0])
        if name in _DICTS and len(inner) == 2:
            if self.schema(inner[0]).get("type") != "string":
                raise refused(node, f"the keys of {_shown(node)} must be str, as JSON has them.")
            return {"type": "object", "additionalProperties": self.schema(inner[1])}
        return self._array(node, name, inner)

    def _array(self, node: ast.Subscript, name: str, inner: list[ast.expr]) -> Schema:
        is_tuple = name in {"tuple", "Tuple"}
        if is_tuple and not (len(inner) == 2 and _is_ellipsis(inner[1])):
            size = len(inner)
            items = self._any_of(inner)
            return {"type": "array", "items": items, "minItems": size, "maxItems": size}
        if name in _LISTS and (is_tuple or len(inner) == 1):
            return {"type": "array", "items": self.schema(inner[0])}
        if name in _SETS and len(inner) == 1:
            return {"type": "array", "items": self.schema(inner[0]), "uniqueItems": True}
        raise self._unknown(node)

    def _any_of(self, nodes: list[ast.expr]) -> Schema:
        found: list[Schema] = []
        for node in nodes:
            schema = self.schema(node)
            found += [one for one in schema.get("anyOf", [schema]) if one not in found]
        return found[0] if len(found) == 1 else {"anyOf": found}

    def _class(self, node: ast.ClassDef) -> Schema:
        if node.name in self._open:
            raise refused(node, f"class {node.name} contains itself; a tool's schema has an end.")
        self._open.append(node.name)
        try:
            if self._kinds(node) & _ENUMS:
                values = [self.default(value, name) for name, value in _assigned(node)]
                return _enum(values)
            return self._record(node)
        finally:
            self._open.pop()

    def _record(self, node: ast.ClassDef) -> Schema:
        if not self._kinds(node) & _RECORDS and not self._is_dataclass(node):
            raise refused(
                node,
                f"class {node.name} is neither a BaseModel, a TypedDict, a dataclass nor an Enum, "
                "so that its fields are not known; make it one of them.",
            )
        properties: dict[str, Schema] = {}
        required: list[str] = []
        optional = any(
            keyword.arg == "total" and isinstance(keyword.value, ast.Constant)
            and keyword.value.value is False
            for keyword in node.keywords
        )  # fmt: skip
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id in self._classes:
                inherited = self._class(self._classes[base.id])
                properties |= inherited["properties"]
                required += inherited["required"]
        for field in node.body:
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                name = field.target.id
                if name.startswith("_") or self._head(field.annotation) == "ClassVar":
                    continue
                properties[name] = self._field(node, field)
                needed = self._head(field.annotation) == "Required" or not (
                    optional or self._head(field.annotation) == "NotRequired"
                )
                required = [one for one in required if one != name]
                if needed and self._has_no_default(field.value):
                    required.append(name)
        return {"type": "object", "properties": properties, "required": required}

    def _field(self, owner: ast.ClassDef, field: ast.AnnAssign) -> Schema:
        schema = self.described(field.annotation)
        after = owner.body[owner.body.index(field) + 1 :][:1]
        for node in (*([field.value] if field.value else ()), *after):
            text = self._note(node.value if isinstance(node, ast.Expr) else node)
            if text and not (node is field.value and isinstance(node, ast.Constant)):
                return schema | {"description": text}
        return schema

    def _has_no_default(self, value: ast.expr | None) -> bool:
        if isinstance(value, ast.Call) and self.name(value.func) in {"Field", "field"}:
            named = {keyword.arg for keyword in value.keywords}
            first = value.args[0] if value.args else None
            given = first is not None and not _is_ellipsis(first)
            return not given and not named & {"default", "default_factory"}
        return value is None or _is_ellipsis(value)

    def _note(self, node: ast.AST) -> str | None:
        """What is said of a type: a text, or the description in a ``Field`` or a ``Doc``."""
        match node:
            case ast.Constant(value=str(text)):
                return text.strip()
            case ast.Call(func=func, args=[ast.Constant(value=str(text))]) if (
                self.name(func) == "Doc"
            ):
                return text.strip()
            case ast.Call(keywords=keywords):
                for keyword in keywords:
                    if keyword.arg == "description":
                        return self._note(keyword.value)
        return None

    def _kinds(self, node: ast.ClassDef) -> set[str]:
        self._count(node)
        kinds: set[str] = set()
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id in self._classes:
                kinds |= self._kinds(self._classes[base.id])
            kinds.add(self.name(base))
        return kinds

    def _is_dataclass(self, node: ast.ClassDef) -> bool:
        calls = (one.func if isinstance(one, ast.Call) else one for one in node.decorator_list)
        return any(self.name(one) == "dataclass" for one in calls)

    def _head(self, node: ast.expr) -> str:
        return self.name(node.value if isinstance(node, ast.Subscript) else node)

    def _literal(self, node: ast.expr) -> Any:
        value = self.default(node, "a Literal")
        if not isinstance(value, str | int | None):
            raise refused(node, f"{_shown(node)} cannot be a Literal: use texts, numbers or None.")
        return value

    def _count(self, node: ast.AST) -> None:
        self._read += 1
        if self._read > _MOST_TYPES:
            raise refused(node, "the types of the arguments are too large; let some be a `dict`.")

    def _unknown(self, node: ast.expr) -> SourceRefused:
        return refused(node, f"`{_shown(node)}` is no type that a tool can take; {_KNOWN}.")


def _imported(module: ast.Module) -> Iterator[tuple[str, str]]:
    """The names that are imported under another one."""
    for node in module.body:
        if isinstance(node, ast.ImportFrom):
            yield from ((one.asname, one.name) for one in node.names if one.asname)


def _assigned(scope: ast.Module | ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    for node in scope.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value


def _forward(node: ast.expr, text: str) -> ast.expr:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        raise refused(node, f"the annotation {text!r} is no type; {_KNOWN}.") from None


def _elements(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple) else [node]


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _enum(values: list[Any]) -> Schema:
    kinds = {type(value) for value in values}
    kind = (
        {"type": _TYPE_NAMES[kinds.pop()]} if len(kinds) == 1 and kinds <= set(_TYPE_NAMES) else {}
    )
    return {**kind, "enum": values}


def _is_json(value: Any) -> bool:
    match value:
        case dict():
            return all(isinstance(key, str) and _is_json(one) for key, one in value.items())
        case list() | tuple():
            return all(map(_is_json, value))
        case None | bool() | int() | str():
            return True
        case float():
            return value == value and abs(value) != float("inf")
    return False


def _shown(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 80 else f"{text[:77]}…"
