"""`palaver import`: a file is taken in from the command line, once however often it is brought."""

import json
from pathlib import Path
from typing import Any

from tests.api.tables import contents, looking_into
from tests.bundles.test_broken_files import GOOD
from tests.bundles.test_foreign_files import DESK
from tests.servers import command

NOUNS = {
    "agents": 1, "blocks": 2, "tools": 2, "folders": 1, "files": 1, "conversations": 1,
    "messages": 14,
}  # fmt: skip

LINE = GOOD.count("\n", 0, GOOD.index('"role": "user"')) + 1


def told(said: str, fate: str) -> dict[str, Any]:
    """How many things of each kind had a fate."""
    counts = json.loads(said)["counts"]
    return {noun: fates[fate] for noun, fates in counts.items() if fate in fates}


async def test_a_file_is_rehearsed_taken_in_and_never_twice(
    tmp_path: Path, database_url: str
) -> None:
    async with looking_into(database_url) as db:
        empty = await contents(db)
        code, said = command(tmp_path, database_url, "import", str(DESK), "--dry-run", "--json")
        assert (code, told(said, "added")) == (1, NOUNS)
        assert await contents(db) == empty

        code, said = command(tmp_path, database_url, "import", str(DESK))
        assert code == 1
        assert "messages      14 added" in said
        assert "refused: web_search (tools): no tool of that name is built in" in said
        assert "note: Harbour desk (night) keeps its model, and cannot speak yet" in said
        assert "ANTHROPIC_API_KEY" in said
        once = await contents(db)
        assert once != empty

        code, said = command(tmp_path, database_url, "import", str(DESK), "--json")
        assert told(said, "added") == {}
        assert told(said, "there") == {**NOUNS, "tools": 4}
        assert await contents(db) == once


async def test_a_whole_file_is_a_success_and_a_broken_one_writes_nothing(
    tmp_path: Path, database_url: str
) -> None:
    good, broken = tmp_path / "good.af", tmp_path / "broken.af"
    good.write_text(GOOD.replace('"https://x.example"', '"https://palaver.invalid"'))
    broken.write_text(GOOD.replace('"role": "user"', '"role": "nobody"'))
    async with looking_into(database_url) as db:
        empty = await contents(db)
        code, said = command(tmp_path, database_url, "import", str(broken))
        assert (code, f"line {LINE}" in said, "messages[1].role" in said) == (1, True, True)
        assert await contents(db) == empty
    code, said = command(tmp_path, database_url, "import", str(tmp_path / "none.af"))
    assert (code, "cannot be read" in said) == (1, True)

    code, said = command(tmp_path, database_url, "import", str(good))
    assert (code, "refused" in said) == (0, False), said
