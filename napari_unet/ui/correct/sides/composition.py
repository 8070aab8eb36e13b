"""What a side view shows: grey values as the layer shows them, objects in outline, and what is reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unet.ui.session.reviewed_layer import BY_HAND, OPACITY

if TYPE_CHECKING:
    from napari_unet.labels.types import Place
    from napari_unet.ui.session.image_work import ImageWork


def compose_side(work: ImageWork, pixels: npt.NDArray[Any], place: Place, axis: int) -> npt.NDArray[np.uint8]:
    """RGB (Z, other, 3) of the plane through `place` across `axis` (-2: seen from the front, -1: from the side).

    Grey values as the layer shows them, objects outlined in the colours that they have there, and tinted where it is
    reviewed, if that is shown.
    """
    at: list[Any] = [slice(None) if letter in "ZYX" else i for letter, i in zip(work.axes, place, strict=True)]
    at[axis] = place[axis]
    grey, labels = np.asarray(pixels[tuple(at)], np.float32), np.asarray(work.labels)[tuple(at)]
    low, high = (float(value) for value in work.layer.contrast_limits)
    shown = np.clip((grey - low) / max(high - low, 1e-9), 0, 1)
    rgb = np.repeat((255 * shown).astype(np.uint8)[..., None], 3, axis=-1)
    overlay = work.reviewed_layer
    if overlay is not None and overlay.visible:
        marked = np.asarray(work.reviewed)[tuple(at)] > 0
        colour = 255 * np.asarray(overlay.colormap.map(np.array([BY_HAND])), np.float32)[0, :3]
        rgb[marked] = ((1 - OPACITY) * rgb[marked] + OPACITY * colour).astype(np.uint8)
    edge = _edges(labels)
    if work.labels_layer is not None and edge.any():
        colours = np.asarray(work.labels_layer.colormap.map(labels[edge]), np.float32)[:, :3]
        rgb[edge] = (255 * colours).astype(np.uint8)
    return rgb


def _edges(labels: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Pixels of objects that have another value beside them along the second axis, or above or below."""
    edge = np.zeros(labels.shape, np.bool_)
    for axis in (0, 1):
        change = np.diff(labels, axis=axis) != 0
        before, after = (tuple(s if i == axis else slice(None) for i in (0, 1)) for s in (slice(-1), slice(1, None)))
        edge[before] |= change
        edge[after] |= change
    return edge & (labels > 0)
