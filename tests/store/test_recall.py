"""What was said is found by its words: the same on every database, and only by who may see it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from palaver.domain.conversation import Address
from palaver.domain.entry import Entry, Role
from palaver.domain.meaning import Sought
from palaver.domain.part import Part, Reasoning, Text, ToolCall, ToolReturn
from palaver.store import agents, conversations, entries, passages, recall
from palaver.store.db import Database, Tx
from palaver.store.passages import PassageFilter
from palaver.store.recall import EntryFilter
from tests.store import making
from tests.store.making import HERE, LATER, NOON


def said(role: Role, *parts: Part, minute: int = 0) -> Entry:
    """An entry, some minutes after noon."""
    at = NOON + timedelta(minutes=minute)
    return making.entry().model_copy(update={"role": role, "parts": parts, "created_at": at})


def tell(tx: Tx, *texts: str) -> Address:
    """A conversation in which users said these things, one a minute."""
    address = making.keep_conversation(tx)
    said_ = [said("user", Text(text=text), minute=n) for n, text in enumerate(texts)]
    entries.append(tx, HERE, address, said_)
    return address


def found(tx: Tx, wanted: EntryFilter, words: str | None, limit: int = 10) -> list[str]:
    """What was found: the texts, best first."""
    hits = recall.found(tx, HERE, wanted, Sought(words), limit)
    assert all(0 < hit.rank.score <= 1 for hit in hits)
    return ["".join(part.text for part in hit.entry.parts if part.type == "text") for hit in hits]


TROUBLE = ('"', "a AND (", "NEAR(a b)", "said:x", "a' OR 'b", "-a*", "^a", "a\\", "a:*B & !c")
RAIN = ("rain falls", "snow falls", "Rain, snow and hail", "sunshine", "hailstones")


@pytest.mark.parametrize(
    ("words", "best"),
    [
        ("rain", ["Rain, snow and hail", "rain falls"]),
        ("hail", ["hailstones", "Rain, snow and hail"]),
        ("snow falls", ["snow falls", "Rain, snow and hail", "rain falls"]),
        ("what is sunshine", ["sunshine"]),
        ("tea", []),
        (None, RAIN[::-1]),
        ("", RAIN[::-1]),
        ("🙂", []),
    ],
)
async def test_the_best_come_first_and_of_equals_the_newest(
    db: Database, words: str | None, best: Sequence[str]
) -> None:
    def check(tx: Tx) -> None:
        address = tell(tx, *RAIN)
        wanted = EntryFilter(agent_id=address.agent_id)

        assert found(tx, wanted, words) == list(best)
        assert found(tx, wanted, words, 1) == list(best[:1])
        assert found(tx, wanted, words, 0) == []

    await db.tx(check)


async def test_a_rare_word_counts_for_more_than_a_common_one(db: Database) -> None:
    def check(tx: Tx) -> None:
        address = tell(tx, "the rex", *["the dog"] * 400)

        assert found(tx, EntryFilter(agent_id=address.agent_id), "the name rex", 1) == ["the rex"]

    await db.tx(check)


async def test_what_holds_all_words_is_found_however_old_it_is(db: Database) -> None:
    def check(tx: Tx) -> None:
        address = tell(tx, "red and blue", *["only red", "only blue"] * 400)

        wanted = EntryFilter(agent_id=address.agent_id)
        assert found(tx, wanted, "red blue", 2) == ["red and blue", "only blue"]
        early = replace(wanted, until=NOON + timedelta(minutes=2))
        assert found(tx, early, "red") == ["only red", "red and blue"]

    await db.tx(check)


async def test_only_what_people_and_models_said_is_found(db: Database) -> None:
    def check(tx: Tx) -> None:
        address = making.keep_conversation(tx)
        call = ToolCall(call_id="c", name="look", arguments='{"at": "apple"}')
        entries.append(
            tx,
            HERE,
            address,
            [
                said("user", Text(text="apple?")),
                said("assistant", Reasoning(text="an apple pie"), Text(text="An apple!"), call),
                said("tool", ToolReturn(call_id="c", status="success", content="apple")),
                said("summary", Text(text="Apples.")),
            ],
        )
        wanted = EntryFilter(agent_id=address.agent_id)

        assert found(tx, wanted, "apple") == ["Apples.", "An apple!", "apple?"]
        assert found(tx, replace(wanted, roles=("user",)), "apple") == ["apple?"]
        assert found(tx, wanted, "pie") == []
        assert found(tx, replace(wanted, thoughts=True), "pie") == ["An apple!"]
        assert found(tx, wanted, "listen") == []  # which is in the prompt

    await db.tx(check)


async def test_dates_and_runs_narrow_what_is_found(db: Database) -> None:
    def check(tx: Tx) -> None:
        address = tell(tx, *["tick"] * 5)
        run = making.start(tx, address)
        entries.append(tx, HERE, address, [making.entry("tick tock", run.id)])
        wanted = EntryFilter(agent_id=address.agent_id, since=NOON + timedelta(minutes=1))

        assert len(found(tx, wanted, "tick")) == 4
        assert len(found(tx, replace(wanted, until=NOON + timedelta(minutes=3)), "tick")) == 3
        assert found(tx, EntryFilter(agent_id=address.agent_id), "tock") == ["tick tock"]
        assert found(tx, EntryFilter(agent_id=address.agent_id, but_run=run.id), "tock") == []

    await db.tx(check)


async def test_a_conversation_finds_what_it_reaches(db: Database) -> None:
    def check(tx: Tx) -> None:
        source = tell(tx, "before")
        fork = making.fork(tx, source)
        entries.append(tx, HERE, source, [making.entry("source: after")])
        entries.append(tx, HERE, fork, [making.entry("fork: after")])
        wanted = EntryFilter(agent_id=source.agent_id)
        of_fork = replace(wanted, conversation_id=fork.conversation_id)

        assert found(tx, of_fork, "after") == ["fork: after"]
        assert found(tx, of_fork, "before") == ["before"]
        assert found(tx, of_fork, None) == ["fork: after", "before"]
        assert sorted(found(tx, wanted, "after")) == ["fork: after", "source: after"]
        conversations.remove(tx, HERE, source.conversation_id, LATER)
        assert found(tx, wanted, "after") == ["fork: after"]
        assert found(tx, wanted, "before") == ["before"]
        agents.remove(tx, HERE, source.agent_id, LATER)
        assert found(tx, wanted, "before") == found(tx, wanted, None) == []

    await db.tx(check)


async def test_agents_find_nothing_of_each_other(db: Database) -> None:
    def check(tx: Tx) -> None:
        mine, theirs = tell(tx, "my secret"), tell(tx, "their secret")

        assert found(tx, EntryFilter(agent_id=mine.agent_id), "secret") == ["my secret"]
        assert found(tx, EntryFilter(agent_id=theirs.agent_id), "secret") == ["their secret"]
        assert sorted(found(tx, EntryFilter(), "secret")) == ["my secret", "their secret"]
        default = making.conversation(mine.agent_id)
        conversations.add(tx, HERE, default, making.system(), is_default=True)
        address = Address(conversation_id=default.id, agent_id=mine.agent_id)
        entries.append(tx, HERE, address, [making.entry("default secret")])
        assert found(tx, EntryFilter(default_only=True), "secret") == ["default secret"]

    await db.tx(check)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(words=st.text() | st.sampled_from(TROUBLE))
async def test_any_question_can_be_asked(db: Database, words: str) -> None:
    def check(tx: Tx) -> None:
        agent = making.keep_agent(tx)
        text = words.replace("\0", "")
        recall.found(tx, HERE, EntryFilter(agent_id=agent.id), Sought(text), 5)
        passages.found(tx, HERE, PassageFilter(), Sought(text), 5)
        passages.listed(tx, HERE, making.all_of_it(), PassageFilter(), text)

    await db.tx(check)


async def test_a_passage_that_was_removed_is_not_found(db: Database) -> None:
    def check(tx: Tx) -> None:
        agent = making.keep_agent(tx)
        box, first = making.keep_passage(tx, agent.id, "grey rain")
        passages.add(tx, HERE, box.id, [making.passage("grey snow"), making.passage("grey hail")])
        wanted = PassageFilter(archives=[box.id])
        passages.remove(tx, HERE, first.id, [box.id])

        def texts(words: str) -> list[str]:
            return [hit.passage.text for hit in passages.found(tx, HERE, wanted, Sought(words), 5)]

        assert texts("rain") == []
        assert texts("grey") == ["grey hail", "grey snow"]
        assert passages.found(tx, HERE, PassageFilter(archives=[]), Sought("grey"), 5) == []
        assert passages.listed(tx, HERE, making.all_of_it(), PassageFilter(archives=[])) == []

    await db.tx(check)
