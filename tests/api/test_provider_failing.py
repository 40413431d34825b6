"""Whatever goes wrong at a provider: a typed error, the partial text kept, and the next send works.

The other provider is the offline model, which fails when it is told to.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest

from palaver.providers.remote import Patience
from tests.api.here import OFFLINE, Client, Heard, joined, serving
from tests.fakes import anthropic_messages, chat, responses
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Answer, Call, Fault, Refusal, Reply

_FRAMES = {
    "openai/gpt-4o": chat.frames,
    "openai/gpt-5-mini": responses.frames,
    "anthropic/claude-sonnet-4-6": anthropic_messages.frames,
}
MODELS = tuple(_FRAMES)
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong, and how it must be told: in a stream, and as an HTTP answer."""

    answer: Answer
    error_type: str
    status: int
    stop: str = "llm_api_error"
    http_type: str = "llm_error"
    tries: int = 1


def _refusal(status: int, **headers: str) -> Refusal:
    return Refusal(status, {"type": "error", "error": {"message": "no"}}, headers)


BEFORE = {
    "401": Trouble(
        _refusal(401), "llm_authentication", 401, http_type="llm_authentication"
    ),
    "429": Trouble(
        _refusal(429, **{"retry-after": "30"}), "llm_rate_limit", 429, http_type="llm_rate_limit"
    ),
    "500": Trouble(_refusal(500), "llm_error", 500, tries=_TRIES),
    "stall": Trouble(Reply(fault=Fault("stall")), "llm_timeout", 504, http_type="llm_timeout"),
    "break": Trouble(Reply(fault=Fault("break")), "llm_error", 500, tries=_TRIES),
    "nonsense": Trouble(
        Reply(fault=Fault("nonsense")), "llm_error", 500, stop="invalid_llm_response"
    ),
    "no stream": Trouble(
        Refusal(200, "<html>Hello</html>"), "llm_error", 500, stop="invalid_llm_response"
    ),
}  # fmt: skip

AFTER = {
    "stall": ("llm_timeout", 504, "llm_api_error", "llm_timeout"),
    "break": ("llm_error", 500, "llm_api_error", "llm_error"),
    "nonsense": ("llm_error", 500, "invalid_llm_response", "llm_error"),
}


@pytest.fixture(scope="module")
def waits() -> list[float]:
    """How long the server would have waited before it asked again, in seconds."""
    return []


@pytest.fixture(scope="module")
async def client(file_url: str, fake: FakeProvider, waits: list[float]) -> AsyncIterator[Client]:
    """A client of a server that loses patience soon, and does not really wait to ask again."""

    async def note(seconds: float) -> None:
        waits.append(seconds)

    patience = Patience(idle=0.5, tries=_TRIES, sleep=note)
    environment = {"OPENAI_BASE_URL": fake.openai_url, "ANTHROPIC_BASE_URL": fake.url}
    async with serving(file_url, environment, patience) as client:
        yield client


@pytest.fixture(autouse=True)
def _begin_again(fake: FakeProvider, waits: list[float]) -> None:
    fake.forget()
    waits.clear()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", BEFORE)
async def test_a_failure_before_the_first_word_is_told_in_the_stream(
    client: Client, fake: FakeProvider, model: str, name: str
) -> None:
    trouble = BEFORE[name]
    conversation = await client.conversation(await client.agent(model=model))
    fake.script(*[trouble.answer] * trouble.tries)

    heard = await client.send(conversation, "Hi")

    await _check_told(client, conversation, heard, trouble)
    assert heard.messages == []
    assert len(await client.history(conversation)) == 2  # the system's and the input
    await _check_works_again(client, conversation)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", BEFORE)
async def test_a_failure_is_a_status_when_nothing_is_streamed(
    client: Client, fake: FakeProvider, model: str, name: str
) -> None:
    trouble = BEFORE[name]
    conversation = await client.conversation(await client.agent(model=model))
    fake.script(*[trouble.answer] * trouble.tries)

    await _check_status(client, conversation, trouble, "Hi")
    await _check_works_again(client, conversation)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", AFTER)
@pytest.mark.parametrize("tokens", [True, False])
async def test_what_was_said_before_a_failure_is_kept_and_marked(
    client: Client, fake: FakeProvider, model: str, kind: str, tokens: bool
) -> None:
    trouble = _mid_sentence(model, kind)
    conversation = await client.conversation(await client.agent(model=model))
    fake.script(trouble.answer)

    heard = await client.send(conversation, "Hi", stream_tokens=tokens)

    await _check_told(client, conversation, heard, trouble)
    said = (await client.history(conversation))[2:]
    assert [(one["content"], one["is_err"]) for one in said] == [("Hello", True)]
    assert joined(heard.messages) == said
    await _check_works_again(client, conversation)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", AFTER)
async def test_what_was_said_is_kept_also_when_nothing_is_streamed(
    client: Client, fake: FakeProvider, model: str, kind: str
) -> None:
    trouble = _mid_sentence(model, kind)
    conversation = await client.conversation(await client.agent(model=model))
    fake.script(trouble.answer)

    await _check_status(client, conversation, trouble, "Hi")

    said = (await client.history(conversation))[2:]
    assert [(one["content"], one["is_err"]) for one in said] == [("Hello", True)]
    await _check_works_again(client, conversation)


@pytest.mark.parametrize("model", MODELS)
async def test_nothing_said_after_a_tools_return_is_the_end_of_the_turn(
    client: Client, fake: FakeProvider, model: str
) -> None:
    conversation = await client.conversation(await client.agent(model=model))
    fake.script(Reply(parts=(Call(),)), Reply(parts=()))

    heard = await client.send(conversation, "Hi")

    assert (heard.text, heard.stop, heard.error) == ("", "end_turn", None)
    assert len(await client.history(conversation)) == 4
    assert (await client.newest_run(conversation))["status"] == "completed"
    await _check_works_again(client, conversation)


@pytest.mark.parametrize("model", MODELS)
async def test_a_short_wait_that_the_provider_asks_for_is_waited(
    client: Client, fake: FakeProvider, waits: list[float], model: str
) -> None:
    conversation = await client.conversation(await client.agent(model=model))
    fake.script(_refusal(429, **{"retry-after": "7"}))

    heard = await client.send(conversation, "Hi")

    assert (heard.text, heard.stop) == ("Hello you", "end_turn")
    assert waits == [7]


async def test_a_long_wait_is_passed_on(client: Client, fake: FakeProvider) -> None:
    conversation = await client.conversation(await client.agent(model=MODELS[0]))
    fake.script(BEFORE["429"].answer)

    answer = await _send(client, conversation, "Hi")

    assert answer.headers["retry-after"] == "30"
    assert answer.json()["error"]["retry_after"] == 30
    assert "wait 30 s" in answer.json()["error"]["message"]
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("model", MODELS)
async def test_a_full_window_is_told_by_its_code(
    client: Client, fake: FakeProvider, model: str
) -> None:
    conversation = await client.conversation(await client.agent(model=model))
    fake.script(_refusal(413))

    answer = await _send(client, conversation, "Hi")

    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("CONTEXT_WINDOW_EXCEEDED: ")


@pytest.mark.parametrize("model", MODELS)
async def test_a_provider_that_is_not_there(
    tmp_path_factory: pytest.TempPathFactory, model: str
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('palaver') / 'palaver.db'}"
    nowhere = {
        "OPENAI_BASE_URL": "http://127.0.0.1:1/v1",
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:1",
    }
    trouble = Trouble(Reply(), "llm_error", 500)
    async with serving(url, nowhere, Patience(tries=1)) as client:
        conversation = await client.conversation(await client.agent(model=model))

        heard = await client.send(conversation, "Hi")
        await _check_told(client, conversation, heard, trouble)
        await _check_status(client, conversation, trouble, "Hi")
        heard = await client.send(conversation, "Hi", override_model=OFFLINE)

    assert heard.stop == "end_turn"


OFFLINE_FAILURES = {
    "auth": Trouble(Reply(), "llm_authentication", 401, http_type="llm_authentication"),
    "credits": Trouble(
        Reply(), "llm_error", 402, "insufficient_credits", "llm_insufficient_credits"
    ),
    "rate_limit": Trouble(Reply(), "llm_rate_limit", 429, http_type="llm_rate_limit"),
    "overloaded": Trouble(Reply(), "llm_error", 503),
    "timeout": Trouble(Reply(), "llm_timeout", 504, http_type="llm_timeout"),
    "error": Trouble(Reply(), "llm_error", 500),
    "broken": Trouble(Reply(), "llm_error", 500, "invalid_llm_response"),
    "cut": Trouble(Reply(), "llm_error", 500),
    "nothing of that kind": Trouble(Reply(), "llm_error", 400, http_type="llm_bad_request"),
}


@pytest.mark.parametrize("kind", OFFLINE_FAILURES)
async def test_the_offline_model_fails_as_it_is_told(client: Client, kind: str) -> None:
    conversation = await client.conversation(await client.agent())
    trouble = OFFLINE_FAILURES[kind]

    heard = await client.send(conversation, f"[[fail: {kind}]]")
    await _check_told(client, conversation, heard, trouble)
    await _check_status(client, conversation, trouble, f"[[fail: {kind}]]")

    assert (await client.send(conversation, "Hi")).stop == "end_turn"


def _mid_sentence(model: str, kind: str) -> Trouble:
    """The trouble that comes after the first word, in the frames of the model's wire."""
    frames = _FRAMES[model](Reply(), {"model": model})
    after = next(n for n, frame in enumerate(frames, 1) if b'"Hello"' in frame)
    error_type, status, stop, http_type = AFTER[kind]
    match kind:
        case "stall":
            fault = Fault("stall", after)
        case "break":
            fault = Fault("break", after)
        case _:
            fault = Fault("nonsense", after)
    return Trouble(Reply(fault=fault), error_type, status, stop, http_type)


async def _send(client: Client, conversation: str, text: str) -> httpx2.Response:
    body = {"input": text, "streaming": False}
    return await client.ask("POST", f"/v1/conversations/{conversation}/messages", body)


async def _check_told(client: Client, conversation: str, heard: Heard, trouble: Trouble) -> None:
    """The stream ends as the contract says, and the run with it."""
    run = await client.newest_run(conversation)
    assert [frame["message_type"] for frame in heard.frames][-2:] == [
        "stop_reason",
        "error_message",
    ]
    assert heard.done
    assert heard.stop == trouble.stop
    assert heard.error is not None
    assert heard.error["error_type"] == trouble.error_type
    assert heard.error["run_id"] == run["id"]
    assert heard.error["message"]
    assert (run["status"], run["stop_reason"]) == ("failed", trouble.stop)


async def _check_status(client: Client, conversation: str, trouble: Trouble, text: str) -> None:
    answer = await _send(client, conversation, text)
    assert answer.status_code == trouble.status
    error = answer.json()["error"]
    assert error["type"] == trouble.http_type
    assert error["message"]
    assert answer.headers["x-should-retry"] == "false"
    run = await client.newest_run(conversation)
    assert (run["status"], run["stop_reason"]) == ("failed", trouble.stop)


async def _check_works_again(client: Client, conversation: str) -> None:
    heard = await client.send(conversation, "Are you there?")
    assert (heard.text, heard.stop) == ("Hello you", "end_turn")
    assert (await client.newest_run(conversation))["status"] == "completed"
