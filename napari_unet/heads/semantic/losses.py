"""Loss of classes, which knows what was reviewed: a pixel of weight 0 has none."""

from __future__ import annotations

import torch
from torch import Tensor

from napari_unet.heads.losses import soft_dice_loss, weighted_mean


def semantic_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Loss of the class head: cross-entropy, and Dice averaged over the classes in the batch.

    Parameters
    ----------
    logits, targets : Tensor
        (N, classes, Y, X); targets are shares of classes that sum to 1.
    weights : Tensor
        (N, 1, Y, X), 0 where nobody reviewed, more for rare classes.
    """
    logits = logits.float()
    entropy = -(targets * torch.log_softmax(logits, dim=1)).sum(dim=1, keepdim=True)
    known = (weights > 0).to(logits.dtype)
    probability = torch.softmax(logits, dim=1)
    present = [i for i in range(logits.shape[1]) if float((targets[:, i : i + 1] * known).sum()) > 0]
    overlap = [soft_dice_loss(probability[:, i : i + 1], targets[:, i : i + 1], known) for i in present]
    return weighted_mean(entropy, weights) + (torch.stack(overlap).mean() if overlap else 0.0)


def distil_classes(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy of logits (N, classes, Y, X) with the shares that a teacher said; weights (N, 1, Y, X)."""
    entropy = -(targets * torch.log_softmax(logits.float(), dim=1)).sum(dim=1, keepdim=True)
    return weighted_mean(entropy, weights)
