"""What a model is told of a function, read from its source."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.core.source import LONGEST_SOURCE, schema_of, told
from palaver.domain.tool import NO_PARAMETERS, Tool
from palaver.errors import SourceRefused

WHOLE = '''
from __future__ import annotations

import typing as t
from enum import Enum
from typing import Annotated, Literal, Optional as Maybe

from pydantic import BaseModel, Field

LIMIT = 10


class Colour(str, Enum):
    RED = "red"
    BLUE = "blue"


class Thing(BaseModel):
    """A thing."""

    name: str
    size: int = Field(1, description="How large it is.")
    colour: Colour = Colour.RED
    """Its colour."""


class Place(t.TypedDict, total=False):
    x: t.Required[float]
    y: float


def _distance(a: Place, b: Place) -> float:
    return 0.0


async def find(
    words: str,
    things: list[Thing],
    *,
    place: Maybe[Place] = None,
    kind: Literal["near", "far"] = "near",
    limit: int | None = LIMIT,
    more: Annotated[dict[str, t.Any], "Whatever else is known."] = {"a": [-1, 2.5, True]},
) -> str:
    """Find things.

    They may be anywhere.

    Args:
        words: What to look for,
            in any case.
        limit (int): How many.

    Returns:
        What was found.
    """
    return words
'''


def read(source: str) -> dict[str, Any]:
    """What is read from a source alone."""
    return schema_of(source, None, None, None)


def of_type(annotation: str, before: str = "") -> Any:
    """The schema of an argument."""
    source = f'{before}\ndef f(x: {annotation}):\n    """Do."""\n'
    return read(source)["parameters"]["properties"]["x"]


def test_a_function_is_told_with_all_that_is_said_of_it() -> None:
    assert read(WHOLE) == {
        "name": "find",
        "description": "Find things.\n\nThey may be anywhere.",
        "parameters": {
            "type": "object",
            "required": ["words", "things"],
            "properties": {
                "words": {"type": "string", "description": "What to look for,\nin any case."},
                "things": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {
                            "name": {"type": "string"},
                            "size": {"type": "integer", "description": "How large it is."},
                            "colour": {
                                "type": "string",
                                "enum": ["red", "blue"],
                                "description": "Its colour.",
                            },
                        },
                    },
                },
                "place": {
                    "anyOf": [
                        {
                            "type": "object",
                            "required": ["x"],
                            "properties": {"x": {"type": "number"}, "y": {"type": "number"}},
                        },
                        {"type": "null"},
                    ]
                },
                "kind": {"type": "string", "enum": ["near", "far"], "default": "near"},
                "limit": {
                    "anyOf": [{"type": "integer"}, {"type": "null"}],
                    "default": 10,
                    "description": "How many.",
                },
                "more": {
                    "type": "object",
                    "additionalProperties": {},
                    "description": "Whatever else is known.",
                    "default": {"a": [-1, 2.5, True]},
                },
            },
        },
    }


ITEM = "@dataclass\nclass Item:\n    n: int\n    tags: list[str] = field(default_factory=list)\n"


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        ("str", {"type": "string"}),
        ("'str'", {"type": "string"}),
        ("typing.Any", {}),
        ("list", {"type": "array", "items": {}}),
        ("List[int]", {"type": "array", "items": {"type": "integer"}}),
        ("typing.Sequence['int']", {"type": "array", "items": {"type": "integer"}}),
        ("tuple[int, ...]", {"type": "array", "items": {"type": "integer"}}),
        (
            "tuple[int, int]",
            {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
        ),
        ("set[bool]", {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True}),
        ("dict", {"type": "object"}),
        ("Dict[str, float]", {"type": "object", "additionalProperties": {"type": "number"}}),
        ("Union[int, str, int]", {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (
            "Optional[int | str]",
            {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]},
        ),
        ("Literal[1, 2]", {"type": "integer", "enum": [1, 2]}),
        ("Literal['a', 1, None]", {"enum": ["a", 1, None]}),
        ("Annotated[str, Field(min_length=1)]", {"type": "string"}),
        ("Annotated[str, Doc('A word.')]", {"type": "string", "description": "A word."}),
        ("Annotated[str, 3, 'A word.']", {"type": "string", "description": "A word."}),
    ],
)
def test_types_are_schemas(annotation: str, schema: dict[str, Any]) -> None:
    assert of_type(annotation) == schema


CLASSES = """
class Base(pydantic.BaseModel):
    a: int
    b: int
    model_config = {}
    kind: ClassVar[int] = 3
    _hidden: int = 1


class Item(Base):
    b: int = 4
    c: str = Field(...)
    d: Optional[str] = Field(default=None, description="The fourth.")


class Pair(NamedTuple):
    left: NotRequired[int]
    right: "Size"


Size = Literal[1, 2]
"""


def test_classes_inherit_fields() -> None:
    assert of_type("Item", CLASSES) == {
        "type": "object",
        "required": ["a", "c"],
        "properties": {
            "a": {"type": "integer"},
            "b": {"type": "integer"},
            "c": {"type": "string"},
            "d": {
                "anyOf": [{"type": "string"}, {"type": "null"}],
                "description": "The fourth.",
            },
        },
    }
    assert of_type("Pair", CLASSES) == {
        "type": "object",
        "required": ["right"],
        "properties": {"left": {"type": "integer"}, "right": {"type": "integer", "enum": [1, 2]}},
    }


def test_a_dataclass_is_an_object() -> None:
    assert of_type("Item", ITEM) == {
        "type": "object",
        "required": ["n"],
        "properties": {
            "n": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
    }


DOC = '    """Do."""\n'

BAD = {
    "empty": ("", "no function"),
    "blank": ("   \n\n", "no function"),
    "only words": ('"""A module."""', "no function"),
    "syntax": ("def f(:\n", "line 1: the source is no valid Python"),
    "indent": ("def f():\nreturn 1\n", "line 2"),
    "unclosed": ("def f(x: str", "no valid Python"),
    "python 2": ('def f():\n    print "x"\n', "no valid Python"),
    "not python": ("function f() { return 1 }", "no valid Python"),
    "nul": ("def f():\x00 pass", "no valid Python"),
    "two arguments of a name": ("def f(a: int, a: int):\n" + DOC, "line 1: the source"),
    "return outside": ("return 1\ndef f():\n" + DOC, "line 1: the source"),
    "only a class": ("class Tool:\n    def run(self): ...\n", "no function"),
    "only a private one": ("def _f():\n" + DOC, "does not begin with an underscore"),
    "a lambda": ("f = lambda x: x", "no function"),
    "a function in an if": ("if True:\n    def f():\n        'Do.'\n", "at the top level"),
    "several": (f"def f():\n{DOC}def g():\n{DOC}", r"several functions \(f, g\)"),
    "no docstring": ("def f(x: str):\n    return x\n", "line 1: `f` has no docstring"),
    "an empty docstring": ('def f():\n    """ """\n', "no docstring"),
    "args": ("def f(*names: str):\n" + DOC, r"any number of arguments \(`\*names`\)"),
    "kwargs": ("def f(**rest: str):\n" + DOC, "name each of them"),
    "by position": ("def f(x: str, /):\n" + DOC, "remove the `/`"),
    "no type": ("def f(x):\n" + DOC, "line 1: `x` has no type"),
    "no type for self": ("def f(self, x: str):\n" + DOC, "`self` has no type"),
    "an unknown type": ("def f(x: Foo):\n" + DOC, "`Foo` is no type that a tool can take"),
    "elsewhere": ("from a import B\ndef f(x: B):\n" + DOC, "stands in the source itself"),
    "a moment": ("import datetime\ndef f(x: datetime.datetime):\n" + DOC, "`datetime.datetime`"),
    "bytes": ("def f(x: bytes):\n" + DOC, "`bytes` is no type"),
    "a function as type": ("def f(x: Callable[[int], int]):\n" + DOC, "is no type"),
    "a number as type": ("def f(x: 3):\n" + DOC, "`3` is no type"),
    "a call as type": ("def f(x: open('/etc/passwd')):\n" + DOC, "is no type"),
    "a broken forward type": ("def f(x: 'list['):\n" + DOC, "is no type"),
    "keys": ("def f(x: dict[int, str]):\n" + DOC, "keys of dict.int, str. must be str"),
    "a literal float": ("def f(x: Literal[1.5]):\n" + DOC, "cannot be a Literal"),
    "a literal name": ("def f(x: Literal[foo]):\n" + DOC, "no JSON value"),
    "list of two": ("def f(x: list[int, str]):\n" + DOC, "is no type"),
    "optional of two": ("def f(x: Optional[int, str]):\n" + DOC, "is no type"),
    "a plain class": (f"class A:\n    n: int\ndef f(x: A):\n{DOC}", "neither a BaseModel"),
    "itself": (f"class A(BaseModel):\n    n: list['A']\ndef f(x: A):\n{DOC}", "contains itself"),
    "its own base": (f"class A(A):\n    n: int\ndef f(x: A):\n{DOC}", "nested too deeply"),
    "a name for itself": (f"A = A\ndef f(x: A):\n{DOC}", "nested too deeply"),
    "a default for itself": (f"A = A\ndef f(x: int = A):\n{DOC}", "nested too deeply"),
    "a bad field": (f"class A(BaseModel):\n    n: Foo\ndef f(x: A):\n{DOC}", "line 2: `Foo`"),
    "a called default": ("def f(x: str = os.getcwd()):\n" + DOC, "is no JSON value"),
    "a set": ("def f(x: set[int] = {1}):\n" + DOC, r"the default of `x`, \{1\}, is no JSON"),
    "a default of bytes": ("def f(x: str = b'x'):\n" + DOC, "no JSON value"),
    "infinity": ("def f(x: float = 1e999):\n" + DOC, "no JSON value"),
    "int keys": ("def f(x: dict = {1: 2}):\n" + DOC, "no JSON value"),
    "an ellipsis": ("def f(x: int = ...):\n" + DOC, "no JSON value"),
    "a long name": (f"def {'f' * 49}():\n{DOC}", "49 characters"),
    "a foreign name": (f"def wörter():\n{DOC}", "cannot be a tool's name"),
    "too long": ("#" * (LONGEST_SOURCE + 1), "are read at most"),
    "deep brackets": ("x = " + "(" * 5000 + ")" * 5000, "no valid Python|too deeply"),
    "deep signs": ("x = " + "-" * 60_000 + "1", "too deeply"),
    "deep names": ("def f(x: a" + ".a" * 30_000 + "):\n" + DOC, "too deeply|is no type"),
    "deep lists": ("def f(x: " + "list[" * 90 + "int" + "]" * 90 + "):\n" + DOC, None),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_tool_is_refused_with_what_to_do(kind: str) -> None:
    source, complaint = BAD[kind]
    if complaint is None:
        assert read(source)["name"] == "f"
        return
    with pytest.raises(SourceRefused, match=complaint) as refused:
        read(source)

    assert refused.value.status == 422
    assert len(str(refused.value)) < 600


def doubling(what: str) -> str:
    """A source of thirty short lines whose types would be written out a thousand million times."""
    lines = [what.format(n=n + 1, before=n) for n in range(30)]
    return "class A0(BaseModel):\n    n: int\n" + "".join(lines) + f"def f(x: A30):\n{DOC}"


@pytest.mark.parametrize(
    "what",
    [
        "class A{n}(BaseModel):\n    a: A{before}\n    b: A{before}\n",
        "class A{n}(A{before}, A{before}):\n    pass\n",
        "A{n} = tuple[A{before}, A{before}]\n",
        "A{n} = A{before} | list[A{before}]\n",
    ],
)
def test_types_that_grow_without_measure_are_refused(what: str) -> None:
    with pytest.raises(SourceRefused, match="too large"):
        read(doubling(what))


PIECES = [
    "def f(", "x", ": ", "str", "list[", "]", " = ", "1", "):\n", '    """Do."""\n', "\n", "A", "@",
    "class A(BaseModel):\n", "    n: int\n", "|", "Literal[", "'a'", "None", "*", "/", ",",
    "lambda", "async ", "\\", "\t", "Optional[", "{", "}",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_any_text_is_read_or_refused(pieces: list[str]) -> None:
    try:
        schema = read("".join(pieces))
    except SourceRefused as refused:
        assert str(refused)
    else:
        assert json.loads(json.dumps(schema)) == schema


def test_reading_runs_nothing(tmp_path: Any) -> None:
    mark = tmp_path / "ran"
    source = (
        f"open({str(mark)!r}, 'w')\n"
        f"def f(x: str = 'a', y: int = 1):\n"
        f'    """Do."""\n'
        f"raise SystemExit(1)\n"
    )

    assert read(source)["name"] == "f"
    assert not mark.exists()


def test_one_of_several_functions_is_chosen_by_its_name() -> None:
    source = f"def f():\n{DOC}def g():\n{DOC}"

    assert schema_of(source, "g", None, None)["name"] == "g"


FROM_ELSEWHERE = Tool(
    id="tool-1",
    name="look",
    tool_type="external_mcp",
    description="Look.",
    json_schema={"name": "look", "description": "Look.", "parameters": NO_PARAMETERS},
)


def test_a_tool_from_elsewhere_keeps_its_schema() -> None:
    described = FROM_ELSEWHERE.model_copy(update={"description": "Look up."})
    with_source = FROM_ELSEWHERE.model_copy(update={"source_code": WHOLE, "source_type": "python"})

    assert told(described, {"description"}).json_schema == {
        **(FROM_ELSEWHERE.json_schema or {}), "description": "Look up.",
    }  # fmt: skip
    with pytest.raises(SourceRefused, match="keeps the schema that it has"):
        told(with_source, {"source_code"})


def test_a_schema_of_the_arguments_is_told_as_it_was_given() -> None:
    parameters = {"type": "object", "properties": {"x": {"type": "string", "format": "uuid"}}}

    schema = schema_of("def f(**given): ...", None, "Do it.", parameters)

    assert schema == {"name": "f", "description": "Do it.", "parameters": parameters}
    with pytest.raises(SourceRefused, match="args_json_schema"):
        schema_of("def f(): ...", None, "Do it.", {"type": "array"})
