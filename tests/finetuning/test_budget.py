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
    assert budget.can_spare(20, "it")
    clock.now += 15
    assert not budget.can_spare(20, "it")


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
    assert affordable_patches(6, 400.0, False) == 6
    assert affordable_patches(6, 150.0, False) == 3
    assert affordable_patches(6, 10.0, False) == 1
    assert affordable_patches(6, 10.0, True) == 2
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


def test_time_is_kept_for_what_comes_after_the_last_step() -> None:
    """As much and a third as a score, the last things and what can be left out took, and 3 % for the unknown."""
    clock = Clock()
    budget = Budget(60.0, clock=clock)
    budget.plan(1.0, 2.0, 4.0)
    kept = 1.3 * (1 + 2 + 4) + 0.03 * 60
    clock.now += 20
    assert budget.progress(0) == pytest.approx(20 / (60 - kept))
    assert (budget.elapsed, budget.left) == (20, 40)
    clock.now += 40 - kept - 0.1
    assert budget.has_time(0)
    clock.now += 0.2
    assert not budget.has_time(0)


@pytest.mark.parametrize(("optional", "kept"), [(10.9, 1.3 * (1 + 2 + 10.9) + 1.8), (11.1, 1.3 * 3 + 1.8)])
def test_nothing_is_kept_for_what_can_be_left_out_where_all_of_it_takes_a_third(optional: float, kept: float) -> None:
    clock = Clock()
    budget = Budget(60.0, clock=clock)
    budget.plan(1.0, 2.0, optional)
    clock.now += 10
    assert budget.progress(0) == pytest.approx(10 / (60 - kept))


@pytest.mark.parametrize(
    ("seconds", "score_seconds", "due"),
    [
        (60.0, 2.0, [0.1, 2 / 3]),  # 15 % of the time are four scores and a half, one of which comes last
        (60.0, 3.0, [0.1]),
        (60.0, 4.4, []),
        (60.0, 0.1, [0.1, *(i / 8 for i in range(2, 8))]),  # never more than eight
        (60.0, 0.0, []),
    ],
)
def test_scores_are_spread_over_the_time(seconds: float, score_seconds: float, due: list[float]) -> None:
    clock = Clock()
    budget = Budget(seconds, clock=clock)
    budget.plan(score_seconds)
    found = []
    while budget.progress(0) < 1.0:
        clock.now += 0.05
        if budget.is_score_due(0):
            found.append(budget.progress(0))
            assert not budget.is_score_due(0)  # each once
    assert found == pytest.approx(due, abs=0.003)


def test_scores_that_were_missed_are_made_up_for_by_one() -> None:
    clock = Clock()
    budget = Budget(60.0, clock=clock)
    budget.plan(0.1)
    clock.now += 40
    assert budget.is_score_due(0)
    assert not budget.is_score_due(0)


def test_no_more_scores_are_planned_than_there_are_steps() -> None:
    budget = Budget(1000.0, max_steps=2, clock=Clock())
    budget.plan(1.0)
    assert [budget.is_score_due(step) for step in range(3)] == [False, True, False]


def test_what_is_left_is_told_from_the_steps_so_far() -> None:
    clock = Clock()
    budget = Budget(1000.0, max_steps=10, clock=clock)
    clock.now += 7  # of preparation
    budget.plan(3.0)
    assert budget.seconds_left(0) == 993.0
    clock.now += 10
    assert budget.seconds_left(2) == 8 * 5 + 3
    assert budget.seconds_left(10) == 3.0
    by_time = Budget(50.0, clock=clock)
    by_time.plan(3.0)
    clock.now += 20
    assert by_time.seconds_left(7) == 30.0


def test_who_may_take_a_share_of_the_time_is_told_when_it_is_over() -> None:
    clock = Clock()
    budget = Budget(50.0, clock=clock)
    clock.now += 5
    share, seconds = budget.took_longer_than(0.1, "it"), budget.took_seconds(2.0, "it")
    clock.now += 1.9
    assert (share(), seconds()) == (False, False)
    clock.now += 0.2
    assert (share(), seconds()) == (False, True)
    clock.now += 3
    assert share()
    repeated = Budget(50.0, max_steps=3, clock=clock)
    over = repeated.took_longer_than(0.1, "it"), repeated.took_seconds(0.1, "it")
    clock.now += 49
    assert [one() for one in over] == [False, False]
    assert repeated.can_spare(1000, "it")


def test_a_little_more_time_than_it_takes_is_needed_to_spare_it() -> None:
    clock = Clock()
    budget = Budget(60.0, clock=clock)
    clock.now += 35.9
    assert budget.can_spare(20, "it")
    clock.now += 0.2
    assert not budget.can_spare(20, "it")


@pytest.mark.parametrize(("elapsed", "has_time"), [(43.9, True), (44.3, False)])
def test_most_of_a_step_has_to_fit(elapsed: float, has_time: bool) -> None:
    clock = Clock()
    budget = Budget(60.0, clock=clock)
    budget.plan(0.0)
    budget.note_step(20.0)  # of which 14 are to fit before the 1.8 s that are kept
    clock.now += elapsed
    assert budget.has_time(1) is has_time


@pytest.mark.parametrize(
    ("steps_left", "with_replay", "patches"),
    [(500, False, 6), (300, False, 6), (150, False, 3), (190, False, 4), (10, False, 1), (10, True, 2), (0, True, 2)],
)
def test_slow_steps_are_of_fewer_patches(steps_left: float, with_replay: bool, patches: int) -> None:
    assert affordable_patches(6, steps_left, with_replay) == patches
    assert affordable_patches(1, steps_left, with_replay) == 1  # never more than there were


def test_how_many_more_steps_there_is_time_for() -> None:
    clock = Clock()
    budget = Budget(60.0, clock=clock)
    budget.plan(0.0)
    budget.note_step(0.5)
    clock.now += 20
    assert budget.steps_left() == pytest.approx((40 - 1.8) / 0.5)
    clock.now += 39
    assert budget.steps_left() == 0.0


def test_before_training_was_planned_the_clock_counts_from_the_start() -> None:
    clock = Clock()
    budget = Budget(100.0, clock=clock)
    clock.now += 10
    assert budget.progress(0) == pytest.approx(0.1)
    assert not budget.is_score_due(0)
