"""What arrays, places and boxes are called in all rooms: one name a meaning, one meaning a name."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int32]
"""Ids of objects, 0 = background."""
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
"""Grey values, maps of a network, targets."""
Doubles = npt.NDArray[np.float64]
"""Coordinates and sums, which need the precision."""
Ints = npt.NDArray[np.int64]
Indices = npt.NDArray[np.intp]
"""Where in an array: what indexes it."""
Array = npt.NDArray[Any]
"""Of any type."""

Place = tuple[int, ...]
"""A pixel, on all axes."""
PlaneIndex = tuple[int, ...]
"""Which plane of an image: an index on each axis but the last two; () in 2D."""
Box = tuple[slice, ...]
"""A part of an array, on all axes."""
PlaneBox = tuple[slice, slice]
"""A part of a plane: rows, columns."""
PartOfPlane = tuple[PlaneIndex, PlaneBox]
"""Which plane, and which part of it."""
Rectangle = tuple[int, int, int, int]
"""A part of a plane: row, row stop, column, column stop."""
