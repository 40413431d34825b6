"""How full a window is said to be, against what its provider counts in it by a way of its own."""

import json
from collections.abc import AsyncIterator
from itertools import cycle, islice

import pytest

from tests.api.here import Client, serving
from tests.fakes.counting import tokens_of_chat
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Reply, Say

TURNS = 8
ENGLISH = (
    "The committee met on Tuesday to talk about the new library. Most of its members liked the "
    "plans, although some found the windows too small and the entrance hard to find. After a long "
    "discussion they decided to ask the architect for another drawing before the end of the month."
)
CODE = '''\
def merge(left: list[int], right: list[int]) -> list[int]:
    """Two sorted lists as one."""
    found, i, j = [], 0, 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            found.append(left[i])
            i += 1
        else:
            found.append(right[j])
            j += 1
    return found + left[i:] + right[j:]
'''
CHINESE = (
    "委员会星期二开会讨论新图书馆的计划。大多数成员喜欢这个设计，不过有些人觉得窗户太小，"  # noqa: RUF001
    "入口也不容易找到。经过长时间的讨论，他们决定请建筑师在月底之前再画一张图。"  # noqa: RUF001
)
TEXTS = {
    "English": [ENGLISH],
    "code": [CODE],
    "Chinese": [CHINESE],
    "all of them": [ENGLISH, CODE, CHINESE],
}


@pytest.fixture(scope="module")
async def client(file_url: str, fake: FakeProvider) -> AsyncIterator[Client]:
    """A client of a server whose provider counts what it is asked."""
    fake.count = tokens_of_chat
    async with serving(file_url, {"OPENAI_BASE_URL": fake.openai_url}) as client:
        yield client


def answers(n: int, text: str, has_tools: bool) -> list[Reply]:
    """What is answered in a turn: the same words, and they are noted where that can be done."""
    note = json.dumps({"label": "notes", "new_string": text}, ensure_ascii=False)
    call = Reply((Call(f"call_{n}", "memory_insert", (note,)),))
    answer = Reply((Say((text,)),))
    return [call, answer] if has_tools else [answer]


@pytest.mark.parametrize("has_tools", [True, False])
@pytest.mark.parametrize("name", TEXTS)
async def test_the_estimate_is_within_a_fifth_of_the_providers_count(
    client: Client, fake: FakeProvider, name: str, has_tools: bool
) -> None:
    fake.forget()
    agent = await client.agent(
        model="openai/gpt-4o",
        system="Be kind.",
        memory_blocks=[{"label": "notes", "value": "None.", "limit": 100_000}],
        include_base_tools=has_tools,
    )
    conversation = await client.conversation(agent)
    estimates: list[int] = []
    counts: list[int] = []
    for n, text in enumerate(islice(cycle(TEXTS[name]), TURNS)):
        asked = len(fake.bodies)
        fake.script(*answers(n, text, has_tools))
        await client.send(conversation, text)
        body = fake.bodies[asked]
        counts.append(tokens_of_chat({**body, "messages": body["messages"][:-1]}))
        told = await client.get(f"/v1/conversations/{conversation}/context")
        estimates.append(told["context_window_size_current"])

    pairs = list(zip(estimates, counts[1:], strict=False))  # after a turn, before the next
    for estimate, count in pairs:
        assert abs(estimate - count) <= 0.2 * count
