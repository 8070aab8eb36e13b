"""What a network is not to forget: on replay it learns to answer as its teacher does."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from napari_unet.heads.head import Head
from napari_unet.models.unet import UNet

REPLAY_WEIGHT = 10.0
"""How many times a patch of replay counts. Its loss starts at its least and pulls only at what is being forgotten;
docs/benchmarks.md has what was measured."""


class Teacher:
    """Says what is right on images of replay; `weight` is how many times a patch of them counts.

    A child that is to answer as its teacher does has more to go by than where objects are (Li and Hoiem, Learning
    without forgetting, 2016), and keeps what the teacher's thresholds were chosen for.
    """

    def __init__(self, network: UNet, head: Head, weight: float = REPLAY_WEIGHT) -> None:
        self.network = copy.deepcopy(network).eval()
        self.head, self.loss, self.weight = head, head.distil, weight

    @torch.no_grad()
    def teach(self, images: Tensor, targets: Tensor, n_replay: int) -> Tensor:
        """`targets` (N, T, (Z,) Y, X) with what the teacher says of the last `n_replay` of `images`.

        A network that answers for less than it sees says nothing of the margin: there the targets stay as they are.
        """
        said = self.head.activate(self.network(images[-n_replay:]).float())
        targets = targets.clone()
        part = crop_to(targets[-n_replay:], said)  # a view: what is written there is written into `targets`
        part[:, : said.shape[1]] = said
        return targets


def crop_to(maps: Tensor, logits: Tensor) -> Tensor:
    """The centre of `maps` of the spatial size of `logits` (unpadded networks see more than they answer for)."""
    margins = [(have - want) // 2 for have, want in zip(maps.shape[2:], logits.shape[2:], strict=True)]
    box = tuple(slice(margin, margin + want) for margin, want in zip(margins, logits.shape[2:], strict=True))
    return maps[(slice(None), slice(None), *box)]
