"""Patches to learn from: one way to cut them, and which ones around corrections, with loss where somebody looked."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from napari_unet.heads.head import Head
from napari_unet.heads.planes import TrainingPlane
from napari_unet.learning.augmentation import AugmentationConfig, sampling_grid, vary_grey_values

_BACKGROUND_SHARE = 0.1  # of the patches are centred anywhere that is learned from, so that plain background is seen
_FRESH_SHARE = 0.5
"""Of the patches, where something is fresh: it is to be seen in what is learned at once."""


def cut_patch(
    levels: Sequence[Tensor],
    centre: tuple[float, ...],
    zoom: float,
    size: int | tuple[int, ...],
    augmentation: AugmentationConfig,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """One patch (1, maps, (Z,) Y, X) float32, turned, stretched and bent; and the sampling grid it was made with.

    Parameters
    ----------
    levels : sequence of Tensor
        Maps (1, maps, (Z,) Y, X) that are resampled together: pixels, targets, weights. More levels than one are the
        same at half the size each; the one next to the patch's size is cut, so that nothing is skipped over.
    centre : tuple of float
        In pixels of the first level.
    zoom : float
        Patch pixels that make a pixel of the first level.
    """
    level = min(len(levels) - 1, max(0, round(-math.log2(max(zoom, 1e-3)) - 0.3)))
    source, shrunk = levels[level], 2**level
    at = tuple(place / shrunk for place in centre)
    grid = sampling_grid(at, tuple(source.shape[2:]), zoom * shrunk, size, augmentation, generator)
    patch = F.grid_sample(source.float(), grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    return patch, grid


def plane_tensor(head: Head, plane: TrainingPlane) -> Tensor:
    """(C + targets + 2, (Z,) Y, X) float32: pixels, targets, weight, and 1 where the weight counts."""
    maps = head.learning_maps(plane)
    counts = (maps.weights > 0)[None].astype(np.float32)
    return torch.from_numpy(np.concatenate([plane.channels, maps.targets, maps.weights[None], counts]))


PatchSize = int | tuple[int, ...]
"""Pixels a side, or along each of Z, Y and X."""


class PatchSampler:
    """Draws batches of augmented patches, of planes or of volumes, the same ones for the same seed."""

    def __init__(
        self, head: Head, planes: Sequence[TrainingPlane], size: PatchSize, augmentation: AugmentationConfig, seed: int
    ) -> None:
        self.head = head
        self._tensors: dict[int, Tensor] = {}
        self.size = size
        self.augmentation = augmentation
        self.generator = torch.Generator().manual_seed(seed)
        self._random = np.random.default_rng(seed)
        self.replace(planes)

    def replace(self, planes: Sequence[TrainingPlane], fresh: Sequence[npt.NDArray[np.bool_]] = ()) -> None:
        """Draw from `planes` from now on: half of the patches around what is `fresh` (a mask a plane), if anything is.

        What was worked out of planes that stay is kept.
        """
        self.planes = planes
        known = {id(plane) for plane in planes}
        self._tensors = {key: tensor for key, tensor in self._tensors.items() if key in known}
        where = [self.head.centers(plane) for plane in planes]
        self._owner = np.concatenate([np.full(len(places), i) for i, (places, _) in enumerate(where)])
        self._places = np.concatenate([places for places, _ in where])
        shares = np.concatenate([shares for _, shares in where])
        self._shares = shares / shares.sum() if shares.size else shares
        self._fresh = self._inside(fresh) if fresh else np.zeros(0, np.intp)

    def _inside(self, masks: Sequence[npt.NDArray[np.bool_]]) -> npt.NDArray[np.intp]:
        """Which of the places lie in the mask of their plane."""
        found = [
            number
            for number, (owner, place) in enumerate(zip(self._owner, self._places, strict=True))
            if masks[int(owner)][tuple(place.astype(int))]
        ]
        return np.array(found, np.intp)

    def draw(self, n: int) -> tuple[Tensor, Tensor, Tensor]:
        """Images (n, C, (Z,) Y, X), targets (n, what the head has, (Z,) Y, X) and weights (n, 1, (Z,) Y, X)."""
        patches = torch.cat([self._cut() for _ in range(n)])
        c, binary = len(self.planes[0].channels), self.head.n_binary
        images = vary_grey_values(patches[:, :c], self.augmentation, self.generator)
        # A pixel between known and unknown ones mixes both: it counts only if all that it was made of is known.
        weights = patches[:, -2:-1] * (patches[:, -1:] > 0.999)
        targets = torch.cat([(patches[:, c : c + binary] > 0.5).float(), patches[:, c + binary : -2]], dim=1)
        return images, targets, weights

    def _cut(self) -> Tensor:
        plane, center = self._choose()
        if len(center) == 3 and not isinstance(self.size, int):
            # Slices as they are: one between a known and an unknown one would carry no loss.
            middle = (self.size[0] - 1) / 2
            center = (round(center[0] - middle) + middle, *center[1:])
        levels = [self._tensor(plane)[None]]
        return cut_patch(levels, center, 1.0, self.size, self.augmentation, self.generator)[0]

    def _tensor(self, plane: TrainingPlane) -> Tensor:
        """As `plane_tensor`, made on first use."""
        if id(plane) not in self._tensors:
            self._tensors[id(plane)] = plane_tensor(self.head, plane)
        return self._tensors[id(plane)]

    def _choose(self) -> tuple[TrainingPlane, tuple[float, ...]]:
        """A plane and the centre ((z,) y, x) of a patch in it."""
        if len(self._fresh) and self._random.random() < _FRESH_SHARE:
            return self._near(int(self._random.choice(self._fresh)))
        if not len(self._shares) or self._random.random() < _BACKGROUND_SHARE:
            plane = self.planes[int(self._random.integers(len(self.planes)))]
            inside = np.argwhere(plane.learn[..., ::4, ::4])
            if len(inside):
                *z, y, x = inside[int(self._random.integers(len(inside)))]
                return plane, (*(float(at) for at in z), float(4 * y), float(4 * x))
        pick = int(self._random.choice(len(self._shares), p=self._shares)) if len(self._shares) else 0
        return self._near(pick)

    def _near(self, pick: int) -> tuple[TrainingPlane, tuple[float, ...]]:
        """As `_choose`, around one of the places."""
        plane = self.planes[int(self._owner[pick])] if len(self._owner) else self.planes[0]
        center = self._places[pick] if len(self._places) else np.array(plane.learn.shape) / 2
        places = center + self._random.uniform(-0.25, 0.25, len(center)) * np.asarray(self.size)
        sizes = plane.learn.shape
        return plane, tuple(float(np.clip(at, 0, size - 1)) for at, size in zip(places, sizes, strict=True))
