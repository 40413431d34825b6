"""Every refusal, with its status, its code and what to do about it.

PalaverError                        500
├── Invalid                         400  the request cannot mean anything
│   ├── AddressRefused                   a URL that the server does not go to
│   ├── TooLong                          a text that the database cannot look up
│   └── NothingToCompact
├── NotFound                        404
├── Conflict                        409  (never retried: ``x-should-retry: false``)
│   ├── ConversationBusy
│   │   └── LineFull
│   ├── AwaitingApproval
│   ├── NothingToCancel
│   ├── NothingToUndo
│   └── WindowChanged
├── KeyReused                       422  another request has had this key
├── NotAText                        415  a file that is no text
├── SourceRefused                   422  no tool can be made of this source
├── FileRefused                     422  a file that is none of its kind; nothing of it is taken
├── Unavailable                     503
├── Stopping                        503
├── Refused                         500  the database does not take what it was given
├── ToolRefused                          told to the model, never to a client
├── McpFailed                       502  an MCP server did not answer as it should
│   └── McpTimeout                  408
└── LLMError                             the model's side failed
    ├── AuthenticationFailed        401
    │   └── PermissionMissing       403
    ├── CreditsExhausted            402
    ├── RequestRefused              400
    ├── ContextOverflow             400
    │   ├── CompactionFailed        400  nothing is changed
    │   └── PromptTooLong           400
    ├── RateLimited                 429
    ├── Overloaded                  503
    ├── LLMTimeout                  504
    ├── ProviderFailed              500  a 5xx, a refused or a broken connection
    └── BrokenReply                 500  an answer that is not of its own protocol
        └── EmptyReply              500  an answer without a word
"""

from typing import ClassVar


class PalaverError(Exception):
    """Something that palaver refuses or cannot do. The message says what to do next."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "INTERNAL_SERVER_ERROR"


class Invalid(PalaverError):
    """The request is well-formed but cannot be carried out as it stands."""

    status, code = 400, "INVALID_ARGUMENT"


class AddressRefused(Invalid):
    """The server does not go to this URL."""


class TooLong(Invalid):
    """A text cannot be looked up, because it is longer than the database takes."""

    def __init__(self, said: object) -> None:
        super().__init__(
            f"A name, a key, a tag or what is searched for is too long ({str(said).strip()}); "
            "2,000 characters are always short enough."
        )


class NothingToCompact(Invalid):
    """What is left in the window stays there."""

    def __init__(self) -> None:
        super().__init__("There is nothing to compact: only the newest turn is left; say more.")


class NotFound(PalaverError):
    """There is no such thing, or it belongs to somebody else: the two look alike."""

    status, code = 404, "NOT_FOUND"

    def __init__(self, what: str, remedy: str = "check the id, or list what there is.") -> None:
        super().__init__(f"{what} not found; {remedy}")


class Conflict(PalaverError):
    """The request does not fit what is going on."""

    status, code = 409, "CONFLICT"


class ConversationBusy(Conflict):
    """Another run holds the conversation; `waiting` more stand in line."""

    remedy: ClassVar[str] = "follow it, cancel it, wait for its end, or send with `on_busy`."

    def __init__(self, run_id: str, waiting: int = 0) -> None:
        super().__init__(
            "Another request is currently being processed for this conversation "
            f"(run_id={run_id}); {self.remedy}"
        )
        self.run_id = run_id
        self.waiting = waiting


class LineFull(ConversationBusy):
    """Too many sends wait for the conversation."""

    remedy = "as many sends wait for it as may; send again when some have ended."


class AwaitingApproval(Conflict):
    """Tool calls wait for an answer, and this is none.

    `request_id` is the message that asks, `run_id` the run that it ended, and `calls` are what it
    asks for: each with its ``tool_call_id``, ``name`` and ``arguments``.
    """

    def __init__(self, request_id: str, run_id: str | None, calls: list[dict[str, str]]) -> None:
        names = ", ".join(call["name"] for call in calls)
        super().__init__(
            f"The agent is waiting for approval of tool calls ({names}). "
            "Please approve or deny the pending request before continuing: "
            "the first message of a send answers it, or "
            '`on_pending: "deny"` denies it.'
        )
        self.request_id = request_id
        self.run_id = run_id
        self.calls = calls


class NothingToCancel(Conflict):
    """No run of the conversation is active."""

    def __init__(self) -> None:
        super().__init__("No active runs to cancel; nothing was changed.")


class NothingToUndo(Conflict):
    """The conversation's window is not the work of a compaction."""

    def __init__(self) -> None:
        super().__init__(
            "There is no compaction of this conversation that could be undone; nothing was changed."
        )


class WindowChanged(Conflict):
    """Another compaction was there first."""

    def __init__(self) -> None:
        super().__init__(
            "The conversation's window was changed meanwhile, and stays so; look, and ask again."
        )


class KeyReused(PalaverError):
    """The key of a send was given to another request before."""

    status, code = 422, "IDEMPOTENCY_KEY_REUSED"

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"Another request with this idempotency key (or these otids) started {run_id}; "
            "repeat a send exactly as it was, or give a new one a new key."
        )


class SourceRefused(PalaverError):
    """No tool can be made of a source or a schema; the message says what to write instead."""

    status, code = 422, "INVALID_ARGUMENT"


class NotAText(PalaverError):
    """A file whose content cannot be read as text."""

    status, code = 415, "UNSUPPORTED_MEDIA_TYPE"

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"`{name}` {why}. Files are texts in UTF-8 (or UTF-16 with its mark), whatever their "
            "names: plain text, Markdown, CSV, JSON, HTML, code. Save it in UTF-8; of a PDF or an "
            "Office document, upload the text that a converter makes of it."
        )


class FileRefused(PalaverError):
    """A file is not what it should be. The message tells where, and what is expected there."""

    status, code = 422, "INVALID_ARGUMENT"

    def __init__(self, line: int, column: int, path: str, message: str) -> None:
        where = f" (`{path}`)" if path else ""
        super().__init__(
            f"line {line}, column {column}{where}: {message}. Nothing was imported; "
            "mend the file and try again."
        )


class Unavailable(PalaverError):
    """The database cannot be reached at the moment."""

    status, code = 503, "UNAVAILABLE"


class Stopping(PalaverError):
    """This process ends; another one, or the next, can be asked."""

    status, code = 503, "UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("The server is being stopped; ask again when it is back.")


class Refused(PalaverError):
    """The database does not take what it was given: a mistake of palaver's own."""


class TracesOff(PalaverError):
    """What went to providers is asked for, and it is not kept."""

    status, code = 501, "NOT_IMPLEMENTED"

    def __init__(self) -> None:
        super().__init__(
            "Traces are switched off; set PALAVER_TRACES=24h where the server runs, and send again."
        )


class ToolRefused(PalaverError):
    """A tool cannot do what the model asked of it; the message is the tool's return."""


class McpFailed(PalaverError):
    """An MCP server cannot be reached, or does not answer as it should."""

    status, code = 502, "MCP_CONNECTION_ERROR"


class McpTimeout(McpFailed):
    """An MCP server took too long."""

    status, code = 408, "TIMEOUT"


class LLMError(PalaverError):
    """The model's provider did not answer as it should.

    ``retry_after`` is in seconds, where the provider said so; ``retryable`` tells whether the same
    request may succeed later; ``error_type`` and ``stop_reason`` are the contract's names for it
    inside a stream (§3.6), ``http_type`` its name in an error body (§1.9).
    """

    error_type: ClassVar[str] = "llm_error"
    http_type: ClassVar[str] = "llm_error"
    stop_reason: ClassVar[str] = "llm_api_error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.detail = detail
        self.retry_after = retry_after


class AuthenticationFailed(LLMError):
    """The provider does not accept the key."""

    status, error_type, http_type = 401, "llm_authentication", "llm_authentication"


class PermissionMissing(AuthenticationFailed):
    """Amazon knows the key and does not let it do this."""

    status, http_type = 403, "bedrock_permission_denied"


class CreditsExhausted(LLMError):
    """The account at the provider has no credit."""

    status, http_type, stop_reason = 402, "llm_insufficient_credits", "insufficient_credits"


class RequestRefused(LLMError):
    """The provider (or its client, beforehand) refuses this request."""

    status, http_type = 400, "llm_bad_request"


class ContextOverflow(RequestRefused):
    """The window does not fit the model."""

    code = "CONTEXT_WINDOW_EXCEEDED"


class CompactionFailed(ContextOverflow):
    """No summary was good enough, or nothing can be left out: the window is as it was."""

    code, error_type = "COMPACTION_FAILED", "compaction_failed"


class PromptTooLong(ContextOverflow):
    """The system text and the tools alone fill the window."""

    stop_reason = "context_window_overflow_in_system_prompt"


class RateLimited(LLMError):
    """Too many requests for the account."""

    status, error_type, http_type, retryable = 429, "llm_rate_limit", "llm_rate_limit", True


class Overloaded(LLMError):
    """The provider is overloaded."""

    status, retryable = 503, True


class LLMTimeout(LLMError):
    """The provider stayed silent for too long."""

    status, error_type, http_type, retryable = 504, "llm_timeout", "llm_timeout", True


class ProviderFailed(LLMError):
    """The provider answered with a server error, or not at all."""

    status, retryable = 500, True


class BrokenReply(LLMError):
    """The provider's answer does not follow its own protocol."""

    status, stop_reason = 500, "invalid_llm_response"


class EmptyReply(BrokenReply):
    """The provider's answer says nothing."""

    error_type, retryable = "llm_empty_response", True
