"""Patches to learn restoration from: turned and flipped, never resampled, which would change the noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from napari_unet.learning.sampler import Batch
from napari_unet.restoration.blind_spots import blind_spots
from napari_unet.restoration.config import RestoreConfig
from napari_unet.restoration.material import Example

Planes = tuple[Tensor, Tensor]
"""(1, Y, X) what is seen and (1, factor Y, factor X) what is wanted."""


class RestorationSampler:
    """Draws batches of patches from examples, larger ones the more often; the same ones for the same seed."""

    def __init__(self, examples: Sequence[Example], config: RestoreConfig) -> None:
        self._config = config
        self._generator = torch.Generator().manual_seed(config.seed)
        self._factor = examples[0].wanted.shape[-1] // examples[0].seen.shape[-1]
        # As much of what is wanted in each patch, whatever is seen of it.
        self._side = config.patch // self._factor
        self._planes = [_planes(example, self._side, self._factor) for example in examples]
        self._blind = examples[0].blind
        # Noise that goes along rows goes on doing so, and what is coarse along one axis is so along that one.
        self._turned = config.structure == "none" and examples[0].turned
        self._shares = torch.tensor([float(seen.numel()) for seen, _ in self._planes])

    def draw(self) -> Batch:
        """Images and weights (n, 1, Y, X), targets (n, factor ** 2, Y, X): all places in a pixel, rows first."""
        config = self._config
        which = torch.multinomial(self._shares, config.batch_size, replacement=True, generator=self._generator)
        patches = [self._cut(self._planes[i]) for i in which.tolist()]
        seen, fine = (torch.stack(maps) for maps in zip(*patches, strict=True))
        wanted = F.pixel_unshuffle(fine, self._factor)
        if not self._blind:
            return Batch(seen, wanted, torch.ones_like(seen))
        hidden, spots = blind_spots(seen, config.blind, config.structure, self._generator)
        return Batch(hidden, wanted, spots)

    def _cut(self, planes: Planes) -> Planes:
        side, sizes = self._side, planes[0].shape[-2:]
        y, x = (int(torch.randint(0, size - side + 1, (), generator=self._generator)) for size in sizes)
        turns = int(torch.randint(0, 8, (), generator=self._generator))
        patches = []
        for plane, by in zip(planes, (1, self._factor), strict=True):
            patch = plane[:, y * by : (y + side) * by, x * by : (x + side) * by]
            patch = patch.flip(-1) if turns & 1 else patch
            patch = patch.flip(-2) if turns & 2 else patch
            patches.append(patch.transpose(-1, -2) if turns & 4 and self._turned else patch)
        return patches[0], patches[1]


def _planes(example: Example, side: int, factor: int) -> Planes:
    """Both planes, mirrored where they are smaller than a patch."""
    # At a whole pixel where that is several, or they would no longer lie over one another; else beside it, since a
    # pixel is not to be its own neighbour.
    mode: Literal["reflect", "symmetric"] = "reflect" if factor == 1 else "symmetric"
    rows, columns = (max(0, side - size) for size in example.seen.shape)
    seen = np.pad(example.seen, ((0, rows), (0, columns)), mode)
    wanted = np.pad(example.wanted, ((0, rows * factor), (0, columns * factor)), mode)
    return torch.from_numpy(seen)[None], torch.from_numpy(wanted)[None]
