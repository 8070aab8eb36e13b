"""Objects of frames become tracks: what moves, divides, is missing for a while, crosses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from movies import draw_movie, renumber, straight, tracks_through

from napari_unet.events import Finished, StopFlag, drain
from napari_unet.tracking.config import TrackConfig
from napari_unet.tracking.relabelling import follow_labels, relabel_by_track
from napari_unet.tracking.run import FrameLinked, track_steps
from napari_unet.tracking.tracks import Tracks, tracks_of_labels


def track(labels: np.ndarray, pixel=None, **parameters) -> Tracks:
    return drain(track_steps(labels, TrackConfig(**parameters), pixel)).tracks


def tracked(truth: np.ndarray, pixel=None, **parameters) -> np.ndarray:
    """`truth`, renumbered in each frame, and tracked."""
    labels = renumber(truth)
    return relabel_by_track(labels, track(labels, pixel, **parameters))


def test_ids_stay_with_what_moves() -> None:
    truth = draw_movie({1: straight((15, 15), (0, 5), range(8)), 2: straight((40, 60), (3, -4), range(8))})
    found = tracked(truth)
    assert tracks_through(found, truth, 1) == [1] * 8
    assert tracks_through(found, truth, 2) == [2] * 8


def test_a_step_longer_than_allowed_is_another_object() -> None:
    truth = draw_movie({1: {0: (20, 15), 1: (20, 60)}})
    assert tracks_through(tracked(truth), truth, 1) == [1, 2]
    assert tracks_through(tracked(truth, max_step=5.0), truth, 1) == [1, 1]


def test_daughters_get_ids_of_their_own_and_their_mother() -> None:
    ways = {
        1: dict.fromkeys(range(3), (40, 40)),
        2: {t: (34 - 2 * (t - 3), 40) for t in range(3, 6)},
        3: {t: (46 + 2 * (t - 3), 40) for t in range(3, 6)},
        4: straight((15, 70), (0, -1), range(6)),
    }
    truth = draw_movie(ways, radius={1: 8, 2: 5, 3: 5, 4: 6})
    labels = renumber(truth)
    tracks = track(labels)
    found = relabel_by_track(labels, tracks)
    mother, first, second = (tracks_through(found, truth, number) for number in (1, 2, 3))
    assert (len(set(mother)), len(set(first)), len(set(second))) == (1, 1, 1)
    assert tracks.parents == {first[0]: mother[0], second[0]: mother[0]}
    assert len({mother[0], first[0], second[0]}) == 3
    assert len(set(tracks_through(found, truth, 4))) == 1
    assert not track(labels, divisions=False).parents


def test_a_neighbour_that_appears_is_no_daughter() -> None:
    # near enough, alike enough, and between them is where the mother was: but together they are too large for her
    ways = {1: dict.fromkeys(range(5), (40, 40)), 2: dict.fromkeys(range(2, 5), (40, 53))}
    assert track(renumber(draw_movie(ways, radius={1: 6, 2: 7})), max_step=1.5).parents == {}


@pytest.mark.parametrize(("allowed", "ids"), [(2, {1}), (1, {1, 3})])
def test_what_is_missing_for_a_while_comes_back(allowed: int, ids: set[int]) -> None:
    truth = draw_movie({1: straight((15, 15), (0, 3), [0, 1, 4, 5]), 2: straight((60, 60), (0, 0), range(6))})
    found = tracked(truth, gap_frames=allowed)
    assert set(tracks_through(found, truth, 1)) == ids


def test_two_that_cross_keep_their_ids() -> None:
    # one is a frame past the crossing when the other comes to it: nearer to the other's old place than to its own
    ways = {1: straight((40, 10), (0, 6), range(10)), 2: straight((-2, 40), (6, 0), range(2, 10))}
    truth = draw_movie(ways, radius=5)
    found = tracked(truth)
    assert len(set(tracks_through(found, truth, 1))) == len(set(tracks_through(found, truth, 2))) == 1


def test_of_two_as_near_the_one_that_overlaps_is_the_same() -> None:
    labels = np.zeros((2, 60, 80), np.int32)
    labels[0, 20:25, 10:51] = 1
    labels[1, 20:25, 18:59] = 2  # the same bar, 8 columns on
    labels[1, 26:31, 10:51] = 1  # another bar, 6 rows below
    assert relabel_by_track(labels, track(labels))[1, 22, 40] == 1


def test_assignment_is_the_best_for_all_and_not_for_the_first() -> None:
    # each moves by 8 to the right: the nearest one to the second is where the first goes
    truth = draw_movie({1: straight((20, 10), (0, 8), range(3)), 2: straight((20, 25), (0, 8), range(3))}, radius=5)
    found = tracked(truth, overlap_weight=0.0, max_step=1.5)
    assert tracks_through(found, truth, 1) == [1, 1, 1]
    assert tracks_through(found, truth, 2) == [2, 2, 2]


def test_empty_frames_and_empty_movies() -> None:
    truth = draw_movie({1: {0: (20, 20), 2: (20, 22)}}, frames=5)
    assert tracks_through(tracked(truth), truth, 1) == [1, 1]
    nothing = np.zeros((4, 20, 20), np.int32)
    assert len(track(nothing)) == 0
    assert relabel_by_track(nothing, track(nothing)).max() == 0
    assert len(track(nothing[:0])) == 0


def test_volumes_and_their_pixel_size() -> None:
    # 5 slices are less than a diameter if voxels are cubes, and more if they are 8 times taller than wide
    truth = draw_movie({1: {0: (3, 20, 20), 1: (8, 20, 20)}}, shape=(12, 40, 40), radius=3)
    assert tracks_through(tracked(truth, max_step=1.0), truth, 1) == [1, 1]
    assert tracks_through(tracked(truth, pixel=(8.0, 1.0, 1.0), max_step=1.0), truth, 1) == [1, 2]
    moving = draw_movie({1: straight((3, 10, 10), (1, 2, 2), range(5))}, shape=(12, 40, 40), radius=4)
    assert tracks_through(tracked(moving), moving, 1) == [1] * 5


def test_frames_are_told_one_by_one_and_a_stop_keeps_them() -> None:
    truth = draw_movie({1: straight((20, 10), (0, 3), range(6)), 2: straight((50, 10), (0, 3), range(2, 6))})
    flag, events = StopFlag(), []
    for event in track_steps(truth, stop=flag):
        events.append(event)
        if isinstance(event, FrameLinked) and event.done == 3:
            flag.request()
    told = [(e.done, e.total, e.objects, e.linked) for e in events[:-1]]
    assert told == [(1, 6, 1, 0), (2, 6, 1, 1), (3, 6, 2, 1)]
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.stopped
    assert last.result.tracks.n_frames == 3
    labels = relabel_by_track(truth, last.result.tracks)
    assert np.array_equal(labels > 0, truth > 0)
    # what was not reached has ids of its own
    ids = [set(np.unique(frame)) - {0} for frame in (labels[:3], *labels[3:])]
    assert sum(map(len, ids)) == len(set().union(*ids)) == 2 + 3 * 2


def test_the_same_every_time_whatever_the_ids() -> None:
    truth = draw_movie({n: straight((10 + 14 * n, 10), (0, 5), range(6)) for n in range(1, 5)})
    first = tracked(truth)
    assert np.array_equal(first, tracked(truth))
    labels = renumber(truth, seed=7) * 1000
    other = relabel_by_track(labels, track(labels))
    pairs = np.unique(np.stack([first.ravel(), other.ravel()]), axis=1)
    assert pairs.shape[1] == np.unique(first).size == np.unique(other).size


frames = arrays.arrays(np.int32, st.tuples(st.integers(0, 4), st.just(6), st.just(7)), elements=st.integers(0, 5))


@given(frames)
def test_relabelling_keeps_every_pixel_and_every_object(labels: np.ndarray) -> None:
    tracks = track(labels)
    found = relabel_by_track(labels, tracks)
    assert np.array_equal(found > 0, labels > 0)
    for before, after in zip(labels, found, strict=True):
        pairs = np.unique(np.stack([before.ravel(), after.ravel()]), axis=1)
        assert pairs.shape[1] == np.unique(before).size == np.unique(after).size
    assert tracks_of_labels(found, tracks.parents).same_as(follow_labels(tracks))
    assert tracks.frame.size == sum(np.unique(frame[frame > 0]).size for frame in labels)
