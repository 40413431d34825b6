"""Every rule is fed something that breaks it: a rule that cannot fail holds nothing."""

from collections.abc import Callable

import pytest

from tests.house import rules

PIN = "flit-core==3.12.0 \\\n    --hash=sha256:" + 64 * "0" + "\n    # via palaver\n"

BROKEN: list[tuple[Callable[[str], list[str]], str]] = [
    (rules.long_file, "x = 1\n" * 401),
    (rules.long_functions, "def walk():\n" + "    x = 1\n" * 60),
    (rules.long_functions, "class A:\n  async def walk(self):\n" + "    x = 1\n" * 60),
    (rules.many_parameters, "def walk(a, b, c, d, e, f, g): ..."),
    (rules.many_parameters, "def walk(a, b, *c, d, e, f, **g): ..."),
    (rules.empty_names, "class TurnManager: ..."),
    (rules.empty_names, "class LLMService: ..."),
    (rules.empty_names, "def fold_helper(): ..."),
    (rules.empty_names, "def fold_v2(): ..."),
    (rules.empty_file_name, "http_utils"),
    (rules.broad_excepts, "try: ...\nexcept Exception: ..."),
    (rules.broad_excepts, "try: ...\nexcept: ..."),
    (rules.broad_excepts, "try: ...\nexcept (KeyError, BaseException): ..."),
    (rules.silent_names, "x = 1"),
    (rules.silent_names, "'''Said.'''\nclass A:\n  '''Said.'''\n  def walk(self): ..."),
    (rules.without_transaction, "def get(project, tx): ..."),
    (rules.without_transaction, "def get(): ..."),
    (rules.loose_pins, "flit-core>=3.12\n"),
    (rules.loose_pins, "flit-core==3.12.0\n" + PIN),
    (rules.loose_pins, PIN + "flit-core==3.12.0\n    # via palaver\n"),
    (rules.loose_pins, "# from https://example.org\n" + PIN),
    (rules.loose_pins, "--index" + "-url x\n" + PIN),
    (rules.machine_paths, "see " + "/home/" + "ada/notes.md"),
]

SOUND: list[tuple[Callable[[str], list[str]], str]] = [
    (rules.long_file, "x = 1\n" * 400),
    (rules.long_functions, "def walk():\n" + "    x = 1\n" * 59),
    (rules.many_parameters, "class A:\n  def walk(self, a, b, c, d, e, f): ..."),
    (rules.empty_names, "class DatabaseBusy: ...\ndef useful(): ..."),
    (rules.broad_excepts, "try: ...\nexcept (KeyError, ValueError): ..."),
    (rules.silent_names, "'''Said.'''\ndef _inner(): ...\ndef f():\n  '''Said.'''\n  def g(): ..."),
    (rules.without_transaction, "def get(tx, project): ...\ndef _row(row): ..."),
    (rules.loose_pins, PIN),
    (rules.machine_paths, "GET /v1/agents/{id}/home/x and src/palaver/home/x"),
]


@pytest.mark.parametrize(("rule", "sample"), BROKEN)
def test_a_rule_complains(rule: Callable[[str], list[str]], sample: str) -> None:
    assert rule(sample)


@pytest.mark.parametrize(("rule", "sample"), SOUND)
def test_a_rule_is_content(rule: Callable[[str], list[str]], sample: str) -> None:
    assert rule(sample) == []


def test_two_classes_of_one_name_are_one_too_many() -> None:
    assert rules.repeated_classes(["class Run: ...", "class Run: ..."]) == ["Run"]
    assert rules.repeated_classes(["class Run: ...", "class Step: ..."]) == []


def test_only_lines_of_code_count() -> None:
    source = (
        '"""Says\nwhat it is for."""\n\n# why\nx = """a\nb"""\n\n\ndef f():\n    """Promise."""\n'
    )

    assert rules.lines_of_code(source) == 3
