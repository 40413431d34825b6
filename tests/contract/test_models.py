"""What models there are."""

from letta_client import Letta


def test_models_of_all_providers_are_listed(client: Letta) -> None:
    models = {model.handle: model for model in client.models.list()}

    assert models.keys() == {
        "openai/gpt-4o",
        "openai/claude-sonnet-4-6",
        "anthropic/gpt-4o",
        "anthropic/claude-sonnet-4-6",
        "sglang/gpt-4o",
        "sglang/claude-sonnet-4-6",
        "google_ai/gpt-4o",
        "google_ai/claude-sonnet-4-6",
        "palaver/offline",
    }
    assert models["palaver/offline"].provider_type == "letta"
    assert models["openai/gpt-4o"].max_context_window == 128_000


def test_models_of_one_provider_are_listed(client: Letta) -> None:
    found = client.models.list(provider_name="palaver")

    assert [model.handle for model in found] == ["palaver/offline"]


def test_embedding_models_are_listed(client: Letta) -> None:
    assert client.models.embeddings.list() == []
