"""Servers are killed at every point where something is written; the next one makes it good."""

from functools import partial

import pytest

from tests.crash import points
from tests.crash.playing import play, side_by_side
from tests.crash.points import Crash
from tests.databases import Databases

pytestmark = pytest.mark.timeout(400)  # for machines that do something else as well

CASES = [  # at every place on both databases; `make soak` tells all stories
    *(pytest.param(cases, id=name) for name, cases in points.FIRST.items()),
    *(
        pytest.param(cases, id=f"all of {name}", marks=pytest.mark.soak)
        for name, cases in points.GROUPS.items()
    ),
]


@pytest.mark.parametrize("cases", CASES)
async def test_whatever_kills_a_server_the_next_one_makes_it_good(
    many: Databases, cases: list[Crash]
) -> None:
    figures = await side_by_side({case.name: partial(play, many, case) for case in cases})

    figures.check()


def test_there_are_many_points_and_each_is_tried_once() -> None:
    names = [case.name for group in points.GROUPS.values() for case in group]
    first = [case.name for group in points.FIRST.values() for case in group]

    assert len(first) >= 50
    assert len(names) == len(set(names))
    assert set(first) < set(names)
