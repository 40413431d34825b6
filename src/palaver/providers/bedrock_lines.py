"""Amazon Bedrock: Anthropic's Messages for Claude, Converse for every other model.

Amazon's own client waits for each event in a thread, and a thread cannot be cancelled. So nothing
of it is used here but the tables that say how a request is written and an answer read: the bytes
go over a connection as everywhere else, and a run that is left closes it. Nor is anything found
that its client would look for: no profile, no key of the process, no credentials of the host.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import httpx2
from anthropic import AsyncAnthropicBedrock, DefaultAsyncHttpxClient
from anthropic.lib.bedrock._stream_decoder import (
    AWSEventStreamDecoder,
    get_response_stream_shape,
)
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ClientError, EventStreamError, ParamValidationError
from botocore.hooks import HierarchicalEmitter
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import EventStreamJSONParser, create_parser
from botocore.serialize import create_serializer
from pydantic_ai.exceptions import UserError
from pydantic_ai.messages import ModelMessage, ModelResponseStreamEvent
from pydantic_ai.models import ModelRequestParameters, StreamedResponse
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.bedrock import (
    BedrockConverseModel,
    BedrockStreamedResponse,
    _map_api_errors,
)
from pydantic_ai.profiles import merge_profile
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.bedrock import BedrockModelProfile, BedrockProvider
from pydantic_ai.settings import ModelSettings

from palaver.providers.certificates import trusted
from palaver.providers.line import PROFILE, Line
from palaver.providers.overheard import HOOKS
from palaver.providers.table import NO_KEY, Account

# At DEBUG it would write down what it signs, a session's token among that, and what it reads.
logging.getLogger("botocore").setLevel(logging.INFO)

_REGION = "us-east-1"
_CALL = "ConverseStream"
_CACHED = {
    "cacheReadInputTokens": "cache_read_input_tokens",
    "cacheWriteInputTokens": "cache_creation_input_tokens",
}

# What a model takes is Amazon's to say, and reasoning goes back to whoever signed it.
_PROFILE = merge_profile(
    PROFILE,
    BedrockModelProfile(
        bedrock_send_back_thinking_parts=True,
        bedrock_supported_on_converse=True,
        supports_json_schema_output=True,
    ),
)


class BedrockLines:
    """The models of an account, over one pool of connections."""

    def __init__(self, account: Account, timeout: httpx2.Timeout) -> None:
        region = account.options.get("region", _REGION)
        url = account.url or f"https://bedrock-runtime.{region}.amazonaws.com"
        signed = account.key == NO_KEY and "access_key" in account.options
        self._http = DefaultAsyncHttpxClient(
            auth=_Signature(account, region) if signed else None,
            headers={} if signed else {"authorization": f"Bearer {account.key}"},
            timeout=timeout,
            event_hooks=HOOKS,
            verify=trusted(),
        )
        self._claude = _ClaudeProvider(
            anthropic_client=_ClaudeClient(
                api_key=account.key,  # a signature takes its place
                aws_region=region,
                base_url=url,
                timeout=timeout,
                max_retries=0,
                http_client=self._http,
            )
        )
        self._amazon = _Amazon(url)
        get_response_stream_shape()  # Claude's table: read now, as the event loop must not wait

    def line(self, name: str) -> Line:
        """The model called `name`: Claude by Messages, any other by Converse."""
        if "anthropic.claude" in name:
            claude = _Claude(name, provider=self._claude, profile=PROFILE)
            return Line("messages", claude, fetches=False)
        return Line("converse", _Converse(name, self._amazon, self._http), fetches=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


class _Signature(httpx2.Auth):
    """Signs what goes out with the account's keys."""

    requires_request_body = True

    def __init__(self, account: Account, region: str) -> None:
        kept = (account.options.get(n) for n in ("access_key", "secret_key", "session_token"))
        self._signer = SigV4Auth(Credentials(*kept), "bedrock", region)

    def auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        said = AWSRequest(
            request.method,
            str(request.url),
            headers={"content-type": request.headers["content-type"]},
            data=request.content,
        )
        self._signer.add_auth(said)
        request.headers.update(dict(said.headers.items()))
        yield request


class _Amazon:
    """What the library and we need of Amazon's client: it reads and writes, and sends nothing."""

    def __init__(self, url: str) -> None:
        service = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))
        self.meta = SimpleNamespace(
            endpoint_url=url, service_model=service, events=HierarchicalEmitter()
        )
        self._call = service.operation_model(_CALL)
        self._serializer = create_serializer("rest-json")
        self._parser = create_parser("rest-json")
        self._event_parser = EventStreamJSONParser()

    def converse_stream(self, **asked: Any) -> dict[str, Any]:
        """The request as it is written, in place of the answer."""
        try:
            return {"stream": self._serializer.serialize_to_request(asked, self._call)}
        except ParamValidationError as error:
            raise UserError(str(error)) from error

    async def refusal(self, response: httpx2.Response) -> ClientError:
        """The error that the response is."""
        told = {
            "status_code": response.status_code,
            "headers": response.headers,
            "body": await response.aread(),
        }
        return ClientError(self._parser.parse(told, self._call.output_shape), _CALL)

    async def events(self, response: httpx2.Response) -> AsyncGenerator[dict[str, Any], None]:
        """The events of the answer. Raises what comes as an exception among them."""
        shape = self._call.get_event_stream_output()
        buffer = EventStreamBuffer()
        async for data in response.aiter_bytes():
            buffer.add_data(data)
            for message in buffer:
                told = message.to_response_dict()
                event = self._event_parser.parse(told, shape)
                if told["status_code"] != 200:
                    raise EventStreamError(event, _CALL)
                yield event


class _Converse(BedrockConverseModel):
    def __init__(self, name: str, amazon: _Amazon, http: httpx2.AsyncClient) -> None:
        super().__init__(name, provider=BedrockProvider(bedrock_client=amazon), profile=_PROFILE)
        self._amazon = amazon
        self._http = http

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: Any = None,
    ) -> AsyncGenerator[StreamedResponse, None]:
        settings: Any
        settings, parameters = self.prepare_request(model_settings, model_request_parameters)
        asked: Any = await self._messages_create(messages, True, settings, parameters)
        asked = asked["stream"]
        url = f"{self.base_url}{asked['url_path']}"
        with _map_api_errors(self.model_name):
            async with self._http.stream(
                "POST", url, content=asked["body"], headers=asked["headers"]
            ) as response:
                if response.status_code >= 300:
                    raise await self._amazon.refusal(response)
                answer = _Answer(
                    model_request_parameters=parameters,
                    _model_name=self.model_name,
                    _model_profile=cast(BedrockModelProfile, self.profile),
                    _event_stream=self._amazon.events(response),
                    _provider_name=self.system,
                    _model_id_namespace=self.system,
                    _provider_url=self.base_url,
                )
                answer.provider_response_id = response.headers.get("x-amzn-requestid")
                yield answer


class _ClaudeProvider(AnthropicProvider):
    @property
    def name(self) -> str:
        return "bedrock_claude"  # its seals are neither for Anthropic's own door nor for Converse


class _ClaudeClient(AsyncAnthropicBedrock):
    def _make_sse_decoder(self) -> AWSEventStreamDecoder:
        return _ClaudeDecoder()


class _ClaudeDecoder(AWSEventStreamDecoder):
    def _parse_message_from_event(self, event: Any) -> Any:
        told = event.to_response_dict()
        if told["status_code"] != 200:
            error = self.parser.parse(told, get_response_stream_shape())
            raise EventStreamError(error, "InvokeModelWithResponseStream")
        return super()._parse_message_from_event(event)


class _Claude(AnthropicModel):
    """Claude, with what Amazon throws into its answers told as the library tells it of Converse."""

    @asynccontextmanager
    async def request_stream(self, *given: Any) -> AsyncGenerator[StreamedResponse, None]:
        with _map_api_errors(self.model_name):
            async with super().request_stream(*given) as answer:
                yield answer


class _Answer(BedrockStreamedResponse):
    async def _get_event_iterator(self) -> AsyncIterator[ModelResponseStreamEvent]:
        with _map_api_errors(self._model_name):
            async for chunk in self._event_stream:
                for event in self._map_chunk(chunk):
                    yield event
                counted = chunk.get("metadata", {}).get("usage", {})
                for name in _CACHED.keys() & counted.keys():  # the library keeps no 0 of these
                    self._usage.details[_CACHED[name]] = counted[name]

    async def close_stream(self) -> None:
        await self._event_stream.aclose()
