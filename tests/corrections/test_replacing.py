"""Segmenting again in bands gives what it gives in one piece, reads no more than a band, and skips what is empty."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from napari_unet.corrections import replacing
from napari_unet.corrections.merging import keep_ids, merge_segmentation
from napari_unet.corrections.replacing import PlaneLabels, Replacing, plan_replacing

SHAPE = (60, 70)
Plane = npt.NDArray[np.int32]


def planned(plane: PlaneLabels, keep: bool = True) -> Replacing:
    steps: Generator[None, None, Replacing] = plan_replacing(plane, keep)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def put_together(found: Replacing) -> tuple[Plane, Plane]:
    """Labels and prediction of all bands; where none is, all is empty."""
    labels, prediction = np.zeros((2, *SHAPE), np.int32)
    for band in found.bands():
        np.testing.assert_array_equal(band.before, found.plane.labels[band.rows])
        labels[band.rows], prediction[band.rows] = band.labels, band.prediction
    return labels, prediction


def draw_discs(rng: np.random.Generator, n: int, first: int = 1) -> tuple[Plane, npt.NDArray[np.float64]]:
    places = rng.uniform(0, SHAPE, (n, 2))
    return disc_labels(places, rng.uniform(3, 8, n), first), places


def disc_labels(places: npt.NDArray[np.float64], radii: Any, first: int = 1) -> Plane:
    rows, columns = np.indices(SHAPE)
    labels = np.zeros(SHAPE, np.int32)
    for number, ((y, x), radius) in enumerate(zip(places, radii, strict=True), start=first):
        labels[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] = number
    return labels


def draw_scene(seed: int) -> tuple[Plane, Plane, Plane, npt.NDArray[np.uint8], frozenset[int]]:
    """What was predicted, corrected here and there, and is found anew; what is reviewed and locked."""
    rng = np.random.default_rng(seed)
    prediction, places = draw_discs(rng, 25)
    labels = prediction.copy()
    for number in range(1, 5):
        labels[labels == number] = 0 if number < 3 else number + 100  # removed, renamed
    extra, _ = draw_discs(rng, 3, first=40)
    labels = np.where(extra > 0, extra, labels)  # added, or parts of others
    labels[labels == 6] = 7  # merged
    new = disc_labels(places + rng.normal(0, 1.5, places.shape), rng.uniform(3, 8, len(places)))
    new = np.where(new > 20, 0, new) * 3
    reviewed = np.zeros(SHAPE, np.uint8)
    reviewed[10:25, 30:50] = 2
    return prediction, labels, new.astype(np.int32), reviewed, frozenset({9, 12})


@pytest.mark.parametrize("band", [1, 700, 10_000])
@pytest.mark.parametrize("seed", range(6))
def test_bands_give_what_one_piece_gives(seed: int, band: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replacing, "_BAND", band)
    prediction, labels, new, reviewed, locked = draw_scene(seed)
    spared = (reviewed > 0) | np.isin(labels, list(locked))
    whole = merge_segmentation(labels, prediction, new, spared)
    found = planned(PlaneLabels(labels, prediction, new, reviewed, locked))
    merged, predicted = put_together(found)
    np.testing.assert_array_equal(merged, whole.labels)
    np.testing.assert_array_equal(predicted, whole.prediction)
    assert found.n_kept == whole.n_kept > 3
    assert (merged != labels).any()

    replaced, predicted = put_together(planned(PlaneLabels(labels, prediction, new, reviewed, locked), keep=False))
    np.testing.assert_array_equal(replaced, keep_ids(labels, new, int(labels.max()) + 1))
    np.testing.assert_array_equal(predicted, replaced)


def test_huge_ids_of_a_person_are_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replacing, "_BAND", 500)
    prediction, labels, new, reviewed, _ = draw_scene(1)
    labels[labels == 40] = np.iinfo(np.int32).max
    whole = merge_segmentation(labels, prediction, new, reviewed)
    merged, _ = put_together(planned(PlaneLabels(labels, prediction, new, reviewed)))
    np.testing.assert_array_equal(merged, whole.labels)


def test_of_arrays_on_the_disk_only_rows_in_which_something_is_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacing, "_BAND", 2**16)
    shape = (2**14, 2**12)
    arrays = [np.memmap(tmp_path / name, np.int32, "w+", shape=shape) for name in ("labels", "prediction", "new")]
    for number, array in enumerate(arrays):
        array[8000:8010, 50 + number // 2 : 60 + number // 2] = 3  # found anew beside where it was
        array.flush()
    read: list[slice] = []
    band = replacing.LabelBand
    monkeypatch.setattr(replacing, "LabelBand", lambda *args: read.append(args[0]) or band(*args))
    found = planned(PlaneLabels(*arrays))
    assert 5 <= len(read) <= 20, "five times the one or two bands, of 1024"
    (replaced,) = [one for one in found.bands() if (one.labels != one.before).any()]
    assert (replaced.labels > 0).sum() == (replaced.prediction > 0).sum() == 100
