"""A second opinion of the same model on the same planes: it sees them mirrored.

To a person a mirrored image is as easy as the image itself. Where the network says something else of it, it guessed.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from napari_unet.events import Finished, StopFlag
from napari_unet.images.channels import ModelInput
from napari_unet.images.view import View
from napari_unet.labels.types import PlaneIndex
from napari_unet.models.model import Model
from napari_unet.models.running.aside import Aside, Stopped
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.kinds import choose_kind
from napari_unet.segmentation.plan import Plan, make_plan, units_of
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.tiles.maps import PlaneMaps
from napari_unet.segmentation.tiles.queue import TileQueue


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
    first = tuple(planes[0]) if planes else ()
    invert = "yes" if view.inverted else "no"
    choice = choose_kind(image, model, view.kind or config.kind, first, config.engine, invert, view.diameter)
    image, model = choice.image, choice.model
    record = model.record
    plan = make_plan(units_of(planes, record), view, record, config)
    predictor = Predictor(model, config.engine, config.every_way)
    started, done = time.perf_counter(), 0
    with Aside(stop) as aside:
        for number, unit in enumerate(plan.units, start=1):
            plan = plan.measured(image, unit)
            try:
                maps = yield from _look_at_mirrored(image, predictor, plan, unit, aside)
                labels = aside.do(partial(plan.decode, maps))
            except Stopped:
                yield Finished(done, True)
                return
            left = (time.perf_counter() - started) * (len(plan.units) - number) / number
            inside = range(image.shape[-3]) if plan.deep else [None]
            for z in inside:
                plane, at = ((*unit, z), (z,)) if z is not None else (unit, ())
                done += 1
                yield SecondLook(plane, labels[at], maps[(slice(None), *at)], done, len(plan.units) * len(inside), left)
    yield Finished(done)


def _look_at_mirrored(
    image: ModelInput, predictor: Predictor, plan: Plan, unit: PlaneIndex, aside: Aside
) -> Generator[None, None, npt.NDArray[np.float32]]:
    """The maps of a unit, turned back; gives None after each tile, and raises `Stopped`."""
    seen = aside.do(lambda: plan.see(image, unit, mirrored=True))
    mirrored = PlaneMaps(seen, plan.record.architecture.out_channels)
    queue = TileQueue(predictor, seen, plan.config.tile)
    while queue:
        mirrored.put(aside.do(queue.answer))
        yield None
    return aside.do(lambda: np.ascontiguousarray(mirrored.at_image_size()[..., ::-1]))
