"""Patches to learn from: cut around corrections, with loss only where somebody looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from napari_unet.heads.instances.targets import border_weights, make_targets
from napari_unet.labels.regions import whole_objects
from napari_unet.learning.augmentation import AugmentationConfig, sampling_grid, vary_grey_values

CORRECTED_WEIGHT = 3.0
"""How much more a corrected object counts than a confirmed one, in the loss and in where patches are cut."""
_BORDER_WEIGHT = 2.0  # as in base training
_BACKGROUND_SHARE = (
    0.1  # of the patches are centred anywhere that is learned from, so that plain background is seen too
)


@dataclass(eq=False)
class TrainingPlane:
    """One plane (Y, X), or (C, Y, X) of several channels, at the model's object size, and what was reviewed in it.

    `pixels` are normalized; `learn` is where the loss counts, `changed` where a correction was made. Objects that the
    edge of the reviewed region cuts are ignored, because nobody said where they end. `predicted` says whether the
    labels were a prediction before; `unsure` is where their background is not to be believed (None: nowhere).
    """

    pixels: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int32]
    reviewed: npt.NDArray[np.bool_]
    learn: npt.NDArray[np.bool_]
    changed: npt.NDArray[np.bool_]
    predicted: bool = field(default=False, kw_only=True)
    unsure: npt.NDArray[np.bool_] | None = field(default=None, kw_only=True)
    _tensor: Tensor | None = field(default=None, repr=False, kw_only=True)
    n_binary = 1  # targets, the first ones, that say yes or no

    @property
    def channels(self) -> npt.NDArray[np.float32]:
        """The pixels as (C, Y, X)."""
        return self.pixels if self.pixels.ndim == 3 else self.pixels[None]

    @property
    def tensor(self) -> Tensor:
        """(C + 5, Y, X) float32: pixels, targets, weight, and 1 where the weight counts. Made on first use."""
        if self._tensor is None:
            weight = self.weights()
            maps = [self.channels, make_targets(self.labels), weight[None], (weight > 0)[None].astype(np.float32)]
            self._tensor = torch.from_numpy(np.concatenate(maps))
        return self._tensor

    def weights(self) -> npt.NDArray[np.float32]:
        """Loss weight (Y, X): 0 unknown, 1 confirmed, more where a correction was made."""
        whole = [label for label, _, _ in whole_objects(self.labels, self.reviewed)]
        cut = (self.labels > 0) & ~np.isin(self.labels, whole)
        weight = border_weights(self.labels, w0=_BORDER_WEIGHT)
        weight[ndimage.binary_dilation(self.changed, iterations=2)] *= CORRECTED_WEIGHT
        known = self.learn & ~cut if self.unsure is None else self.learn & ~cut & ~self.unsure
        return np.where(known, weight, np.float32(0.0))

    def centers(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Places (n, 2) to cut patches around, and how often each (n,): objects, corrections, some of the rest."""
        places, shares = [], []
        drawn = set(np.unique(self.labels[self.changed]).tolist())
        for label, center, _ in whole_objects(self.labels, self.learn, share=0.5):
            places.append(center)
            shares.append(CORRECTED_WEIGHT if label in drawn else 1.0)
        erased = self.changed & self.learn & (self.labels == 0)
        for center in _centers_of_pieces(erased) if erased.any() else ():
            places.append(center)
            shares.append(1.0)
        return np.array(places, float).reshape(-1, 2), np.array(shares, float)


def _centers_of_pieces(mask: npt.NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Centres of mass of the connected pieces of a YX mask."""
    pieces, count = ndimage.label(mask)
    return [(float(y), float(x)) for y, x in ndimage.center_of_mass(mask, pieces, range(1, count + 1))]


class PatchSampler:
    """Draws batches of augmented patches, the same ones for the same seed."""

    def __init__(self, planes: Sequence[TrainingPlane], size: int, augmentation: AugmentationConfig, seed: int) -> None:
        self.planes = planes
        self.size = size
        self.augmentation = augmentation
        self.generator = torch.Generator().manual_seed(seed)
        self._random = np.random.default_rng(seed)
        where = [plane.centers() for plane in planes]
        self._owner = np.concatenate([np.full(len(places), i) for i, (places, _) in enumerate(where)])
        self._places = np.concatenate([places for places, _ in where])
        shares = np.concatenate([shares for _, shares in where])
        self._shares = shares / shares.sum() if shares.size else shares

    def draw(self, n: int) -> tuple[Tensor, Tensor, Tensor]:
        """Images (n, C, size, size), targets (n, 3 or classes, size, size) and weights (n, 1, size, size)."""
        patches = torch.cat([self._cut() for _ in range(n)])
        c, binary = len(self.planes[0].channels), self.planes[0].n_binary
        images = vary_grey_values(patches[:, :c], self.augmentation, self.generator)
        # A pixel between known and unknown ones mixes both: it counts only if all that it was made of is known.
        weights = patches[:, -2:-1] * (patches[:, -1:] > 0.999)
        targets = torch.cat([(patches[:, c : c + binary] > 0.5).float(), patches[:, c + binary : -2]], dim=1)
        return images, targets, weights

    def _cut(self) -> Tensor:
        plane, center = self._choose()
        stack = plane.tensor
        grid = sampling_grid(center, tuple(stack.shape[1:]), 1.0, self.size, self.augmentation, self.generator)  # type: ignore[arg-type]
        return F.grid_sample(stack[None], grid, mode="bilinear", padding_mode="reflection", align_corners=False)

    def _choose(self) -> tuple[TrainingPlane, tuple[float, float]]:
        """A plane and the centre (y, x) of a patch in it."""
        if not len(self._shares) or self._random.random() < _BACKGROUND_SHARE:
            plane = self.planes[int(self._random.integers(len(self.planes)))]
            inside = np.argwhere(plane.learn[::4, ::4]) * 4
            if len(inside):
                y, x = inside[int(self._random.integers(len(inside)))]
                return plane, (float(y), float(x))
        pick = int(self._random.choice(len(self._shares), p=self._shares)) if len(self._shares) else 0
        plane = self.planes[int(self._owner[pick])] if len(self._owner) else self.planes[0]
        center = self._places[pick] if len(self._places) else np.array(plane.learn.shape) / 2
        y, x = center + self._random.uniform(-0.25, 0.25, 2) * self.size
        rows, columns = plane.learn.shape
        return plane, (float(np.clip(y, 0, rows - 1)), float(np.clip(x, 0, columns - 1)))
