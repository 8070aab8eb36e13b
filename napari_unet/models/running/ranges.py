"""How large the numbers become that flow through a network: what integers of 8 bits have to stand for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_path
from napari_unet.images.limits import volume_limits
from napari_unet.images.normalization import NormalizationConfig, normalize
from napari_unet.models.unet import UNet, space_to_depth

_SIDE = 96  # pixels of an example, or as many more as the network can halve
_EXAMPLES = ("nuclei_2d", "nuclei_3d", "membranes")
_ROOM = 1.2  # times as far as seen here: other images reach farther
_SEEN = (-0.5, 2.0)  # normalized grey values that differ; 1 is what the brightest hundredth has


@dataclass(frozen=True)
class Reach:
    """From the lowest to the highest of some numbers."""

    low: float
    high: float

    def __or__(self, other: Reach) -> Reach:
        return Reach(min(self.low, other.low), max(self.high, other.high))

    @classmethod
    def of(cls, x: Tensor) -> Reach:
        return cls(float(x.min()) * _ROOM, float(x.max()) * _ROOM)


@dataclass(frozen=True)
class Ranges:
    """Of what goes into a U-Net and comes out of its layers; lists by level, from the first.

    Of a stage there are two: behind its first and its second convolution.
    """

    entry: Reach
    encoder: list[tuple[Reach, Reach]]
    bridge: tuple[Reach, Reach]
    up: list[Reach]
    decoder: list[tuple[Reach, Reach]]


@torch.inference_mode()
def measure_ranges(network: UNet) -> Ranges:
    """What flows through `network` (2D, norms folded, on the CPU) where it sees the sample images and their negatives.

    The same for the same weights, whatever is segmented: tiles, blocks and workers agree.
    """
    factor = network.config.pooling_factor
    x = _examples(-(-_SIDE // factor) * factor).repeat(1, network.config.in_channels, 1, 1)
    encoder, skips = [], []
    x = space_to_depth(x.to(network.final.weight.dtype), network.config.stem)
    for stage in network.encoder:
        x, found = _through(stage, x)
        encoder.append(found)
        skips.append(x)
        x = F.max_pool2d(x, 2)
    x, bridge = _through(network.bridge, x)
    ups, decoder = [], []
    for up, stage in zip(network.up, network.decoder, strict=True):
        raised = up.conv(x)  # type: ignore[operator]
        ups.append(Reach.of(raised))
        x, found = _through(stage, torch.cat([skips.pop(), raised], dim=1))
        decoder.append(found)
    return Ranges(Reach(*_SEEN), encoder, bridge, ups[::-1], decoder[::-1])


def _through(stage: Any, x: Tensor) -> tuple[Tensor, tuple[Reach, Reach]]:
    inside = F.relu(stage.conv1(x))
    outside = F.relu(stage.conv2(inside))
    return outside, (Reach.of(inside), Reach.of(outside))


@lru_cache(maxsize=1)
def _examples(side: int) -> Tensor:
    """(6, 1, Y, X) float32: the middles of sample images, normalized, and their negatives."""
    found = []
    for name in _EXAMPLES:
        image = read_image(sample_path(name)).select_channel(None)
        index = tuple(size // 2 for size in image.shape[:-2])
        pixels = normalize(image.plane(index), volume_limits(image, index, NormalizationConfig()))
        rows, columns = (slice((size - side) // 2, (size + side) // 2) for size in pixels.shape)
        found.append(np.asarray(pixels[rows, columns], np.float32))
    tiles = torch.from_numpy(np.stack(found))[:, None]
    return torch.cat([tiles, 1 - tiles])
