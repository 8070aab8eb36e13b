"""How the columns of a table are headed where people read them: words and units in place of names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from napari_unet.results.measurements.columns import BY_NAME, Per

_KEYS = {"label": "Object", "t": "Frame", "z": "Slice", "image": "Image", "folder": "Folder", "unit": "Unit",
         "class": "Class", "probability": "Class probability"}  # fmt: skip
_KEY_MEANINGS = {
    "label": "The object's id in the labels.",
    "t": "Its frame, from 0 as on the slider.",
    "z": "Its slice, from 0 as on the slider.",
    "class": "What the object was taken for, or was said to be.",
    "probability": "How likely that is, from 0 to 1.",
}
_SIZES = {2: "Area", 3: "Volume"}
_SIGNS = {"um": "\u00b5m", "^2": "\u00b2", "^3": "\u00b3"}


def heading_of(name: str, units: Mapping[str, str], space: str = "YX", channels: Sequence[str] = ()) -> str:
    """For example "Area (um^2)" with real signs, for the column `name` of a table of objects.

    `space` are the axes that objects extend along, `channels` the names of the image's channels, as far as it has any.
    """
    base, _, number = name.partition("-")
    column = BY_NAME.get(base)
    if column is None:
        return _KEYS.get(name, name)
    words = _SIZES[len(space)] if base == "area" else column.title
    if number.isdigit():
        words += f" {_part(column.per, int(number), space, channels)}"
    unit = pretty_unit(units.get(name, ""))
    return f"{words} ({unit})" if unit else words


def meaning_of(name: str) -> str:
    """What the column is, for who has never heard of it; nothing if that is not known."""
    column = BY_NAME.get(name.partition("-")[0])
    return _KEY_MEANINGS.get(name, "") if column is None else column.about


def pretty_unit(unit: str) -> str:
    """A unit as it is printed: a micro sign, and powers as such."""
    for plain, sign in _SIGNS.items():
        unit = unit.replace(plain, sign)
    return unit


def _part(per: Per, number: int, space: str, channels: Sequence[str]) -> str:
    if per is Per.AXIS and number < len(space):
        return space[number]
    if per is Per.BOX and number < 2 * len(space):
        return f"{'from' if number < len(space) else 'to'} {space[number % len(space)]}"
    if per is Per.CHANNEL and number < len(channels) and channels[number]:
        return f"of {channels[number]}"
    return f"of channel {number + 1}" if per is Per.CHANNEL else f"{number}"
