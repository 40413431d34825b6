"""Asking a provider which models it has.

Vertex is not asked, as it has no list for a key or a project: its models are chosen by their names.
"""

from typing import Any, Literal

import httpx2

from palaver.providers.table import Account

_SECONDS = 5.0
_KNOCK_SECONDS = 0.3  # for a server on this machine that may not be there
_NOT_FOR_CHAT = (
    "audio", "babbage", "dall-e", "davinci", "embed", "image", "moderation", "realtime", "sora",
    "speech", "transcribe", "tts", "whisper",
)  # fmt: skip

EMBEDDINGS = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}
"""Embedding models and the length of their vectors, which no provider tells."""

Failure = (httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError, TypeError)
"""What goes wrong when a provider does not list its models."""


async def ask(account: Account) -> tuple[str, ...]:
    """The names of the account's models. Raises one of `Failure`."""
    if account.provider.name == "google_vertex":
        return ()
    connect = _SECONDS if account.given else _KNOCK_SECONDS
    timeout = httpx2.Timeout(_SECONDS, connect=connect)
    async with httpx2.AsyncClient(timeout=timeout) as client:
        if account.provider.dialect == "anthropic":
            headers = {"x-api-key": account.key, "anthropic-version": "2023-06-01"}
            reply = await client.get(f"{account.url}/v1/models?limit=1000", headers=headers)
        elif account.provider.dialect == "gemini":
            headers = {"x-goog-api-key": account.key}
            reply = await client.get(f"{account.url}/v1beta/models?pageSize=1000", headers=headers)
        else:
            headers = {"authorization": f"Bearer {account.key}"}
            reply = await client.get(f"{account.url}/models", headers=headers)
    body: dict[str, Any] = reply.raise_for_status().json()
    if account.provider.dialect == "gemini":
        talks = (m for m in body["models"] if "generateContent" in m["supportedGenerationMethods"])
        return tuple(sorted(str(model["name"]).removeprefix("models/") for model in talks))
    return tuple(sorted(str(model["id"]) for model in body["data"]))


def role(model: str) -> Literal["chat", "embedding"] | None:
    """What a model is for, by its name; None is something that palaver has no use for."""
    if model in EMBEDDINGS:
        return "embedding"
    return None if any(word in model for word in _NOT_FOR_CHAT) else "chat"
