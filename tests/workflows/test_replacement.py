"""Segmenting again changes only planes that were done, and gives no id twice."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_unet.corrections import replacing
from napari_unet.events import StopFlag
from napari_unet.images.view import View
from napari_unet.segmentation.blocks.events import StageStep
from napari_unet.segmentation.events import Segmentation
from napari_unet.workflows import replacement
from napari_unet.workflows.replacement import Replacement, RewrittenBand, replacement_in_bands, replacement_steps


def replaced(labels: np.ndarray, new: np.ndarray, axes: str, done: np.ndarray, keep: bool = False) -> Replacement:
    result = Segmentation(new.astype(np.int32), axes, View(), np.asarray(done), None, {})
    [finished] = replacement_steps(labels, np.zeros(labels.shape, np.int32), None, result, keep)
    return finished.result


def applied(labels: np.ndarray, found: Replacement) -> np.ndarray:
    after = labels.copy()
    for plane, where, before, now in found.changes:
        np.testing.assert_array_equal(after[plane][where], before)
        after[plane][where] = now
    return after


def test_an_object_of_more_than_half_overlap_keeps_its_id_and_one_of_half_gets_a_free_one() -> None:
    labels, new = np.zeros((2, 12), np.int32), np.zeros((2, 12), np.int32)
    labels[0, :4], new[0, :3] = 7, 1  # 3 of 4
    labels[1, :4], new[1, :2] = 3, 2  # 2 of 4
    after = applied(labels, replaced(labels, new, "YX", np.array(True)))
    assert (after[0, :3] == 7).all()
    assert set(after[1, :2].tolist()).isdisjoint({0, 3, 7})
    assert not after[0, 3:].any()
    assert not after[1, 2:].any()


@pytest.mark.parametrize("axes", ["ZYX", "TYX"])
@pytest.mark.parametrize("keep", [False, True])
def test_planes_that_were_not_done_stay_and_the_others_change(axes: str, keep: bool) -> None:
    labels = np.zeros((3, 4, 6), np.int32)
    labels[1], labels[2] = 9, 4
    new = np.zeros((3, 4, 6))
    new[:, 1:3, 1:3] = 1
    found = replaced(labels, new, axes, np.array([True, False, False]), keep)
    assert [plane for plane, *_ in found.changes] == [(0,)]
    after = applied(labels, found)
    np.testing.assert_array_equal(after[1:], labels[1:])
    np.testing.assert_array_equal(after[0] > 0, new[0] > 0)
    np.testing.assert_array_equal(found.prediction[0], after[0])
    assert not found.prediction[1:].any()


def test_a_new_object_of_a_stack_takes_no_id_of_a_slice_that_was_not_done() -> None:
    labels = np.zeros((2, 4, 6), np.int32)
    labels[1, 0, :3], labels[1, 2, :3] = 1, 2
    new = np.zeros((2, 4, 6))
    new[0, 0, :2], new[0, 2, :2] = 1, 2
    after = applied(labels, replaced(labels, new, "ZYX", np.array([True, False])))
    assert set(np.unique(after[0]).tolist()).isdisjoint({1, 2})
    assert len(np.unique(after[0])) == 3


def test_the_same_again_changes_nothing() -> None:
    labels = np.kron(np.array([[5, 0], [0, 8]], np.int32), np.ones((3, 3), np.int32))
    found = replaced(labels, np.where(labels == 5, 2, labels // 8), "YX", np.array(True))
    assert found.changes == []
    np.testing.assert_array_equal(found.prediction, labels)


def in_bands(
    labels: Any, prediction: Any, new: Any, done: Any, axes: str, keep: bool, stop: StopFlag | None = None
) -> tuple[list[Any], np.ndarray]:
    """The events of a replacement in bands, and the new prediction."""
    predicted = np.zeros(labels.shape, np.int32)
    result = Segmentation(new, axes, View(), np.asarray(done), None, {})
    steps = replacement_in_bands(
        labels, prediction, None, frozenset(), result, keep, predicted, stop or StopFlag()
    )  # fmt: skip
    return list(steps), predicted


def draw_movie() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels in which some of what was predicted is corrected, the prediction, and a new segmentation (3, 12, 16)."""
    prediction = np.kron(np.arange(1, 37, dtype=np.int32).reshape(3, 3, 4), np.ones((1, 4, 4), np.int32))
    prediction[:, ::4] = 0
    labels = prediction.copy()
    labels[0, 1:4, 0:4], labels[1, 5:8, 4:8], labels[2, 10] = 0, 50, 0
    new = np.roll(prediction, 1, axis=2)
    return labels, prediction, new


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("most", [10**6, 30])
def test_in_bands_a_movie_becomes_what_it_becomes_in_memory(
    most: int, keep: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacement, "MOST_UNDONE", most)
    monkeypatch.setattr(replacing, "_BAND", 40)
    labels, prediction, new = draw_movie()
    done = np.array([True, False, True])
    result = Segmentation(new.copy(), "TYX", View(), done, None, {})
    [expected] = replacement_steps(labels, prediction, None, result, keep)
    events, predicted = in_bands(labels, prediction, new, done, "TYX", keep)
    *steps, end = events
    told = [step for step in steps if isinstance(step, StageStep)]
    assert [step.done for step in told] == list(range(1, told[0].total + 1))
    found = end.result
    after = labels.copy()
    if most == 30:
        assert (found.written, found.changes) == (True, [])
        for band in steps:
            if isinstance(band, RewrittenBand):
                assert np.shares_memory(band.labels, new)
                after[band.plane][band.rows] = band.labels
    else:
        assert not found.written
        assert not any(isinstance(step, RewrittenBand) for step in steps)
        after = applied(labels, found)
    np.testing.assert_array_equal(after, applied(labels, expected.result))
    np.testing.assert_array_equal(predicted, expected.result.prediction)
    assert found.prediction is predicted
    assert found.n_kept == expected.result.n_kept


def test_a_replacement_that_is_stopped_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replacing, "_BAND", 40)
    labels, prediction, new = draw_movie()
    stop, before = StopFlag(), new.copy()
    stop.request()
    assert in_bands(labels, prediction, new, [True] * 3, "TYX", True, stop)[0] == []
    np.testing.assert_array_equal(new, before)


@pytest.mark.parametrize("most", [2**25, 100])
def test_a_sparse_image_larger_than_memory_takes_the_memory_of_a_band(
    most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacement, "MOST_UNDONE", most)
    shape = (2**15, 2**15)  # four gigabytes each, if all of it were there
    names = "labels", "prediction", "new", "predicted"
    labels, prediction, new, predicted = (np.memmap(tmp_path / one, np.int32, "w+", shape=shape) for one in names)
    for number, (y, x) in enumerate([(100, 200), (9000, 30000), (32000, 16000)], start=1):
        labels[y : y + 40, x : x + 40] = prediction[y : y + 40, x : x + 40] = number
        new[y + 3 : y + 43, x : x + 40] = number + 10
    labels[100:105, 200:205] = 0  # corrected
    result = Segmentation(new, "YX", View(), np.array(True), None, {})
    tracemalloc.start()
    *_, end = replacement_in_bands(labels, prediction, None, frozenset(), result, True, predicted, StopFlag())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**27, "an eighth of a gigabyte"
    assert end.result.written == (most == 100)
    assert end.result.n_kept == 1
    assert predicted[9003, 30000] == 2
    assert predicted[9042, 30000] == 2
    assert predicted[9000, 30000] == 0
