"""What a link costs: distance, overlap, and what speaks against a division."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.tracking.config import TrackConfig
from napari_unet.tracking.costs import division_candidates, link_candidates, pairs_within
from napari_unet.tracking.objects import FrameObjects, find_frame_overlaps, measure_frame


def squares(*corners: tuple[int, int], side: int | tuple[int, ...] = 4) -> FrameObjects:
    """A frame of squares, the id being the place in the list."""
    frame = np.zeros((60, 80), np.int32)
    sides = (side,) * len(corners) if isinstance(side, int) else side
    for number, ((row, column), size) in enumerate(zip(corners, sides, strict=True), start=1):
        frame[row : row + size, column : column + size] = number
    return measure_frame(frame)


def links(before: FrameObjects, after: FrameObjects, diameter: float = 10.0, **parameters: float) -> dict:
    found = link_candidates(
        before, after, find_frame_overlaps(before, after), diameter, TrackConfig.model_validate(parameters)
    )
    pairs = zip(found.before.tolist(), found.after.tolist(), strict=True)
    return dict(zip(pairs, found.cost.tolist(), strict=True))


def test_the_same_place_and_outline_cost_nothing() -> None:
    frame = squares((10, 10), (30, 40))
    assert links(frame, frame) == {(0, 0): 0.0, (1, 1): 0.0}


@pytest.mark.parametrize(("step", "cost"), [(5, 0.25), (10, 1.0), (11, None)])
def test_distance_counts_squared_and_as_far_as_the_largest_step(step: int, cost: float | None) -> None:
    found = links(squares((10, 10)), squares((10, 10 + step)), overlap_weight=0.0)
    assert found == ({} if cost is None else {(0, 0): pytest.approx(cost)})


def test_the_largest_step_is_in_diameters() -> None:
    before, after = squares((10, 10)), squares((10, 30))
    assert links(before, after) == {}
    assert links(before, after, max_step=4.0, overlap_weight=0.0) == {(0, 0): pytest.approx(0.25)}
    assert links(before, after, diameter=20.0, overlap_weight=0.0) == {(0, 0): pytest.approx(1.0)}


def test_overlap_counts_as_much_as_it_is_said_to() -> None:
    before, after = squares((10, 10)), squares((10, 12))  # half of each: 8 of 24 pixels
    assert links(before, after, overlap_weight=1.0) == {(0, 0): pytest.approx(1 - 1 / 3)}
    assert links(before, after, overlap_weight=0.0) == {(0, 0): pytest.approx(0.04)}
    assert links(before, after, overlap_weight=0.25) == {(0, 0): pytest.approx(0.75 * 0.04 + 0.25 * 2 / 3)}


def test_each_pair_has_the_overlap_of_its_own() -> None:
    before, after = squares((10, 10), (10, 20), (40, 40)), squares((10, 12), (40, 41), (10, 21))
    found = links(before, after, overlap_weight=1.0, diameter=12.0)
    assert found[0, 0] == pytest.approx(1 - 8 / 24)
    assert found[1, 2] == pytest.approx(1 - 12 / 20)
    assert found[2, 1] == pytest.approx(1 - 12 / 20)
    assert found[0, 2] == found[1, 0] == 1.0, "near, but without a pixel in common"


def test_large_objects_that_overlap_may_be_the_same_however_far_their_centres_are() -> None:
    before, after = squares((5, 5), side=40), squares((5, 20), side=40)
    assert set(links(before, after, diameter=10.0)) == {(0, 0)}
    little = squares((5, 43), side=16)  # 2 columns of 16 pixels: an IoU far below a tenth
    assert links(before, little, diameter=10.0) == {}


def test_frames_without_objects_have_no_pairs() -> None:
    nothing = squares()
    assert links(nothing, squares((3, 3))) == links(squares((3, 3)), nothing) == links(nothing, nothing) == {}
    assert pairs_within(np.zeros((0, 2)), np.ones((3, 2)), 5.0).shape == (0, 2)


def test_pairs_within_reach_are_all_of_them_and_at_the_reach_too() -> None:
    first, second = np.random.default_rng(0).uniform(0, 20, (2, 30, 3))
    found = {tuple(pair) for pair in pairs_within(first, second, 6.0).tolist()}
    far = np.linalg.norm(first[:, None] - second[None], axis=2)
    assert found == {tuple(pair) for pair in np.argwhere(far <= 6.0).tolist()}
    assert pairs_within(np.zeros((1, 2)), np.array([[3.0, 4.0]]), 5.0).tolist() == [[0, 0]]


def births(
    mother_side: int, corners: tuple[tuple[int, int], tuple[int, int]], sides: tuple[int, int], **parameters: float
) -> list[tuple[int, int, float]]:
    """A mother around (30, 40), who goes on as the first of two; what is said of the second."""
    at = (30 - mother_side // 2, 40 - mother_side // 2)
    before, after = squares(at, side=mother_side), squares(*corners, side=sides)
    found = division_candidates(
        before, after, np.array([[0, 0]]), before.diameters[0], TrackConfig.model_validate(parameters)
    )
    return list(zip(found.before.tolist(), found.after.tolist(), found.cost.tolist(), strict=True))


def test_two_halves_on_both_sides_of_a_mother_are_her_daughters() -> None:
    ((mother, child, cost),) = births(12, ((26, 30), (26, 42)), (8, 8))
    assert (mother, child) == (0, 1)
    assert 0 < cost < 0.2


@pytest.mark.parametrize(
    ("corners", "sides"),
    [
        (((26, 41), (26, 49)), (8, 8)),  # both on one side of her
        (((24, 28), (24, 42)), (14, 14)),  # together more than twice as large
        (((26, 33), (26, 42)), (4, 4)),  # together less than a third
        (((26, 30), (26, 42)), (10, 6)),  # the smaller less than 0.4 of the larger
    ],
)
def test_one_large_doubt_is_enough(corners: tuple[tuple[int, int], tuple[int, int]], sides: tuple[int, int]) -> None:
    assert [cost for *_, cost in births(12, corners, sides)] == [1.0]


def test_what_goes_on_from_elsewhere_is_no_daughter() -> None:
    before, after = squares((24, 34), (24, 50), side=8), squares((24, 30), (24, 50), side=8)
    both = np.array([[0, 0], [1, 1]])
    assert division_candidates(before, after, both, 10.0, TrackConfig()).before.size == 0
    nobody = np.zeros((0, 2), np.int64)
    assert division_candidates(before, after, nobody, 10.0, TrackConfig()).before.size == 0


def test_a_daughter_may_be_a_diameter_away_even_where_objects_hardly_move() -> None:
    apart = ((26, 30), (26, 42))
    assert births(12, apart, (8, 8), max_step=0.1) == births(12, apart, (8, 8), max_step=1.0)
