"""The best one-to-one choice, against trying all of them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.tracking.assignment import assign


def choose(pairs: list[tuple[int, int, float]], shape: tuple[int, int]) -> list[tuple[int, int]]:
    rows, columns = (np.array([pair[axis] for pair in pairs], np.int64) for axis in (0, 1))
    chosen = assign(rows, columns, np.array([pair[2] for pair in pairs], float), shape)
    return [pairs[int(at)][:2] for at in chosen]


def least_cost(pairs: list[tuple[int, int, float]]) -> float:
    """What the best choice gains: each pair saves 1 (two that stay alone) less its cost."""
    best = 0.0
    for n in range(1, 4):
        for some in combinations(pairs, n):
            if len({one[0] for one in some}) == len({one[1] for one in some}) == n:
                best = min(best, sum(one[2] - 1 for one in some))
    return best


@given(st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 2)), st.integers(0, 24), max_size=9))
def test_no_other_choice_costs_less(costs: dict[tuple[int, int], int]) -> None:
    pairs = [(*key, value / 20) for key, value in costs.items()]
    chosen = choose(pairs, (4, 3))
    assert len({row for row, _ in chosen}) == len({column for _, column in chosen}) == len(chosen)
    found = sum(costs[pair] / 20 - 1 for pair in chosen)
    assert found == pytest.approx(least_cost(pairs), abs=1e-3)


@pytest.mark.parametrize(("cost", "chosen"), [(0.0, [(0, 0)]), (0.999, [(0, 0)]), (1.0, []), (1.5, [])])
def test_a_pair_that_costs_what_two_alone_cost_is_not_chosen(cost: float, chosen: list[tuple[int, int]]) -> None:
    assert choose([(0, 0, cost)], (1, 1)) == chosen


def test_two_dear_pairs_are_chosen_over_one_that_is_free_if_they_cost_less_together() -> None:
    cheap, dear = (0, 0, 0.0), [(0, 1, 0.45), (1, 0, 0.45)]
    assert choose([cheap, *dear], (2, 2)) == [(0, 1), (1, 0)]  # 0.9 together, not 0 and two alone
    dearer = [(0, 1, 0.55), (1, 0, 0.55)]
    assert choose([cheap, *dearer], (2, 2)) == [(0, 0)]


def test_numbers_of_rows_may_be_far_apart_and_the_answer_is_in_the_order_asked() -> None:
    pairs = [(900, 5, 0.3), (2, 5, 0.1), (900, 70, 0.2), (3, 71, 2.0)]
    assert choose(pairs, (1000, 100)) == [(2, 5), (900, 70)]


def test_nothing_to_choose_from() -> None:
    found = assign(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), (3, 4))
    assert found.size == 0
    assert found.dtype == np.int64
