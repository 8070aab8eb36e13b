"""What a step learns from: patches around corrections, and some of the base model's own images."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from napari_unet.finetuning.augmentation import AugmentationConfig
from napari_unet.finetuning.patches import PatchSampler, TrainingPlane


class BatchSampler:
    """Draws batches that hold `share` of replay patches, behind the others; the same ones for the same seed.

    Parameters
    ----------
    corrected, replay : sequence of TrainingPlane
        What was reviewed, and what the model is not to forget (may be empty).
    size : int
        Of a patch, in pixels.
    share : float
        Of each batch; at least one patch is of each kind.
    """

    def __init__(
        self,
        corrected: Sequence[TrainingPlane],
        replay: Sequence[TrainingPlane],
        size: int,
        share: float,
        seed: int,
    ) -> None:
        self.share = share if replay else 0.0
        self._corrected = PatchSampler(corrected, size, AugmentationConfig(), seed)
        self._replay = PatchSampler(replay, size, AugmentationConfig(), seed + 1) if self.share > 0 else None

    def count_replay(self, n: int) -> int:
        """How many of `n` patches are replay."""
        if self._replay is None or n < 2:
            return 0
        return min(n - 1, max(1, round(self.share * n)))

    def draw(self, n: int) -> tuple[Tensor, Tensor, Tensor]:
        """Images (n, 1, size, size), targets (n, 3, size, size) and weights (n, 1, size, size)."""
        replay = self.count_replay(n)
        batch = self._corrected.draw(n - replay)
        if not replay or self._replay is None:
            return batch
        old = self._replay.draw(replay)
        return torch.cat([batch[0], old[0]]), torch.cat([batch[1], old[1]]), torch.cat([batch[2], old[2]])
