"""Answers to tool calls that wait, and sends that make them wait."""

import asyncio
from typing import Any

from tests.api.here import Client, Heard, Json, waits
from tests.api.sending import WITHIN

ASK = {"name": "ask", "description": "Asks the client.", "parameters": {"type": "object"}}
TOOLS = [ASK, {"name": "type"}]
EDIT = '[[call: memory_insert {"label": "human", "new_string": "likes tea"}]]'
"""A call of a tool that the server carries out."""


def returned(call_id: str, text: Any = "fine", status: str = "success") -> Json:
    """What a call came to, as its client tells it."""
    return {"type": "tool", "tool_call_id": call_id, "tool_return": text, "status": status}


def verdict(call_id: str, approve: bool, reason: str | None = None) -> Json:
    """A yes or no."""
    return {"type": "approval", "tool_call_id": call_id, "approve": approve, "reason": reason}


def approvals(*answers: Json, **more: Any) -> Json:
    """The message that answers calls."""
    return {"type": "approval", "approvals": list(answers), **more}


async def asked(client: Client, conversation: str) -> list[str]:
    """The ids of the calls that wait for an answer in a conversation."""
    return waits(await client.history(conversation))


async def paused(
    client: Client, conversation: str, text: str = "[[call: ask]]", **body: Any
) -> list[str]:
    """Have calls made that wait; their ids."""
    heard = await client.send(conversation, text, **{"client_tools": TOOLS, **body})
    assert heard.stop == "requires_approval", heard.frames
    return await asked(client, conversation)


async def answer(client: Client, conversation: str, *messages: Json, **body: Any) -> Heard:
    """Answer, and hear what comes of it."""
    return await client.send(conversation, "", messages=list(messages), **body)


async def kinds(client: Client, conversation: str) -> list[str]:
    """What kinds of message stand in a conversation, after the system's."""
    history = await client.history(conversation)
    return [one["message_type"].removesuffix("_message") for one in history[1:]]


async def memory(client: Client, conversation: str) -> str:
    """What the agent of a conversation remembers."""
    agent = (await client.get(f"/v1/conversations/{conversation}"))["agent_id"]
    block = await client.get(f"/v1/agents/{agent}/core-memory/blocks/human")
    value: str = block["value"]
    return value


async def gate(client: Client, conversation: str, tool: str = "memory_insert") -> None:
    """Let the calls of a server's tool wait for approval."""
    agent = (await client.get(f"/v1/conversations/{conversation}"))["agent_id"]
    await client.patch(f"/v1/agents/{agent}/tools/approval/{tool}", {"requires_approval": True})


async def until_runs(client: Client, conversation: str, number: int) -> list[Json]:
    """The runs of a conversation, the newest first, once there are so many."""
    async with asyncio.timeout(WITHIN):
        while True:
            runs: list[Json] = await client.get("/v1/runs/", conversation_id=conversation)
            if len(runs) >= number:
                return runs
            await asyncio.sleep(0.02)
