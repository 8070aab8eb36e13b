"""The picture of a taught model is of what was reviewed, in the plane that has most of it."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image as Raster

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.finetuning.material.taught_picture import picture_of
from napari_unet.images.channels import stack_channels
from napari_unet.images.image import Image


def _stack(reviewed_plane: int | None) -> CorrectedImage:
    """Three planes with one object each, of rising brightness; one of the planes is reviewed."""
    pixels, labels = np.full((3, 64, 64), 5.0), np.zeros((3, 64, 64), np.int32)
    for z in range(3):
        labels[z, 20:40, 20 : 30 + 5 * z] = 1
        pixels[z][labels[z] > 0] = 50 * (z + 1)
    reviewed = np.zeros(labels.shape, bool)
    if reviewed_plane is not None:
        reviewed[reviewed_plane] = True
    return CorrectedImage(Image.from_array(pixels, "ZYX"), labels, reviewed)


def _outlined(png: bytes | None) -> Any:
    assert png is not None
    return (np.asarray(Raster.open(io.BytesIO(png))) == (255, 214, 0)).all(axis=2)


def test_what_was_not_reviewed_is_not_outlined() -> None:
    assert picture_of([_stack(None)]) is None
    first, last = _outlined(picture_of([_stack(0)])), _outlined(picture_of([_stack(2)]))
    assert np.ptp(np.nonzero(first)[1]) < np.ptp(np.nonzero(last)[1])  # the object of the last plane is wider


def test_of_several_images_the_one_with_most_is_shown() -> None:
    assert picture_of([_stack(0), _stack(2)]) == picture_of([_stack(2)])
    assert picture_of([_stack(2), _stack(0)]) == picture_of([_stack(2)])


def test_of_channels_the_first_is_shown() -> None:
    one = _stack(2)
    pixels = np.stack([one.image.data, np.zeros_like(one.image.data)])
    several = stack_channels(Image.from_array(pixels, "CZYX"))
    assert picture_of([CorrectedImage(several, one.labels, one.reviewed)]) == picture_of([one])
