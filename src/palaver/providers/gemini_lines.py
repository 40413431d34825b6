"""Google's Gemini, by either of its doors: its own API, and Vertex."""

import mimetypes
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, Literal

import httpx2
from google.auth.exceptions import GoogleAuthError
from google.genai import Client
from google.genai.types import (
    Candidate,
    Content,
    FunctionDeclaration,
    GenerateContentConfig,
    GenerateContentResponse,
    GenerateContentResponseUsageMetadata,
    HttpOptions,
    HttpResponse,
    Part,
    Tool,
)
from google.oauth2.credentials import Credentials
from pydantic_ai.messages import BinaryContent, FileUrl, ImageUrl, UploadedFile
from pydantic_ai.models import StreamedResponse
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.profiles import merge_profile
from pydantic_ai.profiles.google import GoogleModelProfile
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.google_cloud import GoogleCloudProvider

from palaver.errors import AuthenticationFailed, RequestRefused
from palaver.providers.certificates import trusted
from palaver.providers.line import PROFILE, Line
from palaver.providers.overheard import hear, listen
from palaver.providers.table import NO_KEY, Account

_answers: ContextVar[list[httpx2.Response]] = ContextVar("answers")  # of this task's stream
_ACCESS_TOKEN = "ya29."  # how Google's begin
# Whether a schema for the answer goes together with tools is for each model to say, not for us.
_PROFILE = merge_profile(PROFILE, GoogleModelProfile(google_supports_tool_combination=True))

for _type in (  # of the first request and its answer; they are made ready at their first use
    *(FunctionDeclaration, Tool, GenerateContentConfig, HttpResponse, GenerateContentResponse),
    *(Candidate, Content, Part, GenerateContentResponseUsageMetadata),
):
    _type.model_rebuild()  # here, in the thread: else 60 ms on the event loop


class GeminiLines:
    """The models of an account, over one pool of connections.

    On Vertex the key is an access token or an API key; without one, the first call looks for the
    credentials of the machine, as all of Google's libraries do.
    """

    def __init__(self, account: Account, timeout: httpx2.Timeout) -> None:
        async def patiently(request: httpx2.Request) -> None:
            request.extensions["timeout"] = timeout.as_dict()  # the client has but one for all

        async def remember(response: httpx2.Response) -> None:
            _answers.get().append(response)

        hooks: dict[str, list[Callable[..., Any]]] = {
            "request": [patiently, listen],
            "response": [remember, hear],
        }
        self._http = httpx2.AsyncClient(event_hooks=hooks, verify=trusted())
        options = HttpOptions(
            base_url=account.url or None,
            httpx_async_client=self._http,
            # For ways that are not gone here: else the library reads all certificates for each.
            client_args={"verify": trusted()},
            async_client_args={"ssl": trusted()},
        )
        self._provider: GoogleProvider | GoogleCloudProvider
        if account.provider.name == "google_vertex":
            self._client = Client(vertexai=True, http_options=options, **_identity(account))
            self._provider = GoogleCloudProvider(client=self._client)
        else:
            self._client = Client(vertexai=False, http_options=options, api_key=account.key)
            self._provider = GoogleProvider(client=self._client)

    def line(self, name: str) -> Line:
        """The model called `name`."""
        return Line("gemini", _Model(name, provider=self._provider, profile=_PROFILE))

    async def close(self) -> None:
        """Close the connections."""
        self._client.close()
        await self._http.aclose()


class _Model(GoogleModel):
    @asynccontextmanager
    async def request_stream(self, *asked: Any, **more: Any) -> AsyncGenerator[StreamedResponse]:
        """The stream, hung up when it is left: the library would leave that to the garbage."""
        answers: list[httpx2.Response] = []
        _answers.set(answers)
        try:
            async with super().request_stream(*asked, **more) as reply:
                yield reply
        except GoogleAuthError as error:
            remedy = "set GOOGLE_APPLICATION_CREDENTIALS or PALAVER_GOOGLE_VERTEX_API_KEY"
            raise AuthenticationFailed(
                f"google_vertex has no credentials that work; {remedy}.", detail=str(error)
            ) from error
        finally:
            for answer in answers:
                await answer.aclose()

    async def _resolve_file(
        self, file: FileUrl | BinaryContent | UploadedFile
    ) -> tuple[Literal["inline"], bytes, str] | tuple[Literal["file"], str, str]:
        """An image at a URL is fetched by Google: the library would do it from here."""
        if not isinstance(file, ImageUrl):
            return await super()._resolve_file(file)
        kind, _ = mimetypes.guess_type(httpx2.URL(file.url).path)
        return "file", file.url, kind or "image/jpeg"


def _identity(account: Account) -> dict[str, Any]:
    """Who we are on Vertex. An API key does without a project."""
    project = account.options.get("project")
    if account.key != NO_KEY and not account.key.startswith(_ACCESS_TOKEN):
        where = {"project": project, "location": _location(account)} if project else {}
        return {"api_key": account.key, **where}
    if not project:
        raise RequestRefused("google_vertex needs a project; set GOOGLE_CLOUD_PROJECT.")
    token = None if account.key == NO_KEY else Credentials(account.key)  # type: ignore[no-untyped-call]
    return {"credentials": token, "project": project, "location": _location(account)}


def _location(account: Account) -> str:
    return account.options.get("location", "global")
