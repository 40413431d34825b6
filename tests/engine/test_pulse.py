"""Who is taken to be gone, by beats alone."""

from hypothesis import given
from hypothesis import strategies as st

from palaver.engine.lease import MISSED, Pulse


def test_a_beat_that_does_not_change_is_missed_so_many_times_before_its_worker_is_gone() -> None:
    pulse = Pulse()

    looks = [pulse.gone({"me": n, "other": 7}) for n in range(MISSED + 1)]

    assert looks == [{}] * MISSED + [{"other": 7}]


def test_a_worker_that_beats_again_begins_anew() -> None:
    pulse = Pulse()
    for n in range(MISSED):
        pulse.gone({"me": n, "other": 7})

    assert pulse.gone({"me": 8, "other": 8}) == {}
    assert pulse.gone({"me": 9, "other": 8}) == {}


def test_a_worker_that_was_removed_and_comes_back_begins_anew() -> None:
    pulse = Pulse()
    for n in range(MISSED + 1):
        pulse.gone({"me": n, "other": 7})

    assert pulse.gone({"me": 8}) == {}
    assert pulse.gone({"me": 9, "other": 7}) == {}


@given(st.lists(st.integers(0, MISSED), min_size=1, max_size=50))
def test_who_beats_between_looks_is_never_gone(missed: list[int]) -> None:
    pulse, mine = Pulse(), 0
    for beat, times in enumerate(missed):
        for _ in range(max(1, times)):
            mine += 1
            assert pulse.gone({"me": mine, "other": beat}) == {}
