"""Augmentation as tensors: geometry in one resampling of image, targets and weights together, then the grey values."""

from __future__ import annotations

import math

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from torch.nn import functional as F


class AugmentationConfig(BaseModel):
    """How much patches are varied; every amount is drawn afresh for every patch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scale: float = Field(0.25, ge=0, description="Standard deviation of the logarithm of the size.")
    stretch: float = Field(0.1, ge=0, description="Standard deviation of the logarithm of width against height.")
    elastic: float = Field(0.15, ge=0, description="Displacement at the nodes of a coarse grid, in grid steps of it.")
    gamma: float = Field(0.3, ge=0, description="Standard deviation of the logarithm of gamma.")
    contrast: float = Field(0.25, ge=0, description="Standard deviation of the logarithm of contrast.")
    brightness: float = Field(0.08, ge=0, description="Standard deviation of an added constant.")
    shading: float = Field(0.1, ge=0, description="Standard deviation of an added slope across the patch.")
    noise: float = Field(0.06, ge=0, description="Largest standard deviation of added noise.")
    blur: float = Field(1.2, ge=0, description="Largest sigma of blur, in pixels; a third of the patches get some.")
    invert: float = Field(0.0, ge=0, le=1, description="Share of patches with inverted contrast.")
    colour: float = Field(0.0, ge=0, description="Standard deviation of how much of each channel is put into another.")


def sampling_grid(
    centre: tuple[float, ...],
    shape: tuple[int, ...],
    zoom: float,
    size: int | tuple[int, ...],
    config: AugmentationConfig,
    generator: torch.Generator,
) -> Tensor:
    """A random turned, flipped, stretched, bent sampling grid (1, (Z,) Y, X, axes) in `grid_sample`'s coordinates.

    `centre` and `shape` ((Z,) Y, X) are in pixels of the image, `size` is that of the patch (one number: on each axis),
    and `zoom` is how many patch pixels make an image pixel along Y and X. Volumes are varied slice by slice alike, and
    turned upside down at random: microscopes see less along Z, so that what lies there is not turned into the plane.
    """
    sides = (size,) * len(shape) if isinstance(size, int) else size

    def normal() -> float:
        return float(torch.randn((), generator=generator))

    angle = 2 * math.pi * float(torch.rand((), generator=generator))
    flip = 1.0 if float(torch.rand((), generator=generator)) < 0.5 else -1.0
    stretch = math.exp(config.stretch * normal() / 2)
    step = 1.0 / (zoom * math.exp(max(-2.0, min(2.0, normal())) * config.scale))
    c, s = math.cos(angle), math.sin(angle)
    matrix = torch.tensor([[c * stretch, -s / stretch * flip], [s * stretch, c / stretch * flip]]) * step
    lines = [torch.arange(side, dtype=torch.float32) - (side - 1) / 2 for side in sides]
    points = torch.stack(torch.meshgrid(*lines[-2:], indexing="ij"), dim=-1)
    if config.elastic > 0:
        points = points + _bend(sides[-2:], config.elastic, generator)
    places = points @ matrix.T + torch.tensor(centre[-2:])
    if len(shape) == 3:
        up = 1.0 if float(torch.rand((), generator=generator)) < 0.5 else -1.0
        depths = (up * lines[0] + centre[0])[:, None, None, None].expand(*sides, 1)
        places = torch.cat([depths, places.expand(*sides, 2)], dim=-1)
    extent = torch.tensor(shape[::-1], dtype=torch.float32)
    return ((2 * places.flip(-1) + 1) / extent - 1)[None]


def _bend(sides: tuple[int, ...], amount: float, generator: torch.Generator, nodes: int = 5) -> Tensor:
    """A smooth random displacement field (Y, X, 2) in patch pixels (the paper's elastic deformation)."""
    coarse = torch.randn((1, 2, nodes, nodes), generator=generator) * amount * max(sides) / nodes
    return F.interpolate(coarse, size=sides, mode="bicubic", align_corners=True)[0].permute(1, 2, 0)


def vary_grey_values(image: Tensor, config: AugmentationConfig, generator: torch.Generator) -> Tensor:
    """Vary gamma, contrast, brightness, shading, blur and noise of normalized images, each its own way.

    They are (N, C, (Z,) Y, X); every slice of a volume is varied alike.
    """
    each = (image.shape[0], *(1,) * (image.ndim - 1))

    def normal(amount: float) -> Tensor:
        return torch.randn(each, generator=generator) * amount

    def uniform() -> Tensor:
        return torch.rand(each, generator=generator)

    image = torch.where(uniform() < config.invert, 1.0 - image, image)
    image = image.sign() * image.abs().clamp_min(1e-6) ** torch.exp(normal(config.gamma))
    image = image * torch.exp(normal(config.contrast)) + normal(config.brightness)
    ramp = torch.linspace(-1, 1, image.shape[-1])
    image = image + normal(config.shading) * ramp + normal(config.shading) * ramp[: image.shape[-2], None]
    image = _blur_some(image, config.blur, generator)
    return image + torch.randn(image.shape, generator=generator) * uniform() ** 2 * config.noise


def vary_colours(image: Tensor, config: AugmentationConfig, generator: torch.Generator) -> Tensor:
    """Mix the channels of normalized images (N, C, Y, X) at random; what is grey stays as it is."""
    n, channels = image.shape[:2]
    if config.colour == 0 or channels == 1:
        return image
    mix = torch.eye(channels) + config.colour * torch.randn((n, channels, channels), generator=generator)
    mix = mix + (1 - mix.sum(dim=2, keepdim=True)) / channels
    return torch.einsum("ndc,nc...->nd...", mix, image)


def _blur_some(image: Tensor, largest: float, generator: torch.Generator) -> Tensor:
    blurred = []
    for one in image.flatten(1, -3):  # channels and slices alike
        sigma = largest * float(torch.rand((), generator=generator))
        if float(torch.rand((), generator=generator)) < 1 / 3 and sigma > 0.3:
            line = torch.arange(-4, 5, dtype=torch.float32)
            kernel = torch.exp(-(line**2) / (2 * sigma**2))
            kernel = (kernel / kernel.sum()).expand(one.shape[0], 1, 1, -1)
            one = F.conv2d(F.pad(one[None], (4, 4, 4, 4), mode="reflect"), kernel, groups=one.shape[0])
            one = F.conv2d(one, kernel.transpose(2, 3), groups=one.shape[1])[0]
        blurred.append(one)
    return torch.stack(blurred).reshape(image.shape)
