"""The embedding model that the operator has chosen: texts in, what they mean out.

``palaver/trigrams`` is the one that needs no network: it knows no language, only which words have
letters in common, so that a word is near its other forms and its misspellings.
"""

import math
from array import array
from collections.abc import Sequence
from typing import Any, Protocol
from zlib import crc32

from palaver.domain.llm import Handle
from palaver.domain.llm_model import EmbeddingModel
from palaver.domain.meaning import TEXT_LIMIT, Meaning
from palaver.domain.words import words_of
from palaver.errors import BrokenReply

TRIGRAMS = "trigrams"

DIALECTS = ("openai", "chat", "sglang", "offline")
"""Those who are asked for vectors: OpenAI's ``/embeddings``, and the offline one."""

_CONFIG = (
    "handle", "embedding_model", "embedding_dim", "embedding_endpoint_type", "embedding_endpoint",
    "embedding_chunk_size", "batch_size",
)  # fmt: skip
_ENDPOINTS = ("openai", "azure", "groq", "ollama", "together")
"""Of those, the ones that the contract has an ``embedding_endpoint_type`` for."""


class Vectorizer(Protocol):
    """Whatever embedding model of a provider is named."""

    async def embed(self, model: str, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """The vectors of texts, in their order. Raises `LLMError`."""
        ...


class Embedder:
    """A model of a provider at `url`. `dimensions` is how long its vectors are, once that is known.

    It tells what is wrong with an answer, and tries nothing twice.
    """

    def __init__(self, handle: Handle, model: EmbeddingModel, vectorizer: Vectorizer) -> None:
        self.handle = handle
        self._model = model
        self._vectorizer = vectorizer

    @property
    def kind(self) -> str | None:
        """The kind of its meanings, once it is known."""
        dimensions = self._model.embedding_dim
        return f"{self.handle}:{dimensions}" if dimensions else None

    @property
    def model(self) -> EmbeddingModel | None:
        """The model as it is listed, once it is known how long its vectors are."""
        return self._model if self._model.embedding_dim else None

    @property
    def config(self) -> dict[str, Any] | None:
        """The same as what archives, passages and agents show."""
        return self._model.model_dump(include=set(_CONFIG)) if self._model.embedding_dim else None

    async def meanings(self, texts: Sequence[str]) -> list[Meaning]:
        """What texts mean, in their order. Raises `LLMError`."""
        told = [text[:TEXT_LIMIT] for text in texts]
        vectors = await self._vectorizer.embed(self.handle.model, told)
        sizes = {len(vector) for vector in vectors}
        if len(vectors) != len(texts) or len(sizes) > 1 or 0 in sizes:
            raise BrokenReply(f"{self.handle} gave vectors that are none; choose another model.")
        for size in sizes:
            self._model = self._model.model_copy(update={"embedding_dim": size})
        return [Meaning(f"{self.handle}:{len(vector)}", _unit(vector)) for vector in vectors]


class Trigrams:
    """``palaver/trigrams``: which groups of three letters the words of a text have."""

    DIMENSIONS = 256

    async def embed(self, model: str, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """See `Vectorizer.embed`; the same text always has the same vector."""
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> Sequence[float]:
        vector = [0.0] * self.DIMENSIONS
        for word in words_of(text):
            framed = f" {word} "
            for n in range(len(framed) - 2):
                number = crc32(framed[n : n + 3].encode())
                vector[number % self.DIMENSIONS] += 1.0 if number & 0x10000 else -1.0
        return vector


def described(handle: Handle, provider_type: str, url: str, dimensions: int) -> EmbeddingModel:
    """An embedding model as the API lists it."""
    return EmbeddingModel(
        handle=str(handle),
        name=handle.model,
        display_name=handle.model,
        embedding_model=handle.model,
        embedding_dim=dimensions,
        provider_type=provider_type,
        provider_name=handle.provider,
        embedding_endpoint_type=handle.provider if handle.provider in _ENDPOINTS else "openai",
        embedding_endpoint=url or None,
    )


def _unit(vector: Sequence[float]) -> Sequence[float]:
    """The same direction at length 1, in single precision; one that is none stays what it is."""
    length = math.hypot(*vector)
    if not math.isfinite(length):
        raise BrokenReply("The embedding model gave numbers that are none; choose another one.")
    return array("f", (number / length for number in vector) if length else vector)
