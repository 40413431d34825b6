"""What went wrong at a provider, in our own words: each error says what to do about it.

No message and no detail ever holds a key.
"""

import json
import re
from collections.abc import Iterator

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
    PermissionMissing,
    ProviderFailed,
    RateLimited,
    RequestRefused,
)
from palaver.providers.masking import masked
from palaver.providers.table import Account

_LONGEST_DETAIL = 2_000  # characters

Known = (ModelAPIError, UnexpectedModelBehavior, UserError, httpx2.RequestError, httpx2.InvalidURL)
"""The errors that the library raises on purpose."""

Nonsense = (ValueError, TypeError, LookupError, AttributeError, AssertionError, RecursionError)
"""The errors that it stumbles into over an answer that is not of its protocol."""

_Remedy = tuple[type[LLMError], str]

_NO_CREDIT: _Remedy = (CreditsExhausted, "The account at {name} has no credit; top it up.")
_FULL: _Remedy = (ContextOverflow, "The window is too full; compact it.")
_AWAY: _Remedy = (ProviderFailed, "{name} cannot be reached; check {url}, send again.")
_NONE: _Remedy = (BrokenReply, "{name} gave an answer that is none; check {url}, send again.")
_IDLE: _Remedy = (
    LLMTimeout,
    "{name} sent nothing for {idle:g} s; send again, or raise PALAVER_LLM_IDLE_TIMEOUT.",
)
_NO_CONNECTION: _Remedy = (
    LLMTimeout,
    "{name} did not take up a connection within {connect:g} s; check {url}, send again, or raise "
    "PALAVER_LLM_CONNECT_TIMEOUT.",
)
_NO_PERMISSION: _Remedy = (
    PermissionMissing,
    "{name} does not let this key do that; have the model granted to it, or choose another one.",
)
_FAILED: _Remedy = (ProviderFailed, "{name} failed; send again.")
_GAVE_UP: _Remedy = (LLMTimeout, "{name} ran out of its own time; send again.")

_REMEDIES: dict[type[Exception], _Remedy] = {
    ModelAuthenticationError: (AuthenticationFailed, "{name} refuses the key; check {key}."),
    ModelQuotaExceededError: _NO_CREDIT,
    ModelRateLimitError: (RateLimited, "{name} limits the rate; wait {wait}, then send again."),
    ModelUnavailableError: (Overloaded, "{name} is overloaded; wait {wait}, then send again."),
    ModelContextWindowExceededError: _FULL,
    ModelNotFoundError: (RequestRefused, "{name} does not know the model; choose another one."),
    httpx2.ConnectTimeout: _NO_CONNECTION,
    ModelTimeoutError: _IDLE,
    httpx2.TimeoutException: _IDLE,
    ModelConnectionError: _AWAY,
    httpx2.TransportError: _AWAY,
    httpx2.InvalidURL: _AWAY,
    ModelServerError: _FAILED,
    UserError: (RequestRefused, "The request means nothing to {name}; the detail says why."),
    ModelHTTPError: (RequestRefused, "{name} refuses the request; the detail says why."),
}
"""The first that fits; ``key`` and ``url`` stand for the provider's variables."""

_SAYS_NO_CREDIT = re.compile(
    r"insufficient[_ ](?:account )?(?:quota|balance|credit|fund)|exceeded_current_quota"
    r"|used all available credits|have any credits|credit balance|out of credits",
    re.IGNORECASE,
)
_SAYS_FULL = re.compile(
    r"context.(?:length|window|size|limit)|maximum prompt length|prompt exceeds max"
    r"|exceed\w* (?:the )?(?:model(?:'s)? )?(?:maximum )?token limit|number of tokens allowed"
    r"|(?:input|prompt) is too long|reduce the length of|`inputs` tokens \+ `max_new_tokens`",
    re.IGNORECASE,
)
"""How those say it who have no code for it and whom the library does not know."""

_ABOUT_THE_KEY = re.compile(
    r"Expired|RequestExpired|Unrecognized|Invalid(?:Signature|ClientToken)|Incomplete"
    r"|SignatureDoesNotMatch|Missing"
)
"""How the names of Amazon's errors begin that are about a key or a signature, and not a right."""

_TOKEN_IS_OVER = (
    "{name} refuses the token: it lives for some days and nobody renews it here; log in to ChatGPT "
    "again, then set {key} and CHATGPT_ACCOUNT_ID and restart."
)


def translated(error: Exception, account: Account, timeout: httpx2.Timeout) -> LLMError:
    """The error of ours that says what `error` means for whoever reads it."""
    provider = account.provider
    kind, message = _by_status(error) or _by_kind(error)
    if kind is AuthenticationFailed and provider.dialect == "bedrock" and _knows_the_key(error):
        kind, message = _NO_PERMISSION
    if kind is AuthenticationFailed and provider.dialect == "codex":
        message = _TOKEN_IS_OVER
    wait = error.retry_after if isinstance(error, ModelAPIError) else None
    message = message.format(
        name=provider.name,
        key=provider.key_variables[0],
        url=provider.url_variables[0],
        connect=timeout.connect,
        idle=timeout.read,
        wait="a moment" if wait is None else f"{wait:.0f} s",
    )
    return kind(message, detail=_detail(error, account), retry_after=wait)


def _by_status(error: Exception) -> _Remedy | None:
    """What the status and the words of a refusal tell that the library does not hear."""
    status = _status(error)
    if status in (408, 504):
        return _GAVE_UP
    if status == 424:  # Amazon's for a model that failed
        return _FAILED
    said = _said(error)
    if status in (None, 400, 403, 429) and _SAYS_NO_CREDIT.search(said):
        return _NO_CREDIT
    if status == 413 or (status in (None, 400, 422) and _SAYS_FULL.search(said)):
        return _FULL
    return None


def _by_kind(error: Exception) -> _Remedy:
    if isinstance(error, ModelTimeoutError) and error.phase == "connect":
        return _NO_CONNECTION
    if any(isinstance(cause, httpx2.DecodingError) for cause in _causes(error)):
        return _NONE  # what one of the clients takes for a broken connection
    for kind, remedy in _REMEDIES.items():
        if isinstance(error, kind):
            return remedy
    if isinstance(error, ModelAPIError) and error.in_stream:
        return ProviderFailed, "{name} broke off its answer; send again."
    return _NONE


def _status(error: Exception) -> int | None:
    return error.status_code if isinstance(error, ModelHTTPError) else None


def _knows_the_key(error: Exception) -> bool:
    """Whether a refusal of Amazon's is about what the key may do: the header says what it is."""
    if not isinstance(error, ModelHTTPError) or error.status_code != 403:
        return False
    return not _ABOUT_THE_KEY.match((error.headers or {}).get("x-amzn-errortype", ""))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what it was raised from, and so on to the root."""
    while error is not None:
        yield error
        error = error.__cause__


def _said(error: Exception) -> str:
    """The body of the provider's error, where there is one."""
    if not isinstance(error, ModelAPIError) or error.body is None:
        return ""
    return error.body if isinstance(error.body, str) else json.dumps(error.body, default=str)


def _detail(error: Exception, account: Account) -> str:
    """What the provider itself said, or what kept it from saying anything."""
    said = _said(error)
    if not said:
        *_, root = _causes(error)
        said = str(error) if str(root) in str(error) else f"{error} {root}"
    return masked(said, account.secrets)[:_LONGEST_DETAIL]
