"""Pixel sizes in any spelling, and of which a file says but a part."""

from __future__ import annotations

import math

import numpy as np
import pytest

from napari_unet.images.image import Image
from napari_unet.images.pixel_size import fill_pixel_size
from napari_unet.images.units import to_standard

UM, PX, S = "micrometer", "pixel", "second"


@pytest.mark.parametrize(
    ("value", "unit", "found"),
    [
        (250, "nm", (0.25, UM)), (0.25, "\\u00B5m", (0.25, UM)), (0.25, "µm", (0.25, UM)), (0.25, "μm", (0.25, UM)),
        (2, " Micron ", (2, UM)), (0.5, "MM", (500, UM)), (3, "Å", (3e-4, UM)), (3, "angstrom", (3e-4, UM)),
        (1, "inch", (25_400, UM)), (1, "m", (1e6, UM)), (2, "min", (120, S)), (5, "MSEC", (0.005, S)),
        (1, "d", (86_400, S)), (2, "um", (2, UM)), (2, "us", (2e-6, S)), (0.3, "furlong", (0.3, PX)),
        (0.3, None, (0.3, PX)), (0.3, "", (0.3, PX)), (1 / 3, "um", (0.3333333333, UM)),
        (25.4 / 72, "mm", (352.7777778, UM)),
    ],
)  # fmt: skip
def test_every_spelling_is_micrometers_seconds_or_pixels(
    value: float, unit: str | None, found: tuple[float, str]
) -> None:
    assert to_standard(value, unit) == found


@pytest.mark.parametrize("value", [0, -0.25, math.nan, math.inf, -math.inf])
def test_a_size_that_is_none_is_not_known(value: float) -> None:
    assert to_standard(value, "um") is None


def image(axes: str, scale: dict[str, float], units: dict[str, str]) -> Image:
    return Image(np.zeros((3,) * len(axes), np.uint8), axes, scale, units, name="a")


@pytest.mark.parametrize(
    ("axes", "scale", "units", "filled", "told"),
    [
        # of X and Y one stands for the other; micrometers go before pixels
        ("YX", {"X": 0.5}, {"X": UM}, {"Y": 0.5, "X": 0.5}, UM),
        ("YX", {"Y": 0.5}, {"Y": UM}, {"Y": 0.5, "X": 0.5}, UM),
        ("YX", {"X": 3, "Y": 0.5}, {"X": PX, "Y": UM}, {"Y": 0.5, "X": 0.5}, UM),
        ("YX", {"X": 2, "Y": 4}, {"X": UM, "Y": UM}, {"X": 2, "Y": 4}, UM),
        ("ZYX", {"X": 0.5, "Y": 0.5, "Z": 2}, dict.fromkeys("ZYX", UM), {"Z": 2, "Y": 0.5, "X": 0.5}, UM),
        ("ZYX", {"X": 3}, {"X": PX}, {"Z": 3, "Y": 3, "X": 3}, PX),
        ("ZYX", {}, {}, {}, None),
        ("ZYX", {"Z": 2}, {"Z": UM}, {}, None),  # nothing to put beside it
        ("YX", {"X": 2, "Y": 2}, {"X": S, "Y": S}, {}, None),  # a time is no size
        ("ZYX", {"Z": 4, "X": 0.5}, {"Z": S, "X": UM}, {"Z": 0.5, "Y": 0.5, "X": 0.5}, UM),
    ],
)  # fmt: skip
def test_what_is_known_stands_for_what_is_not(
    axes: str, scale: dict[str, float], units: dict[str, str], filled: dict[str, float], told: str | None
) -> None:
    found = fill_pixel_size(image(axes, scale, units))
    assert dict(found.scale) == filled
    assert set(found.units.values()) == ({told} if told else set())


@pytest.mark.parametrize(
    ("scale", "units", "assumed"),
    [
        ({"X": 0.5}, {"X": UM}, True),
        ({"X": 0.5, "Z": 4}, {"X": UM, "Z": PX}, True),
        ({"X": 0.5, "Z": 4}, {"X": UM, "Z": UM}, False),
        ({"X": 3}, {"X": PX}, False),
        ({}, {}, False),
    ],
)
def test_a_distance_of_slices_that_is_made_up_is_said(
    scale: dict[str, float], units: dict[str, str], assumed: bool
) -> None:
    found = fill_pixel_size(image("ZYX", scale, units))
    assert found.assumed == ("Z" if assumed else "")
    assert any("how far apart its slices are" in note for note in found.notes) == assumed
    assert fill_pixel_size(image("YX", {"X": 0.5}, {"X": UM})).notes == ()
