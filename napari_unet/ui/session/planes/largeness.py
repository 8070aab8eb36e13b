"""From how many pixels on labels are large: in one place, since they then lie on the disk and are drawn in part."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

LARGE_PIXELS = 2**26
"""Labels of more pixels (a quarter of a gigabyte) lie on the disk; of planes of more, what is in view is drawn."""


def has_many_pixels(shape: Sequence[int]) -> bool:
    """Whether an array or a plane of this shape has more pixels than that."""
    return prod(shape) > LARGE_PIXELS
