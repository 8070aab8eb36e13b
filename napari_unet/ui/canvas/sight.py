"""Whether what a tool is about to change is what the canvas shows: nobody edits what is not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_unet.ui.session.layers import KEY, is_image_layer

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

IN_3D = "The tools work on one slice, in 2D: leave the 3D view first, with the cube below the layer list or Ctrl+Y."
OTHER_AXES = "The view shows other axes than rows and columns: turn it back with Ctrl+E, then use the tool."
_COVERING = ("opaque", "translucent", "translucent_no_depth")


def why_not_seen(session: Session, work: ImageWork) -> str | None:
    """Why the plane that a tool would change is not on the canvas, with the remedy; None if it is.

    An image that is behind others, and labels that are hidden, can be brought to the front instead.
    """
    dims, axes = session.viewer.dims, work.geometry.layer_axes
    if dims.ndisplay == 3:
        return IN_3D
    if [axis - dims.ndim for axis in dims.displayed] != [axes.index("Y") - len(axes), axes.index("X") - len(axes)]:
        return OTHER_AXES
    position = np.rint(np.asarray(work.layer.world_to_data(dims.point))[-len(axes) :])
    for letter, at, size in zip(axes, position, work.geometry.layer_shape, strict=True):
        if letter not in "YX" and not 0 <= at < size:
            return f"{work.name} has no such slice: move the slider to a slice of it, then use the tool."
    return None


def is_covered(session: Session, work: ImageWork) -> bool:
    """Whether the labels are hidden, or another image lies over them."""
    labels = work.labels_layer
    if labels is not None and not labels.visible:
        return True
    own = [index for index, layer in enumerate(session.viewer.layers) if _belongs(layer, work)]
    above = list(session.viewer.layers)[min(own, default=0) :]
    return any(not _belongs(layer, work) and covers(layer, work) for layer in above)


def bring_to_front(session: Session, work: ImageWork) -> bool:
    """Show the image and its labels over all others; True if they were not, so that what was meant is to be asked."""
    if not is_covered(session, work):
        return False
    layers = session.viewer.layers
    for layer in (work.layer, work.labels_layer):
        if layer is not None and not layer.visible:
            layer.visible = True
    if is_covered(session, work):
        layers.move_multiple([index for index, layer in enumerate(layers) if _belongs(layer, work)], len(layers))
    return True


def _belongs(layer: Layer, work: ImageWork) -> bool:
    return layer is work.layer or work.owns(layer) or layer.metadata.get(KEY, {}).get("image") == work.key


def covers(layer: Layer, work: ImageWork) -> bool:
    """Whether this layer of another image hides the image that lies below it."""
    solid = layer.visible and layer.opacity > 0.5 and str(layer.blending) in _COVERING
    return is_image_layer(layer) and solid and _overlap(layer.extent.world, work.layer.extent.world)


def _overlap(a: Any, b: Any) -> bool:
    (low, high), (other_low, other_high) = np.asarray(a)[:, -2:], np.asarray(b)[:, -2:]
    return bool((low < other_high).all() and (other_low < high).all())
