"""Size, place and second moments of objects."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Doubles, Ints
from napari_unet.results.measurements.gathering import Gathered, add_up, lowest
from napari_unet.results.measurements.tiles import MeasuredTile


class Form:
    """Pixels, centre, box and covariance of pixel places, in pixels.

    Tiles are joined as Chan, Golub and LeVeque (1979) join samples, so that nothing is lost far from the origin.
    """

    def __init__(self, ndim: int) -> None:
        self.ndim = ndim
        self._parts = Gathered()  # pixels, centre (ndim), box (2 ndim), scatter (ndim squared)

    def add(self, tile: MeasuredTile) -> None:
        runs = tile.runs
        n = runs.lengths.astype(np.float64)
        middle = (runs.starts + runs.stops - 1) / 2 + tile.origin[-1]
        places = np.concatenate([tile.run_places.astype(np.float64), middle[:, None]], axis=1)
        count = runs.total(n)
        centre = np.stack([runs.total(n * axis) / count for axis in places.T], axis=1)
        away = places - centre[runs.owner]
        scatter = np.empty((runs.objects.size, self.ndim, self.ndim))
        for i, j in np.ndindex(self.ndim, self.ndim):
            scatter[:, i, j] = runs.total(n * away[:, i] * away[:, j])
        scatter[:, -1, -1] += runs.total(n * (n**2 - 1) / 12)  # within each run
        box = self._boxes(tile)
        spread = scatter.reshape(len(count), self.ndim**2)  # a tile may hold no object at all
        self._parts.add(runs.objects, np.concatenate([count[:, None], centre, box, spread], 1))

    def _boxes(self, tile: MeasuredTile) -> Doubles:
        """(objects, 2 axes): first pixels, then negative last ones + 1, of which the smallest is sought too."""
        runs, first = tile.runs, tile.run_places
        columns = [*first.T, runs.starts + tile.origin[-1], *(-first.T - 1), -(runs.stops + tile.origin[-1])]
        return np.stack([lowest(runs.owner, column.astype(np.float64), runs.objects.size) for column in columns], 1)

    def objects(self) -> Ints:
        """Ids of all objects that tiles showed, sorted."""
        return np.unique(self._parts.ids())

    def values(self, objects: Ints) -> dict[str, npt.NDArray[np.generic]]:
        d, size = self.ndim, objects.size
        at = np.searchsorted(objects, self._parts.ids())
        rows = self._parts.rows(1 + 3 * d + d * d)
        n, means, boxes = rows[:, 0], rows[:, 1 : 1 + d], rows[:, 1 + d : 1 + 3 * d]
        count = add_up(at, n, size)
        centre = np.stack([add_up(at, n * axis, size) / count for axis in means.T], axis=1)
        away = means - centre[at]
        covariance = np.empty((size, d, d))
        for i, j in np.ndindex(d, d):
            own = rows[:, 1 + 3 * d + d * i + j]
            covariance[:, i, j] = add_up(at, own + n * away[:, i] * away[:, j], size) / count
        box = np.stack([lowest(at, column, size) for column in boxes.T], axis=1)
        box[:, d:] *= -1
        return {"count": count, "centre": centre, "box": box.astype(np.int64), "covariance": covariance}
