"""What a prompt tells of an agent's folders: their files, and what is seen of those that are open.

What stands here is as it was when the prompt was compiled.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from palaver.core.pieces import View
from palaver.domain.folder import AgentFile, Folder

MOST_FILES = 100
"""How many files of a folder are named."""


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that is open, and what is seen of it."""

    file: AgentFile
    view: View


@dataclass(frozen=True, slots=True)
class Directory:
    """A folder with the names of its files, of which there may be more, and those that are open."""

    folder: Folder
    names: Sequence[str] = ()
    more: bool = False
    opened: Sequence[OpenFile] = ()


def told(directories: Sequence[Directory], most_open: int) -> str:
    """The section of the prompt; nothing for an agent without folders."""
    if not directories:
        return ""
    opened = sum(len(one.opened) for one in directories)
    return "\n".join(
        [
            "<directories>",
            "These folders hold files that you can look into with your file tools. A file that is "
            "open is shown as it was when this prompt was written.",
            "<file_limits>",
            f"- current_files_open={opened}",
            f"- max_files_open={most_open}",
            "</file_limits>",
            *(line for one in directories for line in _directory(one)),
            "</directories>",
        ]
    )


def name_of(folder: str, file: str) -> str:
    """How a model calls a file."""
    return f"{folder}/{file}"


def _directory(directory: Directory) -> list[str]:
    folder = directory.folder
    lines = [f'<directory name="{folder.name}">']
    for tag, text in (("description", folder.description), ("instructions", folder.instructions)):
        lines += [f"<{tag}>", text, f"</{tag}>"] if text else []
    lines += [line for one in directory.opened for line in _open(one)]
    seen = {one.file.file_name for one in directory.opened}
    closed = [name for name in directory.names if name not in seen]
    lines += [f'<file name="{name_of(folder.name, name)}" status="closed" />' for name in closed]
    if directory.more:
        lines.append(f"There are more than these {len(directory.names)}; search for the others.")
    return [*lines, "</directory>"]


def _open(one: OpenFile) -> list[str]:
    name = name_of(one.file.folder_name, one.file.file_name)
    note = ["The view ends here; open the file at a later line to see more."]
    return [
        f'<file name="{name}" status="open">',
        "<value>",
        one.view.numbered,
        *(note if one.view.is_cut else []),
        "</value>",
        "</file>",
    ]
