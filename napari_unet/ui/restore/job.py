"""What the background thread does: learn to restore, then restore, all of an image or the part in view."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag
from napari_unet.images.image import Image
from napari_unet.labels.types import PlaneBox, PlaneIndex
from napari_unet.restoration.config import RestoreConfig
from napari_unet.restoration.tasks import UNSURE, RestorationTask, task_of

if TYPE_CHECKING:
    from napari_unet.models.model import Model


@dataclass(frozen=True, eq=False)
class Request:
    """What is to be restored: `image` (grey), learned from it alone or with `wanted`, or done by `model` as it is."""

    image: Image
    task: RestorationTask
    config: RestoreConfig
    wanted: Image | None = None
    model: Model | None = None


@dataclass(frozen=True, eq=False)
class Restored:
    """The new image, and the model that made it; `gain_db` is on held-out parts of pairs, `notes` are for the user.

    `unsure` says how far two opinions are apart.
    """

    image: Image
    model: Model
    gain_db: float | None
    notes: tuple[str, ...]
    unsure: Image | None = None


def restore_in_background(request: Request, stop: StopFlag) -> Iterator[Any]:
    """Events of learning, then of restoring; the result is a `Restored`. Torch is loaded in the thread."""
    from napari_unet.restoration.applying import Unsure, grey_of, has_opinions, restore_steps
    from napari_unet.restoration.material import gather
    from napari_unet.restoration.teaching import teach_steps

    model, config = request.model, request.config
    gain: float | None = None
    notes: tuple[str, ...] = ()
    if model is None:
        wanted = None if request.wanted is None else [request.wanted]
        material = gather([request.image], wanted, request.task, config.structure, config.voxel_ratio)
        notes = material.notes
        for event in teach_steps(
            material, config, f"{request.image.name} {request.task.name}", (request.image.name,), stop
        ):
            if isinstance(event, Finished):
                model, gain = event.result.model, event.result.gain_db
            else:
                yield event
    if model is None:
        raise RuntimeError("teaching ended without a model")
    # Who stops the learning wants to see what was learned: only a second stop ends it here.
    ending = stop if request.model is not None or not stop.requested else StopFlag()
    unsure: Image | None = None
    wished = config.uncertainty and (request.model is not None or has_opinions(model))
    for step in restore_steps(request.image, model, config.engine, ending, wished):
        if isinstance(step, Unsure):
            unsure = step.image
        elif not isinstance(step, Finished):
            yield step
        elif step.result is None:
            raise UserError("Stopped before the image was restored.")
        else:
            advice = (task_of(grey_of(model)).advice, *((UNSURE,) if unsure is not None else ()))
            yield Finished(Restored(step.result, model, gain, (*notes, *advice), unsure))


def cut_part(image: Image, index: PlaneIndex, part: PlaneBox, factor: int = 1, stack: bool = False) -> Image:
    """A part of one plane of a grey image (of all planes of its stack); of an enlarged one, `factor` times as far."""
    if stack:
        whole = image.data[index[0]] if "T" in image.axes else image.data
        kept = {letter: image.scale[letter] for letter in "ZYX" if letter in image.scale}
        return replace(image, data=np.asarray(whole[(slice(None), *part)]), axes="ZYX", scale=kept)
    box = tuple(slice(one.start * factor, one.stop * factor) for one in part)
    return replace(image, data=image.plane(index)[box], axes="YX", scale={
        letter: image.scale[letter] for letter in "YX" if letter in image.scale
    })  # fmt: skip
