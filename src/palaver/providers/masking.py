"""Texts without secrets: what is kept or told of a provider's words holds no key."""

import json
import re
from collections.abc import Iterable
from urllib.parse import quote

_MASK = "***"
_SHORTEST = 4  # characters: what is shorter protects nothing and stands in many a word
_KEYS = re.compile(r"\b(?:(?:sk|pk|key|gsk|xai)-|AIza|ya29\.)[\w*.-]{6,}|(?i:bearer)\s+[\w*.-]{6,}")
_NAME = r"[\w-]*(?:api[-_]?key|authorization|secret|password|(?:access|auth|session)[-_]?token)"
_FIELD = re.compile(rf'("{_NAME}"\s*:\s*)"[^"]*"', re.IGNORECASE)
_PARAMETER = re.compile(rf"([?&](?:{_NAME}|key|token|sig|signature)=)[^&\s\"'#<>]+", re.IGNORECASE)
_HEADER = re.compile(r"auth|key|token|secret|cookie|account", re.IGNORECASE)


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets, however they are written, and without what looks like a key."""
    for secret in sorted((one for one in secrets if len(one) >= _SHORTEST), key=len, reverse=True):
        for spelling in {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote(secret)}:
            text = text.replace(spelling, _MASK)
    return _KEYS.sub(_MASK, text)


def masked_document(text: str, secrets: Iterable[str]) -> str:
    """The same, also without what a name says of that it is a secret: in JSON, or in a URL."""
    text = _PARAMETER.sub(rf"\1{_MASK}", masked(text, secrets))
    return _FIELD.sub(rf'\1"{_MASK}"', text)


def is_secret(header: str) -> bool:
    """Whether the name of a header says that its value is nobody's business."""
    return _HEADER.search(header) is not None
