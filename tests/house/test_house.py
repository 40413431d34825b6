"""The rules of the house, held against the house. What each asks stands in `rules`."""

from pathlib import Path

import pytest

from tests.house import rules

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
STORE = [path for path in (ROOT / "src/palaver/store").glob("*.py") if path.stem != "__init__"]
NOT_FUNCTIONS_OF_A_NOUN = {
    "db",
    "sqlite",
    "postgres",
    "schema",
    "columns",
    "belonging",
    "migrate",
    "opening",
    "paging",
}

# Where a failure that nobody foresaw is turned into an answer: the edge of a run, of a request.
EDGES = {"src/palaver/engine/live_run.py", "src/palaver/api/problems.py"}

ROOMS = ["src", "tests", "docs", "examples", "bench", ".ci"]
INSTALLED = {"node_modules", "__pycache__"}
TEXTS = sorted(
    path
    for folder in [ROOT.glob("*"), *((ROOT / room).rglob("*") for room in ROOMS)]
    for path in folder
    if path.is_file() and not INSTALLED & set(path.parts)
)


def of_house(path: Path) -> str:
    """A file's name as seen from the door."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=of_house)
class TestAFile:
    def test_fits_in_one_sitting(self, path: Path) -> None:
        assert rules.long_file(path.read_text()) == []

    def test_has_functions_that_fit_on_a_screen(self, path: Path) -> None:
        assert rules.long_functions(path.read_text()) == []

    def test_has_calls_that_can_be_read_aloud(self, path: Path) -> None:
        assert rules.many_parameters(path.read_text()) == []

    def test_has_names_that_say_something(self, path: Path) -> None:
        assert rules.empty_file_name(path.stem) == []
        assert rules.empty_names(path.read_text()) == []

    def test_says_what_it_promises(self, path: Path) -> None:
        assert rules.silent_names(path.read_text()) == []

    def test_catches_what_it_does_not_know_only_at_an_edge(self, path: Path) -> None:
        most = 1 if of_house(path) in EDGES else 0
        assert len(rules.broad_excepts(path.read_text())) <= most


@pytest.mark.parametrize("path", STORE, ids=of_house)
def test_a_function_of_the_store_is_given_its_transaction(path: Path) -> None:
    if path.stem not in NOT_FUNCTIONS_OF_A_NOUN:
        assert rules.without_transaction(path.read_text()) == []


def test_a_noun_has_one_class() -> None:
    assert rules.repeated_classes(path.read_text() for path in SOURCES) == []


def test_the_product_can_be_read_in_ten_days() -> None:
    assert sum(rules.lines_of_code(path.read_text()) for path in SOURCES) <= rules.LARGEST_PRODUCT


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.lock")), ids=of_house)
def test_a_lock_names_versions_and_hashes_and_no_place(path: Path) -> None:
    assert rules.loose_pins(path.read_text()) == []


def test_the_client_lock_names_no_place() -> None:
    assert "resolved" not in (ROOT / "tests/clients/package-lock.json").read_text()


@pytest.mark.parametrize("path", TEXTS, ids=of_house)
def test_a_text_names_no_machine(path: Path) -> None:
    assert rules.machine_paths(path.read_text()) == []


def test_a_decision_has_a_number_of_its_own_and_is_listed() -> None:
    pages = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    numbers = [name[:4] for name in pages]
    index = (ROOT / "docs" / "decisions" / "README.md").read_text()
    assert numbers == [f"{n:04}" for n in range(1, len(pages) + 1)]
    assert [name for name in pages if f"({name})" not in index] == []
