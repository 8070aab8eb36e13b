"""Comparison of labels with a prediction, against a slow and plain reckoning, and by cases a person would draw."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.draw import disk

from napari_unet.corrections import comparison
from napari_unet.corrections.comparison import Counts, carry_ids, compare_labels, object_areas
from napari_unet.corrections.difference import find_differences, merge_differences
from napari_unet.corrections.live import LiveComparison
from napari_unet.images import written

small_labels = hnp.arrays(np.int32, (5, 6), elements=st.integers(0, 4))


def plain_comparison(before, now):
    """Corrected, added and removed ids by looking at every pair of objects."""
    old = {i: before == i for i in np.unique(before[before > 0]).tolist()}
    new = {i: now == i for i in np.unique(now[now > 0]).tolist()}
    same = {(i, j) for i, p in old.items() for j, q in new.items() if (p == q).all()}
    linked = {
        (i, j)
        for i, p in old.items()
        for j, q in new.items()
        if (p & q).sum() and 2 * (p & q).sum() >= min(p.sum(), q.sum())
    } - same
    corrected = {j for _, j in linked}
    added = set(new) - corrected - {j for _, j in same}
    removed = set(old) - {i for i, _ in linked | same}
    return corrected, added, removed


@given(small_labels, small_labels)
@settings(max_examples=300, deadline=None)
def test_as_by_looking_at_every_pair(before, now):
    comparison = compare_labels(before, now)
    assert (comparison.corrected, comparison.added, comparison.removed) == plain_comparison(before, now)


@given(small_labels, small_labels, st.integers(1, 5))
@settings(max_examples=100, deadline=None)
def test_a_plane_in_bands_gives_the_same_table(before, now, rows):
    whole = find_differences(before, now)
    bands = merge_differences(
        [find_differences(before[r : r + rows], now[r : r + rows], r) for r in range(0, len(now), rows)]
    )
    for name in ("predicted", "current", "counts", "boxes"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(bands, name))


@given(small_labels, st.permutations(range(1, 5)))
@settings(deadline=None)
def test_other_ids_are_no_correction(labels, ids):
    renamed = np.array([0, *ids], np.int32)[labels]
    comparison = compare_labels(labels, renamed)
    assert comparison.counts == Counts()
    assert not comparison.mask(labels, renamed).any()


@pytest.fixture
def row():
    """Three square objects, ids 1 to 3, of 6 x 6 pixels in a row."""
    labels = np.zeros((10, 30), np.int32)
    for object_id in (1, 2, 3):
        labels[2:8, object_id * 8 - 6 : object_id * 8] = object_id
    return labels


def test_each_kind_of_correction(row):
    now = row.copy()
    now[now == 1] = 0  # removed
    now[2:4, 10:16] = 0  # the second: redrawn
    now[8:10, 24:30] = 9  # new
    comparison = compare_labels(row, now)
    assert comparison.corrected == {2}
    assert comparison.added == {9}
    assert comparison.removed == {1}
    assert comparison.sentence == "1 object corrected, 1 added, 1 removed"


def test_pieces_of_a_split_are_corrected_and_a_merge_is_one(row):
    split = row.copy()
    split[5:8, 2:8] = 7
    assert compare_labels(row, split).corrected == {1, 7}
    merged = row.copy()
    merged[2:8, 2:16] = 2
    comparison = compare_labels(row, merged)
    assert (comparison.corrected, comparison.removed) == ({2}, set())
    assert comparison.origins[2] == {1, 2}


def test_a_new_object_that_shaves_its_neighbour_is_new(row):
    now = row.copy()
    now[2:8, 7:9] = 5
    comparison = compare_labels(row, now)
    assert (comparison.added, comparison.corrected) == ({5}, {1}) or comparison.corrected == {1, 5}
    now = row.copy()
    now[0:10, 7:10] = 5
    assert compare_labels(row, now).added == {5}


def test_only_changes_that_were_reviewed_count(row):
    now = row.copy()
    now[now == 1] = 0
    now[2:4, 10:16] = 0
    now[2:8, 26:30] = 9
    reviewed = np.zeros(row.shape, bool)
    reviewed[:, 9:17] = True
    assert compare_labels(row, now, reviewed).counts == Counts(corrected=1)
    reviewed[:] = True
    assert compare_labels(row, now, reviewed).counts == Counts(1, 1, 1)
    reviewed[:] = False
    assert compare_labels(row, now, reviewed).counts == Counts()


@given(
    hnp.arrays(np.int32, (3, 4, 5), elements=st.integers(0, 3)),
    hnp.arrays(np.int32, (3, 4, 5), elements=st.integers(0, 3)),
)
@settings(max_examples=100, deadline=None)
def test_live_counts_objects_of_a_stack_and_of_each_frame(before, now):
    stack = LiveComparison(before, "ZYX")
    list(stack.update(now))
    assert stack.counts == compare_labels(before, now).counts
    frames = LiveComparison(before, "TYX")
    list(frames.update(now))
    assert frames.counts == sum((compare_labels(b, n).counts for b, n in zip(before, now, strict=True)), Counts())


def test_live_follows_single_planes_and_back(row):
    before = np.stack([row] * 4)
    now = before.copy()
    live = LiveComparison(before, "ZYX")
    list(live.update(now))
    assert live.counts == Counts()
    now[2][now[2] == 1] = 0
    list(live.update(now, [(1,)]))
    assert live.counts == Counts()
    list(live.update(now, [(2,)]))
    assert live.counts == Counts(corrected=1)
    assert live.compare_plane((2,)).removed == {1}
    assert live.changed_planes() == [(2,)]
    now[:] = before
    list(live.update(now, [(2,)]))
    assert live.counts == Counts()
    assert live.changed_planes() == []


class CountedReads:
    """An array that knows how many pixels were read of it."""

    def __init__(self, pixels):
        self._pixels, self.shape, self.ndim, self.read = pixels, pixels.shape, pixels.ndim, 0

    def __getitem__(self, index):
        part = self._pixels[index]
        self.read += part.size
        return part


@given(
    hnp.arrays(np.int32, (2, 9, 4), elements=st.integers(0, 3)),
    hnp.arrays(np.int32, (2, 9, 4), elements=st.integers(0, 3)),
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8), st.integers(0, 3)), max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_following_the_bands_of_edits_is_as_good_as_comparing_all(before, now, values):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("napari_unet.corrections.live._BAND_PIXELS", 8)  # two rows
        live = LiveComparison(before, "TYX")
        list(live.update(now))
        for frame, row, value in values:
            now[frame, row] = value
            list(live.update(now, [(frame,)], live.bands_at(slice(row, row + 1))))
        fresh = LiveComparison(before, "TYX")
        list(fresh.update(now))
    assert live.counts == fresh.counts
    assert live.changed_planes() == fresh.changed_planes()
    for plane in fresh.planes():
        for name in ("predicted", "current", "counts", "boxes"):
            np.testing.assert_array_equal(getattr(live.difference(plane), name), getattr(fresh.difference(plane), name))


def test_after_a_stroke_only_the_rows_around_it_are_read(monkeypatch):
    monkeypatch.setattr("napari_unet.corrections.live._BAND_PIXELS", 5 * 64)
    before = np.kron(np.arange(1, 65).reshape(8, 8), np.ones((8, 8), int)).astype(np.int32)
    labels, prediction = CountedReads(before.copy()), CountedReads(before)
    live = LiveComparison(prediction, "YX")
    list(live.update(labels))
    labels._pixels[11:14, 20] = 99
    list(live.update(labels, [()], live.bands_at(slice(11, 14))))  # the first time, objects are measured as well
    labels.read = prediction.read = 0
    labels._pixels[11:14, 21] = 99
    list(live.update(labels, [()], live.bands_at(slice(11, 14))))
    assert labels.read == prediction.read == 5 * 64
    assert live.counts == Counts(corrected=2)
    assert live.difference(()).boxes.tolist() == [[11, 14, 20, 22]]


def test_quick_on_a_large_plane():
    before = np.zeros((2048, 2048), np.int32)
    object_id = 0
    for row in range(22, 2030, 45):
        for column in range(22, 2030, 45):
            object_id += 1
            before[disk((row, column), 18)] = object_id
    now = before.copy()
    now[before == 300] = 0
    now[before == 1400] = 1401
    assert compare_labels(before, now).counts == Counts(corrected=1, removed=1)
    live = LiveComparison(before, "YX")
    list(live.update(now))
    seconds = []
    for _ in range(5):
        start = time.process_time()  # others who use the machine do not count
        list(live.update(now))
        assert live.counts.total == 2
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.05  # about 4 ms where nothing else runs


@given(small_labels, small_labels)
@settings(deadline=None)
def test_carried_ids_change_no_object(before, after):
    carried = carry_ids(before, after)
    assert (np.unique(carried).size, (carried > 0).tolist()) == (np.unique(after).size, (after > 0).tolist())
    assert compare_labels(after, carried).counts == Counts()


def test_ids_are_carried_to_the_object_that_overlaps_most(row):
    after = np.where(row == 2, 40, np.where(row == 3, 1, 0)).astype(np.int32)
    after[2:3, 2:8] = 77
    after[3:8, 2:8] = 78
    carried = carry_ids(row, after)
    assert (carried[row == 2] == 2).all()
    assert (carried[row == 3] == 3).all()
    assert (carried[3:8, 2:8] == 1).all()
    assert carried[2, 3] > 3


def test_areas_of_labels_on_the_disk_are_of_what_was_written_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids that come in several parts are added up; holes of the file are not read, through plain views of it either."""
    rng = np.random.default_rng(0)
    mapped = np.memmap(tmp_path / "labels", np.int32, "w+", shape=(600, 40_000))
    mapped[5:9], mapped[590, :100] = rng.integers(0, 50, (4, 40_000)), 7
    mapped.flush()
    monkeypatch.setattr(written, "_AT_ONCE", 30_000)
    sizes = []
    unique = comparison.fastremap.unique

    def counted(part: np.ndarray, **how: bool) -> tuple[np.ndarray, np.ndarray]:
        sizes.append(part.size)
        return unique(part, **how)

    monkeypatch.setattr(comparison.fastremap, "unique", counted)
    ids, counts = np.unique(mapped, return_counts=True)
    assert object_areas(np.asarray(mapped)) == dict(zip(ids[1:].tolist(), counts[1:].tolist(), strict=True))
    assert max(sizes) <= 30_000
    assert sum(sizes) < 0.1 * mapped.size
