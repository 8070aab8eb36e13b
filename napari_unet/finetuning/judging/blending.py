"""Weights between parent and child: what was learned, less of what was learned too well (weight averaging).

Between a network and its fine-tuned copy often lies one that does as well on what is new (Wortsman et al., Robust
fine-tuning of zero-shot models, CVPR 2022).
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch

from napari_unet.heads.outcome import rank
from napari_unet.labels.evidence import Score, compare_evidence
from napari_unet.models.unet import UNet

SHARE = 0.75
"""How much of the child is in the blend that it is exchanged for, unless it is better itself."""
_PROBABLE = 0.75  # how often the child is to be better, of held-out objects drawn anew
_WORTH_IT = 0.01  # mean of AP@0.5 and mean AP
_MOST_OF_IT = 0.75
"""Of what the child gained on what it learned from, as much has to be left: what it followed most closely of all is
this, so that a little less of it is no loss elsewhere."""


@torch.no_grad()
def blend(parent: UNet, child: UNet, share: float) -> UNet:
    """A network with `share` of the child's weights and the rest of the parent's; counts are the child's."""
    mixed = copy.deepcopy(child)
    for value, old in zip(mixed.state_dict().values(), parent.state_dict().values(), strict=True):
        if value.is_floating_point():
            value.lerp_(old.to(value.device, value.dtype), 1 - share)
    return mixed


def choose_blend(
    parent: UNet,
    child: UNet,
    child_score: Score,
    score: Callable[[UNet], Score],
    learned_before: Score | None = None,
) -> tuple[UNet, Score, float]:
    """The child's blend with the parent, or the child if that is probably better; with its score and the child's share.

    A child that learned from few objects follows them too closely, and loses more elsewhere than it has to.

    Parameters
    ----------
    child_score : Score
        Of the child itself, on the objects that `score` looks at.
    learned_before : Score, optional
        The parent's, where nothing is held out, so that these are the objects that were learned from.
    """
    mixed = blend(parent, child, SHARE)
    found = score(mixed)
    worse = (
        _is_probably_better(child_score, found)
        if learned_before is None
        else (_has_lost(found, child_score, learned_before))
    )
    return (child, child_score, 1.0) if worse else (mixed, found, SHARE)


def _has_lost(mixed: Score, child: Score, learned_before: Score) -> bool:
    """Whether too little is left of what the child gained on what it learned from."""
    gain = max(0.0, rank(child) - rank(learned_before))
    return rank(mixed) < rank(child) - (1 - _MOST_OF_IT) * gain


def _is_probably_better(one: Score, other: Score) -> bool:
    if one.evidence is None or other.evidence is None:
        return rank(one) - rank(other) > _WORTH_IT
    change = compare_evidence(other.evidence, one.evidence)
    return change.difference > _WORTH_IT and change.chance >= _PROBABLE
