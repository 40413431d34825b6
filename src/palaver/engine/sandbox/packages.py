"""What tools import: the packages they require, installed once for each set of them.

Only wheels are taken, because installing one runs nothing of what is in it; and only what operators
allow, because it comes over the network, is trusted by nobody, and fills the disk.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

from palaver.errors import ToolRefused

LONGEST_INSTALL = 300.0  # seconds

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+*_-]*")
_PASSED = re.compile(r"(?i)pip_.*|(https?|no)_proxy|path|ssl_cert_(file|dir)|home|xdg_cache_home")
_TICK = 0.1  # seconds between two looks at whether to stop


def wanted(requirements: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What pip is asked for. Raises `ToolRefused` for what is no name or no version."""
    found = []
    for one in requirements:
        name, version = str(one.get("name", "")), one.get("version")
        if not _NAME.fullmatch(name):
            raise ToolRefused(f"`{name}` is not the name of a package; write it as on PyPI.")
        if version is not None and not _VERSION.fullmatch(str(version)):
            raise ToolRefused(f"`{version}` is not a version of {name}; write one like 1.2.3.")
        found.append(f"{name}=={version}" if version else name)
    return tuple(sorted(set(found)))


class Packages:
    """Folders of installed packages in `folder`; pip is told what `environment` says of it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = {
            name: value for name, value in environment.items() if _PASSED.fullmatch(name)
        }
        self._installing = threading.Lock()

    def get(self, requirements: Sequence[str], stop: threading.Event) -> Path:
        """The folder with these requirements, installed first if need be. Blocks.

        Raises `ToolRefused` where they cannot be installed, and soon after `stop` is set.
        """
        told = json.dumps([sys.version_info[:2], *requirements])
        place = self._folder / hashlib.sha256(told.encode()).hexdigest()[:32]
        with self._installing:
            if not place.is_dir():
                self._install(place, requirements, stop)
        return place

    def _install(self, place: Path, requirements: Sequence[str], stop: threading.Event) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix="building-", dir=self._folder))
        try:
            self._pip(building, requirements, stop)
            building.chmod(0o755)
            building.rename(place)
        except OSError:
            if not place.is_dir():  # else another process was faster
                raise
        finally:
            shutil.rmtree(building, ignore_errors=True)

    def _pip(self, target: Path, requirements: Sequence[str], stop: threading.Event) -> None:
        command = (
            *_pip(), "install", "--quiet", "--no-input", "--disable-pip-version-check",
            "--no-compile", "--only-binary", ":all:", "--target", str(target), *requirements,
        )  # fmt: skip
        with tempfile.TemporaryFile() as said:
            with subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=self._environment,
            ) as pip:
                code = _ended(pip, stop)
            if code != 0:
                said.seek(max(0, said.tell() - 2000))
                why = said.read().decode("utf-8", "replace").strip() or "it took too long"
                raise ToolRefused(f"{', '.join(requirements)} cannot be installed: {why}")


def _pip() -> Sequence[str]:
    """The pip beside palaver, or else that of the Python below it."""
    own = importlib.util.find_spec("pip") is not None
    python = sys.executable if own else os.path.realpath(sys.executable)
    return (python, "-I", "-m", "pip")


def _ended(pip: "subprocess.Popen[bytes]", stop: threading.Event) -> int:
    deadline = monotonic() + LONGEST_INSTALL
    while not stop.is_set() and monotonic() < deadline:
        try:
            return pip.wait(_TICK)
        except subprocess.TimeoutExpired:
            continue
    pip.kill()
    return pip.wait()
