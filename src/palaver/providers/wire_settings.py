"""What an agent's model settings come to on a protocol."""

from typing import TYPE_CHECKING, Any

from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.settings import ModelSettings as WireSettings

from palaver.domain.model_settings import (
    AnthropicModelSettings,
    ChatGPTOAuthModelSettings,
    JsonObjectFormat,
    JsonSchemaFormat,
    ModelSettings,
    MoonshotCodingModelSettings,
    MoonshotModelSettings,
    OpenAIModelSettings,
    ResponseFormat,
    SGLangModelSettings,
)

if TYPE_CHECKING:  # each of these would import a client
    from pydantic_ai.models.anthropic import AnthropicModelSettings as MessagesSettings
    from pydantic_ai.models.bedrock import BedrockModelSettings as ConverseSettings
    from pydantic_ai.models.openai import OpenAIChatModelSettings, OpenAIResponsesModelSettings

_LEAST_BUDGET = 1024  # tokens; Anthropic takes no less

_Thinking = AnthropicModelSettings | MoonshotCodingModelSettings
_Reasoning = OpenAIModelSettings | SGLangModelSettings | ChatGPTOAuthModelSettings
_Strict = OpenAIModelSettings | SGLangModelSettings | MoonshotModelSettings | _Thinking


def for_chat(settings: ModelSettings | None) -> WireSettings:
    """Settings for Chat Completions."""
    wire: OpenAIChatModelSettings = {}
    _common(wire, settings)
    if settings is not None:
        wire["temperature"] = settings.temperature
    return wire


def for_responses(settings: ModelSettings | None, conversation: str) -> WireSettings:
    """Settings for Responses: nothing is kept at the provider, and reasoning is told in summary."""
    wire: OpenAIResponsesModelSettings = {
        "openai_store": False,
        "openai_reasoning_summary": "auto",
    }
    _common(wire, settings)
    if conversation:
        wire["openai_prompt_cache_key"] = conversation[:64]
    if isinstance(settings, _Reasoning):
        wire["openai_reasoning_effort"] = settings.reasoning.reasoning_effort
    return wire


def for_messages(settings: ModelSettings | None, profile: ModelProfile) -> WireSettings:
    """Settings for Anthropic's Messages; system, tools and the newest messages are cached."""
    wire: MessagesSettings = {
        "anthropic_cache_instructions": True,
        "anthropic_cache_tool_definitions": True,
        "anthropic_cache_messages": True,
    }
    _common(wire, settings)
    if not isinstance(settings, _Thinking):
        _warmth(wire, settings, profile)
        return wire
    if settings.effort is not None:
        wire["anthropic_effort"] = settings.effort
    if settings.thinking.type == "disabled":
        if settings.temperature != 1.0:
            wire["temperature"] = settings.temperature
    elif profile.get("anthropic_disallows_budget_thinking"):
        wire["anthropic_thinking"] = {"type": "adaptive"}
    else:
        budget = max(settings.thinking.budget_tokens, _LEAST_BUDGET)
        wire["anthropic_thinking"] = {"type": "enabled", "budget_tokens": budget}
        if wire.get("max_tokens", budget + 1) <= budget:  # the limit counts the thinking, too
            wire["max_tokens"] += budget
    return wire


def for_converse(settings: ModelSettings | None, profile: ModelProfile) -> WireSettings:
    """Settings for Converse; what a kind of model can have cached is cached.

    It has no field for ``parallel_tool_calls``, and of thinking it takes what the model knows.
    """
    wire: ConverseSettings = {
        "bedrock_cache_instructions": True,
        "bedrock_cache_tool_definitions": True,
        "bedrock_cache_messages": True,
    }
    _common(wire, settings)
    wire.pop("parallel_tool_calls", None)
    _warmth(wire, settings, profile)
    if isinstance(settings, _Reasoning):
        effort = settings.reasoning.reasoning_effort
        wire["thinking"] = False if effort == "none" else effort
    elif isinstance(settings, _Thinking):
        enabled = settings.thinking.type == "enabled"
        wire["thinking"] = enabled and (settings.effort or True)
    return wire


def output(settings: ModelSettings | None) -> dict[str, Any]:
    """The form of the answer, as fields of the library's request parameters."""
    wanted: ResponseFormat | None = getattr(settings, "response_format", None)
    match wanted:
        case JsonSchemaFormat(json_schema=given):
            form = OutputObjectDefinition(
                json_schema=given.get("schema", given),
                name=given.get("name", "answer"),
                description=given.get("description"),
                strict=bool(given.get("strict", False)),
            )
            return {"output_mode": "native", "output_object": form}
        case JsonObjectFormat():
            return {"output_mode": "prompted", "prompted_output_template": False}
        case _:
            return {"output_mode": "text"}


def strict_tools(settings: ModelSettings | None) -> bool:
    """Whether calls must follow the tools' schemas to the letter: only where that was asked for.

    It makes every parameter a required one, which most tools do not mean.
    """
    return isinstance(settings, _Strict) and _is_set(settings, "strict") and settings.strict


def _common(wire: WireSettings, settings: ModelSettings | None) -> None:
    """What every protocol has. A limit is only sent where one was set: 4096 tokens cut answers."""
    wire["framing_announcement"] = "never"  # the system prompt is ours alone
    if settings is not None:
        if _is_set(settings, "max_output_tokens"):
            wire["max_tokens"] = settings.max_output_tokens
        if not settings.parallel_tool_calls:
            wire["parallel_tool_calls"] = False


def _warmth(wire: WireSettings, settings: ModelSettings | None, profile: ModelProfile) -> None:
    """The temperature, unless the model refuses a request that has one."""
    refused = ("anthropic_disallows_sampling_settings", "bedrock_disallows_sampling_settings")
    if settings is not None and not any(profile.get(flag) for flag in refused):
        wire["temperature"] = settings.temperature


def _is_set(settings: ModelSettings, name: str) -> bool:
    return name in settings.model_fields_set
