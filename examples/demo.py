"""The main job, to look at: one agent in three conversations at the same time.

Starts the server, makes an agent, opens three conversations, streams their replies side by side and
shows that each kept its own history. `--exit` ends by itself, with 0 only if all of it happened.
"""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

SLOWLY = " [[pace: 30]]"  # milliseconds between words; the offline model understands this
SAID = {
    "Ada": "My name is Ada, and I like tea." + SLOWLY,
    "Grace": "My name is Grace, and I sail." + SLOWLY,
    "Hedy": "My name is Hedy, and I invent." + SLOWLY,
}
COLOURS = {"Ada": "\033[36m", "Grace": "\033[33m", "Hedy": "\033[35m"}
PLAIN = "\033[0m"
READY_WITHIN = 20.0  # seconds
WIDTH = 96

EXAMPLE = """\
    from letta_client import Letta                      # pip install letta-client
    client = Letta(base_url="{url}")
    print(client.conversations.list(agent_id="{agent_id}"))"""


@dataclass
class Talk:
    """One conversation: whose it is, and what the agent has said in it so far."""

    who: str
    id: str
    reply: str = ""
    came: list[float] = field(default_factory=list)  # when each fragment came, in seconds

    @property
    def line(self) -> str:
        """The end of the reply, in one line."""
        return f"{COLOURS[self.who]}{self.who:>7}{PLAIN} │ {fitting(self.reply, WIDTH - 10)}"


def main() -> int:
    """Show it; 0 if everything that was shown really happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exit", action="store_true", help="end when it has been shown")
    parser.add_argument("--port", default="8283", help="where the server listens")
    chosen = parser.parse_args()
    url = f"http://127.0.0.1:{chosen.port}"
    palaver = Path(sys.executable).with_name("palaver")
    server = subprocess.Popen([palaver, "serve", "--port", chosen.port, "--log-level", "warning"])
    try:
        wrong = asyncio.run(show(url, server))
        print(f"\n  It did not go as it should: {wrong}" if wrong else "")
        if chosen.exit or wrong:
            return 1 if wrong else 0
        print("  The server is up. Press Ctrl-C to stop it.")
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


async def show(url: str, server: "subprocess.Popen[bytes]") -> str:
    """Hold three conversations at once; what was wrong, or nothing."""
    async with httpx2.AsyncClient(base_url=url, timeout=60) as client:
        await until_ready(client, server)
        agent = await post(client, "/v1/agents/", model="palaver/offline", name="Demo")
        opened = f"/v1/conversations/?agent_id={agent['id']}"
        talks = [Talk(who, (await post(client, opened, summary=who))["id"]) for who in SAID]
        print("\n  One agent, three conversations, all at once:\n" + "\n" * len(talks))
        await asyncio.gather(*(talk_to(client, talk, talks) for talk in talks))
        print("\n  What each conversation remembers:\n")
        wrong = [await remembered(client, talk) for talk in talks]
    print("\n  Use it from your own code:\n")
    print(EXAMPLE.format(url=url, agent_id=agent["id"]))
    return next(filter(None, [*wrong, overlapping(talks)]), "")


async def until_ready(client: httpx2.AsyncClient, server: "subprocess.Popen[bytes]") -> None:
    """Wait until the server answers; end the program if it cannot start."""
    async with asyncio.timeout(READY_WITHIN):
        while True:
            if server.poll() is not None:
                sys.exit("The server did not start; it says above why.")
            try:
                await client.get("/v1/health/")
            except httpx2.TransportError:
                await asyncio.sleep(0.05)
            else:
                return


async def post(client: httpx2.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    """Make something; what the server says it is."""
    answer = await client.post(path, json=body)
    answer.raise_for_status()
    made: dict[str, Any] = answer.json()
    return made


async def talk_to(client: httpx2.AsyncClient, talk: Talk, talks: list[Talk]) -> None:
    """Send what this conversation's person says, and draw the reply as it comes."""
    loop = asyncio.get_running_loop()
    async for event in stream(client, talk.id, SAID[talk.who]):
        if event["message_type"] == "assistant_message":
            talk.reply += event["content"]
            talk.came.append(loop.time())
            draw(talk, talks)


async def stream(
    client: httpx2.AsyncClient, conversation: str, text: str
) -> AsyncIterator[dict[str, Any]]:
    """The events of one send."""
    path = f"/v1/conversations/{conversation}/messages"
    body = {"input": text, "stream_tokens": True}
    async with client.stream("POST", path, json=body) as answer:
        answer.raise_for_status()
        async for line in answer.aiter_lines():
            if line.startswith("data: {"):
                yield json.loads(line.removeprefix("data: "))


def draw(talk: Talk, talks: list[Talk]) -> None:
    """Draw all lines anew on a terminal; elsewhere print a line every few words."""
    if sys.stdout.isatty():
        lines = "".join(f"\033[2K{each.line}\n" for each in talks)
        print(f"\033[{len(talks)}A{lines}", end="", flush=True)
    elif len(talk.came) % 8 == 0:
        print(talk.line, flush=True)


async def remembered(client: httpx2.AsyncClient, talk: Talk) -> str:
    """Print a conversation's history; what is wrong with it, or nothing."""
    answer = await client.get(f"/v1/conversations/{talk.id}/messages?order=asc")
    answer.raise_for_status()
    history = [message for message in answer.json() if message["message_type"] != "system_message"]
    for message in history:
        said = fitting(str(message.get("content")).removesuffix(SLOWLY), WIDTH - 20)
        kind = message["message_type"].removesuffix("_message")
        print(f"{COLOURS[talk.who]}{talk.who:>7}{PLAIN} │ {kind:<9} {said}")
    heard = [message["content"] for message in history if message["message_type"] == "user_message"]
    replied = [m["content"] for m in history if m["message_type"] == "assistant_message"]
    if heard != [SAID[talk.who]]:
        return f"{talk.who}'s history holds {heard}"
    if replied != [talk.reply] or talk.who not in talk.reply:
        return f"{talk.who} was told {talk.reply!r}, and the history holds {replied}"
    return ""


def fitting(text: str, room: int) -> str:
    """The end of a text in one line: that is where conversations differ."""
    line = " ".join(text.split())
    return line if len(line) <= room else "…" + line[-room + 1 :]


def overlapping(talks: list[Talk]) -> str:
    """Nothing if all replies were under way at one moment, else what was seen."""
    begun = max(talk.came[0] for talk in talks)
    ended = min(talk.came[-1] for talk in talks)
    return "" if begun < ended else "the replies came one after the other"


if __name__ == "__main__":
    sys.exit(main())
