"""One tile through the network: what goes in and what comes out can be sent to another process, or another machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from napari_unet.labels.types import Floats
from napari_unet.models.record import ModelRecord


class TilePredictor(Protocol):
    """A network that is ready to predict, whatever engine runs it. `itemsize` is bytes a value within it."""

    record: ModelRecord
    itemsize: int

    def predict(self, tiles: Floats, region: tuple[slice, ...] | None = None) -> Floats:
        """(N, C, (Z,) Y, X) normalized -> probabilities (N, outputs, (Z,) Y, X), or only `region` of (Z,) Y, X."""
        ...


@dataclass(frozen=True, eq=False)
class TileTask:
    """`pixels` (C, (Z,) Y, X) as the network sees them; `crop` of its answer belongs at `core` of the plane's maps."""

    pixels: Floats
    crop: tuple[slice, ...]
    core: tuple[slice, ...]


@dataclass(frozen=True, eq=False)
class TileAnswer:
    """`maps` (outputs, (Z,) Y, X) of the part `core` of a plane's maps."""

    maps: Floats
    core: tuple[slice, ...]


def predict_tile(predictor: TilePredictor, task: TileTask) -> TileAnswer:
    """What the network says of one tile."""
    return TileAnswer(predictor.predict(task.pixels[None], task.crop)[0], task.core)
