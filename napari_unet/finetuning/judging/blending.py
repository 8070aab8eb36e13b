"""Weights between parent and child: what was learned, less of what was learned too well (weight averaging).

Between a network and its fine-tuned copy often lies one that does as well on what is new (Wortsman et al., Robust
fine-tuning of zero-shot models, CVPR 2022).
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch

from napari_unet.labels.evidence import Score, compare_evidence
from napari_unet.models.unet import UNet

SHARE = 0.75
"""How much of the child is in the blend that is tried beside the child itself."""
_PROBABLE = 0.75  # how often it is to be better, of held-out objects drawn anew
_WORTH_IT = 0.02  # mean of AP@0.5 and mean AP


@torch.no_grad()
def blend(parent: UNet, child: UNet, share: float) -> UNet:
    """A network with `share` of the child's weights and the rest of the parent's; counts are the child's."""
    mixed = copy.deepcopy(child)
    for value, old in zip(mixed.state_dict().values(), parent.state_dict().values(), strict=True):
        if value.is_floating_point():
            value.lerp_(old.to(value.device, value.dtype), 1 - share)
    return mixed


def choose_blend(
    parent: UNet, child: UNet, child_score: Score, score: Callable[[UNet], Score]
) -> tuple[UNet, Score, float]:
    """The child, or its blend with the parent if that is probably better; with its score and the child's share.

    A child that learned from few objects may follow them too closely; then the blend does better on others.

    Parameters
    ----------
    child_score : Score
        Of the child itself, on the objects that `score` looks at.
    """
    mixed = blend(parent, child, SHARE)
    found = score(mixed)
    return (mixed, found, SHARE) if _is_probably_better(found, child_score) else (child, child_score, 1.0)


def _is_probably_better(one: Score, other: Score) -> bool:
    if one.evidence is None or other.evidence is None:
        return False
    change = compare_evidence(other.evidence, one.evidence)
    return change.difference > _WORTH_IT and change.chance >= _PROBABLE
