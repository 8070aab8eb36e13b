"""The picture of what a model was taught: the reviewed objects of one plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.images.channels import ChannelStack, ModelInput
from napari_unet.models.recorded.picture import draw_kind


def picture_of(images: Sequence[CorrectedImage]) -> bytes | None:
    """A PNG of the plane with most reviewed pixels of objects in `images`; None where no object was reviewed."""
    best: tuple[int, CorrectedImage, tuple[int, ...]] | None = None
    for one in images:
        for index in np.ndindex(*one.labels.shape[:-2]):
            count = int(np.count_nonzero((one.labels[index] > 0) & one.reviewed[index]))
            if count > (0 if best is None else best[0]):
                best = count, one, index
    if best is None:
        return None
    _, one, index = best
    return draw_kind(_shown(one.image, index), np.where(one.reviewed[index], one.labels[index], 0))


def _shown(image: ModelInput, index: tuple[int, ...]) -> npt.NDArray[Any]:
    """A plane as (Y, X), or (Y, X, 3) of colours; of several channels the first."""
    pixels = image.plane(index)
    if isinstance(image, ChannelStack):
        return np.asarray(pixels[0])
    return np.asarray(pixels[..., :3] if pixels.ndim == 3 else pixels)
