"""A second opinion of the same model on the same planes: it sees them mirrored.

To a person a mirrored image is as easy as the image itself. Where the network says something else of it, it guessed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.events import Finished, StopFlag
from napari_unet.images.channels import ModelInput
from napari_unet.images.view import View
from napari_unet.models.model import Model
from napari_unet.models.record import resampling_factor
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.kinds import choose_kind
from napari_unet.segmentation.plane import PlaneMaps
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.segment import decode, decoding_record

PlaneIndex = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class SecondLook:
    """What the network says of one mirrored plane, turned back: `labels` (Y, X) int32, `maps` (outputs, Y, X) float32.

    `plane` counts over the axes before YX; `done` of `total` planes have been looked at.
    """

    plane: PlaneIndex
    labels: npt.NDArray[np.int32]
    maps: npt.NDArray[np.float32]
    done: int
    total: int
    seconds_left: float | None


def look_again(
    image: ModelInput,
    model: Model,
    view: View,
    planes: Sequence[PlaneIndex],
    config: SegmentConfig | None = None,
    stop: StopFlag | None = None,
) -> Iterator[SecondLook | Finished[int] | None]:
    """Segment `planes` of `image` (grey, axes out of "TZYX") once more, mirrored, looked at by `view` as before.

    Gives None after each tile, one `SecondLook` a plane in the order asked for (a 3D model: all planes of a volume
    after each other), and at the end `Finished` with the number of planes looked at.
    """
    config, stop = config or SegmentConfig(), stop or StopFlag()
    wanted = view.kind or config.kind
    choice = choose_kind(image, model, wanted, tuple(planes[0]) if planes else (), config.engine)
    model = choice.model
    run = _Run(choice.image, model, config, view)
    deep = model.record.architecture.ndim == 3
    units = list(dict.fromkeys(plane[:-1] if deep else plane for plane in planes))
    started, done = time.perf_counter(), 0
    for number, unit in enumerate(units, start=1):
        for _ in run.tiles(unit, deep):
            yield None
            if stop.requested:
                yield Finished(done, True)
                return
        labels, maps = run.decode()
        left = (time.perf_counter() - started) * (len(units) - number) / number
        inside = range(image.shape[-3]) if deep else [None]
        for z in inside:
            plane, at = ((*unit, z), (z,)) if z is not None else (unit, ())
            done += 1
            yield SecondLook(plane, labels[at], maps[(slice(None), *at)], done, len(units) * len(inside), left)
    yield Finished(done)


class _Run:
    """What the planes of one look share."""

    def __init__(self, image: ModelInput, model: Model, config: SegmentConfig, view: View) -> None:
        self._image, self._config, self._view = image, config, view
        self._diameter = view.diameter or model.record.diameter
        self._record = decoding_record(model.record, view.thresholds)
        self._predictor = Predictor(model, config.engine)

    def tiles(self, unit: PlaneIndex, deep: bool) -> Iterator[Any]:
        """Run the network over one plane or volume."""
        first = (*unit, 0) if deep else unit
        limits = self._view.limits_of(self._image, first, self._record.normalization)
        pixels = self._image.plane(first)
        if deep:
            pixels = np.stack([self._image.plane((*unit, z)) for z in range(self._image.shape[-3])])
        factor = resampling_factor(self._record, self._diameter)
        self._maps = PlaneMaps(self._predictor, np.ascontiguousarray(pixels[..., ::-1]), limits, factor)
        yield from self._maps.tiles(self._config.tile)

    def decode(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Labels ((Z,) Y, X) and maps (outputs, (Z,) Y, X), turned back."""
        maps = np.ascontiguousarray(self._maps.at_image_size()[..., ::-1])
        return decode(maps, self._record, self._config, self._diameter), maps
