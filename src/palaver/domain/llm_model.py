"""Models as the API lists them."""

from typing import Literal

from palaver.domain.frozen import Frozen
from palaver.domain.model_settings import ResponseFormat


class Model(Frozen):
    """A model that can be talked to. Half of the fields repeat the older `LLMConfig`."""

    handle: str
    name: str
    display_name: str
    model: str
    model_type: Literal["llm"] = "llm"
    provider_type: str
    provider_name: str
    provider_category: Literal["base", "byok"] | None = "base"
    model_endpoint_type: str
    model_endpoint: str | None = None
    model_wrapper: str | None = None
    context_window: int
    max_context_window: int
    max_tokens: int | None = None
    temperature: float = 0.7
    enable_reasoner: bool = True
    reasoning_effort: str | None = None
    max_reasoning_tokens: int = 0
    effort: str | None = None
    frequency_penalty: float | None = None
    put_inner_thoughts_in_kwargs: bool | None = False
    parallel_tool_calls: bool | None = True
    response_format: ResponseFormat | None = None
    strict: bool = False
    verbosity: str | None = None
    tier: str | None = None
    compatibility_type: Literal["gguf", "mlx"] | None = None
    return_logprobs: bool = False
    return_token_ids: bool = False
    top_logprobs: int | None = None
    tool_call_parser: str | None = None


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
