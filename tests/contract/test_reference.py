"""The reference: every example of it runs, and the page of a server asks nobody for anything."""

import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import httpx2
import pytest
from letta_client import Letta

from palaver.api.examples import EXAMPLES, Example
from tests.clients import node
from tests.contract.reference import PAGE, page
from tests.servers import Server

Values = Mapping[str, str]

LONG = {"input": "[[words: 200]]", "streaming": False}
SLOW = {"input": "[[pace: 20]] [[words: 1000]]", "background": True}


def _values(http: httpx2.Client, agent: str, example: Example) -> Values:
    """What a reader would put in: a conversation in which the example can be tried."""
    made = http.post("/v1/conversations/", params={"agent_id": agent}).raise_for_status()
    conversation = made.json()["id"]
    path = f"/v1/conversations/{conversation}"
    for _ in range(4 if "/compact" in example.path else 1):
        said = http.post(f"{path}/messages", json=LONG).raise_for_status().json()
    if example.path.endswith("/undo"):
        body = {"compaction_settings": {"mode": "all"}}
        http.post(f"{path}/compact", json=body).raise_for_status()
    if example.path.endswith("/cancel"):
        with http.stream("POST", f"{path}/messages", json=SLOW) as answer:
            next(answer.iter_lines())
    run = said["messages"][-1]["run_id"]
    return {"agent_id": agent, "conversation_id": conversation, "run_id": run}


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), "write it anew: python -m tests.contract.reference"


def test_each_endpoint_of_conversations_has_an_example(server: Server) -> None:
    paths = server.http.get("/openapi.json").json()["paths"]
    there = {
        f"{method.upper()} {path}"
        for path, methods in paths.items()
        for method in methods
        if path.startswith("/v1/conversations")
    }

    assert {example.operation for example in EXAMPLES} == there


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.operation)
def test_it_runs_in_python(server: Server, agent: str, example: Example) -> None:
    values = _values(server.http, agent, example)

    with Letta(base_url=server.url, api_key="none") as client:
        exec(example.python, {"client": client, "print": str, **values})


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.operation)
def test_it_runs_with_curl(server: Server, agent: str, example: Example) -> None:
    values = {**_values(server.http, agent, example), "palaver": server.url}
    text = re.sub(r"\$([A-Z_]+)", lambda name: values[name[1].lower()], example.curl)
    _, *words = shlex.split(text)
    given = dict(pairwise(words))
    url = next(word for word in words if word.startswith(server.url))

    answer = httpx2.request(
        given.get("-X", "GET"),
        url,
        content=given.get("-d"),
        headers=[("content-type", "application/json")],
        timeout=30,
    )

    assert answer.status_code == 200, answer.text
    streams = answer.headers["content-type"].startswith("text/event-stream")
    assert streams == example.streams == ("-N" in words)


def _named(values: Values) -> Values:
    """The values by their names in TypeScript."""
    return {re.sub(r"_(\w)", lambda letter: letter[1].upper(), k): v for k, v in values.items()}


def test_all_run_in_typescript(server: Server, agent: str, tmp_path: Path) -> None:
    found = node.find()
    assert found, "there is no Node: run `make test`, which brings one"
    lines = [
        'import Letta from "@letta-ai/letta-client";',
        f'const client = new Letta({{ baseURL: "{server.url}", apiKey: "none" }});',
        "console.log = () => {};",
    ]
    for example in EXAMPLES:
        values = _values(server.http, agent, example)
        ids = ", ".join(f'{name} = "{value}"' for name, value in _named(values).items())
        lines.append(f"{{ const {ids}; {example.typescript} }}")
    script = "\n".join(lines)

    run = subprocess.run(
        [*found.node, "--input-type=module", "--eval", script],
        cwd=node.FOLDER,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )

    assert run.returncode == 0, run.stderr


def test_a_server_shows_all_of_its_api_and_asks_nobody(server: Server) -> None:
    answer = server.http.get("/docs")
    html = answer.text
    document = server.http.get("/openapi.json").json()

    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not re.search(r"(?:src|href)=.?(?:https?:|//)|<script|<link|@import|url\(", html)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert f"id={operation['operationId']}>" in html, f"{method} {path}"
    anchors = set(re.findall(r"id=([\w-]+)", html))
    assert set(re.findall(r"href=#([\w-]+)", html)) <= anchors
    assert "client.conversations.fork(conversation_id)" in html


def test_what_is_told_is_text(server: Server) -> None:
    assert "<pre>curl -X POST &quot;$PALAVER/v1/conversations/?agent_id=$AGENT_ID&quot;" in (
        server.http.get("/docs").text
    )
