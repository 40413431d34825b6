"""The page of operations says what the program does."""

from palaver.api.unplanned import NOT_PLANNED, NOT_YET
from tests.contract.coverage import KNOWN, PAGE, PARTLY, page, served, shape


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), "write it anew: python -m tests.contract.coverage"


def test_what_is_said_of_operations_is_said_of_known_ones() -> None:
    rows = {one.row for one in KNOWN}

    assert PARTLY.keys() <= rows
    assert NOT_YET.keys() | NOT_PLANNED.keys() <= rows
    assert NOT_YET.keys() & NOT_PLANNED.keys() == set()


def test_what_is_partly_there_is_there() -> None:
    assert {shape(row) for row in PARTLY} <= served()


def test_all_of_the_clients_operations_are_known() -> None:
    assert len([one for one in KNOWN if one.client]) == 129
