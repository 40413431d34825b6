"""Searches: a part of a text, in any case, with no character special."""

import pytest

from palaver.store import agents, blocks, conversations
from palaver.store.agents import AgentFilter
from palaver.store.blocks import BlockFilter
from palaver.store.conversations import ConversationFilter
from palaver.store.db import Database, Tx
from tests.store import making
from tests.store.making import HERE

TEXTS = ["Grey Rain", "100% sure", "snake_case", "back\\slash", "ÄPFEL", "plain"]

FOUND = {
    "RAIN": "Grey Rain",
    "0%": "100% sure",
    "e_c": "snake_case",
    "k\\s": "back\\slash",
    "äpf": "ÄPFEL",
}


@pytest.mark.parametrize("part", FOUND)
async def test_a_part_is_found_in_any_case(db: Database, part: str) -> None:
    def check(tx: Tx) -> None:
        for shown in TEXTS:
            agent = making.keep_agent(tx, shown)
            summary = making.conversation(agent.id, summary=shown)
            conversations.add(tx, HERE, summary, making.system())
            value = making.block("human", shown).model_copy(update={"description": shown})
            blocks.add(tx, HERE, value, making.NOON)
        page = making.all_of_it()

        found: dict[str, list[str | None]] = {
            "name": [
                one.name for one in agents.listed(tx, HERE, page, AgentFilter(query_text=part))
            ],
            "summary": [
                one.summary
                for one in conversations.listed(
                    tx, HERE, page, ConversationFilter(summary_search=part)
                )
            ],
            "value": [
                one.value for one in blocks.listed(tx, HERE, page, BlockFilter(value_search=part))
            ],
            "description": [
                one.description
                for one in blocks.listed(tx, HERE, page, BlockFilter(description_search=part))
            ],
        }
        assert found == {column: [FOUND[part]] for column in found}

    await db.tx(check)


async def test_hidden_things_are_found_by_id_alone(db: Database) -> None:
    def check(tx: Tx) -> None:
        agent = making.agent().model_copy(update={"hidden": True})
        agents.add(tx, HERE, agent)
        block = making.block().model_copy(update={"hidden": True})
        blocks.add(tx, HERE, block, making.NOON)
        conversation = making.conversation(agent.id)
        conversations.add(tx, HERE, conversation, making.system())
        conversations.hide(tx, HERE, conversation.id)
        page = making.all_of_it()

        assert agents.listed(tx, HERE, page, AgentFilter()) == []
        assert blocks.listed(tx, HERE, page, BlockFilter()) == []
        assert conversations.listed(tx, HERE, page, ConversationFilter()) == []
        assert agents.get(tx, HERE, agent.id) == agent
        assert blocks.get(tx, HERE, block.id) == block
        assert conversations.get(tx, HERE, conversation.id).agent_id == agent.id

    await db.tx(check)


@pytest.mark.parametrize(("every", "names"), [(False, ["both", "one"]), (True, ["both"])])
async def test_tags_any_or_all(db: Database, every: bool, names: list[str]) -> None:
    def check(tx: Tx) -> None:
        for name, tags in (("both", ("red", "blue")), ("one", ("red",)), ("none", ("green",))):
            agents.add(tx, HERE, making.agent(name).model_copy(update={"tags": tags}))
        wanted = AgentFilter(tags=("red", "blue"), match_all_tags=every)
        found = agents.listed(tx, HERE, making.all_of_it(), wanted)
        assert sorted(one.name for one in found) == names

    await db.tx(check)
