"""Fully labelled images as tensors, and the augmented patches that a base model learns from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from napari_unet.heads.instances.representation import STANDARD, Representation
from napari_unet.heads.instances.targets import border_weights
from napari_unet.learning.patches import cut_patch

if TYPE_CHECKING:
    from napari_unet.training.config import BaseTrainingConfig

_LEVELS = 3


@dataclass(frozen=True, eq=False)
class TrainingSample:
    """A labelled image as a pyramid of tensors (1, channels + targets + 1, Y, X): image, targets, weights.

    Sizes are 1, 1/2, 1/4. `diameter` is the median object diameter in pixels; `share` how often it is drawn.
    """

    levels: tuple[Tensor, ...]
    diameter: float
    share: float
    n_objects: int = 0


def make_sample(
    image: npt.NDArray[np.float32],
    labels: npt.NDArray[Any],
    border_weight: float,
    share: float = 1.0,
    representation: Representation = STANDARD,
    weigh_inside: bool = False,
) -> TrainingSample:
    """Sample from a normalized image (Y, X) or (channels, Y, X) and its labels (Y, X)."""
    targets = representation.make_targets(labels)
    weights = border_weights(labels, border_weight, inside=weigh_inside)
    level = torch.from_numpy(np.concatenate([image.reshape(-1, *labels.shape), targets, weights[None]])).float()[None]
    levels = [level]
    while len(levels) < _LEVELS and min(level.shape[-2:]) >= 128:
        level = F.avg_pool2d(level, 2, ceil_mode=True)
        levels.append(level)
    areas = np.bincount(np.asarray(labels).ravel().astype(np.int64))[1:]
    areas = areas[areas > 0]
    diameter = float(2 * np.sqrt(np.median(areas) / np.pi)) if areas.size else 24.0
    return TrainingSample(tuple(one.half() for one in levels), diameter, share, int(areas.size))


def draw_patch(
    sample: TrainingSample,
    config: BaseTrainingConfig,
    generator: torch.Generator,
    representation: Representation = STANDARD,
) -> Tensor:
    """One augmented patch (channels + targets + 1, patch, patch) float32 of a random place and object size."""
    zoom = _draw_zoom(sample.diameter, config, generator)
    half, shape = config.patch / zoom / 2 * 0.7, tuple(sample.levels[0].shape[-2:])
    centre = tuple(_draw_place(size, half, generator) for size in shape)
    patches, grid = cut_patch(sample.levels, centre, zoom, config.patch, config.augmentation, generator)
    patch = patches[0]
    if representation.mend is not None:
        representation.mend(patch[config.architecture.in_channels : -1], _linear_part(grid[0], shape))
    return patch


def _draw_zoom(diameter: float, config: BaseTrainingConfig, generator: torch.Generator) -> float:
    """Patch pixels an image pixel: the image's own size if the network knows it, sometimes any size of the range."""
    low, high = config.diameters
    if float(torch.rand((), generator=generator)) < config.any_size:
        return float(low * (high / low) ** float(torch.rand((), generator=generator)) / diameter)
    return min(max(diameter, low), high) / diameter


def _linear_part(grid: Tensor, shape: tuple[int, ...]) -> Tensor:
    """(2, 2) d(image y, x) / d(patch y, x) of a sampling grid (size, size, 2), on the whole."""
    extent = torch.tensor(shape, dtype=torch.float32) / 2
    places = grid.flip(-1) * extent
    down = (places[-1] - places[0]).mean(0) / (grid.shape[0] - 1)
    across = (places[:, -1] - places[:, 0]).mean(0) / (grid.shape[1] - 1)
    return torch.stack([down, across], dim=1)


def _draw_place(size: int, half: float, generator: torch.Generator) -> float:
    low, high = min(half, size / 2), max(size - half, size / 2)
    return low + (high - low) * float(torch.rand((), generator=generator))
