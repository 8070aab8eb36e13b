"""A first answer within seconds: the last layer alone is fitted, on features that stay as they are.

What a network sees of an image serves other objects than those it was made for; what it says of it does not. The last
layer has few weights, and its features are computed once (a linear probe: Alain and Bengio, arXiv:1610.01644).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from napari_unet.models.unet import UNet

_STEPS = 20
_RATE = 0.04


@torch.no_grad()
def last_features(network: UNet, images: Tensor) -> Tensor:
    """What the last layer of `network` is given for `images` (N, C, (Z,) Y, X): (N, features, (Z,) Y, X).

    Of a network with a stem, a pixel of the features stands for a square of the image.
    """
    found: list[Tensor] = []
    handle = network.final.register_forward_pre_hook(lambda module, given: found.append(given[0]))
    try:
        network(images)
    finally:
        handle.remove()
    return found[0].float()


def fit_last_layer(
    network: UNet, images: Sequence[Tensor], losses: Sequence[Callable[[Tensor], Tensor]], steps: int = _STEPS
) -> float:
    """Fit the last layer of `network` in place; returns the mean of the losses with it.

    Parameters
    ----------
    network : UNet
        In the mode in which its features are to be computed.
    images : sequence of Tensor
        Batches (N, C, (Z,) Y, X).
    losses : sequence of callable
        For each batch, logits (N, outputs, (Z,) Y, X) -> scalar.
    """
    features = [last_features(network, one) for one in images]
    optimizer = torch.optim.Adam(network.final.parameters(), _RATE)

    def total() -> Tensor:
        return torch.stack([loss(network.answer(one)) for one, loss in zip(features, losses, strict=True)]).mean()

    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = _RATE * 0.5 * (1 + math.cos(math.pi * step / steps))
        optimizer.zero_grad(set_to_none=True)
        total().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    with torch.no_grad():
        return float(total())
