"""How well classes are told apart, against counting by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_unet.heads.semantic.scoring import ClassScore, ClassTally, compare_classes, count_cells, pool_cells
from napari_unet.heads.semantic.survey import CELL

NAMES = ("background", "cell", "debris")


def draw(seed: int, wrong: float = 0.3, shape: tuple[int, int] = (70, 40)) -> tuple[np.ndarray, np.ndarray]:
    """Classes, and the same with a share of the pixels drawn anew."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 3, shape).astype(np.int32)
    return truth, np.where(random.random(shape) < wrong, random.integers(0, 3, shape), truth).astype(np.int32)


def by_hand(truth: np.ndarray, found: np.ndarray) -> tuple[float, dict[str, float]]:
    ious, dice = [], {}
    for value, name in enumerate(NAMES):
        true, said = truth == value, found == value
        if true.any():
            both = int((true & said).sum())
            ious.append(both / int((true | said).sum()))
            dice[name] = round(2 * both / (int(true.sum()) + int(said.sum())), 4)
    return float(np.mean(ious)), dice


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 1))
def test_cells_together_are_the_whole_plane(seed: int, wrong: float) -> None:
    truth, found = draw(seed, wrong)
    region = np.random.default_rng(seed + 1).random(truth.shape) < 0.5
    score = pool_cells(count_cells(truth, found, region, 3), NAMES)
    mean, dice = by_hand(truth[region], found[region])
    assert (score.mean_iou, score.dice) == (pytest.approx(mean), dice)
    tally = ClassTally.of(truth[region], found[region], NAMES)
    assert tally.main == pytest.approx(mean)
    assert tally.figures() == {"mean_iou": round(tally.main, 4)} | {f"dice_{k}": v for k, v in dice.items()}


def test_only_cells_in_which_something_was_reviewed_count() -> None:
    truth, found = draw(0)
    region = np.zeros(truth.shape, bool)
    region[:2, : CELL + 1] = True  # two cells beside each other
    region[CELL, 0] = True  # and one below
    cells = count_cells(truth, found, region, 3)
    assert cells.shape == (3, 3, 3)
    assert cells[:, 2].sum(axis=1).tolist() == [2 * CELL, 2, 1]
    np.testing.assert_array_equal(cells[:, 1].sum(axis=1), cells[:, 2].sum(axis=1))


def test_a_class_that_nobody_painted_does_not_count() -> None:
    truth, found = np.ones((4, 4), np.int32), np.ones((4, 4), np.int32)
    found[0, 0] = 2
    score = pool_cells(count_cells(truth, found, truth > 0, 3), NAMES)
    assert set(score.dice) == {"cell"}
    assert score.mean_iou == pytest.approx(15 / 16)
    assert score.figures() == {"mean_iou": score.mean_iou, "dice_cell": round(30 / 31, 4)}
    before = pool_cells(count_cells(truth, np.zeros_like(found), truth > 0, 3), NAMES)
    assert score.compared_with(before)["mean_iou_before"] == 0


def test_tallies_add_up() -> None:
    (truth, found), (more, said) = draw(1), draw(2)
    added = ClassTally.of(truth, found, NAMES) + ClassTally.of(more, said, NAMES)
    whole = ClassTally.of(np.stack([truth, more]), np.stack([found, said]), NAMES)
    assert added.figures() == whole.figures()
    assert added.class_names == NAMES


def scored(wrong: float, n: int) -> ClassScore:
    truth, found = draw(3, wrong, (CELL, n * CELL))
    return pool_cells(count_cells(truth, found, np.ones(truth.shape, bool), 3), NAMES)


def test_a_gain_is_sure_where_every_cell_shows_it() -> None:
    change = compare_classes(scored(0.6, 12), scored(0.2, 12))
    assert 0.2 < change.low < change.difference < change.high < 0.6
    assert (change.chance, change.n_objects) == (1.0, 12)
    assert change.difference == pytest.approx(scored(0.2, 12).mean_iou - scored(0.6, 12).mean_iou)
    assert compare_classes(scored(0.2, 12), scored(0.6, 12)).is_sure_loss


def test_a_gain_in_one_cell_of_many_may_be_chance() -> None:
    before = scored(0.3, 8)
    cells = before.cells.copy()
    cells[0, :2] = cells[0, 2]  # all of it right
    change = compare_classes(before, pool_cells(cells, NAMES))
    assert change.is_gain
    assert change.chance == pytest.approx(1 - (7 / 8) ** 8, abs=0.04)  # how often that cell is drawn
    assert not change.is_sure_gain


def test_where_nothing_was_reviewed_there_is_no_cell() -> None:
    truth, found = draw(0)
    assert count_cells(truth, found, np.zeros(truth.shape, bool), 3).shape == (0, 3, 3)
