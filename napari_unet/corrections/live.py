"""A comparison kept up to date while a person paints: only what may have changed is looked at again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.comparison import Comparison, Counts, classify, object_areas
from napari_unet.corrections.difference import Difference, find_differences, merge_differences
from napari_unet.images.written import written_rows
from napari_unet.labels.types import PlaneIndex

_BAND_PIXELS = 2**20
"""Compared between two `yield`s: about a millisecond, so that a window which paints can stop at any of them."""


class LiveComparison:
    """What differs between a prediction and labels, plane by plane, and the objects that this makes in each frame.

    `prediction` has `axes` out of "TZYX". An id is one object through Z, and another object in each T.
    """

    def __init__(self, prediction: npt.NDArray[Any], axes: str) -> None:
        self.prediction = prediction
        self._leading = prediction.shape[:-2]
        self._has_frames = axes.startswith("T")
        self._band_rows = max(1, _BAND_PIXELS // max(1, prediction.shape[-1]))
        self._parts: dict[PlaneIndex, dict[int, Difference]] = {}  # of bands in which something differs, or did
        self._differences: dict[PlaneIndex, Difference] = {}
        self._areas: dict[PlaneIndex, Counter[int]] = {}
        self._counts: dict[PlaneIndex, Counts] = {}
        self._outdated: set[PlaneIndex] = set()  # planes whose predicted objects have other areas by now

    def planes(self) -> list[PlaneIndex]:
        """Indices of all YX planes: over the axes before YX."""
        return list(product(*(range(size) for size in self._leading)))

    def bands_at(self, rows: slice) -> range:
        """The numbers of the bands of rows that `rows` of a plane lie in: what `update` looks at as a whole."""
        return range(rows.start // self._band_rows, (rows.stop - 1) // self._band_rows + 1)

    def update(
        self,
        labels: npt.NDArray[Any],
        planes: Iterable[PlaneIndex] | None = None,
        bands: Iterable[int] | None = None,
    ) -> Iterator[None]:
        """Compare `planes` (default: all) of `labels` (shape of the prediction) again, in steps of about a millisecond.

        With `bands` only these of each plane. What was known of a plane stays until its last step, so that it may be
        abandoned at any time.
        """
        for plane in self.planes() if planes is None else planes:
            known = self._parts.get(plane, {})
            parts = {} if bands is None else dict(known)
            for band in self._held_bands(plane, labels) if bands is None else sorted(bands):
                now, before = self._band(plane, labels, band), self._band(plane, self.prediction, band)
                part = find_differences(before, now, band * self._band_rows)
                if len(part) or band in known:
                    parts[band] = part
                yield
            found = merge_differences([parts[band] for band in sorted(parts)])
            frame = self._frame(plane)
            if len(found) or plane in self._differences:
                yield from self._measure(frame)
                self._counts.pop(frame, None)
                self._parts[plane], self._differences[plane] = parts, found

    def _held_bands(self, plane: PlaneIndex, labels: npt.NDArray[Any]) -> list[int]:
        """The numbers of the bands in which anybody wrote something."""
        held = written_rows(labels[plane]) | written_rows(self.prediction[plane])
        return [
            first // self._band_rows
            for first in range(0, len(held), self._band_rows)
            if held[first : first + self._band_rows].any()
        ]

    def note_refreshed(self, plane: PlaneIndex) -> None:
        """Labels and prediction of a plane were written to alike, where they did not differ."""
        self._outdated.add(plane)

    def difference(self, plane: PlaneIndex) -> Difference:
        """The table of what differs in one plane."""
        return self._differences.get(plane) or merge_differences([])

    def areas(self, plane: PlaneIndex) -> Mapping[int, int]:
        """Pixels of each predicted object of a plane in which something differs, or did."""
        return self._areas.get(plane, {})

    def compare_plane(self, plane: PlaneIndex) -> Comparison:
        """The objects that differ within one plane, seen alone."""
        difference = self.difference(plane)
        return classify(difference, self._areas[plane]) if len(difference) else Comparison()

    @property
    def counts(self) -> Counts:
        """Objects corrected, added and removed in all planes: an object of many slices counts once."""
        for frame in {self._frame(plane) for plane in self._differences} - self._counts.keys():
            self._counts[frame] = self._compare_frame(frame).counts
        return sum(self._counts.values(), Counts())

    def changed_planes(self) -> list[PlaneIndex]:
        """Planes with at least one pixel that differs."""
        return sorted(plane for plane, difference in self._differences.items() if len(difference))

    def _compare_frame(self, frame: PlaneIndex) -> Comparison:
        planes = [plane for plane in self._differences if self._frame(plane) == frame]
        difference = merge_differences([self._differences[plane] for plane in planes])
        areas: Counter[int] = Counter()
        involved = set(difference.predicted.tolist()) | set(difference.current.tolist())
        for plane in self._planes_of(frame):
            known = self._areas[plane]
            areas.update({key: known[key] for key in involved & known.keys()})
        return classify(difference, areas)

    def _frame(self, plane: PlaneIndex) -> PlaneIndex:
        return plane[:1] if self._has_frames else ()

    def _planes_of(self, frame: PlaneIndex) -> list[PlaneIndex]:
        return [frame + rest for rest in product(*(range(size) for size in self._leading[len(frame) :]))]

    def _measure(self, frame: PlaneIndex) -> Iterator[None]:
        """Areas of the predicted objects, once and only for frames in which something differs."""
        for plane in self._planes_of(frame):
            if plane not in self._areas or plane in self._outdated:
                areas: Counter[int] = Counter()
                for band in range(-(-self.prediction.shape[-2] // self._band_rows)):
                    areas.update(object_areas(self._band(plane, self.prediction, band)))
                    yield
                self._areas[plane] = areas
                self._outdated.discard(plane)

    def _band(self, plane: PlaneIndex, array: npt.NDArray[Any], band: int) -> npt.NDArray[Any]:
        first = band * self._band_rows
        place: Any = (*plane, slice(first, min(first + self._band_rows, array.shape[-2])))
        return np.ascontiguousarray(array[place])
