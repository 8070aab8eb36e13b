"""Blind spots: pixels that the network does not see, and is to foretell from their neighbours.

Noise that is independent from pixel to pixel cannot be foretold, so that what the network learns is the image without
it (Krull, Buchholz and Jug, Noise2Void, CVPR 2019). The median of the neighbours in the place of the pixel leaves no
checkerboard (Hoeck et al., N2V2, 2022). Where noise goes along a line, the network must not see that line, either
(Broaddus et al., Removing structured noise with self-supervised blind-spot networks, ISBI 2020).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_CELL = 4  # one blind spot in each cell of so many pixels a side
REACH = 5  # pixels along a line that are hidden with a blind spot, to each side


def blind_spots(images: Tensor, replacement: str, structure: str, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """What the network sees of `images` (N, 1, Y, X), and where (N, 1, Y, X) it is blind: 1, elsewhere 0.

    Parameters
    ----------
    replacement : str
        "median" of the eight neighbours, or "uniform": one of the 24 around at random.
    structure : str
        "rows", "columns" or "none": along which noise goes on.
    """
    spots = _spots(images, generator)
    neighbours = _median(images) if replacement == "median" else _random_neighbour(images, generator)
    if structure == "none":
        return torch.where(spots > 0, neighbours, images), spots
    size = (1, 2 * REACH + 1) if structure == "rows" else (2 * REACH + 1, 1)
    margin = (size[0] // 2, size[1] // 2)
    hidden = F.max_pool2d(spots, size, stride=1, padding=margin)
    return torch.where(hidden > 0, _far_neighbour(images, structure, generator), images), spots


def _spots(images: Tensor, generator: torch.Generator) -> Tensor:
    """One spot in each cell, anywhere in it."""
    n, _, rows, columns = images.shape
    cells = (n, 1, -(-rows // _CELL), -(-columns // _CELL))
    chosen = torch.randint(0, _CELL**2, cells, generator=generator)
    marked = F.one_hot(chosen, _CELL**2).float().view(*cells, _CELL, _CELL)
    return marked.transpose(3, 4).reshape(n, 1, cells[2] * _CELL, cells[3] * _CELL)[..., :rows, :columns].contiguous()


def _around(images: Tensor, reach: int) -> Tensor:
    """(N, neighbours, Y, X) of each pixel, itself left out."""
    side = 2 * reach + 1
    padded = F.pad(images, (reach,) * 4, mode="circular")  # mirrored, a pixel would be its own neighbour
    rows, columns = images.shape[-2:]
    parts = [padded[..., y : y + rows, x : x + columns] for y in range(side) for x in range(side)]
    del parts[len(parts) // 2]
    return torch.cat(parts, dim=1)


def _median(images: Tensor) -> Tensor:
    ordered = _around(images, 1).sort(dim=1).values
    return ordered[:, 3:5].mean(dim=1, keepdim=True)


def _random_neighbour(images: Tensor, generator: torch.Generator) -> Tensor:
    around = _around(images, 2)
    chosen = torch.randint(0, around.shape[1], (images.shape[0], 1, *images.shape[-2:]), generator=generator)
    return around.gather(1, chosen)


def _far_neighbour(images: Tensor, structure: str, generator: torch.Generator) -> Tensor:
    """A pixel of another line nearby: one or two to either side, shifted along it at random."""
    along = int(torch.randint(-REACH, REACH + 1, (), generator=generator))
    across = int(torch.randint(1, 3, (), generator=generator)) * (
        1 if torch.rand((), generator=generator) < 0.5 else -1
    )
    shifts = (across, along) if structure == "rows" else (along, across)
    return images.roll(shifts, dims=(-2, -1))
