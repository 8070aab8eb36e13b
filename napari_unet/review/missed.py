"""Places where the network sees an object and none is labelled: rows of the review queue like any other.

They come from the second look: an object that the model finds only in the mirrored image, or a patch that it finds
likely without being sure enough for an object. What is far from the usual size is no such place but a haze.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unet.labels.stacks.sections import Sections, measure_sections
from napari_unet.labels.types import Mask

FAINT = 0.35
"""Probability from which a patch may be an object: below it the background of a dim image begins. Chosen by
`benchmarks/review_queue.py --missed`, on types of images that the shipped model does not know."""
FREE = 0.7
"""A second opinion's object counts as missed if at least this share of it is background here."""
RIM = 2
"""Likely pixels this near (in pixels) to an object belong to its outline."""
SIZES = (0.25, 3.0)
"""Smallest and largest area, in areas of the usual object."""
_PER_PLANE = 1_000_000


def find_missed(
    labels: npt.NDArray[Any], second: npt.NDArray[Any], maps: npt.NDArray[Any], usual_area: float, plane: int = 0
) -> Sections:
    """Sections of what may have been missed in a plane; their ids are negative, and unique in the whole image.

    Parameters
    ----------
    labels, second : array
        (Y, X) integers: the labels as they are, and what the model finds in the mirrored image.
    maps : array
        (outputs, Y, X): foreground first.
    plane : int
        The number of the plane.
    """
    free = labels == 0
    found = _found_again(second, free)
    likely = (maps[0] > FAINT) & ~ndimage.binary_dilation(~free | (found > 0), iterations=RIM)
    patches, _ = ndimage.label(likely)
    regions = np.where(found > 0, found, np.where(patches > 0, patches + int(found.max(initial=0)), 0))
    sections = measure_sections(regions, plane, maps)
    usual = (sections.area >= SIZES[0] * usual_area) & (sections.area <= SIZES[1] * usual_area)
    kept = sections.take(usual)
    ids = -(plane * _PER_PLANE + 1 + np.arange(len(kept)))
    return replace(kept, ids=ids, contact=np.zeros(len(kept)), weakness=np.full(len(kept), np.nan))


def still_missed(missed: Sections, labels: npt.NDArray[Any]) -> Sections:
    """Those of a plane's sections that no object of `labels` (Y, X) covers by now."""
    if not len(missed):
        return missed
    covered = labels[missed.probes[..., 0], missed.probes[..., 1]] != 0
    return missed.take(covered.mean(axis=1) < 0.5)


def _found_again(second: npt.NDArray[Any], free: Mask) -> npt.NDArray[np.int64]:
    """The free pixels of those objects of `second` that lie on background, with their ids there."""
    sizes = np.bincount(second.ravel())
    outside = np.bincount(second.ravel(), weights=free.ravel(), minlength=sizes.size)
    wanted = outside >= FREE * np.maximum(sizes, 1)
    wanted[0] = False
    return np.where(wanted[second] & free, second, 0).astype(np.int64)
