from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.finetuning.budget import SCORING_SHARE, Budget, Ticker, affordable_patches


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("score_seconds", [0.0, 0.2, 2.0, 30.0])
@pytest.mark.parametrize("seconds", [10.0, 60.0])
def test_the_run_ends_in_time_with_its_last_score(seconds: float, score_seconds: float) -> None:
    clock = Clock()
    budget = Budget(seconds, clock=clock)
    clock.now += 1 + score_seconds
    budget.plan(score_seconds)
    scores = 0
    while budget.progress(0) < 1.0:
        clock.now += 0.25
        if budget.is_score_due(0):
            clock.now += score_seconds
            scores += 1
    clock.now += score_seconds
    assert budget.elapsed <= max(seconds, 1 + 2 * score_seconds + 0.25)
    if score_seconds and (scores + 1) * score_seconds > SCORING_SHARE * seconds:
        assert scores == 0


def test_with_steps_all_depends_on_steps() -> None:
    clock = Clock()
    budget = Budget(1000.0, max_steps=10, clock=clock)
    budget.plan(1.0)
    due = []
    for step in range(1, 11):
        clock.now += step  # an uneven machine
        due.append(budget.is_score_due(step))
    assert budget.progress(5) == 0.5
    assert budget.progress(10) == 1.0
    assert sum(due) == 7


@pytest.mark.parametrize("score_seconds", [0.2, 2.0])
def test_the_first_score_comes_early(score_seconds: float) -> None:
    clock = Clock()
    budget = Budget(60.0, clock=clock)
    clock.now += 1
    budget.plan(score_seconds)
    while not budget.is_score_due(0):
        clock.now += 0.25
    assert budget.elapsed < 8


@pytest.mark.parametrize(("optional", "reserved"), [(2.0, True), (40.0, False)])
def test_what_would_take_much_of_the_time_gets_none_of_it(optional: float, reserved: bool) -> None:
    clock = Clock()
    budget, plain = Budget(60.0, clock=clock), Budget(60.0, clock=clock)
    budget.plan(1.0, 1.0, optional)
    plain.plan(1.0, 1.0)
    clock.now += 30
    assert (budget.progress(1) > plain.progress(1)) is reserved
    assert budget.can_spare(20)
    clock.now += 15
    assert not budget.can_spare(20)


@given(st.lists(st.floats(0, 20), min_size=1, max_size=20), st.floats(0, 5), st.none() | st.integers(1, 30))
def test_progress_rises_from_nothing_to_all_and_no_further(
    waits: list[float], score_seconds: float, most: int | None
) -> None:
    clock = Clock()
    budget = Budget(60.0, most, clock)
    budget.plan(score_seconds)
    shares = [budget.progress(0)]
    for step, wait in enumerate(waits, start=1):
        clock.now += wait
        shares.append(budget.progress(step))
        assert 0 <= budget.seconds_left(step) <= max(0.0, budget.left)
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1
    clock.now += 60
    assert (budget.progress(len(waits)), budget.has_time(len(waits)), budget.seconds_left(0)) == (1.0, False, 0.0)


def test_a_long_step_is_not_begun_shortly_before_the_end() -> None:
    clock = Clock()
    budget = Budget(60.0, clock=clock)
    budget.plan(0.0)
    clock.now += 50
    assert budget.has_time(1)
    budget.note_step(20.0)
    assert not budget.has_time(1)


def test_time_that_is_not_needed_is_given_back() -> None:
    clock = Clock()
    budget = Budget(60.0, clock=clock)
    budget.plan(1.0, 10.0)
    clock.now += 45
    assert not budget.has_time(1)
    budget.expect(1.0, 2.0)
    assert budget.has_time(1)


def test_where_steps_are_slow_they_are_of_fewer_patches() -> None:
    """So that about as many steps are made as on a quick machine; replay keeps its room."""
    assert affordable_patches(6, 200.0, False) == 6
    assert affordable_patches(6, 60.0, False) == 3
    assert affordable_patches(6, 10.0, False) == 2
    assert affordable_patches(6, 10.0, True) == 3
    assert affordable_patches(1, 10.0, True) == 1


def test_what_a_step_took_says_how_many_more_there_are() -> None:
    clock = Clock()
    budget = Budget(60.0, clock=clock)
    budget.plan(0.0)
    budget.note_step(0.5)
    reserve = 60.0 - budget.steps_left() * 0.5
    assert 0 < reserve < 3
    clock.now += 30
    assert budget.steps_left() == pytest.approx((30 - reserve) / 0.5)
    clock.now += 60
    assert budget.steps_left() == 0


def test_ticker_says_yes_once_in_a_while() -> None:
    clock = Clock()
    tick = Ticker(1.0, clock)
    assert tick()
    assert not tick()
    clock.now += 1.5
    assert tick()
    tick.restart(5.0)
    clock.now += 1.5
    assert not tick()
