"""Pixel sizes of which a file says but a part."""

from __future__ import annotations

from dataclasses import replace

from napari_unet.images.image import Image
from napari_unet.images.units import LENGTH_UNIT, NO_UNIT, TIME_UNIT


def fill_pixel_size(image: Image) -> Image:
    """`image` with one unit for all of Z, Y and X.

    Of X and Y the known one stands for the other: pixels are nearly always square. A distance of slices that is not
    known is taken to be a pixel's width; that is noted for the user, and `assumed`, so that it is not written to files
    as if it were known.
    """
    scale, units = dict(image.scale), dict(image.units)
    for letter in "ZYX":
        if units.get(letter) == TIME_UNIT:
            del scale[letter], units[letter]
    known = next((letter for letter in "XY" if units.get(letter) == LENGTH_UNIT), None)
    if known is None:
        known = next((letter for letter in "XY" if letter in scale), None)
    if known is None:
        if units.get("Z", NO_UNIT) != NO_UNIT:  # slices alone have a size: there is nothing to put beside it
            del scale["Z"], units["Z"]
        return replace(image, scale=scale, units=units)
    for letter in "XY":
        if units.get(letter) != units[known]:
            scale[letter], units[letter] = scale[known], units[known]
    if "Z" not in image.axes or units.get("Z") == units[known]:
        return replace(image, scale=scale, units=units)
    scale["Z"], units["Z"] = scale[known], units[known]
    if units[known] == NO_UNIT:
        return replace(image, scale=scale, units=units)
    note = "The file does not say how far apart its slices are: they are shown one pixel's width apart."
    return replace(image, scale=scale, units=units, assumed="Z", notes=(*image.notes, note))
