"""Tools that callers have brought, run by the server: over HTTP, from the source to the return."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.here import Client, Json, check_calls, serving
from tests.api.sending import WITHIN
from tests.sandbox import places

ADD = '''
import os, sys

def add(a: int, b: int) -> dict:
    """Add two numbers."""
    print("adding")
    print("carefully", file=sys.stderr)
    return {"sum": a + b, "by": os.environ.get("WHO")}
'''
DIVIDE = '''
def divide(a: int, b: int) -> float:
    """Divide two numbers."""
    return a / b
'''
SHOUT = '''
def shout(n: int) -> str:
    """Shout."""
    return "A" * n
'''
WAIT = '''
import time

def wait() -> str:
    """Wait for a very long time."""
    time.sleep(1000)
'''
SOURCES = {"add": ADD, "divide": DIVIDE, "shout": SHOUT, "wait": WAIT}


@pytest.fixture(scope="module")
async def client(file_url: str) -> AsyncIterator[Client]:
    """A client of a server with a sandbox."""
    if (fault := places.fault()) is not None:
        pytest.skip(f"no sandbox on this machine: {fault}")
    async with serving(file_url) as client:
        yield client


@pytest.fixture(scope="module")
async def agent(client: Client) -> str:
    """An agent with all tools of `SOURCES`."""
    limits = {"shout": {"return_char_limit": 10}}
    made = [
        await client.post("/v1/tools/", {"source_code": source, **limits.get(name, {})})
        for name, source in SOURCES.items()
    ]
    return await client.agent(tool_ids=[one["id"] for one in made], secrets={"WHO": "Ada"})


async def _returned(client: Client, agent: str, call: str) -> Json:
    """What came of a call that the model has made, in a conversation of its own."""
    conversation = await client.conversation(agent)
    heard = await client.send(conversation, f"[[call: {call}]]")
    assert heard.stop == "end_turn", heard.frames
    history = await client.history(conversation)
    check_calls(history)
    (back,) = [one for one in history if one["message_type"] == "tool_return_message"]
    assert back["tool_return"] in heard.text  # the model was told
    found: Json = back
    return found


async def test_a_tool_is_run_and_its_return_told(client: Client, agent: str) -> None:
    back = await _returned(client, agent, 'add {"a": 40, "b": 2}')

    assert (back["status"], back["tool_return"]) == ("success", '{"sum": 42, "by": "Ada"}')
    assert (back["stdout"], back["stderr"]) == (["adding"], ["carefully"])


async def test_a_tool_that_fails_tells_how(client: Client, agent: str) -> None:
    back = await _returned(client, agent, 'divide {"a": 1, "b": 0}')

    assert back["status"] == "error"
    assert back["tool_return"] == (
        "Error executing function divide: ZeroDivisionError: division by zero"
    )
    assert back["stderr"][-1] == "ZeroDivisionError: division by zero"


async def test_a_long_return_is_cut_and_says_so(client: Client, agent: str) -> None:
    back = await _returned(client, agent, 'shout {"n": 2000000}')

    note = "... [truncated: the first 10 of 2000000 characters are shown]"
    assert back["tool_return"] == "A" * 10 + note


async def test_a_tool_that_asks_first_is_run_when_it_may(client: Client) -> None:
    source = ADD.replace("add", "add_later")
    tool = await client.post("/v1/tools/", {"source_code": source})
    agent = await client.agent(tool_ids=[tool["id"]])
    await client.patch(f"/v1/agents/{agent}/tools/approval/add_later", {"requires_approval": True})
    conversation = await client.conversation(agent)
    heard = await client.send(conversation, '[[call: add_later {"a": 1, "b": 2}]]')
    (asked,) = heard.of_type("approval_request_message")[-1:]
    call = asked["tool_call"]["tool_call_id"]
    yes = {"type": "approval", "tool_call_id": call, "approve": True}

    heard = await client.send(conversation, "", messages=[{"type": "approval", "approvals": [yes]}])

    (back,) = heard.of_type("tool_return_message")
    assert (heard.stop, back["tool_return"]) == ("end_turn", '{"sum": 3, "by": null}')


async def test_a_cancel_ends_the_call(client: Client, agent: str) -> None:
    conversation = await client.conversation(agent)
    stream = client.stream(conversation, "[[call: wait]]")
    frames: list[Any] = []
    async with asyncio.timeout(WITHIN):
        async for frame in stream:
            frames.append(frame)
            if frame and frame["message_type"] == "tool_call_message":
                break
        assert (await client.cancel(conversation)).status_code == 200
        frames += [frame async for frame in stream]

    check_calls(await client.history(conversation))
    heard = await client.send(conversation, "Still there?")
    assert heard.stop == "end_turn"


@pytest.mark.parametrize("kind", ["nowhere", "broken"])
async def test_without_a_sandbox_nothing_is_run(kind: str, tmp_path: Path) -> None:
    """Neither attached nor, where it had been before, carried out; and the run goes on."""
    url = f"sqlite:///{tmp_path / 'palaver.db'}"
    bwrap = tmp_path / "bwrap"
    if kind == "broken":
        bwrap.write_text("#!/bin/sh\nexit 1\n")
        bwrap.chmod(0o755)
    async with serving(url, unsafe_tools=True) as before:
        tool = await before.post("/v1/tools/", {"source_code": ADD})
        agent = await before.agent(tool_ids=[tool["id"]])
        back = await _returned(before, agent, 'add {"a": 1, "b": 2}')
        assert back["tool_return"] == '{"sum": 3, "by": null}'

    async with serving(url, bubblewrap=str(bwrap)) as client:
        other = await client.agent()
        answers = [
            await client.ask("PATCH", f"/v1/agents/{other}/tools/attach/{tool['id']}"),
            await client.ask("PATCH", f"/v1/agents/{other}", {"tool_ids": [tool["id"]]}),
            await client.ask("POST", "/v1/agents/", {"tool_ids": [tool["id"]]}),
            await client.ask("POST", "/v1/agents/", {"tools": ["add"]}),
        ]
        back = await _returned(client, agent, 'add {"a": 1, "b": 2}')

    assert [one.status_code for one in answers] == [400] * 4
    for told in [*(one.text for one in answers), back["tool_return"]]:
        assert "needs a sandbox" in told
        assert "apt install bubblewrap" in told
    assert back["status"] == "error"
