"""Why a run failed, in the words of the contract (§1.9, §3.6)."""

from typing import Self

from palaver.domain.frozen import Frozen
from palaver.errors import ContextOverflow, LLMError, PalaverError


class Failure(Frozen):
    """A failure as it is stored with the run (``metadata.error``).

    ``error_type`` is its name in a stream; ``status`` and ``type``, or ``code`` where there is no
    type, are what a request that does not stream is answered with. ``retry_after`` is in seconds.
    """

    error_type: str
    message: str
    detail: str | None = None
    retryable: bool = False
    status: int = 500
    type: str | None = None
    code: str | None = None
    retry_after: float | None = None

    @classmethod
    def of(cls, error: LLMError) -> Self:
        """The failure that a provider's error is."""
        return cls(
            error_type=error.error_type,
            message=str(error),
            detail=error.detail or None,
            retryable=error.retryable,
            status=error.status,
            type=None if isinstance(error, ContextOverflow) else error.http_type,
            code=error.code,
            retry_after=error.retry_after,
        )

    @classmethod
    def refused(cls, error: PalaverError) -> Self:
        """What stands in the way of a run, for instance a model that is gone."""
        return cls(
            error_type="internal_error",
            message=str(error),
            retryable=error.status >= 500,
            status=error.status,
            code=error.code,
        )

    @classmethod
    def internal(cls) -> Self:
        """A mistake of palaver's own: the log has the details, the client does not."""
        return cls(
            error_type="internal_error",
            message="The server failed while it carried out this run; its log says why.",
        )

    @classmethod
    def shutdown(cls) -> Self:
        """The server stopped before the run had ended."""
        return cls(
            error_type="stream_task_cancelled",
            message="The server was stopped before this run had ended; send again.",
            retryable=True,
            status=503,
        )

    @classmethod
    def crashed(cls) -> Self:
        """The process that carried out the run is gone."""
        return cls(
            error_type="stream_incomplete",
            message="The server process that carried out this run is gone; send again.",
            retryable=True,
            status=503,
        )
