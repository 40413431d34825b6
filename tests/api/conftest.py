"""What is asked over HTTP is the same on every database: a SQLite file will do here."""

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def file_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database file that does not exist yet, for all tests of a module."""
    folder: Path = tmp_path_factory.mktemp("palaver")
    return f"sqlite:///{folder / 'palaver.db'}"
