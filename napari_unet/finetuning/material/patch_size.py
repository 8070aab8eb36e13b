"""How large a patch is worth its time: around one reviewed object most pixels are unknown, and carry no loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.heads.head import Centers, Head
from napari_unet.heads.planes import TrainingPlane
from napari_unet.learning.patches import PatchSize
from napari_unet.models.architecture import UNetConfig
from napari_unet.segmentation.tiles.tiling import fitting_depth, fitting_size

MOST_SLICES = 16
"""Of a patch of a volume: where a few slices are reviewed, most of a patch carries no loss."""
_FEWEST_SLICES = 8
_PATCHES_3D = 2  # a step: about the work of a step of planes
_SIZES = (1.0, 2 / 3, 1 / 2)  # of the largest
_ENOUGH = 0.5


def plan_patches(
    head: Head, planes: Sequence[TrainingPlane], config: FinetuneConfig, network: UNetConfig
) -> tuple[PatchSize, int, float]:
    """How large patches are, how many a step has, and the share of the largest patch that one is.

    Those of volumes have half as many pixels a side as those of planes, and are about cubes by the size of voxels.
    """
    if network.ndim == 3:
        side = fitting_size(config.patch // 2, network)
        flatness = float(np.median([volume.flatness for volume in planes]))
        depth = fitting_depth(int(np.clip(round(side / flatness), _FEWEST_SLICES, MOST_SLICES)), network)
        return (depth, side, side), config.batch_size or _PATCHES_3D, 1.0
    largest = fitting_size(config.patch, network)
    size = fitting_size(choose_patch_size(head, planes, largest), network)
    return size, config.patches, (largest / size) ** 2


def choose_patch_size(head: Head, planes: Sequence[TrainingPlane], largest: int) -> int:
    """The largest size, in pixels, at which half of what patches show is reviewed; else the smallest, half `largest`.

    Larger patches show more of the surroundings and lose less at their edges; smaller ones let a step see more
    corrections in the same time.
    """
    sizes = [round(largest * share) for share in _SIZES]
    places = [head.centers(plane) for plane in planes]
    return next((size for size in sizes if share_in_patches(planes, places, size) >= _ENOUGH), sizes[-1])


def share_in_patches(planes: Sequence[TrainingPlane], centers: Sequence[Centers], size: int) -> float:
    """Mean share of reviewed pixels in patches of `size` around the places that patches are cut around.

    `centers` are these places of each plane, as `Head.centers` has them.
    """
    shares, counts = [], []
    for plane, (places, weights) in zip(planes, centers, strict=True):
        sums = np.pad(plane.learn, ((1, 0), (1, 0))).astype(np.int64).cumsum(axis=0).cumsum(axis=1)
        for (y, x), weight in zip(places, weights, strict=True):
            shares.append(weight * _sum_in_box(sums, y, x, size) / size**2)
            counts.append(weight)
    return float(np.sum(shares) / np.sum(counts)) if counts else 1.0


def _sum_in_box(sums: npt.NDArray[np.int64], y: float, x: float, size: int) -> float:
    """Reviewed pixels in a box of `size`, moved into the plane where it can be; beyond its edges it is mirrored."""
    (top, bottom), (left, right) = (_within(at, size, n - 1) for at, n in zip((y, x), sums.shape, strict=True))
    found = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    return float(found) * size**2 / max(1, (bottom - top) * (right - left))


def _within(at: float, size: int, n: int) -> tuple[int, int]:
    start = int(np.clip(round(at - size / 2), 0, max(0, n - size)))
    return start, min(n, start + size)
