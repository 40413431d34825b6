"""Whatever goes wrong at a provider is an error of ours that says what to do."""

import pytest

from palaver import errors
from palaver.domain.llm import TextDelta
from palaver.providers.catalog import Catalog
from palaver.providers.remote import Patience
from tests.fakes import bedrock
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Answer, Fault, Refusal, Reply
from tests.providers import talk
from tests.providers.talk import CHAT, CONVERSE, INVOKE, MESSAGES, RESPONSES

MODELS = (CHAT, RESPONSES, MESSAGES, INVOKE, CONVERSE)
KEYS = {
    CHAT: "OPENAI_API_KEY",
    RESPONSES: "OPENAI_API_KEY",
    MESSAGES: "ANTHROPIC_API_KEY",
    INVOKE: "AWS_BEARER_TOKEN_BEDROCK",
    CONVERSE: "AWS_BEARER_TOKEN_BEDROCK",
}


def refusal(status: int, message: str = "no", **error: str) -> Refusal:
    body = {"type": "error", "message": message, "error": {"message": message, **error}}
    return Refusal(status, body)


STATUSES = [
    (refusal(400), errors.RequestRefused),
    (refusal(401), errors.AuthenticationFailed),
    (refusal(402), errors.CreditsExhausted),
    (refusal(403), errors.AuthenticationFailed),
    (refusal(404), errors.RequestRefused),
    (refusal(413), errors.RequestRefused),
    (refusal(429), errors.RateLimited),
    (refusal(500), errors.ProviderFailed),
    (refusal(503), errors.Overloaded),
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
    (403, "AccessDeniedException", "no", errors.AuthenticationFailed),
    (403, "ExpiredTokenException", "no", errors.AuthenticationFailed),
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
    fake.script(Reply(fault=fault))

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
        *((model, {"message": "x", "type": word}, kind) for model, word, kind in EXCEPTIONS),
    ],
)
async def test_an_error_in_mid_stream_has_its_kind_and_comes_after_the_words(
    fake: FakeProvider,
    models: Catalog,
    model: str,
    error: dict[str, str],
    kind: type[errors.LLMError],
) -> None:
    fake.script(Reply(fault=Fault("error", 5), error=error))
    handle, chat = models.resolve(model)
    heard = []

    with pytest.raises(errors.LLMError) as caught:
        async for event in chat.stream(talk.request(handle)):
            heard.append(event)

    assert type(caught.value) is kind
    assert isinstance(heard[0], TextDelta)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("after", [0, 4])
async def test_silence_ends_in_a_timeout(fake: FakeProvider, model: str, after: int) -> None:
    models = talk.catalog(fake, Patience(silence=0.2, tries=1))
    fake.script(Reply(fault=Fault("stall", after)))

    with pytest.raises(errors.LLMTimeout):
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
    keys = f"{talk.OPENAI_KEY} {talk.ANTHROPIC_KEY} sk-proj-1234***6789 Bearer abcdefgh"
    if model in (INVOKE, CONVERSE):
        keys += f" {bedrock.TOKEN}"
    fake.script(refusal(401, f"Incorrect API key provided: {keys} {'x' * 5_000}"))

    with pytest.raises(errors.AuthenticationFailed, match=KEYS[model]) as caught:
        await talk.answer(models, model)

    said = str(caught.value) + caught.value.detail
    assert "Incorrect API key provided" in said
    assert len(caught.value.detail) <= 2_000
    assert not any(key in said for key in ["0123456789", "6789", "abcdefgh"])
