"""What a step learns from: patches around corrections, and some of the base model's own images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from napari_unet.heads.head import Head
from napari_unet.heads.planes import TrainingPlane
from napari_unet.learning.augmentation import FULL, AugmentationConfig
from napari_unet.learning.patches import PatchSampler, PatchSize


class Batch(NamedTuple):
    """Images (n, C, (Z,) Y, X), targets (n, T, ...) and weights (n, 1, ...); the last `n_replay` are replay."""

    images: Tensor
    targets: Tensor
    weights: Tensor
    n_replay: int = 0


class BatchSampler:
    """Draws batches that hold `share` of replay patches, behind the others; the same ones for the same seed.

    Parameters
    ----------
    head : Head
        What the planes teach.
    corrected, replay : sequence of TrainingPlane
        What was reviewed, and what the model is not to forget (may be empty).
    size : PatchSize
        Of a patch, in pixels.
    share : float
        Of each batch; at least one patch is of each kind. Batches of two hold one replay patch or none, so that it is
        this share of all.
    augmentation : AugmentationConfig
        Of the patches of what was reviewed; those of replay are varied as when the base model learned.
    """

    def __init__(
        self,
        head: Head,
        corrected: Sequence[TrainingPlane],
        replay: Sequence[TrainingPlane],
        size: PatchSize,
        share: float,
        seed: int,
        augmentation: AugmentationConfig = FULL,
    ) -> None:
        self.size, self.share = size, share if replay else 0.0
        self._corrected = PatchSampler(head, corrected, size, augmentation, seed)
        self._replay = PatchSampler(head, replay, size, FULL, seed + 1) if self.share > 0 else None
        self._chance = np.random.default_rng(seed + 2)

    def replace(self, corrected: Sequence[TrainingPlane], fresh: Sequence[npt.NDArray[np.bool_]] = ()) -> None:
        """Draw what is new from `corrected` from now on, as `PatchSampler.replace` does."""
        self._corrected.replace(corrected, fresh)

    def count_replay(self, n: int) -> int:
        """How many of `n` patches are replay."""
        if self._replay is None or n < 2:
            return 0
        if n == 2:
            return int(self._chance.random() < 2 * self.share)
        return min(n - 1, max(1, round(self.share * n)))

    def draw(self, n: int) -> Batch:
        """A batch of `n` patches."""
        replay = self.count_replay(n)
        corrected = self._corrected.draw(n - replay)
        if not replay or self._replay is None:
            return Batch(*corrected)
        old = self._replay.draw(replay)
        images, targets, weights = (torch.cat(parts) for parts in zip(corrected, old, strict=True))
        return Batch(images, targets, weights, replay)
