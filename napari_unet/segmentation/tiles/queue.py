"""The tiles of one plane, predicted one after another in this thread; who predicts them elsewhere takes the tasks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.segmentation.tiles.maps import PlaneMaps
from napari_unet.segmentation.tiles.memory import largest_tile, largest_volume_tile
from napari_unet.segmentation.tiles.plane import SeenPlane
from napari_unet.segmentation.tiles.tile import TileAnswer, TilePredictor, TileTask, predict_tile
from napari_unet.segmentation.tiles.tiling import TilePlan, in_view_first, plan_tiles

_SMALLEST_TILE = 64


class TileQueue:
    """The tiles of a plane that wait for the network; where memory runs out, all of them anew, and smaller.

    Parameters
    ----------
    tile : int, optional
        Longest side; None: as large as memory allows.
    screen : tuple of slice, optional
        Rows and columns of the image that somebody looks at: their tiles come first.
    wanted : array of bool, optional
        Of the maps' spatial shape: tiles that hold nothing of it are left out.
    """

    def __init__(
        self,
        predictor: TilePredictor,
        seen: SeenPlane,
        tile: int | None = None,
        screen: tuple[slice, slice] | None = None,
        wanted: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        self._predictor, self._seen, self._screen, self._wanted = predictor, seen, screen, wanted
        network = predictor.record.architecture
        if tile is None and network.ndim == 3:
            tile = largest_volume_tile(network, predictor.itemsize, seen.size)
        self._side = tile or largest_tile(network, predictor.itemsize, watched=screen is not None)
        self.done = 0
        self._fill()

    def _fill(self) -> None:
        self._plan: TilePlan = plan_tiles(self._seen.size, self._side, self._predictor.record.architecture)
        tiles = [tile for tile in self._plan.tiles if self._wanted is None or self._wanted[tile.core].any()]
        self._waiting = list(in_view_first(tiles, _scale(self._screen, self._seen)))

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def total(self) -> int:
        return self.done + len(self._waiting)

    def tasks(self) -> Iterator[TileTask]:
        """All that wait, in their order, for whoever predicts them elsewhere."""
        return (self._seen.task(tile, self._plan.border) for tile in self._waiting)

    def answer(self) -> TileAnswer:
        """Predict the next one here."""
        while True:
            try:
                found = predict_tile(self._predictor, self._seen.task(self._waiting[0], self._plan.border))
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self._side, self.done = _halve(self._side, error), 0
                self._fill()
                continue
            self._waiting.pop(0)
            self.done += 1
            return found


def predict_plane(
    predictor: TilePredictor,
    seen: SeenPlane,
    tile: int | None = None,
    wanted: npt.NDArray[np.bool_] | None = None,
) -> PlaneMaps:
    """The maps of a plane that nobody watches; where nothing is `wanted` they are 0."""
    maps = PlaneMaps(seen, predictor.record.architecture.out_channels)
    queue = TileQueue(predictor, seen, tile, wanted=wanted)
    while queue:
        maps.put(queue.answer())
    return maps


def _scale(screen: tuple[slice, slice] | None, seen: SeenPlane) -> tuple[slice, ...] | None:
    """Rows and columns of the image as a part of the maps."""
    if screen is None:
        return None
    scaled = [slice(0, size) for size in seen.size[:-2]]
    for part, old, new in zip(screen, seen.shape[-2:], seen.size[-2:], strict=True):
        scaled.append(slice(int(part.start * new / old), int(np.ceil(part.stop * new / old))))
    return tuple(scaled)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch or numpy failed for want of memory; torch says so in a RuntimeError."""
    return isinstance(error, MemoryError) or "memory" in str(error).lower()


def _halve(side: int, error: BaseException) -> int:
    if side // 2 < _SMALLEST_TILE:
        raise UserError(
            "There is not enough memory to segment even a small tile. "
            "Close other programs, or choose the CPU as device."
        ) from error
    return side // 2
