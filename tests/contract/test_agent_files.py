"""The folders of agents: their files are opened and searched, by models and over HTTP."""

import json
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from letta_client import ConflictError, Letta, NotFoundError

from tests.contract.conftest import Say
from tests.contract.talk import Turn
from tests.contract.test_folders import put

OFFLINE = "palaver/offline"
TOOLS = {"open_files", "grep_files", "semantic_search_files"}
PLAN = "# Plan\nTea at noon.\nRain is expected.\nBring a coat.\n"


@pytest.fixture
def folder(client: Letta) -> str:
    """The id of a folder with a plan and a list."""
    made = client.folders.create(name=f"notes-{uuid4().hex}", instructions="Read the plan first.")
    put(client, made.id, "plan.md", PLAN)
    put(client, made.id, "list.txt", "".join(f"item {n}\n" for n in range(1, 200)))
    return made.id


def reader(client: Letta, folder: str, **more: Any) -> str:
    """An agent that has a folder."""
    return client.agents.create(model=OFFLINE, folder_ids=[folder], **more).id


def called(name: str, **arguments: Any) -> str:
    """The order to call a tool."""
    return f"[[call: {name} {json.dumps(arguments)}]]"


def answered(turn: Turn) -> list[tuple[str, str]]:
    """How the calls of a turn ended, and what the model was told of them."""
    told = [one for event in turn.of("tool_return_message") for one in event["tool_returns"]]
    return [(one["status"], one["tool_return"]) for one in told]


def opened(client: Letta, agent: str, is_open: bool = True) -> list[str]:
    """The names of an agent's files that are open, or closed."""
    return [one.file_name for one in client.agents.files.list(agent, is_open=is_open, order="asc")]


def prompt(http: httpx2.Client, agent: str) -> str:
    """The agent's prompt as it would be compiled now."""
    return str(http.post(f"/v1/agents/{agent}/recompile", params={"dry_run": True}).json())


def test_an_agent_has_the_file_tools_while_it_has_a_folder(client: Letta, folder: str) -> None:
    other = client.folders.create(name=uuid4().hex).id
    agent = client.agents.create(model=OFFLINE)
    before = {tool.name for tool in agent.tools}
    assert agent.sources == []

    def tools() -> set[str | None]:
        return {tool.name for tool in client.agents.tools.list(agent.id, limit=50)}

    for each in (folder, folder, other):
        assert client.agents.folders.attach(each, agent_id=agent.id) is None
    assert tools() == before | TOOLS
    [tool] = client.tools.list(name="grep_files")
    assert tool.tool_type == "letta_files_core"
    [*held] = client.agents.folders.list(agent.id, order="asc")
    assert [one.id for one in held] == [folder, other]
    state = client.agents.retrieve(agent.id, include=["agent.sources"])
    assert [one.id for one in state.sources] == [folder, other]
    assert client.agents.retrieve(agent.id).sources == []
    assert list(client.folders.agents.list(folder)) == [agent.id]

    client.agents.folders.detach(other, agent_id=agent.id)
    assert tools() == before | TOOLS
    with pytest.raises(NotFoundError):
        client.agents.folders.detach(other, agent_id=agent.id)
    client.folders.delete(folder)
    assert tools() == before
    assert list(client.agents.folders.list(agent.id)) == []


def test_folders_come_with_an_agent_and_with_its_changes(client: Letta, folder: str) -> None:
    other = client.folders.create(name=uuid4().hex).id
    made = client.agents.create(model=OFFLINE, folder_ids=[folder], source_ids=[other])
    assert [one.id for one in made.sources] == [folder, other]
    assert {tool.name for tool in made.tools} >= TOOLS

    retooled = client.agents.update(made.id, tool_ids=[])
    assert {tool.name for tool in retooled.tools} == TOOLS
    changed = client.agents.update(made.id, folder_ids=[other])
    assert [one.id for one in changed.sources] == [other]
    emptied = client.agents.update(made.id, source_ids=[])
    assert emptied.sources == []
    assert not TOOLS & {tool.name for tool in emptied.tools}
    with pytest.raises(NotFoundError):
        client.agents.create(model=OFFLINE, folder_ids=[folder.replace(folder[-4:], "dead")])


def test_a_model_opens_greps_and_searches(client: Letta, say: Say, folder: str) -> None:
    agent = reader(client, folder)
    conversation = client.conversations.create(agent_id=agent).id
    name = client.folders.retrieve(folder).name

    turn = say(
        conversation,
        called("open_files", file_requests=[{"file_name": f"{name}/plan.md", "offset": 1}])
        + called("grep_files", pattern="^(?i)rain|item 19[89]", context_lines=1)
        + called("semantic_search_files", query="coat")
        + called("grep_files", pattern="tea", include="*.txt"),
    )

    assert [told for _, told in answered(turn)] == [
        f"[{name}/plan.md, lines 2 to 4 of 4]\n"
        "2: Tea at noon.\n3: Rain is expected.\n4: Bring a coat.",
        f"[{name}/plan.md]\n  2: Tea at noon.\n> 3: Rain is expected.\n  4: Bring a coat.\n"
        f"[{name}/list.txt]\n  197: item 197\n> 198: item 198\n> 199: item 199",
        f"[{name}/plan.md, from line 1]\n{PLAN}",
        "No line matches.",
    ]
    [file] = client.agents.files.list(agent, is_open=True)
    assert (file.file_name, file.start_line, file.end_line) == ("plan.md", 2, None)
    assert file.visible_content == "Tea at noon.\nRain is expected.\nBring a coat."
    assert file.last_accessed_at is not None


def test_what_a_model_gets_wrong_it_is_told(client: Letta, say: Say, folder: str) -> None:
    agent = reader(client, folder, max_files_open=1)
    conversation = client.conversations.create(agent_id=agent).id
    name = client.folders.retrieve(folder).name
    both = [{"file_name": "plan.md"}, {"file_name": "list.txt", "offset": 500}]

    turn = say(
        conversation,
        called("open_files", file_requests=[{"file_name": "nothing.md"}])
        + called("open_files", file_requests=both)
        + called("open_files", file_requests=both[1:])
        + called("open_files", file_requests=[])
        + called("grep_files", pattern="(a")
        + called("grep_files", pattern="a{100000000}")
        + called("grep_files", pattern="x", context_lines=100)
        + called("semantic_search_files", query="?!"),
    )

    status, returns = zip(*answered(turn), strict=True)
    assert list(status) == ["error", "error", "success", *["error"] * 4, "success"]
    assert f"{name}/plan.md" in returns[0]
    assert "1 files open" in returns[1]
    assert returns[2] == f"[{name}/list.txt has 199 lines, and none in this range]"
    assert "missing )" in returns[4]


def test_a_search_that_others_never_end_ends(client: Letta, say: Say, folder: str) -> None:
    put(client, folder, "bad.txt", "a" * 900 + "b")
    conversation = client.conversations.create(agent_id=reader(client, folder)).id

    turn = say(
        conversation, called("grep_files", pattern="^(a|a|aa)+$|(a*)*c|(x+x+)+y", include="b*")
    )

    assert answered(turn) == [("success", "No line matches.")]


def test_one_too_many_closes_what_was_opened_longest_ago(client: Letta, folder: str) -> None:
    agent = reader(client, folder, max_files_open=2)
    plan, items = client.folders.files.list(folder, order="asc")
    third = put(client, folder, "third.txt")

    def open_(id: str) -> list[str]:
        return list(client.agents.files.open(id, agent_id=agent))

    assert open_(plan.id) == open_(items.id) == open_(plan.id) == []
    assert open_(third.id) == ["list.txt"]
    assert opened(client, agent) == ["plan.md", "third.txt"]
    assert opened(client, agent, False) == ["list.txt"]
    client.agents.files.close(plan.id, agent_id=agent)
    client.agents.files.close(plan.id, agent_id=agent)
    assert client.agents.files.close_all(agent) == ["third.txt"]
    assert opened(client, agent) == []

    client.agents.update(agent, max_files_open=0)
    with pytest.raises(ConflictError):
        open_(plan.id)
    stranger = client.agents.create(model=OFFLINE).id
    for refused in (client.agents.files.open, client.agents.files.close):
        with pytest.raises(NotFoundError):
            refused(plan.id, agent_id=stranger)


def test_the_files_of_an_agent_come_in_pages(
    client: Letta, http: httpx2.Client, folder: str
) -> None:
    agent = reader(client, folder)
    ids = [one.id for one in client.folders.files.list(folder, order="asc")]
    for limit in (1, 2, 3):
        page = client.agents.files.list(agent, limit=limit, order="asc")
        assert [one.file_id for one in page] == ids
        page = client.agents.files.list(agent, limit=limit)
        assert [one.file_id for one in page] == ids[::-1]
    first = http.get(f"/v1/agents/{agent}/files", params={"limit": 1, "order": "asc"}).json()
    assert first["has_more"] and first["next_cursor"] == first["files"][0]["id"]
    rest = {"cursor": first["next_cursor"], "order": "asc"}
    last = http.get(f"/v1/agents/{agent}/files", params=rest).json()
    assert [one["file_id"] for one in last["files"]] == ids[1:]
    assert (last["has_more"], last["next_cursor"]) == (False, None)


def test_a_view_has_a_limit(client: Letta, http: httpx2.Client, folder: str) -> None:
    agent = reader(client, folder, per_file_view_window_char_limit=20)
    items = next(one for one in client.folders.files.list(folder) if one.file_name == "list.txt")
    client.agents.files.open(items.id, agent_id=agent)

    [file] = client.agents.files.list(agent, is_open=True)
    assert file.visible_content == "item 1\nitem 2\nitem 3"
    assert "3: item 3\nThe view ends here" in prompt(http, agent)


def test_the_prompt_tells_of_folders_when_it_is_compiled(
    client: Letta, http: httpx2.Client, say: Say, folder: str
) -> None:
    agent = client.agents.create(model=OFFLINE, system="You read.").id
    conversation = client.conversations.create(agent_id=agent).id
    name = client.folders.retrieve(folder).name
    assert "<directories>" not in prompt(http, agent)
    plan = next(one for one in client.folders.files.list(folder) if one.file_name == "plan.md")

    def system(path: str) -> str:
        page = http.get(path, params={"order": "asc", "limit": 1}).json()
        return str(page[0]["content"])

    before = system(f"/v1/conversations/{conversation}/messages")
    client.agents.folders.attach(folder, agent_id=agent)
    client.agents.files.open(plan.id, agent_id=agent)
    say(conversation, "Hello")
    http.post(f"/v1/agents/{agent}/messages", json={"input": "Hello"}).raise_for_status()

    after = system(f"/v1/agents/{agent}/messages")  # like a block that was changed over HTTP
    assert system(f"/v1/conversations/{conversation}/messages") == before  # until it is recompiled
    told = after[after.index("<directories>") : after.index("<memory_metadata>")].rstrip()
    assert told.endswith("</directories>")
    for part in (
        "- current_files_open=1\n- max_files_open=5",
        f'<directory name="{name}">\n<instructions>\nRead the plan first.\n</instructions>',
        f'<file name="{name}/plan.md" status="open">\n<value>\n1: # Plan\n2: Tea at noon.',
        f'<file name="{name}/list.txt" status="closed" />',
    ):
        assert part in told
    context = http.get(f"/v1/agents/{agent}/context").json()
    assert context["directories"] == told
    assert context["num_tokens_directories"] > 0

    client.folders.files.delete(plan.id, folder_id=folder)
    assert "plan.md" not in prompt(http, agent)


def test_a_file_that_is_replaced_stays_open(client: Letta, folder: str) -> None:
    agent = reader(client, folder)
    plan = next(one for one in client.folders.files.list(folder) if one.file_name == "plan.md")
    client.agents.files.open(plan.id, agent_id=agent)

    put(client, folder, "plan.md", "All new.", duplicate_handling="replace")

    [file] = client.agents.files.list(agent, is_open=True)
    assert file.visible_content == "All new."
