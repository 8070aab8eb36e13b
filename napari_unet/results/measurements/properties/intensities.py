"""Grey values in objects, a channel at a time."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Doubles, Ints
from napari_unet.results.measurements.gathering import Gathered, add_up, lowest
from napari_unet.results.measurements.tiles import MeasuredTile

STATISTICS = ("mean", "min", "max", "std", "sum")


class Intensities:
    """Statistics of one channel; only those of `wanted` are gathered."""

    def __init__(self, channel: int, wanted: Collection[str] = STATISTICS) -> None:
        self._channel, self._wanted = channel, frozenset(wanted)
        self._sums = Gathered()  # pixels, sum, sum of squares from the mean
        self._ends = {sign: Gathered() for sign in self._signs()}

    def _signs(self) -> list[int]:
        """1 for the lowest value, -1 for the highest, which is the lowest of the negative."""
        return [sign for name, sign in (("min", 1), ("max", -1)) if name in self._wanted]

    def add(self, tile: MeasuredTile) -> None:
        runs = tile.runs
        values = tile.channels[self._channel].reshape(-1)
        if not runs.objects.size:
            return
        first = runs.rows * runs.width
        ends = np.stack([first + runs.starts, first + runs.stops], axis=1).ravel()
        values = np.append(values, values[:1])  # so that a run may end with the array
        if self._wanted & {"mean", "std", "sum"}:
            self._sums.add(runs.objects, self._sum(tile, values, ends))
        for sign, gathered in self._ends.items():
            reduce = np.minimum if sign == 1 else np.maximum
            # every second part is a run, the others are what lies between two
            found = reduce.reduceat(values, ends)[::2].astype(np.float64)
            gathered.add(runs.objects, lowest(runs.owner, sign * found, runs.objects.size))

    def _sum(self, tile: MeasuredTile, values: npt.NDArray[np.generic], ends: Ints) -> Doubles:
        runs = tile.runs
        count = runs.total(runs.lengths)
        # floats far from 0 lose digits when squared
        shift = float(values.mean(dtype=np.float64)) if values.dtype.kind == "f" else 0.0
        grey = values if not shift else values.astype(np.float64) - shift
        total = runs.total(np.add.reduceat(grey, ends, dtype=np.float64)[::2])
        mean, spread = total / count, np.zeros(count.size)
        if "std" in self._wanted:
            squares = np.square(grey, dtype=np.float64)
            spread = np.maximum(runs.total(np.add.reduceat(squares, ends)[::2]) - count * mean**2, 0)
        return np.stack([count, total + shift * count, spread], axis=1)

    def values(self, objects: Ints) -> dict[str, npt.NDArray[np.generic]]:
        found: dict[str, npt.NDArray[np.generic]] = {}
        if self._wanted & {"mean", "std", "sum"}:
            at, rows = np.searchsorted(objects, self._sums.ids()), self._sums.rows(3)
            n, totals, spread = rows.T
            count, total = add_up(at, n, objects.size), add_up(at, totals, objects.size)
            mean = total / count
            variance = add_up(at, spread + n * (totals / n - mean[at]) ** 2, objects.size) / count
            found |= {"mean": mean, "sum": total, "std": np.sqrt(variance)}
        for sign, gathered in self._ends.items():
            at = np.searchsorted(objects, gathered.ids())
            found["min" if sign == 1 else "max"] = sign * lowest(at, gathered.rows(), objects.size)
        return found
