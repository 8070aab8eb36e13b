"""Weights between parent and child: what was learned, without what was lost (weight averaging).

Half way between a network and its fine-tuned copy often lies one that does as well on what is new and forgets next to
nothing (Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import torch

from napari_unet.finetuning.events import Score
from napari_unet.finetuning.evidence import compare_evidence
from napari_unet.models.unet import UNet

SHARES = (0.5, 0.75)
"""How much of the child is in what is tried beside the child itself, the smallest first."""
_MUCH = 0.1  # mean of AP@0.5 and mean AP


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
    """The network that holds most of the parent and is not much worse than one that holds less; its score and share.

    Parameters
    ----------
    child_score : Score
        Of the child itself, on the objects that `score` looks at.
    """
    tried: list[tuple[UNet, Score, float]] = []
    for share in SHARES:
        mixed = blend(parent, child, share)
        tried.append((mixed, score(mixed), share))
    tried.append((child, child_score, 1.0))
    return _first_not_worse(tried)


def _first_not_worse(tried: Sequence[tuple[UNet, Score, float]]) -> tuple[UNet, Score, float]:
    for number, one in enumerate(tried[:-1]):
        if not any(_much_better(later[1], one[1]) for later in tried[number + 1 :]):
            return one
    return tried[-1]


def _much_better(after: Score, before: Score) -> bool:
    """Surely, and by so much that it is worth forgetting something for."""
    if before.evidence is None or after.evidence is None:
        return False
    change = compare_evidence(before.evidence, after.evidence)
    return change.is_sure_gain and change.difference > _MUCH
