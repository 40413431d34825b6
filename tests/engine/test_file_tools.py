"""A search through lines that takes too long."""

from palaver.clock import mint
from palaver.core.builtin import BUILT_IN
from palaver.domain.agent import Agent
from palaver.domain.folder import Piece
from palaver.domain.ids import DEFAULT_PROJECT
from palaver.engine.file_tools import FileTools
from palaver.engine.meanings import Meanings
from palaver.engine.workshop import ToolUse
from palaver.store import files
from palaver.store.db import Tx
from palaver.store.opening import open_database
from tests.store import making


def kept(tx: Tx) -> Agent:
    """An agent with a file of many lines."""
    agent = making.keep_agent(tx)
    file = making.keep_file(tx, agent.id, "first\n")
    more = [(mint("passage"), Piece(line=2, text="more\n" * 1000))]
    files.put(tx, DEFAULT_PROJECT, file, more)
    return agent


async def test_a_search_ends_in_time_and_says_so(database_url: str) -> None:
    db = open_database(database_url)
    agent = await db.tx(kept)

    hurried = FileTools(db, Meanings(db, None, "worker-1"), 0)
    patient = FileTools(db, Meanings(db, None, "worker-1"))
    use = ToolUse(BUILT_IN["grep_files"], {"pattern": "first"}, DEFAULT_PROJECT, agent)
    told = (await hurried.use(use)).text

    assert told.startswith("No line has matched. [the search was stopped after 0 seconds")
    assert (await patient.use(use)).text == "[count/count]\n> 1: first\n  2: more"
    await db.close()
