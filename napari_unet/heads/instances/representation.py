"""What a network is trained to say of objects: targets made of labels, and the loss that compares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from napari_unet.heads.instances.losses import instance_loss
from napari_unet.heads.instances.targets import OUTPUTS, make_targets


@dataclass(frozen=True)
class Representation:
    """Targets and loss of one way to tell objects apart; `docs/representations.md` compares several.

    Attributes
    ----------
    name : str
    outputs : tuple of str
        What each output channel of the network says.
    make_targets : callable
        Labels (Y, X) -> (T, Y, X) float32. They are resampled together with the image.
    loss : callable
        (logits (N, outputs, Y, X), targets (N, T, Y, X), weights (N, 1, Y, X)) -> scalar.
    mend : callable, optional
        Puts resampled targets (N, T, Y, X) right, in place, given the linear parts (N, 2, 2) of the maps from patch to
        image offsets, in (y, x): lengths and directions change with them.
    """

    name: str
    outputs: tuple[str, ...]
    make_targets: Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]
    loss: Callable[[Tensor, Tensor, Tensor], Tensor]
    mend: Callable[[Tensor, Tensor], None] | None = None


def _round_foreground(targets: Tensor, linear: Tensor) -> None:
    targets[:, 0] = (targets[:, 0] > 0.5).float()


STANDARD = Representation("relative", OUTPUTS[:2], make_targets, instance_loss, _round_foreground)
"""Foreground and relative distance to the border; a network with a third output learns the seams beside them."""
