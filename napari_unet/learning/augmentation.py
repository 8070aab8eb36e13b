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


FULL = AugmentationConfig()
_GENTLE = AugmentationConfig(gamma=0.15, contrast=0.12, brightness=0.04, shading=0.05, noise=0.03, blur=0.6)


def augmentation_for(untrained: bool) -> AugmentationConfig:
    """How patches of what was reviewed are varied: grey values half as much, unless the network is `untrained`.

    A long training has to be ready for any microscope. A network that knows much already has a minute for images like
    those that it will see, which are scaled alike.
    """
    return FULL if untrained else _GENTLE


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
    offsets = sampling_offsets(torch.tensor([zoom]), (sides[-2], sides[-1]), config, generator)[0][0]
    places = offsets + torch.tensor(centre[-2:])
    if len(shape) == 3:
        up = 1.0 if float(torch.rand((), generator=generator)) < 0.5 else -1.0
        slices = torch.arange(sides[0], dtype=torch.float32) - (sides[0] - 1) / 2
        depths = (up * slices + centre[0])[:, None, None, None].expand(*sides, 1)
        places = torch.cat([depths, places.expand(*sides, 2)], dim=-1)
    extent = torch.tensor(shape[::-1], dtype=torch.float32)
    return ((2 * places.flip(-1) + 1) / extent - 1)[None]


def sampling_offsets(
    zooms: Tensor,
    sides: tuple[int, int],
    config: AugmentationConfig,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Where the pixels of randomly varied patches lie in their images, seen from the middle of each patch.

    Parameters
    ----------
    zooms : Tensor
        (N,): patch pixels that make an image pixel. The places are worked out where these are; what is drawn is the
        same everywhere.
    sides : tuple of int
        Of the patches (Y, X), in pixels.

    Returns
    -------
    offsets : Tensor
        (N, Y, X, 2), in image pixels along y and x.
    matrices : Tensor
        (N, 2, 2), how many image pixels (y, x) a step along y and along x of a patch is, but for bends.
    """
    n, there = len(zooms), zooms.device
    angle = 2 * math.pi * torch.rand(n, generator=generator)
    flip = torch.where(torch.rand(n, generator=generator) < 0.5, 1.0, -1.0)
    stretch = torch.exp(config.stretch * torch.randn(n, generator=generator) / 2)
    scale = torch.exp(torch.randn(n, generator=generator).clamp(-2.0, 2.0) * config.scale)
    c, s = angle.cos(), angle.sin()
    rows = torch.stack([c * stretch, -s / stretch * flip, s * stretch, c / stretch * flip], dim=1)
    matrices = (rows.reshape(n, 2, 2) / scale[:, None, None]).to(there) / zooms[:, None, None]
    lines = [torch.arange(side, dtype=torch.float32, device=there) - (side - 1) / 2 for side in sides]
    points = torch.stack(torch.meshgrid(*lines, indexing="ij"), dim=-1).expand(n, *sides, 2)
    if config.elastic > 0:
        points = points + _bend(sides, config.elastic, generator, zooms)
    return torch.einsum("nij,nyxj->nyxi", matrices, points), matrices


def _bend(sides: tuple[int, ...], amount: float, generator: torch.Generator, like: Tensor, nodes: int = 5) -> Tensor:
    """Smooth random displacement fields (N, Y, X, 2) in patch pixels (the paper's elastic deformation), one each of
    `like` (N,), and where that is."""
    coarse = torch.randn((len(like), 2, nodes, nodes), generator=generator) * amount * max(sides) / nodes
    fields = F.interpolate(coarse.to(like.device), size=sides, mode="bicubic", align_corners=True)
    return fields.permute(0, 2, 3, 1)


def vary_grey_values(image: Tensor, config: AugmentationConfig, generator: torch.Generator) -> Tensor:
    """Vary gamma, contrast, brightness, shading, blur and noise of normalized images, each its own way.

    They are (N, C, (Z,) Y, X); every slice of a volume is varied alike.
    """
    each, device = (image.shape[0], *(1,) * (image.ndim - 1)), image.device

    def normal(amount: float) -> Tensor:
        return (torch.randn(each, generator=generator) * amount).to(device)

    def uniform() -> Tensor:
        return torch.rand(each, generator=generator).to(device)

    image = torch.where(uniform() < config.invert, 1.0 - image, image)
    image = image.sign() * image.abs().clamp_min(1e-6) ** torch.exp(normal(config.gamma))
    image = image * torch.exp(normal(config.contrast)) + normal(config.brightness)
    ramp = torch.linspace(-1, 1, image.shape[-1], device=device)
    image = image + normal(config.shading) * ramp + normal(config.shading) * ramp[: image.shape[-2], None]
    image = _blur_some(image, config.blur, generator)
    return image + _noise_like(image, generator) * uniform() ** 2 * config.noise


def _noise_like(image: Tensor, generator: torch.Generator) -> Tensor:
    """Normal noise of the shape of `image`, made where the image is: that of a whole batch takes long on the CPU."""
    if image.device.type == "cpu":
        return torch.randn(image.shape, generator=generator)
    there = torch.Generator(image.device).manual_seed(int(torch.randint(2**62, (), generator=generator)))
    return torch.randn(image.shape, generator=there, device=image.device)


def vary_colours(image: Tensor, config: AugmentationConfig, generator: torch.Generator) -> Tensor:
    """Mix the channels of normalized images (N, C, Y, X) at random; what is grey stays as it is."""
    n, channels = image.shape[:2]
    if config.colour == 0 or channels == 1:
        return image
    mix = torch.eye(channels) + config.colour * torch.randn((n, channels, channels), generator=generator)
    mix = mix + (1 - mix.sum(dim=2, keepdim=True)) / channels
    return torch.einsum("ndc,nc...->nd...", mix.to(image.device), image)


def _blur_some(image: Tensor, largest: float, generator: torch.Generator) -> Tensor:
    """A third of the images are blurred, each by its own sigma, channels and slices alike."""
    n = len(image)
    sigmas = largest * torch.rand(n, generator=generator)
    chosen = ((torch.rand(n, generator=generator) < 1 / 3) & (sigmas > 0.3)).nonzero()[:, 0]
    if not len(chosen):
        return image
    there = chosen.to(image.device)
    planes = image.index_select(0, there).flatten(1, -3)
    line = torch.arange(-4, 5, dtype=torch.float32)
    kernels = torch.exp(-(line**2) / (2 * sigmas[chosen, None] ** 2))
    kernels = (kernels / kernels.sum(dim=1, keepdim=True)).to(image.device)
    kernel = kernels.repeat_interleave(planes.shape[1], 0)[:, None, None]
    one = F.pad(planes, (4, 4, 4, 4), mode="reflect").flatten(0, 1)[None]
    one = F.conv2d(one, kernel, groups=len(kernel))
    one = F.conv2d(one, kernel.transpose(2, 3), groups=len(kernel))
    return image.index_copy(0, there, one.reshape(len(chosen), *image.shape[1:]))
