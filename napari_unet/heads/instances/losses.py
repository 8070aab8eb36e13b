"""Losses of objects, which know what was reviewed: a pixel of weight 0 has none."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_unet.heads.losses import soft_dice_loss, weighted_mean

_BETA = 0.05  # of the distance: errors below it count by their square


def instance_loss(
    logits: Tensor, targets: Tensor, weights: Tensor, distance_weight: float = 1.0, seam_weight: float = 5.0
) -> Tensor:
    """Loss of the instance head: cross-entropy and Dice on foreground, absolute error on the relative distance.

    A network with a third output also learns the seams between objects, by cross-entropy in which a pixel of a seam,
    being rare, counts `seam_weight` times.

    Parameters
    ----------
    logits, targets : Tensor
        (N, 2 or 3, (Z,) Y, X): foreground, object-normalized distance, seam; targets in [0, 1]. A fourth target is 1
        where the distance is known: elsewhere it has no loss.
    weights : Tensor
        (N, 1, (Z,) Y, X), 0 where nobody reviewed: such pixels carry no loss and no gradient.
    distance_weight : float
        Share of the distance term.
    seam_weight : float
        More than 1 helps a network to find seams at all, but makes it overstate their odds: base training corrects
        these at its end.
    """
    logits = logits.float()
    foreground, inside = logits[:, :1], targets[:, :1]
    entropy = weighted_mean(F.binary_cross_entropy_with_logits(foreground, inside, reduction="none"), weights)
    overlap = soft_dice_loss(torch.sigmoid(foreground), inside, (weights > 0).to(logits.dtype))
    error = F.smooth_l1_loss(torch.sigmoid(logits[:, 1:2]), targets[:, 1:2], reduction="none", beta=_BETA)
    placed = weights * _place(inside)
    if targets.shape[1] > 3:
        placed = placed * (targets[:, 3:4] > 0.999)
    loss = entropy + 0.5 * overlap + 2.0 * distance_weight * weighted_mean(error, placed)
    if logits.shape[1] < 3:
        return loss
    seam = targets[:, 2:3]
    rare = F.binary_cross_entropy_with_logits(logits[:, 2:3], seam, reduction="none")
    return loss + 0.5 * weighted_mean(rare, weights * (1 + (seam_weight - 1) * seam))


def distillation_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Loss of the instance head against what a teacher said: no Dice, which has its least value at 0 and 1.

    A network that is taught probabilities by Dice becomes surer than its teacher, and finds objects that the teacher's
    thresholds were to drop. Cross-entropy is least where both say the same (Hinton et al., Distilling the knowledge in
    a neural network, 2015).

    Parameters
    ----------
    logits, targets : Tensor
        (N, at least 2, Y, X); targets are the teacher's probabilities. More maps than two are not looked at.
    weights : Tensor
        (N, 1, Y, X).
    """
    logits = logits.float()
    entropy = F.binary_cross_entropy_with_logits(logits[:, :1], targets[:, :1], reduction="none")
    error = F.smooth_l1_loss(torch.sigmoid(logits[:, 1:2]), targets[:, 1:2], reduction="none", beta=_BETA)
    return weighted_mean(entropy, weights) + 2.0 * weighted_mean(error, weights * _place(targets[:, :1]))


def _place(inside: Tensor) -> Tensor:
    """Where the distance matters: inside objects; outside, foreground already says that there is none."""
    return 0.2 + 0.8 * (inside > 0.5).to(torch.float32)
