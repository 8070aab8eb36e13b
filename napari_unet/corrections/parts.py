"""What was reviewed of an image that is too large for memory: parts of it, each an image that can be learned from."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.images.channels import ModelInput, change_channels
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.images.written import written_rows
from napari_unet.labels.types import PlaneBox

_SIDE = 1024  # pixels a side of the blocks in which reviewed pixels are looked for
_MARGIN = 512  # pixels around them: what the network sees around what is learned, and objects that are reviewed in part


def find_reviewed_boxes(reviewed: npt.NDArray[Any]) -> list[PlaneBox]:
    """Rows and columns around all that is reviewed (non-zero; over all planes), boxes that do not overlap.

    All of `reviewed` that somebody has written to is walked through, block by block.
    """
    height, width = reviewed.shape[-2:]
    marked = np.zeros((-(-height // _SIDE), -(-width // _SIDE)), np.bool_)
    held = np.logical_or.reduce(written_rows(reviewed).reshape(-1, height))
    for row, column in np.ndindex(*marked.shape):
        if not held[row * _SIDE : (row + 1) * _SIDE].any():
            continue
        rows, columns = (slice(at * _SIDE, (at + 1) * _SIDE) for at in (row, column))
        planes = np.ndindex(*reviewed.shape[:-2])
        marked[row, column] = any(bool(reviewed[(*plane, rows, columns)].any()) for plane in planes)
    groups, _ = ndimage.label(marked, np.ones((3, 3)))
    boxes = []
    for rows, columns in ndimage.find_objects(groups):
        low = [max(0, part.start * _SIDE - _MARGIN) for part in (rows, columns)]
        high = [min(size, part.stop * _SIDE + _MARGIN) for part, size in ((rows, height), (columns, width))]
        boxes.append([low[0], high[0], low[1], high[1]])
    return [(slice(top, bottom), slice(left, right)) for top, bottom, left, right in _without_overlaps(boxes)]


def _without_overlaps(boxes: list[list[int]]) -> list[list[int]]:
    """Boxes of which those that share pixels have become one."""
    kept: list[list[int]] = []
    for box in boxes:
        apart = []
        for other in kept:
            if box[0] < other[1] and other[0] < box[1] and box[2] < other[3] and other[2] < box[3]:
                low, high = np.minimum(box, other), np.maximum(box, other)
                box = [int(low[0]), int(high[1]), int(low[2]), int(high[3])]
            else:
                apart.append(other)
        kept = [*apart, box]
    return kept if len(kept) == len(boxes) else _without_overlaps(kept)


def cut_reviewed_parts(
    image: ModelInput, labels: npt.NDArray[Any], reviewed: npt.NDArray[Any], prediction: npt.NDArray[Any] | None,
    name: str, view: View, tag: str = "",
) -> list[CorrectedImage]:  # fmt: skip
    """The parts of an image in which something is reviewed, labels copied; of the rest only `reviewed` is read."""
    parts = []
    for box in find_reviewed_boxes(reviewed):
        place: Any = (..., *box)
        corner = box[0].start, box[1].start
        parts.append(CorrectedImage(
            cut_image(image, box), np.array(labels[place]), np.asarray(reviewed[place]) != 0,
            None if prediction is None else np.array(prediction[place]), name, view,
            whole=image, corner=corner, tag=tag,
        ))  # fmt: skip
    return parts


def cut_image(image: ModelInput, box: PlaneBox) -> ModelInput:
    """Rows and columns of an image (axes out of "TZYX"); nothing is read."""
    return change_channels(image, partial(_cut, box=box))


def _cut(image: Image, box: PlaneBox) -> Image:
    return replace(image, data=image.data[(slice(None),) * (image.ndim - 2) + box])
