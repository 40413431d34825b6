"""Vectors: of whatever can be found, compared without leaving one out, gone with their text."""

import math
from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import func, select

from palaver.domain.archive import Archive
from palaver.domain.meaning import Meaning, SearchMode, Sought
from palaver.store import archives, entries, meanings, nearest, passages, recall, schema_texts
from palaver.store import workers as living
from palaver.store.db import Database, Tx
from palaver.store.passages import PassageFilter
from palaver.store.recall import EntryFilter
from tests.store import making
from tests.store.making import HERE, NOON

KIND = "some/model:2"


def pointing(degrees: float, kind: str = KIND) -> Meaning:
    """A direction in the plane."""
    at = math.radians(degrees)
    return Meaning(kind, (math.cos(at), math.sin(at)))


def learn(tx: Tx, kind: str = KIND) -> list[str]:
    """Keep what all due texts mean: where they point if they are a number. What was due."""
    nearest.prepare(tx)
    due = meanings.due(tx, kind, (0, meanings.newest(tx)), 10_000)
    texts = {n: one.said if one else "" for n, one in due.items()}
    meant = {n: pointing(float(text), kind) for n, text in texts.items() if text.isdecimal()}
    meanings.keep(tx, kind, due, meant)
    return list(texts.values())


def box(tx: Tx, texts: Sequence[str], tags: Sequence[str] = ()) -> Archive:
    """An archive with texts, one a minute."""
    made = making.archive()
    archives.add(tx, HERE, made)
    put(tx, made, texts, tags)
    return made


def put(tx: Tx, archive: Archive, texts: Sequence[str], tags: Sequence[str] = ()) -> None:
    """Put texts into an archive."""
    new = [
        making.passage(text, tags).model_copy(
            update={"created_at": NOON + timedelta(minutes=n), "archive_id": archive.id}
        )
        for n, text in enumerate(texts)
    ]
    passages.add(tx, HERE, archive.id, new)


def near(
    tx: Tx, wanted: PassageFilter, mode: SearchMode = "vector", limit: int = 3, words: str = "0"
) -> list[str]:
    """The texts that are found by somebody who points to the right."""
    hits = passages.found(tx, HERE, wanted, Sought(words, mode, pointing(0)), limit)
    assert all(0 <= hit.rank.score <= 1 for hit in hits)
    assert [hit.rank.score for hit in hits] == sorted(
        (hit.rank.score for hit in hits), reverse=True
    )
    return [hit.passage.text for hit in hits]


async def test_the_nearest_come_first_and_of_equals_the_newest(db: Database) -> None:
    def unit(tx: Tx) -> None:
        mine, other = box(tx, ["90", "40", "10", "170", "x"]), box(tx, ["5", "10"])
        assert sorted(learn(tx)) == sorted(["90", "40", "10", "170", "x", "5", "10"])
        assert near(tx, PassageFilter(archives=[mine.id]), limit=9) == ["10", "40", "90", "170"]
        assert near(tx, PassageFilter(archives=[mine.id, other.id])) == ["5", "10", "10"]
        assert near(tx, PassageFilter()) == ["5", "10", "10"]
        assert near(tx, PassageFilter(archives=[])) == []
        (_, first, second) = passages.found(
            tx, HERE, PassageFilter(), Sought("?", "vector", pointing(0)), 3
        )
        assert first.passage.archive_id == other.id
        assert second.rank.score == pytest.approx(math.cos(math.radians(10)), abs=1e-5)
        assert (second.rank.by_words, second.rank.by_meaning) == (None, 3)

    await db.tx(unit)


async def test_filters_hold_however_many_are_nearer(db: Database) -> None:
    """More than the first look sees are nearer, and all that is wanted is found all the same."""

    def unit(tx: Tx) -> None:
        mine = box(tx, ["1"] * 350)
        put(tx, mine, ["80", "20", "60"], ["rare"])
        learn(tx)
        rare = PassageFilter(archives=[mine.id], tags=["rare"])
        assert near(tx, rare) == ["20", "60", "80"]
        assert near(tx, rare, limit=2) == ["20", "60"]
        early = NOON + timedelta(minutes=1)
        late = PassageFilter(tags=["rare"], since=early, until=early)
        assert near(tx, late) == ["20"]
        assert near(tx, PassageFilter(), limit=360)[-4:] == ["1", "20", "60", "80"]

    await db.tx(unit)


async def test_it_is_as_if_each_had_been_compared_by_hand(db: Database) -> None:
    dice = Random(7)
    angles = {tag: [str(dice.randrange(360)) for _ in range(220)] for tag in ("a", "b")}

    def unit(tx: Tx) -> None:
        mine = box(tx, angles["a"], ["a"])
        put(tx, mine, angles["b"], ["b"])
        box(tx, angles["a"])
        learn(tx)
        for tags in ((), ("a",), ("b",), ("c",)):
            texts = [text for tag, all in angles.items() if not tags or tag in tags for text in all]
            for limit in (1, 50, 300):
                at = dice.randrange(360)
                by_hand = sorted(math.cos(math.radians(at - float(one))) for one in texts)[::-1]
                wanted = PassageFilter(archives=[mine.id], tags=tags)
                hits = passages.found(tx, HERE, wanted, Sought("?", "vector", pointing(at)), limit)
                scores = [max(near, 0.0) for near in by_hand[:limit]]
                assert [hit.rank.score for hit in hits] == pytest.approx(scores, abs=1e-5)

    await db.tx(unit)


async def test_both_together_are_better_than_either(db: Database) -> None:
    def unit(tx: Tx) -> None:
        mine = PassageFilter(archives=[box(tx, ["30", "20", "10"]).id])
        learn(tx)
        assert near(tx, mine, "fts", words="30") == ["30"]
        assert near(tx, mine, "vector", words="30") == ["10", "20", "30"]
        assert near(tx, mine, "hybrid", words="30") == ["30", "10", "20"]
        (best, *_) = passages.found(tx, HERE, mine, Sought("30", "hybrid", pointing(0)), 3)
        assert (best.rank.by_words, best.rank.by_meaning) == (1, 3)
        assert best.rank.score == round((1 / 61 + 1 / 63) / (2 / 61), 6)
        assert near(tx, mine, "hybrid", words="🙂") == ["10", "20", "30"]

    await db.tx(unit)


async def test_what_was_said_is_found_by_who_may_see_it(db: Database) -> None:
    def unit(tx: Tx) -> None:
        one, other = making.keep_conversation(tx), making.keep_conversation(tx)
        for where, texts in ((one, ("10", "50")), (other, ("5",))):
            entries.append(tx, HERE, where, [making.entry(text) for text in texts])
        learn(tx)

        def found(**wanted: str) -> list[str]:
            sought = Sought("?", "vector", pointing(0))
            hits = recall.found(tx, HERE, EntryFilter(**wanted), sought, 5)  # type: ignore[arg-type]
            return [part.text for hit in hits for part in hit.entry.parts if part.type == "text"]

        assert found() == ["5", "10", "50"]
        assert found(agent_id=one.agent_id) == ["10", "50"]
        assert found(conversation_id=other.conversation_id) == ["5"]

    await db.tx(unit)


async def test_another_model_is_another_matter(db: Database) -> None:
    def unit(tx: Tx) -> None:
        box(tx, ["10", "20"])
        assert len(learn(tx)) == 2
        assert learn(tx) == []
        assert len(learn(tx, "other/model:2")) == 2
        assert near(tx, PassageFilter()) == []
        sought = Sought("?", "vector", pointing(0, "other/model:2"))
        assert len(passages.found(tx, HERE, PassageFilter(), sought, 5)) == 2
        assert len(learn(tx)) == 2

    await db.tx(unit)


async def test_what_is_removed_leaves_nothing(db: Database) -> None:
    def unit(tx: Tx) -> None:
        made = box(tx, ["10", "20"])
        due = meanings.due(tx, KIND, (0, meanings.newest(tx)), 9)
        (gone, kept) = passages.found(tx, HERE, PassageFilter(), Sought(None), 2)
        learn(tx)
        passages.remove(tx, HERE, gone.passage.id, [made.id])
        assert near(tx, PassageFilter()) == [kept.passage.text]
        meanings.keep(tx, KIND, due, dict.fromkeys(due, pointing(0)))  # it was asked for before
        assert near(tx, PassageFilter()) == [kept.passage.text]
        passages.remove_archive(tx, HERE, made.id)
        for table in (schema_texts.vectors, schema_texts.vector_scopes):
            assert tx.all(select(func.count()).select_from(table))[0][0] == 0

    await db.tx(unit)


async def test_one_makes_vectors_at_a_time_and_the_last_choice_holds(db: Database) -> None:
    def unit(tx: Tx) -> None:
        living.beat(tx, "one")
        living.beat(tx, "two")
        meanings.begin(tx, KIND)
        assert meanings.take_turn(tx, KIND, "one")
        assert meanings.take_turn(tx, KIND, "one")
        assert not meanings.take_turn(tx, KIND, "two")
        living.leave(tx, "one")
        assert meanings.take_turn(tx, KIND, "two")
        meanings.begin(tx, "other/model:2")
        assert not meanings.take_turn(tx, KIND, "two")

    await db.tx(unit)
