"""The reference of the API as one page: ``/docs``, made from the OpenAPI document.

It is plain HTML without a script, and asks nobody else for anything.
"""

import re
from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from palaver import __version__
from palaver.api.examples import EXAMPLES, Example

router = APIRouter(include_in_schema=False)

Json = dict[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
nav a { margin-right: 1rem; }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); }
details { border: 1px solid var(--line); border-radius: 6px; }
details { margin: .5rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; }
summary code { font-weight: 600; }
summary span { opacity: .75; margin-left: .6rem; }
pre { background: var(--soft); border-radius: 6px; overflow-x: auto; padding: .7rem; }
table { border-collapse: collapse; width: 100%; }
td, th { border-bottom: 1px solid var(--line); padding: .25rem .5rem; }
td, th { text-align: left; vertical-align: top; }
.old { text-decoration: line-through; }
"""


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The reference, for people."""
    page = "".join(written(request.app.openapi()))
    return HTMLResponse(page, headers={"content-security-policy": _POLICY})


def written(document: Json) -> Iterator[str]:
    """The page that tells what an OpenAPI document tells."""
    by_tag: dict[str, list[tuple[str, str, Json]]] = {}
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                tag = methods[method]["tags"][0]
                by_tag.setdefault(tag, []).append((method.upper(), path, methods[method]))
    yield "<!doctype html><html lang=en><head><meta charset=utf-8>"
    yield '<meta name=viewport content="width=device-width"><title>palaver: the API</title>'
    yield f"<style>{_STYLE}</style></head><body><h1>palaver {escape(__version__)}: the API</h1>"
    yield "<p>For programs: <a href=/openapi.json>/openapi.json</a>.</p><nav>"
    for tag in by_tag:
        yield f"<a href=#{escape(tag)}>{escape(tag)}</a>"
    yield "<a href=#types>types</a></nav>"
    for tag, operations in by_tag.items():
        yield f"<h2 id={escape(tag)}>{escape(tag)}</h2>"
        for method, path, operation in operations:
            yield from _operation(method, path, operation)
    yield "<h2 id=types>types</h2>"
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield from _schema(name, schema)
    yield "</body></html>\n"


def _operation(method: str, path: str, operation: Json) -> Iterator[str]:
    about = operation.get("description", "").split("\n")[0]
    old = " class=old" if operation.get("deprecated") else ""
    yield f"<details id={escape(operation['operationId'])}><summary><code{old}>{method} "
    yield f"{escape(path)}</code><span>{escape(about)}</span></summary>"
    yield f"<p>{escape(operation.get('description', ''))}</p>"
    parameters = operation.get("parameters", ())
    if parameters:
        yield "<table><tr><th>Parameter</th><th>Where</th><th>Type</th></tr>"
        for one in parameters:
            name = escape(one["name"]) + ("" if one.get("required") else "?")
            yield f"<tr><td><code>{name}</code></td><td>{one['in']}</td>"
            yield f"<td>{_type(one['schema'])}</td></tr>"
        yield "</table>"
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<p>Body ({escape(kind)}): {_type(content['schema'])}</p>"
    yield "<table><tr><th>Status</th><th>Means</th><th>Type</th></tr>"
    for status, response in sorted(operation["responses"].items()):
        schemas = [one.get("schema", {}) for one in response.get("content", {}).values()]
        yield f"<tr><td>{escape(status)}</td><td>{escape(response.get('description', ''))}</td>"
        yield f"<td>{', '.join(filter(None, map(_type, schemas)))}</td></tr>"
    yield "</table>"
    for example in EXAMPLES:
        if example.operation == f"{method} {path}":
            yield from _example(example)
    yield "</details>"


def _example(example: Example) -> Iterator[str]:
    ways = (("curl", example.curl), ("Python", example.python), ("TypeScript", example.typescript))
    for way, text in ways:
        yield f"<p>{way}</p><pre>{escape(text)}</pre>"


def _schema(name: str, schema: Json) -> Iterator[str]:
    yield f"<details id={_anchor(name)}><summary><code>{escape(name)}</code></summary>"
    yield f"<p>{escape(schema.get('description', ''))}</p>"
    if "properties" not in schema:
        yield f"<p>{_type(schema)}</p>"
    else:
        needed = schema.get("required", ())
        yield "<table>"
        for field, one in schema["properties"].items():
            mark = "" if field in needed else "?"
            yield f"<tr><td><code>{escape(field)}{mark}</code></td><td>{_type(one)}</td></tr>"
        yield "</table>"
    yield "</details>"


def _type(schema: Json) -> str:
    """A type in a word, with links to those that have a name."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"<a href=#{_anchor(name)}>{escape(name)}</a>"
    for together in ("anyOf", "oneOf", "allOf"):
        if together in schema:
            return " | ".join(map(_type, schema[together]))
    if "const" in schema:
        return f"<code>{escape(repr(schema['const']))}</code>"
    if "enum" in schema:
        return " | ".join(f"<code>{escape(repr(one))}</code>" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"{_type(schema.get('items', {})) or 'any'}[]"
    return escape(str(schema.get("format") or schema.get("type") or ""))


def _anchor(name: str) -> str:
    return "type-" + re.sub(r"[^\w-]", "-", name)
