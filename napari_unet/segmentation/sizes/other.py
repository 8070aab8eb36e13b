"""Another size that is convincing too: of whole cells with their nuclei, say, either may be what somebody wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from napari_unet.segmentation.sizes.choice import NOTHING, apart
from napari_unet.segmentation.sizes.viewer import Appearance

# Read off 16 brightfield images, where the size that is not taken has .71 to 1.04 of the conviction of the one that is,
# and 118 others whose size is right: of these 3 have another size by these bounds, 6 if single objects count.
_NEARLY = 0.7  # of the conviction of the size that is taken
_CLEARLY = float(np.log(1.8))
_SEVERAL = 5  # objects: a glow around many, or a stained region, is one large object or three, and convinces


def with_other(found: Appearance, looked: Sequence[Appearance]) -> Appearance:
    """`found`, with the diameter of the most convincing look that found a clearly other one, if it nearly convinces."""
    if found.conviction < NOTHING:
        return found
    others = [
        one for one in looked
        if one.conviction >= max(NOTHING, _NEARLY * found.conviction)
        and apart(one.diameter, found.diameter) >= _CLEARLY
        and one.n_objects >= _SEVERAL
    ]  # fmt: skip
    best = max(others, key=lambda one: one.conviction, default=None)
    return replace(found, other=None if best is None else best.diameter, looked=tuple(looked))
