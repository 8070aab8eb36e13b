"""Which of the models at hand is the surest of an image: each is tried on the same corner of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag
from napari_unet.images.channels import ModelInput, grey_input, model_input
from napari_unet.images.image import Image
from napari_unet.labels.types import PlaneBox, PlaneIndex
from napari_unet.models.model import Model
from napari_unet.models.running.engine import Engine

CORNER = 320
"""Pixels a side that are tried: a few dozen objects, in about a second a model."""
_SAYS_SOMETHING = 0.1  # probability, from which on a pixel is one that the model has to decide on
_LEAST_OBJECTS = 5
MARGIN = 0.05
"""By how much another model has to be surer to be worth a word."""


@dataclass(frozen=True)
class Sureness:
    """How sure a model is of a corner: 0 (of nothing) to 1, with the number of objects that it found there."""

    name: str
    sure: float
    n_objects: int


def try_models(
    names: Sequence[str],
    load: Callable[[str], Model],
    image: ModelInput,
    plane: PlaneIndex = (),
    engine: Engine = Engine(),
    stop: StopFlag | None = None,
) -> Iterator[Sureness | Finished[list[Sureness]]]:
    """Try models on the corner of a plane where there is most to be seen; the last event has all, the surest first.

    Parameters
    ----------
    names : sequence of str
        What `load` gives the models of. Those that look at other channels than `image` has are left out.
    """
    from napari_unet.segmentation.config import SegmentConfig
    from napari_unet.segmentation.segment import segment_steps

    stop, found = stop or StopFlag(), []
    corner = busiest_corner(grey_input(image), plane)
    for name in names:
        if stop.requested:
            break
        model = load(name)
        try:
            part = _cut(model_input(image, model.record.channel_counts), plane, corner)
        except UserError:
            continue
        config = SegmentConfig(keep_probability=True, device=engine.device)
        for event in segment_steps(part, model, config, stop=stop):
            if isinstance(event, Finished) and not stop.requested:
                result = event.result
                n_objects = int(np.unique(result.labels).size - (result.labels == 0).any())
                maps = np.zeros((1, 1)) if result.probability is None else np.asarray(result.probability[0], np.float32)
                found.append(Sureness(name, sureness(maps), n_objects))
                yield found[-1]
    yield Finished(sorted(found, key=lambda one: -one.sure))


def sureness(foreground: npt.NDArray[np.floating]) -> float:
    """How far from one half a probability map (Y, X) is, on average, where it says that there may be something."""
    asked = foreground[foreground > _SAYS_SOMETHING]
    return float(np.abs(2 * asked - 1).mean()) if asked.size else 0.0


def surer_than(name: str, tried: Sequence[Sureness]) -> Sureness | None:
    """The model to offer in place of `name`; None if no other is clearly surer."""
    own = next((one for one in tried if one.name == name), Sureness(name, 0.0, 0))
    others = [one for one in tried if one.name != name and one.n_objects >= _LEAST_OBJECTS]
    best = max(others, key=lambda one: one.sure, default=None)
    return best if best is not None and best.sure >= own.sure + MARGIN else None


def busiest_corner(image: Image, plane: PlaneIndex, size: int = CORNER) -> PlaneBox:
    """Rows and columns (at most `size` each) of the corner or the middle where grey values vary most."""
    height, width = image.shape[-2:]
    size = min(size, height, width)
    tops, lefts = ({0, (n - size) // 2, n - size} for n in (height, width))
    boxes = [(slice(top, top + size), slice(left, left + size)) for top in sorted(tops) for left in sorted(lefts)]
    return max(boxes, key=lambda box: float(np.std(image.part(plane, box)[..., ::2, ::2])))


def _cut(image: ModelInput, plane: PlaneIndex, box: PlaneBox) -> ModelInput:
    """The part of a plane as an image of its own."""
    from napari_unet.images.channels import change_channels

    return change_channels(image, partial(_cut_grey, plane=plane, box=box))


def _cut_grey(image: Image, plane: PlaneIndex, box: PlaneBox) -> Image:
    return Image(np.asarray(image.part(plane, box)), "YX", name=image.name)
