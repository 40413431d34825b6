"""How likely the tokens of an answer were, asked for and told on OpenAI's wires."""

import pytest

from palaver.domain.llm import Completion, StreamEvent
from palaver.domain.model_settings import OpenAIModelSettings, OpenAIReasoning
from palaver.providers.catalog import Catalog
from tests.fakes import tokens
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Reply, Say
from tests.providers.talk import CHAT, LOOK, MESSAGES, RESPONSES, answer, asks, returns, spoken

SILENT = "openai/gpt-5.1"  # may be told not to reason, and then tells
NO_REASONING = OpenAIModelSettings(reasoning=OpenAIReasoning(reasoning_effort="none"))


def completion(events: list[StreamEvent]) -> Completion:
    last = events[-1]
    assert isinstance(last, Completion)
    return last


@pytest.mark.parametrize(("model", "in_bytes"), [(CHAT, True), (SILENT, False)])
@pytest.mark.parametrize("wanted", [0, 2])
async def test_each_token_is_told_with_its_alternatives(
    fake: FakeProvider, models: Catalog, model: str, in_bytes: bool, wanted: int
) -> None:
    heard = await answer(models, model, settings=NO_REASONING, logprobs=wanted)

    told = completion(heard).token_details
    assert told is not None and told.logprobs is not None
    assert told.rows is None
    assert told.logprobs.model_dump(exclude_none=True)["content"] == [
        tokens.likely(piece, wanted, in_bytes=in_bytes) for piece in ("Hello", " you")
    ]


@pytest.mark.parametrize("model", [CHAT, SILENT])
async def test_likelihoods_are_neither_kept_with_the_words_nor_sent_back(
    fake: FakeProvider, models: Catalog, model: str
) -> None:
    fake.script(Reply((Say(), Call())))
    heard = await answer(models, model, settings=NO_REASONING, logprobs=2, tools=(LOOK,))
    said = spoken(heard, model)

    await answer(models, model, asks("hi"), said, returns("call_1"), logprobs=None)

    assert "logprob" not in said.model_dump_json()
    assert "logprob" not in str(fake.bodies[-1])


@pytest.mark.parametrize("model", [CHAT, RESPONSES, MESSAGES])
async def test_nobody_is_asked_who_need_not_tell(
    fake: FakeProvider, models: Catalog, model: str
) -> None:
    heard = await answer(models, model)

    assert "logprobs" not in str(fake.bodies[-1])
    assert completion(heard).token_details is None


@pytest.mark.parametrize("model", [RESPONSES, MESSAGES])
async def test_who_does_not_tell_is_not_asked(
    fake: FakeProvider, models: Catalog, model: str
) -> None:
    heard = await answer(models, model, logprobs=2, token_ids=True)

    sent = str(fake.bodies[-1])
    assert "logprobs" not in sent and "token_ids" not in sent
    assert completion(heard).token_details is None
