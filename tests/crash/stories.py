"""What clients do while a server dies under them. Every story ends there, at one point or another.

A story may break off with `httpx2.TransportError` at any of its requests.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2

from tests.api.answering import ASK, returned
from tests.api.here import waits
from tests.crash.witness import Witness

Story = Callable[[Witness], Awaitable[None]]

WORDS = "[[think: let me see]] [[words: 12]] [[pace: 5]]"
LONG = "[[words: 200]] [[pace: 10]]"
ENDLESS = "[[words: 100000]] [[pace: 10]]"  # for what is ended by force
SHORTLY = {"mode": "all", "prompt": "[[words: 4]]"}
TOOL = '[[words: 3]] [[call: memory_insert {"label": "human", "new_string": "likes tea"}]]'


async def opening(witness: Witness) -> None:
    """Make an agent, open a conversation."""
    await witness.conversation()


async def speaking(witness: Witness) -> None:
    """Hear an answer word by word, then a second one."""
    conversation = await witness.conversation()
    await witness.send(conversation, WORDS)
    await witness.send(conversation, WORDS)


async def talking(witness: Witness) -> None:
    """Hear an answer that has no end."""
    await witness.send(await witness.conversation(), ENDLESS)


async def speaking_in_steps(witness: Witness) -> None:
    """Hear an answer message by message."""
    await witness.send(await witness.conversation(), WORDS, stream_tokens=False)


async def asking(witness: Witness) -> None:
    """Get an answer all at once."""
    await witness.send(await witness.conversation(), WORDS, streaming=False)


async def calling(witness: Witness) -> None:
    """Have a tool called."""
    await witness.send(await witness.conversation(), TOOL)


async def calling_in_steps(witness: Witness) -> None:
    """Have a tool called, and hear of it message by message."""
    await witness.send(await witness.conversation(), TOOL, stream_tokens=False)


async def waiting(witness: Witness) -> None:
    """Stand in line behind a long answer, twice."""
    conversation = await witness.conversation()
    first = witness.begin(conversation, LONG)
    await first.until(events=3)
    witness.order.append(first)
    for _ in range(2):
        queued = witness.begin(conversation, WORDS, on_busy="queue")
        await queued.until(events=0)
        witness.order.append(queued)
    await witness.done()


async def interrupting(witness: Witness) -> None:
    """Interrupt a long answer behind which somebody waits already."""
    conversation = await witness.conversation()
    first = witness.begin(conversation, ENDLESS)
    await first.until(events=3)
    queued = witness.begin(conversation, WORDS, on_busy="queue")
    await queued.until(events=0)
    urgent = witness.begin(conversation, WORDS, on_busy="interrupt")
    await urgent.until(events=0)
    witness.order += [first, urgent, queued]
    await witness.done()


async def cancelling(witness: Witness) -> None:
    """Cancel a long answer behind which somebody waits."""
    conversation = await witness.conversation()
    await witness.begin(conversation, ENDLESS).until(events=3)
    await witness.begin(conversation, WORDS, on_busy="queue").until(events=0)
    runs = await witness.do("POST", f"/v1/conversations/{conversation}/cancel")
    witness.cancelled |= set(runs)
    await witness.done()


async def forking(witness: Witness) -> None:
    """Fork a conversation in which something was said, and speak in both."""
    conversation = await witness.conversation()
    await witness.send(conversation, WORDS)
    witness.created += 1
    made = await witness.do("POST", f"/v1/conversations/{conversation}/fork")
    witness.forks[made["id"]] = conversation
    await witness.send(made["id"], WORDS)
    await witness.send(conversation, WORDS)


async def recompiling(witness: Witness) -> None:
    """Have the prompt of a conversation compiled anew."""
    conversation = await witness.conversation()
    await witness.send(conversation, TOOL)
    await witness.do("POST", f"/v1/conversations/{conversation}/recompile")


async def compacting(witness: Witness) -> None:
    """Let a summary stand for what was said, speak, and take it back."""
    conversation = await witness.conversation()
    for _ in range(2):
        await witness.send(conversation, "[[words: 40]]")
    path = f"/v1/conversations/{conversation}/compact"
    await witness.do("POST", path, {"compaction_settings": SHORTLY})
    await witness.send(conversation, WORDS)
    await witness.do("POST", f"{path}/undo")


async def making_room(witness: Witness) -> None:
    """Speak until the window is full, and once more."""
    little = {"system": "Be brief.", "include_base_tools": False, "context_window_limit": 500}
    await witness.agent(**little, compaction_settings=SHORTLY)
    conversation = await witness.conversation()
    for _ in range(6):
        await witness.send(conversation, "[[words: 60]]", include_compaction_messages=True)


async def changing(witness: Witness) -> None:
    """Change a conversation."""
    conversation = await witness.conversation()
    witness.summaries[conversation].add("new")
    await witness.do("PATCH", f"/v1/conversations/{conversation}", {"summary": "new"})
    witness.summaries[conversation] = {"new"}


async def deleting(witness: Witness) -> None:
    """Delete a conversation in which somebody speaks and somebody waits."""
    conversation = await witness.conversation()
    await witness.begin(conversation, ENDLESS).until(events=3)
    await witness.begin(conversation, WORDS, on_busy="queue").until(events=0)
    witness.deleted[conversation] = False
    await witness.do("DELETE", f"/v1/conversations/{conversation}")
    witness.deleted[conversation] = True
    await witness.done()


async def leaving(witness: Witness) -> None:
    """Tell the server to end while it speaks and somebody waits."""
    conversation = await witness.conversation()
    await witness.begin(conversation, ENDLESS).until(events=3)
    await witness.begin(conversation, WORDS, on_busy="queue").until(events=0)
    witness.life.signal(signal.SIGTERM)
    await witness.done()


async def answering(witness: Witness) -> None:
    """Have calls made of a tool of ours and of one of theirs, and answer those that wait."""
    conversation, call_id = await _paused(witness)
    await witness.answer(conversation, WORDS, returned(call_id))


async def denying(witness: Witness) -> None:
    """Have calls made that wait, and say something else."""
    conversation, _ = await _paused(witness)
    await witness.send(conversation, WORDS, on_pending="deny")


async def expiring(witness: Witness) -> None:
    """Have calls made that nobody answers."""
    conversation, _ = await _paused(witness, approval_ttl=0.5)
    while len(await witness.do("GET", "/v1/runs/", conversation_id=conversation)) < 2:
        await asyncio.sleep(0.05)


async def giving_up(witness: Witness) -> None:
    """Cancel what waits for an answer, and speak again."""
    conversation, _ = await _paused(witness)
    await witness.do("POST", f"/v1/conversations/{conversation}/cancel")
    await witness.send(conversation, WORDS)


async def _paused(witness: Witness, **body: Any) -> tuple[str, str]:
    """A conversation in which a call waits, and the call's id."""
    conversation = await witness.conversation()
    if "approval_ttl" in body:
        witness.expiring.add(conversation)
    await witness.send(conversation, f"[[call: ask]] {TOOL}", client_tools=[ASK], **body)
    path = f"/v1/conversations/{conversation}/messages"
    history = await witness.do("GET", path, order="asc")
    ids = waits(history)
    if not ids:  # the server is gone, and who has listened does not say so
        raise httpx2.TransportError("the answer was broken off")
    return conversation, ids[0]


async def resuming(witness: Witness) -> None:
    """Hang up in the middle of an answer and follow the rest."""
    conversation = await witness.conversation()
    sent = witness.begin(conversation, LONG, hang_up_at=4, background=True)
    await sent.until(2**31)
    await witness.follow(sent)
