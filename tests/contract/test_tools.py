"""Tools by themselves: made, read, listed, changed and removed by the official clients."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from letta_client import (
    BadRequestError,
    ConflictError,
    Letta,
    NotFoundError,
    UnprocessableEntityError,
)

from tests.contract.talk import paged

BUILT_IN = "memory_insert"


def fresh() -> str:
    """A name that no tool has."""
    return f"t_{uuid4().hex}"


def source(name: str, words: str = "Say how large it is.") -> str:
    """The source of a tool."""
    return (
        f"def {name}(size: int = 1) -> str:\n"
        f'    """{words}\n\n    Args:\n        size: How large.\n    """\n'
        "    return str(size)\n"
    )


SIZE = {"type": "integer", "default": 1, "description": "How large."}


def told(name: str, **more: Any) -> dict[str, Any]:
    """What a model is told of `source`."""
    parameters = {"type": "object", "properties": {"size": SIZE}, "required": []}
    return {
        "name": name, "description": "Say how large it is.", "parameters": parameters, **more,
    }  # fmt: skip


def test_a_tool_is_made_with_all_it_has(client: Letta) -> None:
    name = fresh()

    made = client.tools.create(
        source_code=source(name),
        source_type="python",
        tags=["b", "a"],
        return_char_limit=100,
        default_requires_approval=True,
        enable_parallel_execution=True,
        pip_requirements=[{"name": "httpx", "version": "1.0"}, {"name": "rich"}],
        npm_requirements=[{"name": "left-pad"}],
        extra_body={"approval_ttl": 60},
    )

    assert made.id.startswith("tool-")
    assert (made.name, made.description, made.tool_type) == (name, "Say how large it is.", "custom")
    assert made.json_schema == told(name)
    assert made.source_code == source(name)
    assert (made.source_type, made.tags, made.return_char_limit) == ("python", ["b", "a"], 100)
    assert (made.default_requires_approval, made.enable_parallel_execution) == (True, True)
    assert made.pip_requirements is not None
    assert made.npm_requirements is not None
    assert [(one.name, one.version) for one in made.pip_requirements] == [
        ("httpx", "1.0"),
        ("rich", None),
    ]
    assert [one.name for one in made.npm_requirements] == ["left-pad"]
    assert (made.model_extra or {})["approval_ttl"] == 60
    assert client.tools.retrieve(made.id) == made


def test_a_schema_that_is_given_is_told_instead(client: Letta) -> None:
    name = fresh()
    size = {"type": "integer", "maximum": 3}
    parameters: dict[str, object] = {"type": "object", "properties": {"size": size}}
    schema: dict[str, object] = {
        "name": name,
        "description": "How large?",
        "parameters": parameters,
    }

    by_schema = client.tools.create(source_code=source(name), json_schema=schema)
    client.tools.delete(by_schema.id)
    by_arguments = client.tools.create(
        source_code=source(name), args_json_schema=parameters, description="How large?"
    )
    client.tools.delete(by_arguments.id)
    script = client.tools.create(
        source_code="export const f = 1", source_type="typescript", json_schema=schema
    )

    assert [one.json_schema for one in (by_schema, by_arguments, script)] == [schema] * 3
    assert [one.description for one in (by_schema, by_arguments, script)] == ["How large?"] * 3
    assert by_arguments.args_json_schema == parameters


def test_a_tool_is_changed_field_by_field(client: Letta) -> None:
    name, other = fresh(), fresh()
    made = client.tools.create(source_code=source(name), tags=["t"], default_requires_approval=True)

    def changed(**fields: Any) -> Any:
        after = client.tools.update(made.id, **fields)
        assert client.tools.retrieve(made.id) == after
        return after

    assert changed(description="Size.").json_schema == told(name, description="Size.")
    assert changed(tags=["u"]).description == "Size."
    assert changed(return_char_limit=7, metadata={"k": 1}).tags == ["u"]
    assert changed(default_requires_approval=False).return_char_limit == 7
    assert changed(enable_parallel_execution=True).model_extra["metadata_"] == {"k": 1}
    assert changed(pip_requirements=[{"name": "rich"}]).enable_parallel_execution is True
    assert changed(npm_requirements=[{"name": "left-pad"}]).default_requires_approval is False
    assert changed(extra_body={"approval_ttl": 5}).model_extra["approval_ttl"] == 5
    assert changed(description=None).json_schema == told(name)
    renamed = changed(source_code=source(other))
    assert (renamed.name, renamed.json_schema) == (other, told(other))
    parameters = {"type": "object", "properties": {}}
    assert changed(args_json_schema=parameters).json_schema == told(other, parameters=parameters)
    assert changed(args_json_schema=None).json_schema == told(other)
    schema = told(other, description="As written.")
    assert changed(json_schema=schema, source_type="python").description == "As written."
    assert changed(extra_body={"nonsense": 1}).tags == ["u"]


def test_upserting_makes_a_tool_or_changes_the_one_of_its_name(client: Letta) -> None:
    name = fresh()

    made = client.tools.upsert(
        source_code=source(name),
        source_type="python",
        args_json_schema=None,
        json_schema=None,
        tags=["t"],
        return_char_limit=9,
        enable_parallel_execution=False,
        default_requires_approval=True,
        pip_requirements=[{"name": "rich"}],
        npm_requirements=[],
    )
    again = client.tools.upsert(
        source_code=source(name, "Twice."), description="Once more.", return_char_limit=8
    )

    assert again.id == made.id
    assert again.json_schema == told(name, description="Once more.")
    assert (again.tags, again.return_char_limit) == (["t"], 8)
    assert again.default_requires_approval is True
    assert client.tools.retrieve(made.id) == again


def test_names_are_taken_once(client: Letta) -> None:
    made = client.tools.create(source_code=source(fresh()))
    other = client.tools.create(source_code=source(fresh()))

    with pytest.raises(ConflictError, match="There is a tool"):
        client.tools.create(source_code=made.source_code or "")
    with pytest.raises(ConflictError, match="There is a tool"):
        client.tools.update(other.id, source_code=made.source_code)
    with pytest.raises(ConflictError, match="is built in"):
        client.tools.create(source_code=source(BUILT_IN))
    with pytest.raises(ConflictError, match="is built in"):
        client.tools.upsert(source_code=source(BUILT_IN))
    with pytest.raises(ConflictError, match="is built in"):
        client.tools.update(other.id, source_code=source(BUILT_IN))
    assert client.tools.retrieve(other.id) == other


def test_a_deleted_tool_is_gone(client: Letta, http: httpx2.Client) -> None:
    made = client.tools.create(source_code=source(fresh()))

    assert http.delete(f"/v1/tools/{made.id}").text == "null"
    for ask in (client.tools.retrieve, client.tools.delete, client.tools.update):
        with pytest.raises(NotFoundError):
            ask(made.id)


def test_built_in_tools_are_found_by_name_and_stay_as_they_are(client: Letta) -> None:
    [found] = client.tools.list(name=BUILT_IN)

    assert client.tools.retrieve(found.id) == found
    assert found.tool_type == "letta_core"
    with pytest.raises(BadRequestError, match="is built in"):
        client.tools.update(found.id, tags=["mine"])
    with pytest.raises(BadRequestError, match="is built in"):
        client.tools.delete(found.id)


def test_filters_find_tools(client: Letta, http: httpx2.Client) -> None:
    mark = uuid4().hex
    made = client.tools.create(source_code=source(f"find_{mark}_a"))
    other = client.tools.create(source_code=source(f"find_{mark}_b"))
    [own] = client.tools.list(name=BUILT_IN)
    every = [own.id, made.id, other.id]

    rows: list[tuple[dict[str, Any], list[str]]] = [
        ({"name": made.name}, [made.id]),
        ({"names": [made.name, other.name, BUILT_IN]}, [other.id, made.id, own.id]),
        ({"tool_ids": every}, [other.id, made.id, own.id]),
        ({"tool_ids": every, "order": "asc"}, every),
        ({"tool_ids": every, "search": f"{mark.upper()}_B"}, [other.id]),
        ({"tool_ids": every, "search": "_insert"}, [own.id]),
        ({"tool_ids": every, "search": ""}, [other.id, made.id, own.id]),
        ({"tool_ids": every, "tool_types": ["custom"]}, [other.id, made.id]),
        ({"tool_ids": every, "exclude_tool_types": ["custom"]}, [own.id]),
        ({"tool_ids": every, "return_only_letta_tools": True}, [own.id]),
        ({"tool_ids": every, "exclude_letta_tools": True}, [other.id, made.id]),
        ({"tool_ids": every, "limit": 0}, []),
    ]
    for filters, found in rows:
        listed = http.get("/v1/tools/", params=filters).json()
        assert [one["id"] for one in listed] == found, filters
        if "limit" not in filters:
            assert http.get("/v1/tools/count", params=filters).json() == len(found), filters


def test_pages_of_tools_tile_over_those_that_are_built_in(client: Letta) -> None:
    made = [client.tools.create(source_code=source(fresh())).id for _ in range(3)]
    own = [one.id for one in client.tools.list(return_only_letta_tools=True, order="asc")]
    every = [*own, *made]

    up = paged(lambda limit: client.tools.list(tool_ids=every, limit=limit, order="asc"))
    down = paged(lambda limit: client.tools.list(tool_ids=every, limit=limit))

    assert len(own) > 3
    assert up == [every] * 3
    assert down == [every[::-1]] * 3
    back = client.tools.list(tool_ids=every, limit=2, before=made[0], order="asc")
    assert [one.id for one in back][:2] == own[-2:]


def test_adding_the_built_in_tools_lists_them(http: httpx2.Client) -> None:
    added = http.post("/v1/tools/add-base-tools").json()

    assert BUILT_IN in [one["name"] for one in added]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"source_code": 1},
        {"source_code": "def f(x): pass"},
        {"source_code": source("f"), "nonsense": 1},
        {"source_code": source("f"), "return_char_limit": 0},
        {"source_code": source("f"), "return_char_limit": 1_000_001},
        {"source_code": source("f"), "approval_ttl": 0},
        {"source_code": source("f"), "pip_requirements": [{"name": ""}]},
        {"source_code": source("f"), "source_type": "cobol"},
        {"source_code": "1", "source_type": "typescript"},
        {"source_code": source("f"), "json_schema": {}},
        {"source_code": source("f"), "json_schema": {"name": "g"}},
        {"source_code": source("f"), "json_schema": {"name": "f", "parameters": []}},
        {"source_code": source("f"), "json_schema": {"name": "f", "description": 1}},
        {"source_code": source("f"), "args_json_schema": {"type": "array"}},
        {"source_code": "1", "source_type": "typescript", "json_schema": {"name": "a b"}},
    ],
)
def test_what_is_no_tool_is_refused(http: httpx2.Client, body: dict[str, Any]) -> None:
    before = http.get("/v1/tools/count").json()

    for method in ("POST", "PUT"):
        answer = http.request(method, "/v1/tools/", json=body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["detail"]

    assert http.get("/v1/tools/count").json() == before


def test_a_change_that_is_refused_changes_nothing(client: Letta) -> None:
    made = client.tools.create(source_code=source(fresh()))

    with pytest.raises(UnprocessableEntityError, match="no docstring"):
        client.tools.update(made.id, source_code="def f(): pass", tags=["x"])

    assert client.tools.retrieve(made.id) == made


def test_tools_are_found_by_words(client: Letta) -> None:
    mark, other = uuid4().hex, uuid4().hex
    named = client.tools.create(source_code=f"{source(f'rain_{mark}')}# {other}", tags=["weather"])
    told_of = client.tools.create(source_code=source(fresh(), f"Measure rain, {mark}."))
    of_both = client.tools.create(source_code=source(f"snow_{mark}", "Rain or snow."), tags=["ice"])
    parameters = {"type": "object", "properties": {mark: {}}}
    script: dict[str, object] = {"name": fresh(), "parameters": parameters}
    by_argument = client.tools.create(
        source_code="0", source_type="typescript", json_schema=script, tags=["weather", "ice"]
    )

    def found(**wanted: Any) -> list[str]:
        results = client.tools.search(**wanted)
        assert [one.fts_rank for one in results] == list(range(1, len(results) + 1))
        scores = [one.combined_score for one in results]
        assert scores == sorted(scores, reverse=True)
        return [one.tool.id for one in results]

    assert found(query=f"SNOW {mark}!") == [of_both.id, named.id, told_of.id, by_argument.id]
    assert found(query=mark, tags=["weather"]) == [named.id, by_argument.id]
    assert found(query=mark, tags=["ice", "none"], limit=1) == [of_both.id]
    assert found(query=mark, tool_types=["letta_core"], search_mode="fts") == []
    assert found(tool_types=["custom"], limit=2) == [by_argument.id, of_both.id]
    assert found(query="memory_replace", search_mode="hybrid", limit=1) == [
        one.id for one in client.tools.list(name="memory_replace")
    ]
    assert found(query=other) == []
    with pytest.raises(BadRequestError, match="no search by meaning"):
        client.tools.search(query=mark, search_mode="vector")
    with pytest.raises(UnprocessableEntityError):
        client.tools.search(extra_body={"words": mark})


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"source_code": "def f(x): pass"}, "f"),
        ({"source_code": f"{source('f')}{source('g')}"}, "several functions"),
        ({"source_code": "1", "source_type": "typescript"}, "json_schema"),
    ],
)
def test_a_source_that_is_no_tool_is_not_tried_out(
    http: httpx2.Client, body: dict[str, Any], complaint: str
) -> None:
    answer = http.post("/v1/tools/run", json={**body, "args": {}})

    assert answer.status_code == 422
    assert complaint in answer.json()["detail"]


def test_a_tool_of_a_kind_that_is_not_run_here_is_not_tried_out(http: httpx2.Client) -> None:
    body = {
        "source_code": "export const f = 1", "source_type": "typescript",
        "json_schema": {"name": "f"}, "args": {}, "env_vars": {"KEY": "v"}, "name": "f",
        "pip_requirements": [], "npm_requirements": [{"name": "left-pad"}],
    }  # fmt: skip

    answer = http.post("/v1/tools/run", json=body)

    assert answer.status_code == 400
    assert "does not run" in answer.json()["detail"]
