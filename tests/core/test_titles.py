"""Titles: short, on one line, without what models put around them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.core.titles import LONGEST, title


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("A walk by the sea", "A walk by the sea"),
        ("  \n\n# A walk\nMore words.", "A walk"),
        ('"A walk."', "A walk"),
        ('**Title: "A walk"**', "A walk"),
        ("「海辺の散歩」", "「海辺の散歩」"),
        ("", None),
        (' \n"" \n', None),
        ("word " * 40, ("word " * 15).strip() + "…"),
    ],
)
def test_what_models_put_around_it_is_left_out(answer: str, found: str | None) -> None:
    assert title(answer) == found


@given(st.text())
def test_it_is_one_short_line_or_none(answer: str) -> None:
    found = title(answer)

    assert found is None or (0 < len(found) <= LONGEST and len(found.splitlines()) == 1)
