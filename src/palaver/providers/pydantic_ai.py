"""Models through pydantic-ai: its `Model` layer only, which knows the protocols.

Importing this module imports the library, and opening a provider imports its client, which takes
seconds and tens of megabytes: only what is used is paid for, and `palaver.providers.remote` pays
for it off the event loop.
"""

import logging
import traceback
from array import array
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import httpx2
from pydantic_ai._genai_prices import preload_pricing_data
from pydantic_ai.messages import InstructionPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from palaver.domain.llm import ChatRequest, StreamEvent
from palaver.providers import encode, overheard, remedies, tokens, wire_settings
from palaver.providers.decode import Decoder
from palaver.providers.line import Line, Lines
from palaver.providers.table import Account

logger = logging.getLogger(__name__)


class PydanticAIChatModel:
    """Whatever model of an account a request names, over one pool of connections.

    `connect` and `idle` are in seconds. Nothing is tried twice here.
    """

    def __init__(self, account: Account, connect: float, idle: float) -> None:
        self._account = account
        self._timeout = httpx2.Timeout(idle, connect=connect)
        self._lines = _open(account, self._timeout)
        self._line = lru_cache(64)(self._lines.line)
        preload_pricing_data()  # or the first model would, on the event loop, for 0.2 s

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Answer, as `ChatModel.stream` says."""
        with self._explained(str(request.handle)):
            line = self._line(request.handle.model)
            decoder = Decoder(line.model.system, encode.call_ids(request.entries))
            messages = encode.messages(request.entries, line.model.system, line.wire, line.fetches)
            # For headers by which a ChatGPT subscription finds its cache again; nobody else looks.
            messages[-1].conversation_id = request.conversation or None
            settings, parameters = _settings(request, line), _parameters(request, line)
            wire_settings.force(settings, request.must_call, line.model.profile, line.wire)
            tokens.ask(settings, request, line, self._account.provider)
            async with line.model.request_stream(messages, settings, parameters) as reply:
                async for event in reply:
                    for said in decoder.hear(event):
                        yield said
                for said in decoder.end(reply.get()):
                    yield said

    async def embed(self, model: str, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """The vectors of texts, as `Vectorizer.embed` says."""
        with self._explained(f"{self._account.provider.name}/{model}"):
            from palaver.providers.openai_lines import OpenAILines

            assert isinstance(self._lines, OpenAILines)  # the catalog has nobody else asked
            answer = await self._lines.embedding(model).embed(texts, input_type="document")
            return [array("d", vector) for vector in answer.embeddings]

    async def preview(self, request: ChatRequest) -> dict[str, Any]:
        """The body that the provider would get, as `ChatModel.preview` says."""
        return await overheard.overhear(self.stream(request))

    async def close(self) -> None:
        """Close the connections."""
        await self._lines.close()

    @contextmanager
    def _explained(self, handle: str) -> Iterator[None]:
        """Say in our words what goes wrong with a model."""
        try:
            yield
        except remedies.Known as error:
            raise remedies.translated(error, self._account, self._timeout) from error
        except remedies.Nonsense as error:
            where = "".join(traceback.format_tb(error.__traceback__))  # words are not for the log
            logger.warning("%s: not an answer: %s\n%s", handle, type(error), where)
            raise remedies.translated(error, self._account, self._timeout) from error


def _open(account: Account, timeout: httpx2.Timeout) -> Lines:
    if account.provider.dialect == "anthropic":
        from palaver.providers.anthropic_lines import AnthropicLines

        return AnthropicLines(account, timeout)
    if account.provider.dialect == "gemini":
        from palaver.providers.gemini_lines import GeminiLines

        return GeminiLines(account, timeout)
    if account.provider.dialect == "bedrock":
        from palaver.providers.bedrock_lines import BedrockLines

        return BedrockLines(account, timeout)
    from palaver.providers.openai_lines import OpenAILines

    return OpenAILines(account, timeout)


def _settings(request: ChatRequest, line: Line) -> ModelSettings:
    match line.wire:
        case "chat":
            return wire_settings.for_chat(request.settings, request.handle, line.model.profile)
        case "responses":
            return wire_settings.for_responses(request.settings, request.conversation)
        case "messages":
            return wire_settings.for_messages(request.settings, line.model.profile)
        case "gemini":
            return wire_settings.for_gemini(request.settings, line.model.profile)
        case "converse":
            return wire_settings.for_converse(request.settings, line.model.profile)


def _parameters(request: ChatRequest, line: Line) -> ModelRequestParameters:
    strict = wire_settings.strict_tools(request.settings)
    return ModelRequestParameters(
        function_tools=[
            ToolDefinition(
                name=tool.name,
                parameters_json_schema=tool.parameters,
                description=tool.description,
                strict=strict,
            )
            for tool in request.tools
        ],
        instruction_parts=[InstructionPart(request.system)] if request.system.strip() else [],
        **wire_settings.output(request, line.wire),
    )
