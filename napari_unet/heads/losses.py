"""What losses of several heads are made of."""

from __future__ import annotations

from torch import Tensor


def soft_dice_loss(probability: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """1 - Dice over the batch, (N, 1, ...) each; smoothed, so that an empty patch has a small loss and no NaN."""
    shared = (weights * probability * target).sum()
    both = (weights * (probability + target)).sum()
    return 1.0 - (2.0 * shared + 1.0) / (both + 1.0)


def weighted_mean(loss: Tensor, weights: Tensor) -> Tensor:
    """Mean of `loss` where `weights` (N, 1, ...) count; 0 if nowhere."""
    return (loss * weights).sum() / weights.sum().clamp_min(1.0)
