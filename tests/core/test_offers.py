import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.core.mcp_servers import read
from palaver.core.offers import LARGEST_SCHEMA, LONGEST_NAME, names_for, offered_as, plan
from palaver.domain.mcp import Offer
from palaver.domain.tool import Tool

SERVER = read(
    {
        "id": "mcp_server-1",
        "server_name": "far away",
        "mcp_server_type": "sse",
        "server_url": "https://mcp.example/sse",
    }
)
PLACE = {"type": "object", "properties": {"where": {"type": "string"}}, "required": ["where"]}

offers = st.lists(
    st.builds(
        Offer,
        name=st.text(max_size=80) | st.sampled_from(["look", "Look up", "look/up", "l" * 90]),
        description=st.text(),
        parameters=st.sampled_from([{}, PLACE, {"type": "array"}, {"properties": []}]),
    ),
    max_size=8,
)


def kept(tools: tuple[Tool, ...]) -> list[Tool]:
    """The tools as they are once they were kept."""
    return [tool.model_copy(update={"id": f"tool-{n}"}) for n, tool in enumerate(tools)]


def test_an_offer_becomes_a_tool() -> None:
    offer = Offer(name="look", description="Look around.", parameters=PLACE)

    made = plan(SERVER, [offer], [], [])

    (tool,) = made.added
    assert (tool.name, tool.tool_type, tool.tags) == ("look", "external_mcp", ["mcp:far away"])
    assert tool.json_schema == {"name": "look", "description": "Look around.", "parameters": PLACE}
    assert tool.spec.parameters == PLACE
    assert tool.metadata_ == {
        "mcp": {"server_id": SERVER.id, "server_name": "far away", "tool_name": "look"}
    }


def test_new_tools_are_added_changed_ones_keep_their_ids_and_what_is_gone_is_deleted() -> None:
    before = kept(plan(SERVER, [_offer("a"), _offer("b"), _offer("c")], [], []).added)
    edited = [before[0].model_copy(update={"return_char_limit": 7, "name": "mine"}), *before[1:]]

    after = plan(SERVER, [_offer("a", "Newer."), _offer("b"), _offer("d")], edited, [])

    assert [tool.name for tool in after.added] == ["d"]
    (changed,) = after.updated
    assert (changed.id, changed.name, changed.return_char_limit) == (before[0].id, "mine", 7)
    assert (changed.description, offered_as(changed)) == ("Newer.", "a")
    assert [tool.id for tool in after.deleted] == [before[2].id]


@pytest.mark.parametrize(
    ("offered", "taken", "name"),
    [
        ("look", set[str](), "look"),
        ("look/up.now", set(), "look_up_now"),
        ("ügly", set(), "gly"),
        ("x" * 100, set(), "x" * LONGEST_NAME),
        ("look", {"look"}, "far_away_look"),
    ],
)
def test_a_tool_has_a_name_that_can_be_called_and_is_free(
    offered: str, taken: set[str], name: str
) -> None:
    (tool,) = plan(SERVER, [_offer(offered)], [], taken).added

    assert (tool.name, offered_as(tool)) == (name, offered)
    assert name in names_for([_offer(offered)], SERVER)


@pytest.mark.parametrize(
    ("offer", "reason"),
    [
        (Offer(name="", parameters={}), "name"),
        (Offer(name="…", parameters={}), "name"),
        (Offer(name="look", parameters={}), "taken"),
        (Offer(name="a", parameters={"type": "array"}), "no object"),
        (Offer(name="a", parameters={"type": ["object"]}), "no object"),
        (Offer(name="a", parameters={"properties": [1]}), "no object"),
        (Offer(name="a", parameters={"x": "y" * LARGEST_SCHEMA}), "longer"),
        (Offer(name="a", description="\0", parameters={}), "NUL"),
        (Offer(name="a", parameters={"title": "\0"}), "NUL"),
        (Offer(name="a\0", parameters={}), "NUL"),
    ],
)
def test_what_can_be_no_tool_is_skipped_for_a_reason(offer: Offer, reason: str) -> None:
    made = plan(SERVER, [offer], [], {"look", "far_away_look"})

    assert made.added == ()
    assert reason in made.skipped[offer.name.replace("\0", "\N{REPLACEMENT CHARACTER}")]


def test_what_is_offered_twice_is_taken_once() -> None:
    made = plan(SERVER, [_offer("look"), _offer("look", "Again.")], [], [])

    assert [tool.description for tool in made.added] == ["Do."]
    assert "twice" in made.skipped["look"]


@given(offers, offers, st.sets(st.sampled_from(["look", "look_up", "far_away_look"])))
def test_whatever_is_offered_names_are_callable_and_each_is_had_once(
    first: list[Offer], second: list[Offer], taken: set[str]
) -> None:
    before = kept(plan(SERVER, first, [], taken).added)
    after = plan(SERVER, second, before, taken)

    gone = {tool.id for tool in after.deleted}
    names = [tool.name for tool in (*before, *after.added) if tool.id not in gone]
    assert len(names) == len(set(names))
    assert not taken & set(names)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name or "") for name in names)
    again = plan(SERVER, second, [tool for tool in before if tool.id not in gone], taken)
    assert again.deleted == ()


def _offer(name: str, description: str = "Do.", **parameters: Any) -> Offer:
    return Offer(name=name, description=description, parameters=parameters)
