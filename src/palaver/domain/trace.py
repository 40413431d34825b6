"""What a provider was asked and what it answered, as it went over the wire, without secrets."""

from typing import Any

from palaver.domain.frozen import Frozen, Stamp


class Http(Frozen):
    """How it went. The status is null where no answer came."""

    method: str
    url: str
    headers: dict[str, str]
    status: int | None = None
    response_headers: dict[str, str]


class ProviderTrace(Frozen):
    """A request and its answer. A body that is a JSON object is shown as that.

    Any other has its ``text``, as a stream has its events; of a long one there is only the
    beginning, and ``cut`` is true. ``call_type`` tells a step's call from one for a
    summary, and from what a tool asks a provider for.
    """

    id: str
    request_json: dict[str, Any]
    response_json: dict[str, Any]
    http: Http
    created_at: Stamp
    run_id: str | None = None
    step_id: str | None = None
    agent_id: str | None = None
    agent_tags: list[str] | None = None
    call_type: str | None = None
    latency_ms: int | None = None
    llm_config: dict[str, Any] | None = None
    compaction_settings: dict[str, Any] | None = None
    billing_context: dict[str, Any] | None = None
    source: str | None = None
    org_id: str | None = None
    created_by_id: str | None = None
    last_updated_by_id: str | None = None
    updated_at: Stamp | None = None
