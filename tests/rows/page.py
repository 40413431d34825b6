"""Makes docs/reference/providers.md: what each row of the table has, and where each setting goes.

``python -m tests.rows.page`` writes it. Where a setting goes is not said by anybody but seen: each
is sent to a fake provider, and the request is compared with one that does not have it.
"""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from palaver.domain.model_settings import ModelSettings
from palaver.domain.tool import ToolSpec
from palaver.providers.catalog import Catalog
from palaver.providers.remote import Patience
from palaver.providers.table import PROVIDERS, Provider
from tests.fakes.provider import FakeProvider
from tests.providers.talk import LOOK, asks, listen, request
from tests.rows.rows import ROWS, Row, environment

PAGE = Path(__file__).parents[2] / "docs/reference/providers.md"

Json = Any

_SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
_FORM = {"type": "json_schema", "json_schema": {"name": "a", "schema": _SCHEMA}}
_OBJECT = {"type": "json_object"}
_VALUES: Mapping[str, tuple[Json, ...]] = {
    "temperature": (0.3,),
    "max_output_tokens": (900,),
    "parallel_tool_calls": (False,),
    "response_format": (_FORM, _OBJECT),
    "response_schema": (_FORM, _OBJECT),
    "reasoning": ({"reasoning_effort": "low"},),
    "strict": (True, False),
    "effort": ("max",),
    "verbosity": ("low",),
    "thinking": (
        {"type": "disabled"},
        {"type": "enabled", "budget_tokens": 2048},
        {"type": "enabled", "clear_thinking": True},
    ),
    "thinking_config": ({"include_thoughts": False, "thinking_budget": 2048},),
    "tool_call_parser": ("qwen25",),
}
_FORMS = ("response_format", "response_schema")
_NO_TOOLS: tuple[ToolSpec, ...] = ()  # a form is asked for without: Gemini has either
_TOOLS: tuple[ToolSpec, ...] = (LOOK,)
_SETTINGS: TypeAdapter[ModelSettings] = TypeAdapter(ModelSettings)

_HEAD = """\
# Providers

Made by `python -m tests.rows.page`; a test holds it to what the program does.

## Where they are

A key is also read from `PALAVER_<PROVIDER>_API_KEY` and a URL from `PALAVER_<PROVIDER>_BASE_URL`,
and each other variable with `PALAVER_` before it; these win. A handle is `provider/model`,
whatever the URL. What is in the last column is installed with `pip install "palaver[…]"`.
"""

_SECOND = """
## Where a setting goes

The path in the body of the request. *kept* is stored and shown, and has no field in the
provider's protocol; – is a setting that this provider's class does not have. A limit
(`max_output_tokens`) is sent only where somebody set one. `forms` are `response_format` and, for
Google, `response_schema`.
"""


async def page() -> str:
    """The page, as it has to be."""
    lines = [_HEAD, *_table(("provider", "URL", "key", "URL from", "more", "extra"), _places())]
    async with FakeProvider() as fake:
        catalog = Catalog(environment(fake), Patience(tries=1))
        try:
            seen = [(row, await _seen(catalog, fake, row)) for row in ROWS]
        finally:
            await catalog.close()
    fields = [field for field in _VALUES if field != "response_schema"]
    cells = (_cells(row, seen, fields) for row, seen in seen)
    names = ["forms" if field == "response_format" else f"`{field}`" for field in fields]
    return "\n".join([*lines, _SECOND, *_table(("model", *names), cells)]) + "\n"


def _places() -> Iterator[tuple[str, ...]]:
    for row in PROVIDERS:
        if row.dialect != "offline":
            more = [f"`{names[0]}`" for names in row.options.values()]
            yield (
                f"`{row.name}`",
                row.url or "–",
                _words(row.key_variables),
                _words(row.url_variables),
                ", ".join(more) or "–",
                _extra(row),
            )


def _extra(row: Provider) -> str:
    return f"`{row.extra}`" if row.extra else "–"


def _words(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "–"


async def _seen(catalog: Catalog, fake: FakeProvider, row: Row) -> dict[str, list[str]]:
    """Where each setting of the row's class goes; an empty list is nowhere."""
    plain = [await _sent(catalog, fake, row, {}, tools) for tools in (_TOOLS, _NO_TOOLS)]
    found: dict[str, list[str]] = {}
    for field in type(_settings(row, {})).model_fields:
        for value in _VALUES.get(field, ()):
            if _fits(row, {field: value}):
                form = field in _FORMS
                tools = _NO_TOOLS if form else _TOOLS
                sent = await _sent(catalog, fake, row, {field: value}, tools)
                found.setdefault(field, []).extend(_differences(plain[form], sent))
    return found


def _settings(row: Row, given: Mapping[str, Json]) -> ModelSettings:
    return _SETTINGS.validate_python({"provider_type": row.provider, **given})


def _fits(row: Row, given: Mapping[str, Json]) -> bool:
    """Whether the row's class has all the fields that are given, down to the deepest."""
    shown = _settings(row, given).model_dump(mode="json", exclude_unset=True)
    return all(shown.get(name) == value for name, value in given.items())


async def _sent(
    catalog: Catalog,
    fake: FakeProvider,
    row: Row,
    given: Mapping[str, Json],
    tools: tuple[ToolSpec, ...],
) -> dict[str, Json]:
    handle, model = catalog.resolve(row.handle)
    await listen(model, request(handle, asks("hi"), settings=_settings(row, given), tools=tools))
    return fake.bodies[-1]


def _differences(one: Json, other: Json, path: str = "") -> Iterator[str]:
    match one, other:
        case dict(), dict():
            for name in sorted(one.keys() | other.keys()):
                inside = f"{path}.{name}" if path else name
                if (name in one) != (name in other):
                    yield inside
                elif one[name] != other[name]:
                    yield from _differences(one[name], other[name], inside)
        case list(), list() if len(one) == len(other):
            for mine, theirs in zip(one, other, strict=True):
                yield from _differences(mine, theirs, f"{path}[]")
        case _:
            if one != other:
                yield path


def _cells(row: Row, seen: Mapping[str, list[str]], fields: list[str]) -> tuple[str, ...]:
    found = dict(seen)
    if "response_schema" in found:
        found["response_format"] = found.pop("response_schema")
    return (f"`{row.handle}`", *(_cell(found.get(field)) for field in fields))


def _cell(places: list[str] | None) -> str:
    if places is None:
        return "–"
    return ", ".join(f"`{place}`" for place in dict.fromkeys(places)) or "kept"


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield _line(head)
    yield _line(("---",) * len(head))
    yield from map(_line, rows)


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(asyncio.run(page()))
