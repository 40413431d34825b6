"""The tool `memory`, which has a command for everything, as agents of older clients have it."""

import pytest
from letta_client import Letta


@pytest.fixture
def holder(client: Letta) -> str:
    """An agent that has the tool, a block to change and one that may not be changed."""
    return client.agents.create(
        model="palaver/offline",
        tools=["memory"],
        memory_blocks=[
            {"label": "human", "value": "one\ntwo"},
            {"label": "law", "value": "stands", "read_only": True},
        ],
    ).id


def _done(client: Letta, agent: str, **args: object) -> tuple[str, str]:
    done = client.agents.tools.run("memory", agent_id=agent, args=args)
    return done.status, str(done.func_return)


def _blocks(client: Letta, agent: str) -> dict[str | None, tuple[str, str | None]]:
    found = client.agents.blocks.list(agent, order="asc")
    return {one.label: (one.value, one.description) for one in found}


def test_each_command_does_what_it_says(client: Letta, holder: str) -> None:
    create = {"path": "/memories/plans", "file_text": "sail", "description": "What is to come."}
    for command, given in (
        ("create", create),
        ("str_replace", {"path": "human", "old_string": "two", "new_string": "three"}),
        ("insert", {"path": "/memories/human", "insert_line": 0, "insert_text": "zero"}),
        ("rename", {"old_path": "/memories/plans", "new_path": "/memories/trips/sea"}),
        ("rename", {"path": "human", "description": "Who it is."}),
    ):
        status, said = _done(client, holder, command=command, **given)
        assert status == "success", said

    assert _blocks(client, holder) == {
        "human": ("zero\none\nthree", "Who it is."),
        "law": ("stands", None),
        "trips/sea": ("sail", "What is to come."),
    }
    assert _done(client, holder, command="delete", path="human")[0] == "success"
    assert "human" not in _blocks(client, holder)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"command": "create", "path": "human"}, "already"),
        ({"command": "create", "path": "/memories/"}, "must name a memory block"),
        ({"command": "rename", "old_path": "human", "new_path": "law"}, "another one labelled"),
        ({"command": "rename", "old_path": "human"}, "`new_path` must name"),
        ({"command": "delete", "path": "nobody"}, "no memory block `nobody`"),
        ({"command": "delete", "path": "law"}, "read-only"),
        ({"command": "rename", "old_path": "law", "new_path": "l"}, "read-only"),
        ({"command": "insert", "path": "law", "insert_text": "x"}, "read-only"),
        ({"command": "str_replace", "path": "human", "old_string": "nine"}, "is missing"),
        ({"command": "view", "path": "human"}, "command"),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    client: Letta, holder: str, given: dict[str, object], complaint: str
) -> None:
    before = _blocks(client, holder)
    count = len(client.blocks.list(label="human", limit=1000).items)

    done = client.agents.tools.run("memory", agent_id=holder, args=given)

    assert done.status == "error"
    assert complaint in str(done.stderr)
    assert _blocks(client, holder) == before
    assert len(client.blocks.list(label="human", limit=1000).items) == count
