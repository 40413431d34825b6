"""What an agent's model settings come to on a protocol."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.settings import ModelSettings as WireSettings

from palaver.domain.llm import ChatRequest, Handle
from palaver.domain.model_settings import (
    AnthropicThinking,
    ChatGPTReasoning,
    Effort,
    GeminiThinking,
    JsonObjectFormat,
    JsonSchemaFormat,
    ModelSettings,
    OpenAIReasoning,
    ResponseFormat,
    ZaiThinking,
)
from palaver.providers.encode import Wire
from palaver.providers.table import reasons

if TYPE_CHECKING:  # each of these would import a client
    from pydantic_ai.models.anthropic import AnthropicModelSettings as MessagesSettings
    from pydantic_ai.models.bedrock import BedrockModelSettings as ConverseSettings
    from pydantic_ai.models.google import GoogleModelSettings
    from pydantic_ai.models.openai import OpenAIChatModelSettings, OpenAIResponsesModelSettings

_LEAST_BUDGET = 1024  # tokens; Anthropic takes no less
_HOTTEST = 1.0  # Anthropic's and Amazon's highest temperature, and Anthropic's usual one


def for_chat(settings: ModelSettings | None, to: Handle, profile: ModelProfile) -> WireSettings:
    """Settings for Chat Completions, as the model at `to` takes them.

    A reasoning model of OpenAI's takes no temperature, and one of Moonshot's only its own, so there
    it is sent when somebody set it. An effort is refused by models that do not reason: it goes to
    those that are known to, and to SGLang, whose models nobody knows, when somebody set it.
    """
    wire: OpenAIChatModelSettings = {}
    _common(wire, settings)
    if to.provider == "openrouter" and profile.get("supports_cache"):
        wire["cache"] = True  # it leads to Anthropic and Google, who cache what is marked
    if settings is None:
        return wire
    its_own = to.provider == "moonshot" and not _is_set(settings, "temperature")
    if not (its_own or reasons(to.model) or profile.get("openai_supports_reasoning")):
        wire["temperature"] = settings.temperature
    if reasons(to.model) or (to.provider == "sglang" and _is_set(settings, "reasoning")):
        _add_effort(wire, settings)
    if to.provider == "zai":
        _add_zais_thinking(wire, settings)
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
    _add_effort(wire, settings)
    return wire


def for_messages(settings: ModelSettings | None, profile: ModelProfile) -> WireSettings:
    """Settings for Anthropic's Messages; system, tools and the newest messages are cached."""
    wire: MessagesSettings = {
        "anthropic_cache_instructions": True,
        "anthropic_cache_tool_definitions": True,
        "anthropic_cache_messages": True,
    }
    _common(wire, settings)
    effort: Effort | None = getattr(settings, "effort", None)
    if effort is not None:
        wire["anthropic_effort"] = effort
    thinking = getattr(settings, "thinking", None)
    if settings is None:
        return wire
    if not isinstance(thinking, AnthropicThinking):  # settings of another provider
        _add_warmth(wire, settings, profile)
    elif thinking.type == "disabled":
        if not profile.get("thinking_always_enabled"):
            wire["anthropic_thinking"] = {"type": "disabled"}
        if settings.temperature != _HOTTEST:
            _add_warmth(wire, settings, profile)
    elif profile.get("anthropic_disallows_budget_thinking"):
        wire["anthropic_thinking"] = {"type": "adaptive"}
    else:
        budget = max(thinking.budget_tokens, _LEAST_BUDGET)
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
    _add_warmth(wire, settings, profile)
    reasoning: OpenAIReasoning | ChatGPTReasoning | None = getattr(settings, "reasoning", None)
    thinking = getattr(settings, "thinking", None)
    if reasoning is not None:
        level = reasoning.reasoning_effort
        wire["thinking"] = False if level == "none" else level
    elif thinking is not None:
        effort = getattr(settings, "effort", None) or True
        wire["thinking"] = thinking.type == "enabled" and effort
    return wire


def for_gemini(settings: ModelSettings | None, profile: ModelProfile) -> WireSettings:
    """Settings for Gemini. It has no word for ``parallel_tool_calls``: what is set is only kept.

    A budget that nobody set goes only to models that take budgets: newer ones choose a level.
    """
    wire: GoogleModelSettings = {}
    _common(wire, settings)
    wire.pop("parallel_tool_calls", None)
    if settings is not None:
        wire["temperature"] = settings.temperature
    config: GeminiThinking | None = getattr(settings, "thinking_config", None)
    if settings is None or config is None:
        return wire
    chosen = _is_set(settings, "thinking_config")
    if chosen or profile.get("supports_thinking"):
        thinks = config.thinking_budget != 0  # who does not think has no thoughts to include
        wire["google_thinking_config"] = {"include_thoughts": config.include_thoughts and thinks}
        if chosen or not profile.get("google_supports_thinking_level"):
            wire["google_thinking_config"]["thinking_budget"] = config.thinking_budget
    return wire


def force(wire: WireSettings, tools: Sequence[str], profile: ModelProfile, protocol: Wire) -> None:
    """Have one of these tools called, where the model can be told to.

    One that thinks cannot, with most providers. The tools that are offered stay the same, for their
    cache: of several it is only said that one has to be called, not which.
    """
    budget: Any = wire.get("anthropic_thinking") or {"type": "disabled"}
    thinks = wire.get("thinking") or budget["type"] != "disabled"
    never = not profile.get("supports_forced_tool_choice", True) or not profile.get(
        "supports_forced_tool_choice_with_thinking", True
    )
    refused = protocol == "converse" and not profile.get("bedrock_supports_tool_choice")
    if tools and not (thinks or never or refused):
        wire["tool_choice"] = list(tools) if len(tools) == 1 else "required"


def output(request: ChatRequest, wire: Wire) -> dict[str, Any]:
    """The form of the answer, as fields of the library's request parameters.

    Anthropic follows a schema strictly or not at all.
    """
    settings = request.settings
    wanted: ResponseFormat | None = getattr(settings, "response_format", None)
    match request.form or wanted or getattr(settings, "response_schema", None):
        case JsonSchemaFormat(json_schema=given):
            form = OutputObjectDefinition(
                json_schema=given.get("schema", given),
                name=given.get("name", "answer"),
                description=given.get("description"),
                strict=wire == "messages" or bool(given.get("strict", False)),
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
    strict: bool = getattr(settings, "strict", False)
    return settings is not None and _is_set(settings, "strict") and strict


def _add_effort(wire: "OpenAIChatModelSettings", settings: ModelSettings | None) -> None:
    """How hard a model of OpenAI's kind thinks, where the settings are of a class that says so."""
    reasoning: OpenAIReasoning | ChatGPTReasoning | None = getattr(settings, "reasoning", None)
    if reasoning is not None:
        wire["openai_reasoning_effort"] = reasoning.reasoning_effort


def _add_zais_thinking(wire: Any, settings: ModelSettings) -> None:
    """Whether a model of Z.ai's thinks, and whether it forgets what it thought before."""
    thinking: ZaiThinking | AnthropicThinking | None = getattr(settings, "thinking", None)
    if thinking is not None:
        wire["thinking"] = thinking.type == "enabled"
    if isinstance(thinking, ZaiThinking):
        wire["zai_clear_thinking"] = thinking.clear_thinking


def _common(wire: WireSettings, settings: ModelSettings | None) -> None:
    """What every protocol has. A limit is only sent where one was set: 4096 tokens cut answers."""
    wire["framing_announcement"] = "never"  # the system prompt is ours alone
    if settings is not None:
        if _is_set(settings, "max_output_tokens"):
            wire["max_tokens"] = settings.max_output_tokens
        if not settings.parallel_tool_calls:
            wire["parallel_tool_calls"] = False


def _add_warmth(wire: WireSettings, settings: ModelSettings | None, profile: ModelProfile) -> None:
    """The temperature, unless the model refuses a request that has one."""
    refused = ("anthropic_disallows_sampling_settings", "bedrock_disallows_sampling_settings")
    if settings is not None and not any(profile.get(flag) for flag in refused):
        wire["temperature"] = min(settings.temperature, _HOTTEST)


def _is_set(settings: ModelSettings, name: str) -> bool:
    return name in settings.model_fields_set
