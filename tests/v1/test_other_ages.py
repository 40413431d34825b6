"""V1 databases of other ages than those that are at hand: columns and tables may not be there."""

from collections.abc import Iterator, Mapping

import pytest

from palaver.engine.gathering import Gathering
from palaver.errors import Invalid
from palaver.store.v1 import NEEDED, V1Database
from tests.v1.conftest import Old

NEVER_ASKED_FOR = {
    "_created_by_id", "_last_updated_by_id", "updated_at", "organization_id", "project_id",
    "template_id", "base_template_id", "step_id", "run_id", "embedding", "batch_item_id", "is_err",
}  # fmt: skip
WITHOUT_WHICH_LINKS_SAY_NOTHING = {"id", "key", "position", "created_at", "tag"}


@pytest.fixture(scope="module")
def newest(old: Old) -> Iterator[V1Database]:
    """The newest age, opened."""
    with old("0_16") as url, V1Database.opened(url) as source:
        yield source


def found_in(source: V1Database, columns: Mapping[str, frozenset[str]]) -> dict[str, int]:
    """How much is found of each noun where there are only these columns."""
    gathering = Gathering(V1Database(source._connection, columns))
    for one in gathering.bundles():
        assert one.model_dump_json()
    assert len([*gathering.identities()]) <= 1
    return gathering.found


def test_a_column_that_is_not_there_is_null_or_refused(newest: V1Database) -> None:
    columns, refused = newest._columns, set()
    for table, names in columns.items():
        for name in sorted(names - NEEDED.get(table, set()) - NEVER_ASKED_FOR):
            try:
                found = found_in(newest, {**columns, table: names - {name}})
            except Invalid as error:
                refused.add(name)
                assert f"its table {table} has no {name}" in str(error)
            else:
                assert found["agents"] in (5, 6), (table, name)  # with those that were deleted

    assert refused <= WITHOUT_WHICH_LINKS_SAY_NOTHING | {n for n in refused if n.endswith("_id")}


def test_a_table_that_is_not_there_has_no_rows(newest: V1Database) -> None:
    columns = newest._columns
    for table in columns.keys() - NEEDED.keys():
        rest = {name: names for name, names in columns.items() if name != table}

        assert found_in(newest, rest)["agents"] == 6, table
