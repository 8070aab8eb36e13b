"""The table of tracks: what it refuses, and what it says of them."""

from __future__ import annotations

import numpy as np
import pytest
from movies import draw_movie

from napari_unet.tracking.labelled import LabelledMovie, paint_movie
from napari_unet.tracking.objects import find_frame_overlaps, find_pixels, measure_frame
from napari_unet.tracking.relabelling import relabel_by_track
from napari_unet.tracking.tracks import Tracks, tracks_of_labels


def family() -> Tracks:
    """Track 5 in frames 0 and 2 (missing in 1), daughters 2 and 9 from frame 3."""
    return Tracks(np.array([9, 5, 2, 5, 2]), np.array([3, 2, 3, 0, 4]), np.array([1, 7, 2, 4, 3]), {2: 5, 9: 5})


def test_rows_are_sorted_by_track_and_frame() -> None:
    tracks = family()
    assert tracks.track.tolist() == [2, 2, 5, 5, 9]
    assert tracks.frame.tolist() == [3, 4, 0, 2, 3]
    assert tracks.label.tolist() == [2, 3, 4, 7, 1]
    assert tracks.rows_of(5) == slice(2, 4)
    assert tracks.rows_of(6) == slice(4, 4)
    assert (len(tracks), tracks.n_frames) == (3, 5)
    assert tracks.spans() == {2: (3, 4), 5: (0, 2), 9: (3, 3)}
    assert tracks.daughters_of(5) == [2, 9]
    assert tracks.daughters_of(2) == []


def test_links_go_over_gaps_and_to_daughters() -> None:
    assert sorted(map(tuple, family().links().tolist())) == [(0, 4, 2, 7), (2, 7, 3, 1), (2, 7, 3, 2), (3, 2, 4, 3)]
    assert tracks_of_labels(np.zeros((0, 3, 3), np.int32)).links().shape == (0, 4)


@pytest.mark.parametrize(
    ("track", "frame", "label", "parents", "sentence"),
    [
        ([1, 1], [0, 0], [3, 4], {}, "track 1 has two objects in frame 0"),
        ([1, 2], [0, 0], [3, 3], {}, "an object belongs to two tracks"),
        ([1, 2], [0, 0], [3, 4], {2: 1}, "track 1 cannot be the mother of 2: it has to end before"),
        ([1, 2], [0, 1], [3, 4], {2: 7}, "track 7 cannot be the mother of 2"),
        ([1, 2], [0, 1], [3, 4], {7: 1}, "track 1 cannot be the mother of 7"),
    ],
)
def test_what_cannot_be_is_refused(
    track: list[int], frame: list[int], label: list[int], parents: dict[int, int], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        Tracks(np.array(track), np.array(frame), np.array(label), parents)


def test_tracks_are_the_same_only_with_the_same_objects_and_mothers() -> None:
    tracks = family()
    assert tracks.same_as(family())
    assert not tracks.same_as(Tracks(tracks.track, tracks.frame, tracks.label, {2: 5}))
    assert not tracks.same_as(Tracks(tracks.track, tracks.frame, tracks.label + 10, tracks.parents))


def test_an_object_without_a_track_gets_an_id_above_all_tracks() -> None:
    labels = np.zeros((2, 4, 6), np.int32)
    labels[0, 0, :2], labels[0, 2, :3], labels[1, 0, :2], labels[1, 3, 4:] = 1, 2, 1, 8
    tracks = Tracks(np.array([40, 40]), np.array([0, 1]), np.array([2, 8]))
    found = relabel_by_track(labels, tracks)
    assert found[0, 2, 0] == found[1, 3, 5] == 40
    assert (found[0, 0, 0], found[1, 0, 0]) == (41, 42)
    assert found.dtype == np.int32


@pytest.mark.parametrize("offset", [0, 2**21, 2**31 - 10])
def test_pixels_of_objects_whatever_their_ids(offset: int) -> None:
    labels = np.zeros((4, 5), np.int64)
    labels[1, 1:3], labels[3, 4], labels[0, 0] = 9 + offset, 2 + offset, 9 + offset
    ids, pixels, owner = find_pixels(labels)
    assert ids.tolist() == [2 + offset, 9 + offset]
    assert pixels.tolist() == [0, 6, 7, 19]
    assert owner.tolist() == [1, 1, 1, 0]


def test_measures_of_a_frame_and_its_pixel_size() -> None:
    volume = np.zeros((5, 12, 14), np.int32)
    volume[1:4, 2:8, 2:8] = 3
    frame = measure_frame(volume, pixel=(3.0, 1.5, 1.5))
    assert frame.pixel == (2.0, 1.0, 1.0)
    assert frame.area.tolist() == [108.0]
    assert frame.centre.tolist() == [[2.0, 4.5, 4.5]]
    assert frame.place.tolist() == [[4.0, 4.5, 4.5]]
    assert frame.diameters[0] == pytest.approx((6 * 216 / np.pi) ** (1 / 3))
    assert measure_frame(volume[2]).diameters[0] == pytest.approx(2 * (36 / np.pi) ** 0.5)


@pytest.mark.parametrize("place", [(2, 0, 5), (2, 11, 5), (2, 5, 0), (2, 5, 13)])
def test_rows_and_columns_have_edges(place: tuple[int, ...]) -> None:
    volume = np.zeros((5, 12, 14), np.int32)
    volume[place] = 1
    assert measure_frame(volume).at_border.tolist() == [True]


def test_the_first_and_last_slice_are_no_edge() -> None:
    volume = np.zeros((5, 12, 14), np.int32)
    volume[:, 5, 5] = 1
    assert measure_frame(volume).at_border.tolist() == [False]


def test_overlaps_are_the_same_by_table_and_by_sorting(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    before, after = (measure_frame(random.integers(0, 5, (9, 11))) for _ in range(2))
    table = find_frame_overlaps(before, after)
    monkeypatch.setattr("napari_unet.tracking.objects._MOST_PAIRS", 0)
    found = find_frame_overlaps(before, after)
    for name in ("before", "after", "iou"):
        np.testing.assert_allclose(getattr(found, name), getattr(table, name))
    shared = (before.numbers == 2) & (after.numbers == 3)
    either = (before.numbers == 2) | (after.numbers == 3)
    at = int(np.flatnonzero((table.before == 1) & (table.after == 2))[0])
    assert table.iou[at] == pytest.approx(shared.sum() / either.sum())


def test_objects_under_the_ids_of_their_tracks_keep_their_measures() -> None:
    labels = np.zeros((1, 10, 10), np.int32)
    labels[0, 0:2, 0:2], labels[0, 5:8, 5:8] = 1, 2
    tracks = Tracks(np.array([30, 4]), np.array([0, 0]), np.array([1, 2]))
    frame = measure_frame(labels[0]).renamed(tracks, 0)
    assert frame.ids.tolist() == [4, 30]
    assert frame.area.tolist() == [9.0, 4.0]
    assert frame.at_border.tolist() == [False, True]
    assert frame.centre.tolist() == [[6.0, 6.0], [0.5, 0.5]]


def test_a_mother_who_is_gone_or_lives_on_is_no_mother() -> None:
    labels = draw_movie({1: {0: (20, 20)}, 2: {1: (14, 20)}, 3: {1: (30, 20)}})
    movie = LabelledMovie.of(labels, {2: 1, 3: 1})
    assert movie.tracks.parents == {2: 1, 3: 1}
    labels[1][labels[1] == 2] = 1  # she goes on
    changed = movie.with_frames(labels, [1], (1.0, 1.0))
    assert changed.tracks.parents == {}
    assert movie.tracks.parents == {2: 1, 3: 1}, "what was measured before stays as it was"
    assert LabelledMovie.of(labels[1:], {3: 1}).tracks.parents == {}


def test_painting_a_movie_tells_only_the_frames_that_change() -> None:
    labels = draw_movie({1: {0: (20, 20), 1: (20, 22), 2: (20, 24)}}, shape=(40, 40), radius=3)
    tracked = labels.copy()
    tracked[1][tracked[1] == 1] = 6
    changes = list(paint_movie(labels, tracked))
    assert [change.planes for change in changes] == [{(1,)}]
    changes[0].apply(labels)
    np.testing.assert_array_equal(labels, tracked)
