"""Length of outlines, of all objects of a plane at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Doubles, Ints
from napari_unet.results.measurements.gathering import Gathered, add_up
from napari_unet.results.measurements.tiles import HALO, MeasuredTile


def _weights() -> Doubles:
    """Length of outline that a border pixel stands for, by the number that its neighbours on the outline make.

    A neighbour at a side counts 2, at a corner 10, the pixel itself 1 (K. Benkrid et al., Design and FPGA
    implementation of a perimeter estimator, 2000), as in `skimage.measure.perimeter`.
    """
    weights = np.zeros(50)
    weights[[5, 7, 15, 17, 25, 27]] = 1
    weights[[21, 33]] = np.sqrt(2)
    weights[[13, 23]] = (1 + np.sqrt(2)) / 2
    return weights


_WEIGHTS = _weights()


class Perimeters:
    """The perimeter of `skimage.measure.perimeter` (neighbourhood 4), in pixels; planes only."""

    def __init__(self) -> None:
        self._lengths = Gathered()

    def add(self, tile: MeasuredTile) -> None:
        if not tile.runs.objects.size:
            return
        around = tile.surrounded
        border = _outline(around)
        width = around.shape[1]
        rows, columns = np.nonzero(border[HALO:-HALO, HALO:-HALO])
        at = (rows + HALO) * width + columns + HALO
        flat, edge = around.reshape(-1), border.reshape(-1)
        ids = flat[at]
        code = np.ones(at.size, np.int8)
        for step, value in ((1, 2), (-1, 2), (width, 2), (-width, 2),
                            (width + 1, 10), (width - 1, 10), (-width + 1, 10), (-width - 1, 10)):  # fmt: skip
            beside = at + step
            code += np.int8(value) * (edge[beside] & (flat[beside] == ids))
        lengths = add_up(tile.places_of(ids), _WEIGHTS[code], tile.runs.objects.size)
        self._lengths.add(tile.runs.objects, lengths)

    def values(self, objects: Ints) -> dict[str, npt.NDArray[np.generic]]:
        return {"perimeter": self._lengths.total(objects)}


def _outline(plane: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """Pixels of objects at a side of which something else is; the outermost pixels of `plane` do not count."""
    border = np.zeros(plane.shape, np.bool_)
    down, right = plane[1:] != plane[:-1], plane[:, 1:] != plane[:, :-1]
    border[1:-1, 1:-1] = down[1:, 1:-1] | down[:-1, 1:-1] | right[1:-1, 1:] | right[1:-1, :-1]
    border &= plane != 0
    return border
