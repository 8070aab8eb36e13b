"""What of a segmented file can be seen at a glance: a small picture with outlines, and how much looks suspicious."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.images.files.label_files import open_labels
from napari_unet.images.files.reading import read_image
from napari_unet.labels.types import Array
from napari_unet.results.pictures.panels import middle_plane
from napari_unet.review.screening import ObjectScreening
from napari_unet.review.suspicion import SUSPICIOUS

THUMBNAIL = 96  # pixels, the longer side
_OUTLINE = (255, 170, 0)
_PERCENTILES = (1.0, 99.8)
_MOST_LOOKED_AT = 2**25  # pixels


@dataclass(frozen=True, eq=False)
class Glance:
    """`picture` (Y, X, 3) uint8 of the middle plane of the image at `path`, its objects outlined."""

    path: Path
    picture: npt.NDArray[np.uint8]


def glance_at(path: Path, labels: Path) -> Glance | None:
    """A small picture of an image with its `labels`; None if one of them cannot be read."""
    try:
        grey = read_image(path).select_channel()
        at = middle_plane(grey)
        pixels, known = grey.plane(at), open_labels(labels, grey).plane(at)
    except (UserError, OSError):
        return None
    return Glance(path, draw_thumbnail(pixels, known))


def draw_thumbnail(pixels: Array, labels: Array) -> npt.NDArray[np.uint8]:
    """(Y, X, 3) uint8 of a plane (Y, X) and its labels, every n-th pixel of them; outlines a pixel wide."""
    from skimage.segmentation import find_boundaries

    step = -(-max(pixels.shape) // THUMBNAIL)
    shown = np.nan_to_num(pixels[::step, ::step].astype(np.float32))
    low, high = np.percentile(shown, _PERCENTILES)
    grey = (255 * np.clip((shown - low) / max(high - low, 1e-6), 0, 1)).astype(np.uint8)
    picture = np.repeat(grey[..., None], 3, axis=2)
    picture[find_boundaries(np.asarray(labels[::step, ::step]), mode="inner")] = _OUTLINE
    return picture


def count_suspicious(labels: Array, axes: str) -> int | None:
    """How many objects of labels with `axes` out of "TZYX" are worth a look, by their size, form, and how they touch.

    None where looking would take long.
    """
    if labels.size > _MOST_LOOKED_AT:
        return None
    screening = ObjectScreening(labels.shape, axes)
    for _ in screening.measure(labels):
        pass
    return int(np.count_nonzero(screening.table.score >= SUSPICIOUS))
