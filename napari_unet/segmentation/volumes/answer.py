"""Which kind of image that a model knows answers for the side views of a stack: not always the one for its slices."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_unet.images.channels import ModelInput, grey_input
from napari_unet.images.image import Image
from napari_unet.images.resampling import resample
from napari_unet.models.model import Model
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.kinds import KindChoice, can_see, choose_kind, nearest_kinds


def choose_side_kind(
    image: ModelInput,
    model: Model,
    chosen: KindChoice,
    flatness: float,
    plane: tuple[int, ...],
    config: SegmentConfig,
) -> KindChoice | None:
    """What answers for the side views of the stack around `plane`, if another kind does than for its slices.

    Who reviewed slices taught what slices look like, and nothing of side views, whose blur and noise are others. So a
    taught kind answers for these only if they resemble its images, clearly more than those of any other kind; else
    what it came of answers, as it did before it was taught. None: the kind that was `chosen` answers for all.

    Measured after 60 steps on three slices (AP@0.5 in 3D): a stack of 51 nuclei .40 with side views by the taught kind,
    .57 by the other, .54 slice by slice; simulated tissue .89, .93 and .80 (`benchmarks/volumes.py --fine-tune`).
    """
    record = chosen.model.record
    plain = [kind for kind in model.kinds if _is_plain(kind, image, record.architecture.in_channels)]
    if record.sizes is None or not plain:
        return None
    able = [kind for kind in model.kinds if can_see(kind, image) and kind.record.architecture.ndim == 2]
    for side in _middle_sides(chosen.image, flatness, plane):
        near = nearest_kinds(side, model, able, (), config.invert)
        if [kind.record.kind_name for kind in near] != [record.kind_name]:
            inside = plane[:-1]  # its middle, as where the kind for slices is chosen: the ends of a stack show little
            untaught = plain[0].with_others(plain[1:])
            return choose_kind(image, untaught, "auto", inside, config.engine, config.invert, config.diameter)
    return None


def _is_plain(kind: Model, image: ModelInput, n_channels: int) -> bool:
    """Whether a kind was not taught, and sees planes with as many channels as the one that answers for slices."""
    architecture = kind.record.architecture
    suits = architecture.ndim == 2 and architecture.in_channels == n_channels
    return kind.record.sizes is None and suits and can_see(kind, image)


def _middle_sides(image: ModelInput, flatness: float, plane: tuple[int, ...]) -> list[Image]:
    """The views from the front and from the side through the middle of a volume, with square pixels."""
    grey: Any = grey_input(image)
    volume = grey.data[plane[:-1]]
    views = []
    for axis in (1, 2):
        pixels = np.asarray(volume[(slice(None),) * axis + (volume.shape[axis] // 2,)], np.float32)
        size = max(1, round(pixels.shape[0] * flatness)), pixels.shape[1]
        views.append(Image.from_array(resample(pixels[None], size)[0], "YX"))
    return views
