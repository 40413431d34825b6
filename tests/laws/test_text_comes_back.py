"""Text and JSON that are accepted come back exactly, on both databases, however they are read."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.here import Client

_CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")
texts = st.text(_CHARACTERS, max_size=60)
words = st.text(_CHARACTERS, min_size=1, max_size=60)
names = st.text(
    st.characters(categories=["L", "Nd"], include_characters=" '-._"), min_size=1, max_size=60
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
metadata = st.dictionaries(texts, values, max_size=4)

Said = dict[str, Any]


@settings(max_examples=25)
@given(
    said=st.fixed_dictionaries(
        {"name": names, "system": words, "description": texts, "metadata": metadata}
    ),
    tags=st.sets(words, max_size=3),
    secrets=st.dictionaries(words.filter(lambda name: "=" not in name), texts, max_size=2),
)
async def test_what_is_said_of_an_agent(
    client: Client, said: Said, tags: set[str], secrets: dict[str, str]
) -> None:
    made = await client.post("/v1/agents/", {**said, "tags": list(tags), "secrets": secrets})
    include = ["agent.tags", "agent.secrets"]
    read = await client.get(f"/v1/agents/{made['id']}", include=include)
    (listed,) = await client.get("/v1/agents/", name=said["name"], tags=list(tags), limit=1)
    await client.delete(f"/v1/agents/{made['id']}")

    for shown in (made, read, listed):
        assert _of(shown, said) == said
    assert set(read["tags"]) == tags
    assert {one["key"]: one["value"] for one in read["secrets"]} == secrets


@settings(max_examples=25)
@given(
    st.fixed_dictionaries(
        {"label": words, "value": texts, "description": texts, "metadata": metadata}
    )
)
async def test_what_stands_in_a_block(client: Client, said: Said) -> None:
    made = await client.post("/v1/blocks/", said)
    read = await client.get(f"/v1/blocks/{made['id']}")
    changed = await client.patch(f"/v1/blocks/{made['id']}", {"value": said["value"] * 2})

    assert _of(made, said) == _of(read, said) == said
    assert _of(changed, said) == {**said, "value": said["value"] * 2}


@settings(max_examples=25)
@given(said=st.fixed_dictionaries({"summary": words, "description": texts}), at=st.integers(0, 59))
async def test_what_is_said_of_a_conversation(client: Client, said: Said, at: int) -> None:
    agent = await client.agent()
    conversation = await client.conversation(agent, **said)
    read = await client.get(f"/v1/conversations/{conversation}")
    changed = await client.patch(f"/v1/conversations/{conversation}", {"summary": "!"})
    assert _of(read, said) == said
    assert changed["summary"] == "!"
    await client.patch(f"/v1/conversations/{conversation}", {"summary": said["summary"]})

    piece = said["summary"][at % len(said["summary"]) :]
    found = await client.get("/v1/conversations/", agent_id=agent, summary_search=piece)
    assert [_of(one, said) for one in found] == [said]


@settings(max_examples=25)
@given(text=words, name=texts, otid=words, parts=st.lists(words, min_size=2, max_size=3))
async def test_what_is_said_in_a_conversation(
    client: Client, text: str, name: str, otid: str, parts: list[str]
) -> None:
    conversation = await client.conversation(await client.agent())
    sent = [
        {"role": "user", "content": text, "name": name, "otid": otid},
        {"role": "user", "content": [{"type": "text", "text": part} for part in parts]},
    ]
    await client.post(
        f"/v1/conversations/{conversation}/messages",
        {"messages": sent, "streaming": False, "max_steps": 0},
    )
    _, first, second = await client.history(conversation)

    assert (first["content"], first["name"], first["otid"]) == (text, name, otid)
    assert [part["text"] for part in second["content"]] == parts
    assert await client.get(f"/v1/messages/{first['id']}") == [first]


def _of(shown: Said, said: Said) -> Said:
    """What is shown of what was said."""
    return {name: shown[name] for name in said}
