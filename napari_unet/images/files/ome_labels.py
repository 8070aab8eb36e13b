"""What OME-Zarr says of labels: axes, pixel sizes, resolution levels, and how each id is shown."""

from __future__ import annotations

import colorsys
from collections.abc import Collection, Mapping
from typing import Any, Literal

from napari_unet.images.image import Image
from napari_unet.images.units import LENGTH_UNIT, TIME_UNIT

Version = Literal["0.4", "0.5"]
_SMALLEST = 256  # pixels a side of the last resolution level
_MOST_COLOURS = 100_000  # ids with a colour of their own: of more, viewers choose the colours
_KINDS = {
    "T": ("time", TIME_UNIT),
    "Z": ("space", LENGTH_UNIT),
    "Y": ("space", LENGTH_UNIT),
    "X": ("space", LENGTH_UNIT),
}


def count_levels(shape: tuple[int, ...], most: int = 8) -> int:
    """How many resolution levels labels of a shape get, each half as large as the one before."""
    levels = 1
    while max(shape[-2:]) / 2 ** (levels - 1) > _SMALLEST and levels < most:
        levels += 1
    return levels


def describe_labels(
    group: Any,
    labels: Image,
    version: Version,
    ids: Collection[int] = (),
    properties: Mapping[int, Mapping[str, Any]] | None = None,
    within: bool = False,
    levels: int | None = None,
) -> None:
    """Write to `group` what `labels` (axes of TZYX) are, and a colour for each of `ids`; `within`: an image's group."""
    properties = properties or {}
    axes = []
    for letter in labels.axes:
        kind, unit = _KINDS[letter]
        axis = {"name": letter.lower(), "type": kind}
        axes.append(axis | ({"unit": unit} if labels.units.get(letter) == unit else {}))
    datasets = []
    for level in range(levels or count_levels(labels.shape)):
        scale = [size * (2**level if letter in "YX" else 1)
                 for letter, size in zip(labels.axes, labels.scale_of(labels.axes), strict=True)]  # fmt: skip
        datasets.append({"path": str(level), "coordinateTransformations": [{"type": "scale", "scale": scale}]})
    multiscales: dict[str, Any] = {"name": labels.name, "axes": axes, "datasets": datasets, "type": "nearest"}
    told: dict[str, Any] = {}
    if 0 < len(ids) <= _MOST_COLOURS:
        told["colors"] = [{"label-value": label, "rgba": _colour(label)} for label in sorted(ids)]
    if properties:
        known = sorted(set(ids) & properties.keys())
        told["properties"] = [{"label-value": label, **properties[label]} for label in known]
    if within:
        told["source"] = {"image": "../../"}
    if version == "0.5":
        group.attrs["ome"] = {"version": version, "multiscales": [multiscales], "image-label": told}
    else:
        group.attrs.update({
            "multiscales": [multiscales | {"version": version}], "image-label": told | {"version": version},
        })  # fmt: skip


def _colour(label: int) -> list[int]:
    """A colour (RGBA, 0 to 255) that differs from those of the ids next to it: steps of the golden angle."""
    red, green, blue = colorsys.hsv_to_rgb(label * 0.618033988749895 % 1, 0.65, 0.95)
    return [round(255 * red), round(255 * green), round(255 * blue), 255]
