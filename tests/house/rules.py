"""The rules of the house, as functions from a source to what breaks them.

Each gives a list of complaints, empty where all is well, so that a rule can be shown to fail.
"""

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
MOST_PARAMETERS = 6
LARGEST_PRODUCT = 27_000  # lines of code: docs/decisions/0032-a-house-for-a-clients-whole-world.md

# Words that say nothing about the thing they name.
EMPTY_WORDS = {"manager", "service", "helper", "util", "utils", "base", "impl", "v2"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Named = Function | ast.ClassDef


def long_file(source: str) -> list[str]:
    """A file fits in one sitting."""
    lines = len(source.splitlines())
    return [f"{lines} lines"] if lines > LONGEST_FILE else []


def long_functions(source: str) -> list[str]:
    """A function fits on one screen."""
    sizes = [(f.name, (f.end_lineno or f.lineno) - f.lineno + 1) for f in _functions(source)]
    return [f"{name}: {size} lines" for name, size in sizes if size > LONGEST_FUNCTION]


def many_parameters(source: str) -> list[str]:
    """A call can be read aloud."""
    counts = [(f.name, len(_parameters(f))) for f in _functions(source)]
    return [f"{name}: {n} parameters" for name, n in counts if n > MOST_PARAMETERS]


def empty_names(source: str) -> list[str]:
    """A name says what the thing is."""
    return [node.name for node in _named(source) if _words(node.name) & EMPTY_WORDS]


def empty_file_name(stem: str) -> list[str]:
    """So does a file's name."""
    return [stem] if _words(stem) & EMPTY_WORDS else []


def repeated_classes(sources: Iterable[str]) -> list[str]:
    """A noun has one class."""
    names = Counter(
        node.name
        for source in sources
        for node in _named(source)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    return [name for name, times in names.items() if times > 1]


def broad_excepts(source: str) -> list[str]:
    """Only an edge may catch what it does not know."""
    return [
        f"line {node.lineno}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ExceptHandler) and _is_broad(node.type)
    ]


def silent_names(source: str) -> list[str]:
    """What others may use says what it promises."""
    tree = ast.parse(source)
    silent = [] if ast.get_docstring(tree) else ["the module"]
    public = (node for node in _reachable(tree) if not node.name.startswith("_"))
    return silent + [node.name for node in public if not ast.get_docstring(node)]


def without_transaction(source: str) -> list[str]:
    """A function of the store works in the transaction that it is given."""
    functions = (node for node in ast.parse(source).body if isinstance(node, Function))
    public = (f for f in functions if not f.name.startswith("_"))
    return [f.name for f in public if _parameters(f)[:1] != ["tx"]]


def loose_pins(lock: str) -> list[str]:
    """A lock names every version exactly, with its hashes, and no place to get it from."""
    complaints = [line for line in lock.splitlines() if re.search(r"\w://|^-|@ ", line)]
    entries = re.split(r"\n(?=[a-zA-Z0-9])", "\n" + re.sub(r"(?m)^ *#.*\n?", "", lock))
    for entry in entries[1:]:
        if not re.match(r"[\w.-]+==[\w.]+[\s\S]*--hash=sha256:[0-9a-f]{64}", entry):
            complaints.append(entry.split()[0])
    return complaints


def machine_paths(text: str) -> list[str]:
    """The repository knows of no machine but the reader's."""
    return re.findall(r"(?<![\w./}-])/(?:home|root|Users|wor[k]|opt|mnt)/[\w./-]+", text)


def lines_of_code(source: str) -> int:
    """How many lines hold code: not blank, not a comment, not a docstring."""
    silent = {
        tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
        tokenize.ENDMARKER,
    }  # fmt: skip
    lines = {
        line
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type not in silent
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def _functions(source: str) -> Iterator[Function]:
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, Function))


def _named(source: str) -> Iterator[Named]:
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, Named))


def _reachable(scope: ast.Module | ast.ClassDef) -> Iterator[Named]:
    """What can be reached by dots; a function's inside cannot."""
    for node in scope.body:
        if isinstance(node, Named):
            yield node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _reachable(node)


def _parameters(function: Function) -> list[str]:
    given = function.args
    plain = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return [arg.arg for arg in plain if arg is not None and arg.arg not in {"self", "cls"}]


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)}


def _is_broad(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(
        isinstance(name, ast.Name) and name.id in {"Exception", "BaseException"} for name in names
    )
