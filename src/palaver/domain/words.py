"""Words: what texts are searched by, the same in every database.

A text is cut into folded words here and not by a database, so that the same search finds the same
things everywhere, and whatever somebody asks for holds no character that a query language knows.
Scripts that are written without spaces are cut into pairs of characters, so that any part of two
characters or more is found; the last character of such a run stands for itself, so that one
character alone is found as the beginning of a pair.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

from palaver.domain.ids import ProjectId

MOST_CHARACTERS = 50_000
"""How much of a text is searched, from its beginning."""

MOST_WORDS = 32
"""How many different words of a question count, from its beginning."""

_LONGEST = 64
_SHORTEST_BEGINNING = 3
# Thai, Lao, Burmese, Khmer; kana, Chinese characters (with their repetition mark), Hangul.
_DENSE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3105-\u312f"
_DENSE += "\u31a0-\u31ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_INDIC = "\u0900-\u0963\u0966-\u0dff"  # letters, and the marks without which they are others
_PIECE = re.compile(rf"([{_DENSE}]+)|((?:[^\W_{_DENSE}]|[{_INDIC}])+)")
# What has none of these is cut into the same words at half the cost.
_SPECIAL = re.compile(f"[{_DENSE}{_INDIC}]")
_PLAIN = re.compile(r"[^\W_]+")
_BETWEEN = {code: " " for code in range(128) if not chr(code).isalnum()}
_ACCENTS = re.compile("[\u0300-\u036f]+")


def words_of(text: str) -> list[str]:
    """The different words of a text, folded, in the order in which they first stand in it."""
    words: list[str] = []
    folded = _folded(text[:MOST_CHARACTERS])
    if folded.isascii():
        words = folded.translate(_BETWEEN).split()
    elif not _SPECIAL.search(folded):
        words = _PLAIN.findall(folded)
    else:
        for dense, plain in _pieces(folded):
            words += [plain] if plain else [*_pairs(dense), dense[-1]]
    if max(map(len, words), default=0) > _LONGEST:
        words = [word[:_LONGEST] for word in words]
    return list(dict.fromkeys(words))


def asked(question: str) -> list[str]:
    """The words that a question asks for; those that may only begin a word end with ``*``.

    There are none if it holds neither a letter nor a digit.
    """
    wanted: list[str] = []
    for dense, plain in _pieces(_folded(question[:MOST_CHARACTERS])):
        if plain:
            wanted.append(plain[:_LONGEST] + "*" * (len(plain) >= _SHORTEST_BEGINNING))
        else:
            wanted += _pairs(dense) or [f"{dense}*"]
    return list(dict.fromkeys(wanted))[:MOST_WORDS]


def holds(text: str, question: str) -> bool:
    """Whether a text has one of the words that a question asks for."""
    words = words_of(text)
    return any(
        word in words if not word.endswith("*") else any(one.startswith(word[:-1]) for one in words)
        for word in asked(question)
    )


def all_of(project: ProjectId, kind: Literal["entries", "passages"]) -> str:
    """The scope of all that a project has of a kind."""
    return f"{kind}-{project}"


def _pairs(dense: str) -> list[str]:
    return [dense[n : n + 2] for n in range(len(dense) - 1)]


def _pieces(folded: str) -> Iterator[tuple[str, str]]:
    """The runs of a text: each of a script without spaces, or a plain word."""
    for found in _PIECE.finditer(folded):
        yield found[1] or "", found[2] or ""


def _folded(text: str) -> str:
    """A text without the differences that nobody asks for: case, accents, widths."""
    if text.isascii():
        return text.lower()
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFKC", plain).casefold()
