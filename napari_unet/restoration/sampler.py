"""Patches to learn restoration from: turned and flipped, never resampled, which would change the noise."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_unet.learning.sampler import Batch
from napari_unet.restoration.blind_spots import blind_spots
from napari_unet.restoration.config import RestoreConfig
from napari_unet.restoration.material import Example


class RestorationSampler:
    """Draws batches of patches from examples, larger ones the more often; the same ones for the same seed."""

    def __init__(self, examples: Sequence[Example], config: RestoreConfig) -> None:
        self._config = config
        self._generator = torch.Generator().manual_seed(config.seed)
        self._planes = [_with_margin(_stack(example), config.patch) for example in examples]
        self._blind = examples[0].blind
        # Noise that goes along rows goes on doing so, and what is coarse along one axis is so along that one.
        self._turned = config.structure == "none" and examples[0].turned
        self._shares = torch.tensor([float(plane.shape[-2] * plane.shape[-1]) for plane in self._planes])

    def draw(self) -> Batch:
        """Images, targets and weights (n, 1, Y, X)."""
        config = self._config
        which = torch.multinomial(self._shares, config.batch_size, replacement=True, generator=self._generator)
        patches = torch.stack([self._cut(self._planes[i]) for i in which.tolist()])
        if not self._blind:
            return Batch(patches[:, :1], patches[:, 1:], torch.ones_like(patches[:, :1]))
        seen, spots = blind_spots(patches[:, :1], config.blind, config.structure, self._generator)
        return Batch(seen, patches[:, 1:], spots)

    def _cut(self, plane: Tensor) -> Tensor:
        side = self._config.patch
        y, x = (int(torch.randint(0, size - side + 1, (), generator=self._generator)) for size in plane.shape[-2:])
        patch = plane[:, y : y + side, x : x + side]
        turns = int(torch.randint(0, 8, (), generator=self._generator))
        if turns & 1:
            patch = patch.flip(-1)
        if turns & 2:
            patch = patch.flip(-2)
        return patch.transpose(-1, -2) if turns & 4 and self._turned else patch


def _stack(example: Example) -> Tensor:
    return torch.stack([torch.from_numpy(plane) for plane in (example.seen, example.wanted)])


def _with_margin(plane: Tensor, side: int) -> Tensor:
    """`plane` (maps, Y, X), mirrored where it is smaller than a patch."""
    while min(plane.shape[-2:]) < side:
        rows, columns = (min(size - 1, max(0, side - size)) for size in plane.shape[-2:])
        if not rows and not columns:
            return F.pad(plane[None], (0, side - plane.shape[-1], 0, side - plane.shape[-2]))[0]
        plane = F.pad(plane[None], (0, columns, 0, rows), mode="reflect")[0]
    return plane
