"""Segmenting a large plane again: what `merge_segmentation` says of a plane in memory, in bands that are read in turn.

Objects lie in several bands, so that what is asked of an object is added up over all of them first. What is held is a
few numbers for each object, and one band.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import fastremap
import numpy as np
import numpy.typing as npt

from napari_unet.corrections.comparison import Comparison, classify, object_areas
from napari_unet.corrections.difference import find_differences, merge_differences
from napari_unet.images.bands import row_bands
from napari_unet.images.written import highest_written, written_rows
from napari_unet.labels.ids import free_ids, where_ids
from napari_unet.labels.types import Ints, Labels, Mask

_BAND = 2**20  # pixels


@dataclass(frozen=True, eq=False)
class LabelBand:
    """Rows of a plane, and what is in them: (rows, Y) arrays."""

    rows: slice
    labels: npt.NDArray[Any]
    prediction: npt.NDArray[Any]
    new: npt.NDArray[Any]
    spared: Mask


@dataclass(frozen=True, eq=False)
class PlaneLabels:
    """Integer arrays (Y, X) of one plane, which nobody writes to meanwhile; `reviewed` (not 0) and what is `locked`
    stays as it is."""

    labels: npt.NDArray[Any]
    prediction: npt.NDArray[Any]
    new: npt.NDArray[Any]
    reviewed: npt.NDArray[Any] | None = None
    locked: frozenset[int] = frozenset()

    def bands(self) -> Iterator[LabelBand]:
        """Those in which something is; the others are not read."""
        arrays = [self.labels, self.prediction, self.new]
        held = np.logical_or.reduce([written_rows(array) for array in arrays])
        for (rows,) in row_bands(self.labels.shape, _BAND):
            assert isinstance(rows, slice)
            if held[rows].any():
                labels, prediction, new = (np.asarray(array[rows]) for array in arrays)
                spared = where_ids(labels, self.locked)
                if self.reviewed is not None:
                    spared |= np.asarray(self.reviewed[rows]) != 0
                yield LabelBand(rows, labels, prediction, new, spared)

    def count_readings(self, keep: bool) -> int:
        """How many bands `plan_replacing` is going to read, one that it reads again counted again."""
        held = np.logical_or.reduce([written_rows(array) for array in (self.labels, self.prediction, self.new)])
        return (4 if keep else 1) * sum(bool(held[rows].any()) for (rows,) in row_bands(self.labels.shape, _BAND))


@dataclass(frozen=True, eq=False)
class ReplacedBand:
    """Rows of a plane: what its labels were, what they become, and the prediction to compare them with."""

    rows: slice
    before: npt.NDArray[Any]
    labels: Labels
    prediction: Labels


@dataclass(frozen=True, eq=False)
class Replacing:
    """How each band changes: which objects stay, and what becomes of new ones (`new_ids`, rising: `ids`).

    `covered` are new ones that lie mostly on what stays; of what was `removed` the place stays empty.
    """

    plane: PlaneLabels
    n_kept: int
    touched: frozenset[int]
    removed: frozenset[int]
    new_ids: Ints
    ids: Labels
    covered: Mask

    def bands(self) -> Iterator[ReplacedBand]:
        """All bands in which something is, as they become."""
        for band in self.plane.bands():
            protected = _protected(band, self.removed, self.touched)
            at = np.searchsorted(self.new_ids, band.new) if self.new_ids.size else np.zeros(band.new.shape, int)
            shifted = np.where(band.new > 0, np.append(self.ids, 0)[at], 0).astype(np.int32)
            covered = np.append(self.covered, False)[at] & (band.new > 0)
            fresh = np.where(protected | covered, 0, shifted)
            labels = np.where(protected, band.labels, fresh).astype(np.int32)
            prediction = np.where(covered, shifted, fresh).astype(np.int32)
            yield ReplacedBand(band.rows, band.labels, labels, prediction)


def plan_replacing(plane: PlaneLabels, keep: bool) -> Generator[None, None, Replacing]:
    """Find out how a plane changes, band by band (it yields after each), several times over.

    With `keep`, corrected and reviewed objects stay, and places of removed ones, as `merge_segmentation` has it. Else
    all is replaced; objects keep the ids of those that they lie on.
    """
    comparison, kept, touched = Comparison(), frozenset[int](), frozenset[int]()
    if not keep:
        plane = PlaneLabels(plane.labels, plane.prediction, plane.new)
    else:
        comparison = yield from _compare(plane)
        kept, said = yield from _find_kept(plane, comparison)
        touched = yield from _find_touched(plane, comparison.removed, kept, said)
    removed = comparison.removed
    old, new, inside, pairs = _PixelCounts(), _PixelCounts(), _PixelCounts(), _PixelCounts()
    for band in plane.bands():
        protected = _protected(band, removed, touched)
        before = np.where(protected, 0, band.labels)
        old.add(before)
        new.add(band.new)
        inside.add(band.new[protected])
        both = (before > 0) & (band.new > 0)
        pairs.add(before[both].astype(np.int64) << 32 | band.new[both].astype(np.int64))
        yield
    first = highest_written(plane.labels) + 1
    new_ids, new_sizes = new.total()
    ids = free_ids(old.total()[0].tolist(), first, new_ids.size)
    for at, known in zip(*_same(old, (new_ids, new_sizes), pairs), strict=True):
        ids[at] = known
    within, counts = inside.total()
    share = np.zeros(new_ids.size, np.int64)
    share[np.searchsorted(new_ids, within)] = counts
    return Replacing(plane, len(kept), touched, removed, new_ids, ids, 2 * share > new_sizes)


def _compare(plane: PlaneLabels) -> Generator[None, None, Comparison]:
    differences = []
    for band in plane.bands():
        differences.append(find_differences(band.prediction, band.labels, band.rows.start))
        yield
    difference = merge_differences([part for part in differences if len(part)])
    return classify(difference, object_areas(plane.prediction)) if len(difference) else Comparison()


def _find_kept(
    plane: PlaneLabels, comparison: Comparison
) -> Generator[None, None, tuple[frozenset[int], frozenset[int]]]:
    """Ids of objects that stay, and predicted ids of which some pixels are another object now."""
    kept, said = set(comparison.changed), set[int]()
    for band in plane.bands():
        kept |= _ids(band.labels[_seen(band, comparison.removed)])
        said |= _ids(band.prediction[band.labels != band.prediction])
        yield
    return frozenset(kept - {0}), frozenset(said)


def _find_touched(
    plane: PlaneLabels, removed: frozenset[int], kept: frozenset[int], said: frozenset[int]
) -> Generator[None, None, frozenset[int]]:
    """Those of the objects that stay that a person changed or reviewed in this plane."""
    touched = set[int]()
    for band in plane.bands():
        around = (band.labels != band.prediction) | _seen(band, removed) | where_ids(band.prediction, said)
        touched |= _ids(band.labels[around])
        yield
    return frozenset(touched & kept)


def _seen(band: LabelBand, removed: frozenset[int]) -> Mask:
    seen: Mask = band.spared | (where_ids(band.prediction, removed) & (band.labels == 0))
    return seen


def _protected(band: LabelBand, removed: frozenset[int], touched: frozenset[int]) -> Mask:
    return _seen(band, removed) | where_ids(band.labels, touched)


def _ids(labels: npt.NDArray[Any]) -> set[int]:
    return set(fastremap.unique(labels).tolist())


class _PixelCounts:
    """Pixels by id, added up band by band; 0 does not count."""

    def __init__(self) -> None:
        self._parts: list[tuple[Ints, Ints]] = []

    def add(self, ids: npt.NDArray[Any]) -> None:
        found, counts = fastremap.unique(np.ascontiguousarray(ids), return_counts=True)
        there = found > 0
        self._parts.append((found[there].astype(np.int64), counts[there].astype(np.int64)))

    def total(self) -> tuple[Ints, Ints]:
        """Ids, rising, and pixels of each."""
        ids, at = np.unique(
            np.concatenate([np.zeros(0, np.int64), *(part[0] for part in self._parts)]), return_inverse=True
        )
        counts = np.concatenate([np.zeros(0, np.int64), *(part[1] for part in self._parts)])
        return ids, np.bincount(at.ravel(), counts, ids.size).astype(np.int64)


def _same(old: _PixelCounts, new: tuple[Ints, Ints], pairs: _PixelCounts) -> tuple[list[int], list[int]]:
    """Which of the `new` objects are an old one (IoU above a half), and which."""
    (old_ids, old_sizes), (codes, shared) = old.total(), pairs.total()
    before, now = codes >> 32, codes & 0xFFFFFFFF
    at = np.searchsorted(new[0], now)
    same = 2 * shared > old_sizes[np.searchsorted(old_ids, before)] + new[1][at] - shared
    return at[same].tolist(), before[same].tolist()
