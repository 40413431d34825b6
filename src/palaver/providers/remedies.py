"""What went wrong at a provider, in our own words: each error says what to do about it.

No message and no detail ever holds a key.
"""

import json
import re

import httpx2
from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelServerError,
    ModelTimeoutError,
    ModelUnavailableError,
    UnexpectedModelBehavior,
    UserError,
)

from palaver.errors import (
    AuthenticationFailed,
    BrokenReply,
    ContextOverflow,
    CreditsExhausted,
    LLMError,
    LLMTimeout,
    Overloaded,
    ProviderFailed,
    RateLimited,
    RequestRefused,
)
from palaver.providers.table import Account

_LONGEST_DETAIL = 2_000  # characters
_KEYS = re.compile(r"\b(?:sk|pk|key|gsk|xai)-[\w*.-]{6,}|(?i:bearer)\s+[\w*.-]{6,}")
_MASK = "***"

Known = (ModelAPIError, UnexpectedModelBehavior, UserError, httpx2.TransportError)
"""The errors that the library raises on purpose."""

Nonsense = (ValueError, TypeError, LookupError, AttributeError, AssertionError)
"""The errors that it stumbles into over an answer that is not of its protocol."""


_KINDS: dict[int, type[Exception]] = {408: ModelTimeoutError, 424: ModelServerError}
"""What the library has no kind for, by status: Amazon's for a model that takes long, or fails."""

_REMEDIES: dict[type[Exception], tuple[type[LLMError], str]] = {
    ModelAuthenticationError: (AuthenticationFailed, "{name} refuses the key; check {key}."),
    ModelQuotaExceededError: (CreditsExhausted, "The account at {name} has no credit; top it up."),
    ModelRateLimitError: (RateLimited, "{name} limits the rate; wait, then send again."),
    ModelUnavailableError: (Overloaded, "{name} is overloaded; wait a moment, then send again."),
    ModelContextWindowExceededError: (ContextOverflow, "The window is too full; compact it."),
    ModelNotFoundError: (RequestRefused, "{name} does not know the model; choose another one."),
    ModelTimeoutError: (LLMTimeout, "{name} stayed silent for too long; send again."),
    httpx2.TimeoutException: (LLMTimeout, "{name} stayed silent for too long; send again."),
    ModelConnectionError: (ProviderFailed, "{name} cannot be reached; check {url}, send again."),
    httpx2.TransportError: (ProviderFailed, "{name} cannot be reached; check {url}, send again."),
    ModelServerError: (ProviderFailed, "{name} failed; send again."),
    UserError: (RequestRefused, "The request means nothing to {name}; the detail says why."),
    ModelHTTPError: (RequestRefused, "{name} refuses the request; the detail says why."),
}
"""The first that fits; ``key`` and ``url`` stand for the provider's variables."""


def translated(error: Exception, account: Account) -> LLMError:
    """The error of ours that says what `error` means for whoever reads it."""
    provider = account.provider
    kind, message = _remedy(error)
    message = message.format(
        name=provider.name, key=provider.key_variable, url=provider.url_variable
    )
    wait = error.retry_after if isinstance(error, ModelAPIError) else None
    return kind(message, detail=_detail(error, account), retry_after=wait)


def _remedy(error: Exception) -> tuple[type[LLMError], str]:
    said = type(error)
    if isinstance(error, ModelHTTPError):
        said = _KINDS.get(error.status_code, said)
    for kind, remedy in _REMEDIES.items():
        if issubclass(said, kind):
            return remedy
    if isinstance(error, ModelAPIError) and error.in_stream:
        return ProviderFailed, "{name} broke off its answer; send again."
    return BrokenReply, "{name} gave an answer that is none; check {url}, send again."


def _detail(error: Exception, account: Account) -> str:
    """What the provider itself said, or what kept it from saying anything."""
    if isinstance(error, ModelAPIError) and error.body is not None:
        said = error.body if isinstance(error.body, str) else json.dumps(error.body, default=str)
    else:
        root: BaseException = error
        while root.__cause__ is not None:
            root = root.__cause__
        said = str(error) if str(root) in str(error) else f"{error} {root}"
    return _without_keys(said, account)[:_LONGEST_DETAIL]


def _without_keys(text: str, account: Account) -> str:
    if len(account.key) > len("none"):
        text = text.replace(account.key, _MASK)
    return _KEYS.sub(_MASK, text)
