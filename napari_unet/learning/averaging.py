"""A running average of a network's weights, which scores better than any one step's (Polyak and Juditsky, 1992)."""

from __future__ import annotations

import copy

import torch

from napari_unet.models.unet import UNet


class RunningAverage:
    """`network` follows another one slowly: quickly at first, from then on with the given `decay`."""

    def __init__(self, network: UNet, decay: float) -> None:
        self.network = copy.deepcopy(network).eval()
        self.decay = decay

    @torch.no_grad()
    def follow(self, network: UNet, steps: int) -> None:
        """Take in the weights of `network` as they are after so many `steps`; statistics and counts too."""
        decay = min(self.decay, (1 + steps) / (10 + steps))
        for mean, now in zip(self.network.state_dict().values(), network.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(now, 1 - decay)
            else:
                mean.copy_(now)
