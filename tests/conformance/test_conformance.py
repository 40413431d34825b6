"""`palaver conformance`: palaver passes, all of it, and a server that only nods does not."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from palaver.conformance.checks import Check
from palaver.conformance.report import as_json, in_words
from palaver.conformance.running import CHECKS, SECTIONS, Conformance, chosen
from tests.conformance.constant import answering
from tests.servers import Server

OFFLINE = "palaver/offline"
CONSTANTS = {
    "an empty object": (200, "application/json", "{}"),
    "an empty array": (200, "application/json", "[]"),
    "null": (200, "application/json", "null"),
    "good health": (200, "application/json", '{"status": "ok", "version": "1", "id": "x"}'),
    "one thing": (200, "application/json", '[{"id": "agent-1", "name": "x"}]'),
    "an empty stream": (200, "text/event-stream", "data: [DONE]\n\n"),
    "a page": (200, "text/html", "<html></html>"),
    "not found": (404, "application/json", '{"detail": "NOT_FOUND: nothing"}'),
    "conflict": (409, "application/json", '{"detail": "is currently being processed"}'),
    "malformed": (422, "application/json", '{"detail": "no"}'),
    "broken": (500, "application/json", '{"detail": "An unknown error occurred"}'),
}


@pytest.fixture(scope="module")
def conformance(server: Server) -> Iterator[Conformance]:
    """palaver, held against the API. Nothing is left behind in it."""
    before = _things(server)
    with Conformance(server.url, "", OFFLINE) as conformance:
        yield conformance
    assert _things(server) == before


def _things(server: Server) -> dict[str, set[str]]:
    """The ids of all there is."""
    nouns = ("agents", "blocks", "conversations", "tools")
    query: dict[str, str | int] = {"limit": 1000, "order": "desc"}
    return {
        noun: {one["id"] for one in server.http.get(f"/v1/{noun}/", params=query).json()}
        for noun in nouns
    }


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.section}: {check.name}")
def test_palaver_conforms(conformance: Conformance, check: Check) -> None:
    [finding] = conformance.findings([check])

    assert finding.holds, in_words(finding)


@pytest.mark.parametrize("constant", CONSTANTS)
def test_nothing_holds_where_everything_is_answered_alike(constant: str) -> None:
    with answering(*CONSTANTS[constant]) as url, Conformance(url, "", OFFLINE) as conformance:
        held = [one.check.name for one in conformance.findings() if one.holds]

    assert held == []


def test_each_check_has_a_name_of_its_own() -> None:
    names = [check.name for check in CHECKS]

    assert len(set(names)) == len(names) >= 60
    assert {check.section for check in CHECKS} == set(SECTIONS)


def test_checks_are_chosen_by_their_section_or_their_words() -> None:
    assert {check.section for check in chosen(["errors"])} == {"errors"}
    assert all("tile" in check.name for check in chosen(["TILE"]))
    assert len(chosen(["tile"])) >= 3
    assert chosen(["nobody says this"]) == []
    assert chosen([]) == list(CHECKS)


def test_what_is_told_says_what_was_expected_and_what_was_seen(server: Server) -> None:
    with (
        answering(*CONSTANTS["good health"]) as url,
        Conformance(url, "", OFFLINE) as conformance,
    ):
        [finding] = conformance.findings(chosen(["says nothing of paths"]))

    told = as_json(url, [finding])
    assert (told["passed"], told["failed"]) == (0, 1)
    *_, last = told["checks"][0]["sights"]
    assert (last["expected"], last["seen"], last["holds"]) == (404, 200, False)
    assert "expected  404" in in_words(finding)
    assert "seen      200" in in_words(finding)


def test_the_command_tells_and_says_so_by_its_code(server: Server) -> None:
    good = _command("--base-url", server.url, "--only", "errors", "--json")
    told = json.loads(good.stdout)
    assert good.returncode == 0, good.stdout + good.stderr
    assert told["passed"] == len(chosen(["errors"]))
    assert told["failed"] == 0

    with answering(*CONSTANTS["not found"]) as url:
        bad = _command("--base-url", url, "--only", "errors", "--only", "blocks")
    assert bad.returncode == 1
    assert "FAIL" in bad.stdout
    assert f"all              0 of {len(chosen(['errors', 'blocks']))}" in bad.stdout


def test_without_the_official_client_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "letta_client.py").write_text(
        'raise ModuleNotFoundError("no letta_client", name="letta_client")'
    )
    refused = _command(PYTHONPATH=str(tmp_path))

    assert refused.returncode == 1
    assert 'pip install "palaver[conformance]"' in refused.stderr


def test_a_choice_of_nothing_is_refused() -> None:
    refused = _command("--only", "nobody says this")

    assert refused.returncode == 2
    assert "conventions" in refused.stderr


def _command(*args: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "palaver.cli", "conformance", *args],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
