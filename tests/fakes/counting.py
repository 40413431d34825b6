"""How many tokens a fake provider finds in a prompt: a count of its own, made like a real one's.

Real tokenizers first cut a text into words with the space before them, numbers, signs and line
ends, then make one token of what is frequent and several of what is not. So does this one, by the
rules of thumb that are published for them: in English a token is about four characters, and 100
tokens are 75 words; of digits up to three are one; of Chinese about one character.
"""

import json
import re
from typing import Any

_PIECES = re.compile(r" ?[A-Za-z]+|\d{1,3}| ?[^\w\s]+|\s+|.")
_LONG_WORD = 7  # letters, with the space before them; frequent words are shorter, and one token
_SIGNS = 3  # that come together often: `):`, `==`, `"))`
_AROUND = 4  # tokens that a message costs besides its content


def tokens_in(text: str) -> int:
    """The tokens of a text."""
    return sum(map(_tokens, _PIECES.findall(text)))


def tokens_of_chat(body: Any) -> int:
    """The tokens of a request for a chat completion: its tools, and all texts in its messages."""
    return tokens_in(json.dumps(body.get("tools", ""))) + _texts(body["messages"])


def _texts(value: Any) -> int:
    match value:
        case str():
            return tokens_in(value)
        case dict():
            return _AROUND * ("role" in value) + sum(map(_texts, value.values()))
        case list():
            return sum(map(_texts, value))
        case _:
            return 0


def _tokens(piece: str) -> int:
    word = piece.strip()
    if not word:
        return 1
    if word.isascii() and word.isalpha():
        return -(-len(piece) // _LONG_WORD)
    return 1 if word.isalnum() else -(-len(word) // _SIGNS)
