"""All samples of a training in the memory of one device, and the augmented patches that are cut from it in one go."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from napari_unet.heads.instances.representation import STANDARD, Representation
from napari_unet.learning.augmentation import sampling_offsets
from napari_unet.models.running.engine import Engine
from napari_unet.training.config import BaseTrainingConfig
from napari_unet.training.samples import TrainingSample

_AUTO = Engine()


class PatchShelf:
    """Draws batches of patches, all of one batch at once: a graphics card waits for no single one.

    Parameters
    ----------
    samples : sequence of TrainingSample
        All with the same maps.
    config : BaseTrainingConfig
        Sizes of patches and objects, and the augmentation.
    representation : Representation
        What the samples were made with.
    engine : Engine
        Where pixels lie and patches are made.
    """

    def __init__(
        self,
        samples: Sequence[TrainingSample],
        config: BaseTrainingConfig,
        representation: Representation = STANDARD,
        engine: Engine = _AUTO,
    ) -> None:
        self.config, self.representation = config, representation
        self.device = engine.torch_device
        self._diameters = torch.tensor([sample.diameter for sample in samples])
        self._levels = torch.tensor([len(sample.levels) for sample in samples])
        self._first = torch.cumsum(self._levels, 0) - self._levels
        levels = [level[0] for sample in samples for level in sample.levels]
        self._shapes = torch.tensor([level.shape[-2:] for level in levels])
        sizes = self._shapes.prod(dim=1)
        self._starts = torch.cumsum(sizes, 0) - sizes
        # The maps of a pixel lie side by side, and so do all pixels of all samples.
        self._pixels = torch.empty((int(sizes.sum()), levels[0].shape[0]), dtype=torch.float16, device=self.device)
        for start, level in zip(self._starts.tolist(), levels, strict=True):
            self._pixels[start : start + level[0].numel()] = level.flatten(1).T.to(self.device)

    def draw(self, chosen: Tensor, generator: torch.Generator) -> Tensor:
        """Patches (N, channels + targets + 1, patch, patch) float32 of the samples `chosen` (N,), of random places and
        object sizes."""
        zooms = self._draw_zooms(self._diameters[chosen], generator)
        # The level next to the patch's size is cut, so that nothing is skipped over.
        level = torch.minimum((-torch.log2(zooms.clamp_min(1e-3)) - 0.3).round().clamp_min(0), self._levels[chosen] - 1)
        row = self._first[chosen] + level.long()
        shapes, shrunk = self._shapes[row], 2.0**level
        centres = self._draw_centres(shapes, self.config.patch / (zooms * shrunk) / 2 * 0.7, generator)
        sides = (self.config.patch, self.config.patch)
        there = (zooms * shrunk).to(self.device)
        offsets, matrices = sampling_offsets(there, sides, self.config.augmentation, generator)
        patches = self._interpolate(offsets + centres.to(self.device)[:, None, None], row)
        if self.representation.mend is not None:
            # Lengths of targets are in pixels of the first level.
            linear = matrices * shrunk.to(self.device)[:, None, None]
            self.representation.mend(patches[:, self.config.architecture.in_channels : -1], linear)
        return patches

    def _draw_zooms(self, diameters: Tensor, generator: torch.Generator) -> Tensor:
        """Patch pixels an image pixel: the image's own size if the network knows it, or any size of the range."""
        low, high = self.config.diameters
        any_size = torch.rand(len(diameters), generator=generator) < self.config.any_size
        sizes = low * (high / low) ** torch.rand(len(diameters), generator=generator)
        return torch.where(any_size, sizes, diameters.clamp(low, high)) / diameters

    def _draw_centres(self, shapes: Tensor, halves: Tensor, generator: torch.Generator) -> Tensor:
        """(N, 2) in pixels of the level; so far from the image's edge that little of the patch is beyond it."""
        low = torch.minimum(halves[:, None], shapes / 2)
        return low + (shapes - 2 * low) * torch.rand(shapes.shape, generator=generator)

    def _interpolate(self, places: Tensor, row: Tensor) -> Tensor:
        """The maps at `places` (N, Y, X, 2), between pixels linearly, beyond an image's edge reflected there."""
        height, width = (self._shapes[row, axis].to(self.device)[:, None, None] for axis in (0, 1))
        start = self._starts[row].to(self.device)[:, None, None]
        y, x = _reflect(places[..., 0], height), _reflect(places[..., 1], width)
        top, left = y.floor().long(), x.floor().long()
        below, right = torch.minimum(top + 1, height - 1), torch.minimum(left + 1, width - 1)
        across, down = (x - left)[..., None], (y - top)[..., None]
        upper = torch.lerp(self._at(start + top * width + left), self._at(start + top * width + right), across)
        lower = torch.lerp(self._at(start + below * width + left), self._at(start + below * width + right), across)
        return torch.lerp(upper, lower, down).permute(0, 3, 1, 2).contiguous()

    def _at(self, index: Tensor) -> Tensor:
        return self._pixels[index].float()


def _reflect(places: Tensor, size: Tensor) -> Tensor:
    """Coordinates mirrored at the outer edges of the first and last pixel, and kept between their middles."""
    period = 2 * size
    inside = (places + 0.5).remainder(period)
    mirrored = torch.minimum(inside, period - inside) - 0.5
    return torch.minimum(mirrored.clamp_min(0), (size - 1).to(mirrored.dtype))
