"""Weights between parent and child: what was learned, less of what was learned too well (weight averaging).

Between a network and its fine-tuned copy often lies one that does as well on what is new (Wortsman et al., Robust
fine-tuning of zero-shot models, CVPR 2022).
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch

from napari_unet.heads.outcome import rank
from napari_unet.labels.evidence import Score
from napari_unet.models.unet import UNet

SHARES = (0.5, 0.75)
"""How much of the child is in the blends that are tried beside the child itself, the least first."""
_AS_GOOD = 0.01
"""Mean of AP@0.5 and mean AP, on what was held out, by which a blend may be below the child."""
_MOST_OF_IT = 0.75
"""Of what the child gained on what it learned from, as much has to be left: what it followed most closely of all is
this, so that less of it is no loss elsewhere."""


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
    """The blend with the least of the child that is as good as the child, or the child; its score and its share.

    A child that learned from few objects follows them too closely, and loses more elsewhere than it has to.

    Parameters
    ----------
    child_score : Score
        Of the child itself, on the objects that `score` looks at.
    learned_before : Score, optional
        The parent's, where nothing is held out, so that these are the objects that were learned from.
    """
    needed = _least_rank(child_score, learned_before)
    for share in SHARES:
        mixed = blend(parent, child, share)
        found = score(mixed)
        if rank(found) >= needed:
            return mixed, found, share
    return child, child_score, 1.0


def _least_rank(child: Score, learned_before: Score | None) -> float:
    """How good a blend has to be."""
    if learned_before is None:
        return rank(child) - _AS_GOOD
    gain = rank(child) - rank(learned_before)
    return rank(child) - max(0.0, (1 - _MOST_OF_IT) * gain)
