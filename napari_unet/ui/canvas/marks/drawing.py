"""What is to be drawn over the image, as the canvas has it: x first, in the viewer's units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float32]
OVERLAY = "napari_unet"
"""The name of our overlay among those of a viewer."""


@dataclass(frozen=True)
class Pen:
    """Colour, and width in pixels of the screen."""

    colour: str = "white"
    width: float = 2.0


@dataclass(frozen=True, eq=False)
class Dots:
    """Places (n, 2 or 3), x first, with a symbol, a size in pixels of the screen and a colour for each."""

    places: Points
    symbols: npt.NDArray[Any]
    sizes: npt.NDArray[np.float32]
    colours: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Drawing:
    """All that is drawn: smooth `paths` with their pens, `outlines` (2 n, 2) of n short lines, and `dots`."""

    paths: tuple[tuple[Points, Pen], ...] = ()
    outlines: Points | None = None
    dots: Dots | None = None
