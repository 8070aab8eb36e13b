"""What the output of a network is added to, so that it has to learn only what is missing there."""

from __future__ import annotations

from napari_unet.labels.types import Array, Floats
from napari_unet.models.record import GreyOutput
from napari_unet.restoration.starts.enlarging import enlarge, finer
from napari_unet.restoration.starts.linear_filters import filtered, kernel_reach
from napari_unet.restoration.starts.smoothing import reach_of, smooth
from napari_unet.restoration.tasks import task_of


def base_of(grey: GreyOutput, plane: Array) -> Floats:
    """The start for a normalized plane (Y, X): (factor Y, factor X), smoothed or bicubic, with what filters add."""
    factor = task_of(grey).factor
    base = enlarge(plane) if factor > 1 else smooth(plane, grey.sigma, grey.hole).copy()
    reach = kernel_reach(grey.kernels)
    if reach and min(plane.shape) > 2 * reach:
        inner = tuple(slice(reach, size - reach) for size in plane.shape)
        base[finer(inner, factor)] += filtered(plane, grey.kernels)
    return base


def reach_of_base(grey: GreyOutput) -> int:
    """How many pixels around a part of a plane must be known for its start."""
    plain = 2 if task_of(grey).factor > 1 else reach_of(grey.sigma, grey.hole)
    return max(plain, kernel_reach(grey.kernels))
