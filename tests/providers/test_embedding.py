"""Embedding models: what goes over the wire, and what becomes of odd answers."""

import math
from collections.abc import Sequence

import pytest

from palaver import errors
from palaver.domain.llm import Handle
from palaver.domain.meaning import Meaning
from palaver.providers.catalog import Catalog
from palaver.providers.embedding import DIALECTS, Embedder, described
from palaver.providers.remote import Patience
from palaver.providers.table import PROVIDERS, Provider
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Refusal
from tests.providers.rows import canary, environment

REMOTE = [row for row in PROVIDERS if row.dialect in DIALECTS and row.dialect != "offline"]
TRIGRAMS = "palaver/trigrams"


def embedder(url: str, handle: str, patience: Patience | None = None) -> tuple[Catalog, Embedder]:
    """An embedding model, where all providers are at `url`."""
    catalog = Catalog({**environment(url), "PALAVER_EMBEDDING": handle}, patience)
    assert catalog.embedder is not None
    return catalog, catalog.embedder


def near(one: Meaning, other: Meaning) -> float:
    """How near two meanings are."""
    return sum(a * b for a, b in zip(one.numbers, other.numbers, strict=True))


@pytest.mark.parametrize("provider", REMOTE, ids=lambda row: row.name)
async def test_every_provider_that_may_be_named_is_asked_for_vectors(
    fake: FakeProvider, provider: Provider
) -> None:
    catalog, model = embedder(fake.url, f"{provider.name}/text-small")

    sea, bread = await model.meanings(["The sea.", "A loaf."])

    assert fake.requests[0].path.partition("?")[0].endswith("/embeddings")
    assert canary(provider) in " ".join(fake.requests[0].headers.values())
    assert fake.bodies[0]["model"] == "text-small"
    assert fake.bodies[0]["input"] == ["The sea.", "A loaf."]
    assert sea.kind == model.kind == f"{provider.name}/text-small:4"
    assert near(sea, sea) == pytest.approx(1)
    assert near(sea, bread) < 0.2
    await catalog.close()


async def test_numbers_come_packed_or_plain(fake: FakeProvider) -> None:
    told = []
    for name in ("text-small", "text-plain"):
        catalog, model = embedder(fake.url, f"openai/{name}")
        assert model.config is None
        told.append([list(one.numbers) for one in await model.meanings(["sea ice", "x" * 1999])])
        assert model.config is not None
        assert model.config["embedding_dim"] == 4
        assert catalog.embedder is model
        (listed, *_) = await catalog.embeddings()
        assert (listed.handle, listed.embedding_dim) == (f"openai/{name}", 4)
        await catalog.close()
    assert told[0] == told[1]


async def test_what_may_pass_is_tried_again(fake: FakeProvider) -> None:
    async def at_once(_: float) -> None:
        pass

    catalog, model = embedder(fake.url, "openai/text-small", Patience(sleep=at_once))
    fake.script(Refusal(429, {}), Refusal(503, {}))
    assert len(await model.meanings(["sea"])) == 1
    assert len(fake.requests) == 3
    await catalog.close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Refusal(401, {"error": {"message": canary(REMOTE[0])}}), errors.AuthenticationFailed),
        (Refusal(400, {"error": {"message": "no"}}), errors.RequestRefused),
        (Refusal(500, {}), errors.ProviderFailed),
        (Refusal(200, {"data": []}), errors.BrokenReply),
        (Refusal(200, {"data": [{"index": 0, "embedding": []}]}), errors.BrokenReply),
        (Refusal(200, {"data": [{"index": 0, "embedding": ["x"]}]}), errors.LLMError),
        (Refusal(200, {"data": [{"index": 0, "embedding": None}]}), errors.LLMError),
        (Refusal(200, [1]), errors.LLMError),
        (Refusal(200, "words"), errors.LLMError),
    ],
)
async def test_what_is_no_answer_is_an_error_with_a_remedy(
    fake: FakeProvider, answer: Refusal, error: type[errors.LLMError]
) -> None:
    catalog, model = embedder(fake.url, "openai/text-small", Patience(tries=1))
    fake.script(answer)
    with pytest.raises(error) as raised:
        await model.meanings(["sea"])
    assert "canary" not in f"{raised.value} {raised.value.detail}"
    await catalog.close()


class Fixed:
    """Gives the same vectors, whatever it is asked."""

    def __init__(self, *vectors: Sequence[float]) -> None:
        self.vectors = vectors

    async def embed(self, model: str, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """The vectors."""
        return self.vectors


@pytest.mark.parametrize("vectors", [[], [[1.0], [2.0, 3.0]], [[], []], [[math.nan], [1.0]]])
async def test_vectors_that_are_none_are_refused(vectors: list[list[float]]) -> None:
    handle = Handle("some", "model")
    odd = Embedder(handle, described(handle, "openai", "", 0), Fixed(*vectors))
    with pytest.raises(errors.BrokenReply):
        await odd.meanings(["one", "two"])


@pytest.mark.parametrize(
    ("handle", "remedy"),
    [
        ("words", "must be provider/model"),
        ("nobody/knows", "the providers are"),
        ("openai/text-embedding-3-small", "set OPENAI_API_KEY"),
        ("anthropic/claude", "is not asked for vectors"),
        ("palaver/offline", "use palaver/trigrams"),
    ],
)
def test_what_cannot_be_used_is_refused_at_the_start(handle: str, remedy: str) -> None:
    with pytest.raises(errors.PalaverError, match=remedy):
        Catalog({"PALAVER_EMBEDDING": handle, "ANTHROPIC_API_KEY": "k"})


async def test_trigrams_know_words_by_their_letters() -> None:
    catalog, model = embedder("http://127.0.0.1:1", TRIGRAMS)
    parrot, misspelt, bread, again = await model.meanings(
        ["colourful parrots", "A COLURFUL PAROT!", "bread at dawn", "colourful parrots"]
    )
    assert parrot == again
    assert near(parrot, misspelt) > 0.4 > 2 * abs(near(parrot, bread))
    assert model.kind == "palaver/trigrams:256"
    assert [one.handle for one in await catalog.embeddings()][:1] == [TRIGRAMS]
