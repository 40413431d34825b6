"""Whatever goes wrong at a provider is an error of ours that says what to do."""

from typing import Any

import pytest

from palaver import errors
from palaver.domain.llm import TextDelta
from palaver.providers.catalog import Catalog
from palaver.providers.remote import Patience
from tests.fakes import bedrock, gemini
from tests.fakes.nowhere import deaf
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Answer, Fault, Refusal, Reply
from tests.providers import talk
from tests.providers.talk import (
    CHAT,
    CONVERSE,
    GEMINI,
    INVOKE,
    LONG,
    MESSAGES,
    RESPONSES,
    VERTEX,
)

MODELS = (CHAT, RESPONSES, MESSAGES, GEMINI, VERTEX, INVOKE, CONVERSE)
KEYS = {
    CHAT: "OPENAI_API_KEY",
    RESPONSES: "OPENAI_API_KEY",
    MESSAGES: "ANTHROPIC_API_KEY",
    GEMINI: "GEMINI_API_KEY",
    VERTEX: "GOOGLE_VERTEX_API_KEY",
    INVOKE: "AWS_BEARER_TOKEN_BEDROCK",
    CONVERSE: "AWS_BEARER_TOKEN_BEDROCK",
}


TOO_LONG = "The input token count (9) exceeds the maximum number of tokens allowed (8)."


def googles(status: int, word: str, message: str = "no", *details: dict[str, Any]) -> Refusal:
    return Refusal(status, gemini.error(status, word, message, *details))


def refusal(status: int, message: str = "no", **error: str) -> Refusal:
    body = {"type": "error", "message": message, "error": {"message": message, **error}}
    return Refusal(status, body)


STATUSES = [
    (refusal(400), errors.RequestRefused),
    (refusal(401), errors.AuthenticationFailed),
    (refusal(402), errors.CreditsExhausted),
    (refusal(403), errors.AuthenticationFailed),
    (refusal(404), errors.RequestRefused),
    (refusal(408), errors.LLMTimeout),
    (refusal(409), errors.RequestRefused),
    (refusal(413), errors.ContextOverflow),
    (refusal(422), errors.RequestRefused),
    (refusal(429), errors.RateLimited),
    (refusal(500), errors.ProviderFailed),
    (refusal(503), errors.Overloaded),
    (refusal(504), errors.LLMTimeout),
    (refusal(529), errors.Overloaded),
    (Refusal(502, "<html>Bad gateway</html>"), errors.ProviderFailed),
    (Refusal(200, "<html>Hello</html>"), errors.BrokenReply),
    (Refusal(200, ""), errors.BrokenReply),
]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("said", "kind"), STATUSES)
async def test_a_refusal_has_its_kind(
    fake: FakeProvider, models: Catalog, model: str, said: Refusal, kind: type[errors.LLMError]
) -> None:
    fake.script(said)

    with pytest.raises(errors.LLMError) as caught:
        await talk.answer(models, model)

    if model in (INVOKE, CONVERSE) and said.status == 403:
        kind = errors.PermissionMissing  # Amazon says by a word of its own when it is about the key
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("model", "said", "kind"),
    [
        (CHAT, refusal(429, code="insufficient_quota"), errors.CreditsExhausted),
        (CHAT, refusal(400, code="context_length_exceeded"), errors.ContextOverflow),
        (RESPONSES, refusal(400, code="context_length_exceeded"), errors.ContextOverflow),
        (
            MESSAGES,
            refusal(400, "prompt is too long: 9 > 8", type="invalid_request_error"),
            errors.ContextOverflow,
        ),
        (
            MESSAGES,
            refusal(400, "Your credit balance is too low", type="invalid_request_error"),
            errors.CreditsExhausted,
        ),
        (GEMINI, googles(400, "INVALID_ARGUMENT", TOO_LONG), errors.ContextOverflow),
        (VERTEX, googles(400, "INVALID_ARGUMENT", TOO_LONG), errors.ContextOverflow),
        (
            GEMINI,
            googles(400, "INVALID_ARGUMENT", "no", {"reason": "API_KEY_INVALID"}),
            errors.AuthenticationFailed,
        ),
        (VERTEX, googles(403, "PERMISSION_DENIED"), errors.AuthenticationFailed),
        (GEMINI, googles(404, "NOT_FOUND"), errors.RequestRefused),
        (GEMINI, googles(429, "RESOURCE_EXHAUSTED"), errors.RateLimited),
        (
            GEMINI,
            googles(429, "RESOURCE_EXHAUSTED", "no", {"violations": [{"quotaId": "PerDay"}]}),
            errors.CreditsExhausted,
        ),
        (VERTEX, googles(503, "UNAVAILABLE"), errors.Overloaded),
    ],
)
async def test_a_refusal_is_told_by_what_it_says(
    fake: FakeProvider, models: Catalog, model: str, said: Answer, kind: type[errors.LLMError]
) -> None:
    fake.script(said)

    with pytest.raises(kind):
        await talk.answer(models, model)


AMAZONS = [
    (400, "ValidationException", "Input is too long for requested model.", errors.ContextOverflow),
    (400, "ValidationException", "temperature: bad", errors.RequestRefused),
    (400, "ServiceQuotaExceededException", "no", errors.CreditsExhausted),
    (403, "AccessDeniedException", "no", errors.PermissionMissing),
    (403, "ExpiredTokenException", "no", errors.AuthenticationFailed),
    (403, "UnrecognizedClientException", "no", errors.AuthenticationFailed),
    (403, "InvalidSignatureException", "no", errors.AuthenticationFailed),
    (403, "MissingAuthenticationTokenException", "no", errors.AuthenticationFailed),
    (404, "ResourceNotFoundException", "no", errors.RequestRefused),
    (408, "ModelTimeoutException", "no", errors.LLMTimeout),
    (424, "ModelErrorException", "no", errors.ProviderFailed),
    (429, "ThrottlingException", "no", errors.RateLimited),
    (429, "ModelNotReadyException", "no", errors.Overloaded),
    (500, "InternalServerException", "no", errors.ProviderFailed),
    (503, "ServiceUnavailableException", "no", errors.Overloaded),
]


@pytest.mark.parametrize("model", [INVOKE, CONVERSE])
@pytest.mark.parametrize(("status", "word", "message", "kind"), AMAZONS)
async def test_a_refusal_of_amazons_has_its_kind(
    fake: FakeProvider,
    models: Catalog,
    model: str,
    status: int,
    word: str,
    message: str,
    kind: type[errors.LLMError],
) -> None:
    fake.script(bedrock.refusal(status, word, message))

    with pytest.raises(errors.LLMError) as caught:
        await talk.answer(models, model)

    assert type(caught.value) is kind
    assert message in caught.value.detail


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("break", 0), errors.ProviderFailed),
        (Fault("break", 3), errors.ProviderFailed),
        (Fault("nonsense", 3), errors.BrokenReply),
        (Fault("end", 0), errors.BrokenReply),
        (Fault("end", 3), errors.BrokenReply),
    ],
)
async def test_a_stream_that_breaks_has_its_kind(
    fake: FakeProvider, models: Catalog, model: str, fault: Fault, kind: type[errors.LLMError]
) -> None:
    fake.script(Reply(LONG, fault=fault))

    with pytest.raises(errors.LLMError) as caught:
        await talk.answer(models, model)

    assert type(caught.value) is kind


EXCEPTIONS = [
    (INVOKE, "modelTimeoutException", errors.LLMTimeout),
    *(
        (model, word, kind)
        for model in (INVOKE, CONVERSE)
        for word, kind in [
            ("throttlingException", errors.RateLimited),
            ("serviceUnavailableException", errors.Overloaded),
            ("internalServerException", errors.ProviderFailed),
            ("modelStreamErrorException", errors.ProviderFailed),
            ("validationException", errors.RequestRefused),
            ("unheardOfException", errors.ProviderFailed),
        ]
    ),
]


@pytest.mark.parametrize(
    ("model", "error", "kind"),
    [
        (CHAT, {"message": "x", "code": "server_is_overloaded"}, errors.Overloaded),
        (CHAT, {"message": "x", "type": "server_error"}, errors.ProviderFailed),
        (CHAT, {"message": "x"}, errors.ProviderFailed),
        (RESPONSES, {"message": "x", "code": "rate_limit_exceeded"}, errors.RateLimited),
        (RESPONSES, {"message": "x", "code": "server_error"}, errors.ProviderFailed),
        (MESSAGES, {"message": "x", "type": "overloaded_error"}, errors.Overloaded),
        (MESSAGES, {"message": "x", "type": "api_error"}, errors.ProviderFailed),
        (GEMINI, {"message": "x"}, errors.Overloaded),
        (VERTEX, {"message": "x", "code": 429, "status": "RESOURCE_EXHAUSTED"}, errors.RateLimited),
        (GEMINI, {"message": "x", "code": 500, "status": "INTERNAL"}, errors.ProviderFailed),
        *((model, {"message": "x", "type": word}, kind) for model, word, kind in EXCEPTIONS),
    ],
)
async def test_an_error_in_mid_stream_has_its_kind_and_comes_after_the_words(
    fake: FakeProvider,
    models: Catalog,
    model: str,
    error: dict[str, Any],
    kind: type[errors.LLMError],
) -> None:
    fake.script(Reply(LONG, fault=Fault("error", 5), error=error))
    handle, chat = models.resolve(model)
    heard = []

    with pytest.raises(errors.LLMError) as caught:
        async for event in chat.stream(talk.request(handle)):
            heard.append(event)

    assert type(caught.value) is kind
    assert isinstance(heard[0], TextDelta)


FULL = [
    "This model's maximum prompt length is 131072 but the request contains 202102 tokens.",
    "Invalid request: Your request exceeded model token limit: 131072",
    "Prompt exceeds max length",
    "The input (9000 tokens) is longer than the model's context length (4096 tokens).",
    "This model's maximum context length is 8192 tokens.",
    "Please reduce the length of the messages or completion.",
    "`inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000 `inputs` tokens",
    "the request exceeds the available context size, try increasing it",
    "input length and `max_tokens` exceed context limit: 199000 + 8192 > 200000",
    "The input token count (9) exceeds the maximum number of tokens allowed (8).",
    "Input is too long for requested model.",
    "Your input exceeds the context window of this model.",
]
BROKE = [
    "Insufficient Balance",
    "Your team has either used all available credits or reached its monthly spending limit.",
    "Your newly created team doesn't have any credits or licenses yet.",
    "exceeded_current_quota_error",
    "Insufficient balance or no resource package. Please recharge.",
    "This request requires more credits; you have insufficient credits.",
]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("words", FULL)
@pytest.mark.parametrize("status", [400, 422])
async def test_each_ones_words_for_a_full_window_are_known(
    fake: FakeProvider, models: Catalog, model: str, words: str, status: int
) -> None:
    fake.script(refusal(status, words))

    with pytest.raises(errors.ContextOverflow, match="compact"):
        await talk.answer(models, model)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("words", BROKE)
@pytest.mark.parametrize("status", [400, 402, 403, 429])
async def test_each_ones_words_for_an_empty_account_are_known(
    fake: FakeProvider, models: Catalog, model: str, words: str, status: int
) -> None:
    fake.script(refusal(status, words))

    with pytest.raises(errors.CreditsExhausted, match="top it up"):
        await talk.answer(models, model)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("after", [0, 4])
async def test_silence_ends_in_a_timeout(fake: FakeProvider, model: str, after: int) -> None:
    models = talk.catalog(fake, Patience(idle=0.2, tries=1))
    fake.script(Reply(LONG, fault=Fault("stall", after)))

    with pytest.raises(errors.LLMTimeout, match=r"nothing for 0.2 s.*PALAVER_LLM_IDLE_TIMEOUT"):
        await talk.answer(models, model)

    await models.close()


@pytest.mark.parametrize("model", MODELS)
async def test_a_model_that_does_not_begin_ends_in_a_timeout(
    fake: FakeProvider, models: Catalog, model: str
) -> None:
    await talk.answer(models, model)  # its library is imported now
    impatient = talk.catalog(fake, Patience(first_event=0.3))
    # The connection has brought something by then, except Google's: words come first on it.
    fake.script(Reply(fault=Fault("stall", 0 if model in (GEMINI, VERTEX) else 1)))

    with pytest.raises(errors.LLMTimeout, match=r"within 0.3 s.*PALAVER_LLM_FIRST_EVENT_TIMEOUT"):
        await talk.answer(impatient, model)

    assert len(fake.requests) == 2
    await impatient.close()


@pytest.mark.parametrize("model", MODELS)
async def test_a_server_that_takes_up_no_connection_ends_in_a_timeout(model: str) -> None:
    async with deaf() as url:
        models = talk.catalog_at(url, Patience(connect=0.2, tries=1))

        with pytest.raises(errors.LLMTimeout, match=r"within 0.2 s.*PALAVER_LLM_CONNECT_TIMEOUT"):
            await talk.answer(models, model)

        await models.close()


@pytest.mark.parametrize("model", MODELS)
async def test_a_server_that_is_not_there_is_a_failed_connection(model: str) -> None:
    async with FakeProvider() as fake:
        models = talk.catalog(fake)

    with pytest.raises(errors.ProviderFailed, match="_URL") as caught:
        await talk.answer(models, model)

    assert "connection attempts failed" in caught.value.detail

    await models.close()


@pytest.mark.parametrize("model", MODELS)
async def test_an_error_names_the_variable_and_never_the_key(
    fake: FakeProvider, models: Catalog, model: str
) -> None:
    known = f"{talk.OPENAI_KEY} {talk.ANTHROPIC_KEY} {talk.GEMINI_KEY} {talk.VERTEX_TOKEN}"
    keys = f"{known} sk-proj-1234***6789 Bearer abcdefgh"
    if model in (INVOKE, CONVERSE):
        keys += f" {bedrock.TOKEN}"
    fake.script(refusal(401, f"Incorrect API key provided: {keys} {'x' * 5_000}"))

    with pytest.raises(errors.AuthenticationFailed, match=KEYS[model]) as caught:
        await talk.answer(models, model)

    said = str(caught.value) + caught.value.detail
    assert "Incorrect API key provided" in said
    assert len(caught.value.detail) <= 2_000
    assert not any(key in said for key in ["0123456789", "6789", "abcdefgh"])
