"""Broken tracks are joined over gaps, and daughters to mothers, in one choice."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.tracking.config import TrackConfig
from napari_unet.tracking.run import build_tracks, diameter_of_frames
from napari_unet.tracking.segments import Divisions, Nodes, join_segments

NO_LINK = np.zeros((0, 2), np.int64)
NO_BIRTH = Divisions(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


def nodes(*objects: tuple[int, float, float], links: tuple[tuple[int, int], ...] = ()) -> Nodes:
    """Objects as (frame, column, area), all in row 0."""
    frame, column, area = (np.array([one[i] for one in objects]) for i in range(3))
    previous, following = np.full(len(objects), -1), np.full(len(objects), -1)
    for earlier, later in links:
        following[earlier], previous[later] = later, earlier
    place = np.stack([np.zeros(len(objects)), column.astype(float)], axis=1)
    return Nodes(frame, np.arange(len(objects)) + 1, place, area.astype(float), previous, following)


def gaps(found: Nodes, births: Divisions = NO_BIRTH, **parameters: float) -> tuple[list, list]:
    config = TrackConfig.model_validate(parameters)
    return tuple(pairs.tolist() for pairs in join_segments(found, births, 10.0, config))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("away", "allowed", "joined"), [(1, 1, True), (2, 1, False), (2, 2, True), (3, 2, False), (1, 0, False)]
)
def test_so_many_frames_may_be_missing_and_no_more(away: int, allowed: int, joined: bool) -> None:
    found, _ = gaps(nodes((0, 0.0, 50.0), (away + 1, 0.0, 50.0)), gap_frames=allowed)
    assert found == ([[0, 1]] if joined else [])


def test_neighbouring_frames_are_no_gap() -> None:
    assert gaps(nodes((0, 0.0, 50.0), (1, 0.0, 50.0)))[0] == []


@pytest.mark.parametrize(("missing", "reach"), [(1, 10 * 2**0.5), (3, 20.0)])
def test_what_moves_freely_gets_further_the_longer_it_is_away(missing: int, reach: float) -> None:
    for column, joined in ((reach * 0.99, True), (reach * 1.01, False)):
        found, _ = gaps(nodes((0, 0.0, 50.0), (missing + 1, column, 50.0)), gap_frames=3)
        assert found == ([[0, 1]] if joined else [])


def test_of_two_that_fit_the_one_that_comes_back_sooner_and_of_alike_size_is_taken() -> None:
    soon_or_late = nodes((0, 0.0, 50.0), (2, 3.0, 50.0), (3, 3.0, 50.0), links=())
    assert gaps(soon_or_late)[0] == [[0, 1]]
    sizes = nodes((0, 0.0, 50.0), (2, 2.0, 150.0), (2, -3.0, 50.0))
    assert gaps(sizes)[0] == [[0, 2]]


def test_what_goes_on_is_no_end_and_what_has_a_past_no_beginning() -> None:
    whole = nodes((0, 0.0, 50.0), (1, 0.0, 50.0), (2, 0.0, 50.0), (3, 0.0, 50.0), links=((0, 1), (2, 3)))
    assert gaps(whole)[0] == []  # 1 and 2 are neighbours, 0 and 3 have partners
    apart = nodes((0, 0.0, 50.0), (1, 0.0, 50.0), (3, 0.0, 50.0), (4, 0.0, 50.0), links=((0, 1), (2, 3)))
    assert gaps(apart)[0] == [[1, 2]]


def test_a_beginning_is_the_end_of_a_gap_or_a_birth_whichever_costs_less() -> None:
    # 0 was seen last in frame 0; 1 becomes 2; 3 begins in frame 2, beside 1's way
    found = nodes((0, 0.0, 50.0), (1, 5.0, 50.0), (2, 4.0, 50.0), (2, 6.0, 50.0), links=((1, 2),))
    for cost, expected in ((0.05, ([], [[1, 3]])), (0.9, ([[0, 3]], []))):
        divisions = Divisions(np.array([1]), np.array([3]), np.array([cost]))
        assert gaps(found, divisions) == expected


def test_a_mother_is_one_once_and_may_end_elsewhere_too() -> None:
    found = nodes((0, 0.0, 50.0), (1, -3.0, 25.0), (1, 3.0, 25.0), (1, 4.0, 25.0), links=((0, 1),))
    divisions = Divisions(np.array([0, 0]), np.array([2, 3]), np.array([0.2, 0.1]))
    assert gaps(found, divisions) == ([], [[0, 3]])


def test_no_objects_have_nothing_to_join() -> None:
    empty = Nodes(
        *(np.zeros(0, np.int64) for _ in range(2)), np.zeros((0, 2)), np.zeros(0), NO_LINK[:, 0], NO_LINK[:, 0]
    )
    assert gaps(empty) == ([], [])
    assert len(build_tracks(empty, NO_LINK, NO_LINK)) == 0
    assert diameter_of_frames([]) == 1.0


def test_tracks_are_numbered_in_the_order_of_their_first_objects_and_a_mother_ends() -> None:
    found = nodes(
        (0, 0.0, 9.0), (0, 50.0, 9.0), (1, 0.0, 9.0), (2, -3.0, 9.0), (2, 3.0, 9.0), (2, 50.0, 9.0), (3, -3.0, 9.0),
        links=((0, 2), (2, 3), (3, 6)),
    )  # fmt: skip
    tracks = build_tracks(found, np.array([[1, 5]]), np.array([[2, 4]]))
    assert tracks.spans() == {1: (0, 1), 2: (0, 2), 3: (2, 3), 4: (2, 2)}
    assert tracks.parents == {3: 1, 4: 1}
    assert tracks.label[tracks.rows_of(2)].tolist() == [2, 6]
    assert tracks.daughters_of(1) == [3, 4]
