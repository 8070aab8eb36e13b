"""What the review queue is made of: objects are measured, then the model looks again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.reviewed import typical_diameter
from napari_unet.events import Finished, StopFlag
from napari_unet.images.view import View
from napari_unet.labels.stacks.large_planes import LARGE_PLANE
from napari_unet.labels.stacks.sections import Sections
from napari_unet.labels.types import PlaneIndex
from napari_unet.models.running.engine import Engine
from napari_unet.review.screening import ObjectScreening

if TYPE_CHECKING:
    from napari_unet.images.channels import ModelInput
    from napari_unet.models.model import Model


@dataclass(frozen=True, eq=False)
class PlaneScreened:
    """The objects of one plane are measured; with what the model says of them, and `missed`, if it has looked again."""

    plane: PlaneIndex
    sections: Sections
    missed: Sections | None
    done: int
    total: int
    seconds_left: float | None = None


def screening_steps(
    labels: npt.NDArray[Any],
    axes: str,
    image: ModelInput,
    load: Callable[[], Model] | None,
    view: View,
    planes: tuple[Sequence[PlaneIndex], Sequence[PlaneIndex]],
    stop: StopFlag,
    engine: Engine = Engine(),
) -> Iterator[Any]:
    """Measure objects, and look again: `planes` are those to be measured, and those that the model looks at again.

    Without a model (`load`) nothing is looked at again; nor is a plane that is too large to have its maps in memory.
    """
    to_measure, to_look = planes
    if labels.shape[-2] * labels.shape[-1] > LARGE_PLANE:
        to_look = ()
    screening = ObjectScreening(labels.shape, axes)
    areas = []
    for done, plane in enumerate(to_measure, start=1):
        if stop.requested:
            break
        screening.measure_plane(labels, plane)
        areas.append(screening.sections(plane).area)
        yield PlaneScreened(plane, screening.sections(plane), None, done, len(to_measure))
    if load is not None and to_look and not stop.requested:
        if view.diameter is None:
            view = view.with_diameter(_typical(areas), estimated=True)
        yield from _look(screening, labels, image, load(), view, to_look, stop, engine)
    yield Finished(None, stop.requested)


def _look(
    screening: ObjectScreening,
    labels: npt.NDArray[Any],
    image: ModelInput,
    model: Model,
    view: View,
    planes: Sequence[PlaneIndex],
    stop: StopFlag,
    engine: Engine,
) -> Iterator[PlaneScreened | None]:
    from napari_unet.heads.registry import find_head
    from napari_unet.segmentation.config import SegmentConfig
    from napari_unet.segmentation.second_look import SecondLook, look_again

    if not find_head(model.record).draws_objects:
        return
    config = SegmentConfig(device=engine.device, precision=engine.precision, runtime=engine.runtime)
    for event in look_again(image, model, view, planes, config, stop):
        if isinstance(event, SecondLook):
            screening.look(labels, event.plane, event.labels, event.maps)
            screening.look_for_missed(labels, event.plane, event.labels, event.maps)
            found, missed = screening.sections(event.plane), screening.missed(event.plane)
            yield PlaneScreened(event.plane, found, missed, event.done, event.total, event.seconds_left)
        elif event is None:
            yield None  # a chance to be stopped


def _typical(areas: list[npt.NDArray[np.float64]]) -> float:
    return typical_diameter([int(area) for part in areas for area in part])
