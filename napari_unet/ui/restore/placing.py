"""Where a restored image lies: over what it was made of, whatever part of it and however fine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_unet.labels.types import Array, PartOfPlane, PlaneBox

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork

TRY_SIDE = 256


def middle_of(seen: PlaneBox | None, shape: tuple[int, ...], most: int = TRY_SIDE) -> PlaneBox:
    """The middle of the view, or of the image where no view is known: of even size, as enlarging needs."""
    parts = []
    for axis in (0, 1):
        size = shape[-2 + axis]
        start, stop = (0, size) if seen is None else (seen[axis].start, seen[axis].stop)
        side = min(most, size) // 2 * 2
        first = min(max(0, (start + stop - side) // 2), size - side)
        parts.append(slice(first, first + side))
    return parts[0], parts[1]


def over(work: ImageWork, where: PartOfPlane | None, made: Array, factor: int, ratio: float | None) -> dict[str, Any]:
    """Keyword arguments of a layer of `made` that put it over the image.

    Parameters
    ----------
    where : tuple, optional
        The part that it was made of; None: all of it.
    factor : int
        How many times as fine rows and columns are.
    ratio : float, optional
        How many times as close slices are; the first one stays where it was.
    """
    from napari_unet.ui.session.layers import placement

    options, axes = placement(work.layer, work.geometry), work.geometry.layer_axes
    if where is not None:
        plane, part = where
        keep = slice(-made.ndim, None)
        stack = (0,) * (made.ndim - 2)
        corner = work.geometry.corner(
            work.layer, (*plane[: len(plane) - len(stack)], *stack, part[0].start, part[1].start)
        )
        options = {"scale": options["scale"][keep], "translate": corner[keep], "units": options["units"][keep]}
        axes = axes[keep]
    scale = np.array(options["scale"], float)
    finer = np.array([factor if letter in "YX" else 1.0 for letter in axes])
    # A pixel is placed by its centre: the edges of finer ones are to be where the old ones are.
    options["translate"] = np.array(options["translate"], float) - scale * (1 - 1 / finer) / 2
    if ratio is not None:
        finer = np.array([ratio if letter == "Z" else of for letter, of in zip(axes, finer, strict=True)])
    return options | {"scale": scale / finer}
