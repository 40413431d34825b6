"""Models as the API lists them."""

from typing import Literal

from palaver.domain.agent import LLMConfig
from palaver.domain.frozen import Frozen, Stamp


class Model(LLMConfig):
    """A model that can be talked to, with the fields of the older form beside its own."""

    handle: str
    name: str
    model_type: Literal["llm"] = "llm"
    provider_type: str
    max_context_window: int
    temperature: float = 0.7


class ConfiguredProvider(Frozen):
    """A provider that the operator has configured. Its keys are never shown."""

    id: str
    name: str
    provider_type: str
    provider_category: Literal["base", "byok"] = "base"
    api_key: str | None = None
    base_url: str | None = None
    access_key: str | None = None
    region: str | None = None
    api_version: str | None = None
    updated_at: Stamp | None = None
    last_synced: Stamp | None = None
    api_key_enc: str | None = None
    access_key_enc: str | None = None


class EmbeddingModel(Frozen):
    """A model that turns text into vectors of ``embedding_dim`` numbers."""

    handle: str
    name: str
    display_name: str
    embedding_model: str
    embedding_dim: int
    model_type: Literal["embedding"] = "embedding"
    provider_type: str
    provider_name: str
    embedding_endpoint_type: str
    embedding_endpoint: str | None = None
    embedding_chunk_size: int | None = 300
    batch_size: int = 32
    azure_deployment: str | None = None
    azure_endpoint: str | None = None
    azure_version: str | None = None
