import subprocess
import sys

_IMPORTED = "import sys, palaver.cli; print(*sys.modules)"
_HEAVY = {"fastapi", "sqlalchemy", "uvicorn", "httpx2", "pydantic_ai", "pydantic"}


def test_a_command_that_does_nothing_waits_for_no_library() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTED], capture_output=True, text=True, check=True
    )

    imported = set(done.stdout.split())
    assert "palaver.cli" in imported
    assert not _HEAVY & imported
