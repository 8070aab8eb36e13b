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


def sampling_grid(
    centre: tuple[float, float],
    shape: tuple[int, int],
    zoom: float,
    size: int,
    config: AugmentationConfig,
    generator: torch.Generator,
) -> Tensor:
    """A random turned, flipped, stretched, bent sampling grid (1, size, size, 2) in `grid_sample`'s coordinates.

    `centre` (y, x) and `shape` (Y, X) are in pixels of the image; `zoom` is how many patch pixels make an image pixel.
    """

    def normal() -> float:
        return float(torch.randn((), generator=generator))

    angle = 2 * math.pi * float(torch.rand((), generator=generator))
    flip = 1.0 if float(torch.rand((), generator=generator)) < 0.5 else -1.0
    stretch = math.exp(config.stretch * normal() / 2)
    step = 1.0 / (zoom * math.exp(max(-2.0, min(2.0, normal())) * config.scale))
    c, s = math.cos(angle), math.sin(angle)
    matrix = torch.tensor([[c * stretch, -s / stretch * flip], [s * stretch, c / stretch * flip]]) * step
    line = torch.arange(size, dtype=torch.float32) - (size - 1) / 2
    points = torch.stack(torch.meshgrid(line, line, indexing="ij"), dim=-1)
    if config.elastic > 0:
        points = points + _bend(size, config.elastic, generator)
    places = points @ matrix.T + torch.tensor(centre)
    extent = torch.tensor([shape[1], shape[0]], dtype=torch.float32)
    return ((2 * places.flip(-1) + 1) / extent - 1)[None]


def _bend(size: int, amount: float, generator: torch.Generator, nodes: int = 5) -> Tensor:
    """A smooth random displacement field (size, size, 2) in patch pixels (the paper's elastic deformation)."""
    coarse = torch.randn((1, 2, nodes, nodes), generator=generator) * amount * size / nodes
    return F.interpolate(coarse, size=(size, size), mode="bicubic", align_corners=True)[0].permute(1, 2, 0)


def vary_grey_values(image: Tensor, config: AugmentationConfig, generator: torch.Generator) -> Tensor:
    """Vary gamma, contrast, brightness, shading, blur and noise of normalized images (N, C, Y, X), each its own way."""
    n = image.shape[0]

    def normal(amount: float) -> Tensor:
        return torch.randn((n, 1, 1, 1), generator=generator) * amount

    def uniform() -> Tensor:
        return torch.rand((n, 1, 1, 1), generator=generator)

    image = torch.where(uniform() < config.invert, 1.0 - image, image)
    image = image.sign() * image.abs().clamp_min(1e-6) ** torch.exp(normal(config.gamma))
    image = image * torch.exp(normal(config.contrast)) + normal(config.brightness)
    ramp = torch.linspace(-1, 1, image.shape[-1])
    image = image + normal(config.shading) * ramp + normal(config.shading) * ramp[: image.shape[-2], None]
    image = _blur_some(image, config.blur, generator)
    return image + torch.randn(image.shape, generator=generator) * uniform() ** 2 * config.noise


def _blur_some(image: Tensor, largest: float, generator: torch.Generator) -> Tensor:
    blurred = []
    for one in image:
        sigma = largest * float(torch.rand((), generator=generator))
        if float(torch.rand((), generator=generator)) < 1 / 3 and sigma > 0.3:
            line = torch.arange(-4, 5, dtype=torch.float32)
            kernel = torch.exp(-(line**2) / (2 * sigma**2))
            kernel = (kernel / kernel.sum()).expand(one.shape[0], 1, 1, -1)
            one = F.conv2d(F.pad(one[None], (4, 4, 4, 4), mode="reflect"), kernel, groups=one.shape[0])
            one = F.conv2d(one, kernel.transpose(2, 3), groups=one.shape[1])[0]
        blurred.append(one)
    return torch.stack(blurred)
