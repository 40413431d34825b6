"""The settings of a model: seventeen kinds, told apart by ``provider_type``.

Fields and defaults are the contract's (§4.1). The ones of ``moonshot`` and ``moonshot_coding`` are
not known from any server; they follow the OpenAI-like and the Anthropic-like kinds.

There are more kinds of providers than of settings, and clients (Letta Code 0.34 among them) name
the kind that the list of models tells them. So the settings of a kind that has none of its own are
OpenAI's, whose protocol these speak.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from palaver.domain.frozen import Frozen


class TextFormat(Frozen):
    """Free text."""

    type: Literal["text"] = "text"


class JsonSchemaFormat(Frozen):
    """JSON after a schema: ``json_schema`` holds ``schema``, perhaps ``name``, ``strict``."""

    type: Literal["json_schema"] = "json_schema"
    json_schema: dict[str, Any]


class JsonObjectFormat(Frozen):
    """Any JSON object."""

    type: Literal["json_object"] = "json_object"


ResponseFormat = Annotated[
    TextFormat | JsonSchemaFormat | JsonObjectFormat, Field(discriminator="type")
]

Level = Literal["none", "minimal", "low", "medium", "high", "xhigh"]
Effort = Literal["low", "medium", "high", "xhigh", "max"]
Temperature = Annotated[float, Field(ge=0, le=2)]
TokenLimit = Annotated[int, Field(ge=1, le=2**31 - 1)]


class OpenAIReasoning(Frozen):
    """How hard a reasoning model thinks."""

    reasoning_effort: Level = "minimal"


class ChatGPTReasoning(Frozen):
    """How hard a reasoning model thinks, where there is no ``minimal``."""

    reasoning_effort: Literal["none", "low", "medium", "high", "xhigh"] = "medium"


class AnthropicThinking(Frozen):
    """Extended thinking and its budget in tokens."""

    type: Literal["enabled", "disabled"] = "enabled"
    budget_tokens: Annotated[int, Field(ge=0, le=2**31 - 1)] = 1024


class GeminiThinking(Frozen):
    """Thinking and its budget in tokens."""

    include_thoughts: bool = True
    thinking_budget: Annotated[int, Field(ge=-1, le=2**31 - 1)] = 1024


class ZaiThinking(Frozen):
    """Thinking, and whether earlier thoughts are dropped."""

    type: Literal["enabled", "disabled"] = "enabled"
    clear_thinking: bool = False


class _Settings(Frozen):
    temperature: Temperature = 0.7
    max_output_tokens: TokenLimit = 4096
    parallel_tool_calls: bool = True


class _Formatted(_Settings):
    response_format: ResponseFormat | None = None


class OpenAIModelSettings(_Formatted):
    """OpenAI."""

    provider_type: Literal["openai"] = "openai"
    reasoning: OpenAIReasoning = OpenAIReasoning(reasoning_effort="high")
    strict: bool = True


class SGLangModelSettings(_Formatted):
    """A model served by SGLang."""

    provider_type: Literal["sglang"] = "sglang"
    reasoning: OpenAIReasoning = OpenAIReasoning(reasoning_effort="high")
    strict: bool = True
    tool_call_parser: str | None = None


class _LikeClaude(_Formatted):
    temperature: Temperature = 1.0
    effort: Effort | None = None
    strict: bool = False
    thinking: AnthropicThinking = AnthropicThinking()
    verbosity: Literal["low", "medium", "high"] | None = None


class AnthropicModelSettings(_LikeClaude):
    """Anthropic."""

    provider_type: Literal["anthropic"] = "anthropic"


class _Gemini(_Settings):
    max_output_tokens: TokenLimit = 65536
    response_schema: ResponseFormat | None = None
    thinking_config: GeminiThinking = GeminiThinking()


class GoogleAIModelSettings(_Gemini):
    """Gemini by its own API."""

    provider_type: Literal["google_ai"] = "google_ai"


class GoogleVertexModelSettings(_Gemini):
    """Gemini on Vertex."""

    provider_type: Literal["google_vertex"] = "google_vertex"


class AzureModelSettings(_Formatted):
    """OpenAI's models on Azure."""

    provider_type: Literal["azure"] = "azure"


class XaiModelSettings(_Formatted):
    """xAI."""

    provider_type: Literal["xai"] = "xai"


class MoonshotModelSettings(_Formatted):
    """Moonshot."""

    provider_type: Literal["moonshot"] = "moonshot"
    strict: bool = False


class ZAIModelSettings(_Formatted):
    """Z.ai."""

    provider_type: Literal["zai"] = "zai"
    thinking: ZaiThinking = ZaiThinking()


class MoonshotCodingModelSettings(_LikeClaude):
    """Moonshot's coding models, which speak Anthropic's protocol."""

    provider_type: Literal["moonshot_coding"] = "moonshot_coding"


class GroqModelSettings(_Formatted):
    """Groq."""

    provider_type: Literal["groq"] = "groq"


class DeepseekModelSettings(_Formatted):
    """DeepSeek."""

    provider_type: Literal["deepseek"] = "deepseek"


class TogetherModelSettings(_Formatted):
    """Together."""

    provider_type: Literal["together"] = "together"


class BedrockModelSettings(_Formatted):
    """Models on Amazon Bedrock."""

    provider_type: Literal["bedrock"] = "bedrock"


class BasetenModelSettings(_Settings):
    """Baseten."""

    provider_type: Literal["baseten"] = "baseten"


class OpenRouterModelSettings(_Formatted):
    """OpenRouter."""

    provider_type: Literal["openrouter"] = "openrouter"


class ChatGPTOAuthModelSettings(_Settings):
    """A ChatGPT subscription."""

    provider_type: Literal["chatgpt_oauth"] = "chatgpt_oauth"
    reasoning: ChatGPTReasoning = ChatGPTReasoning()


_LIKE_OPENAI = (
    "cerebras", "fireworks", "hugging-face", "letta", "lmstudio_openai", "minimax", "mistral",
    "ollama", "vllm", "zai_coding",
)  # fmt: skip


def _of_a_kind(given: Any) -> Any:
    if isinstance(given, dict) and given.get("provider_type") in _LIKE_OPENAI:
        return {**given, "provider_type": "openai"}
    return given


ModelSettings = Annotated[
    OpenAIModelSettings
    | SGLangModelSettings
    | AnthropicModelSettings
    | GoogleAIModelSettings
    | GoogleVertexModelSettings
    | AzureModelSettings
    | XaiModelSettings
    | MoonshotModelSettings
    | ZAIModelSettings
    | MoonshotCodingModelSettings
    | GroqModelSettings
    | DeepseekModelSettings
    | TogetherModelSettings
    | BedrockModelSettings
    | BasetenModelSettings
    | OpenRouterModelSettings
    | ChatGPTOAuthModelSettings,
    Field(discriminator="provider_type"),
    BeforeValidator(_of_a_kind),
]
