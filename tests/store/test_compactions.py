"""What a compaction has changed is remembered until the next one, and while there is somebody."""

import pytest
from sqlalchemy import func, select

from palaver.domain.conversation import Address, Context
from palaver.errors import NothingToUndo
from palaver.store import compactions, conversations, entries, schema
from palaver.store.db import Database, Tx
from tests.store import making
from tests.store.making import HERE


def window(tx: Tx, address: Address) -> tuple[str, list[str]]:
    """The prompt of a conversation, and the ids of what is in its window."""
    system, said = entries.window(tx, address.conversation_id)
    return str(system.parts), [one.id for one in said]


def remembered(tx: Tx) -> int:
    """How many compactions are remembered."""
    return int(tx.all(select(func.count()).select_from(schema.compactions))[0][0])


async def test_the_last_one_is_undone_with_its_prompt(db: Database) -> None:
    def tell(tx: Tx) -> None:
        here = making.keep_conversation(tx)
        one, two, three, four = making.say(tx, here, 4)
        whole = window(tx, here)

        compactions.put(tx, HERE, here.conversation_id, Context(start=3, head=(1,)))
        once = window(tx, here)
        compactions.put(tx, HERE, here.conversation_id, Context(start=4, head=(2, 1)), "Be brief.")
        assert window(tx, here)[1] == [two, one, four]
        assert "Be brief." in window(tx, here)[0]
        assert remembered(tx) == 1

        compactions.undo(tx, HERE, here.conversation_id)
        assert window(tx, here) == once == (whole[0], [one, three, four])
        with pytest.raises(NothingToUndo):
            compactions.undo(tx, HERE, here.conversation_id)

    await db.tx(tell)


async def test_nothing_is_remembered_of_what_was_deleted_meanwhile(db: Database) -> None:
    def tell(tx: Tx) -> None:
        here = making.keep_conversation(tx)
        making.say(tx, here, 3)
        compactions.put(tx, HERE, here.conversation_id, Context(start=2))
        conversations.remove(tx, HERE, here.conversation_id, making.NOON)

        compactions.put(tx, HERE, here.conversation_id, Context(start=3))

        assert remembered(tx) == 0

    await db.tx(tell)
