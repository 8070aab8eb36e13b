"""Fully labelled images as tensors: pixels, targets and weights, at several sizes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from napari_unet.heads.instances.representation import STANDARD, Representation
from napari_unet.heads.instances.targets import border_weights

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

    def with_share(self, share: float) -> TrainingSample:
        return replace(self, share=share)

    def __getstate__(self) -> dict[str, Any]:
        """As arrays: torch would hand tensors to another process by open files, of which there are not enough."""
        return self.__dict__ | {"levels": tuple(level.numpy() for level in self.levels)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state | {"levels": tuple(torch.from_numpy(level) for level in state["levels"])})


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
