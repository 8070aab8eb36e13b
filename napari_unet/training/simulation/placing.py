"""Objects put into an image with a frame of their own, so that what is inside can follow their axes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import edt
import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from napari_unet.labels.types import Floats, Labels
from napari_unet.training.simulation.textures import texture

Rng = np.random.Generator
Inside = Callable[[Any, Any], Any]
"""Of pixels `along` and `across` an object, which are inside."""


@dataclass
class Placed:
    """Objects of a square image, and for each pixel of one how far along and across it lies, in pixels.

    Where nothing is, `along` and `across` are 0.
    """

    side: int
    count: int = 0
    labels: Labels = field(init=False)
    along: Floats = field(init=False)
    across: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Nothing yet."""
        self.labels = np.zeros((self.side, self.side), np.int32)
        self.along = np.zeros((self.side, self.side), np.float32)
        self.across = np.zeros((self.side, self.side), np.float32)

    def add(self, centre: Any, turn: float, reach: float, inside: Inside, hidden: float) -> bool:
        """Put one object under those that are there, if they hide at most a share `hidden` of it; whether it was put.

        `turn` is the angle of its long axis; none of it is more than `reach` from `centre`.
        """
        low = np.maximum(0, np.floor(np.asarray(centre) - reach).astype(int))
        high = np.minimum(self.side, np.ceil(np.asarray(centre) + reach).astype(int) + 1)
        if (high <= low).any():
            return False
        y = np.arange(low[0], high[0], dtype=np.float32)[:, None] - np.float32(centre[0])
        x = np.arange(low[1], high[1], dtype=np.float32)[None] - np.float32(centre[1])
        cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        along, across = cos * x + sin * y, cos * y - sin * x
        within = inside(along, across)
        box = (slice(low[0], high[0]), slice(low[1], high[1]))
        free = within & (self.labels[box] == 0)
        if not free.any() or free.sum() < (1 - hidden) * within.sum():
            return False
        self.count += 1
        self.labels[box][free] = self.count
        self.along[box][free] = along[free]
        self.across[box][free] = across[free]
        return True


def lens(
    long: float, short: float, fullness: float, bend: float = 0.0, bumps: float = 0.0, phase: float = 0.0
) -> Inside:
    """A shape of half axes `long` and `short`: a lens at fullness 0, an ellipse at 0.5, nearly a bar at 0.8.

    `bend` bows its long axis, in parts of its half length; `bumps` are the heights of waves along its sides.
    """

    def inside(along: Any, across: Any) -> Any:
        part = along / np.float32(long)
        bowed = across - np.float32(bend * long) * (part**2 - np.float32(0.33))
        width = (1 - part**2).clip(0) ** np.float32(1 - fullness) * np.float32(short)
        if bumps > 0:
            width = width * (1 + np.float32(bumps) * np.sin(np.float32(4) * part + np.sign(bowed) + np.float32(phase)))
        return np.abs(bowed) < width

    return inside


def facets(radius: float, turns: npt.NDArray[Any], distances: npt.NDArray[Any]) -> Inside:
    """A convex shape with a flat side at each of the angles `turns`, at `distances` from its centre in radii."""

    def inside(along: Any, across: Any) -> Any:
        within = np.ones(np.broadcast_shapes(along.shape, across.shape), bool)
        for turn, distance in zip(turns, distances, strict=True):
            within &= np.float32(np.cos(turn)) * along + np.float32(np.sin(turn)) * across < np.float32(
                radius * distance
            )
        return within

    return inside


def pack(side: int, diameter: float, rng: Rng, spread: float = 0.3, stretch: float = 1.0, bend: float = 0.1) -> Labels:
    """Cells that fill an image, numbered from 1: a power diagram of jittered points.

    `spread` is the deviation of the logarithm of their sizes, `stretch` how much longer than wide they are, all in one
    direction, and `bend` how much their walls are bowed, in diameters.
    """
    reach = int(side / diameter * max(stretch, 1 / stretch) ** 0.5 * 0.75) + 2
    grid = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1).T.astype(np.float64)
    points = (grid + np.array([0.5, 0.0]) * (grid[:, 1:] % 2) + rng.uniform(-0.42, 0.42, grid.shape)) * diameter
    weight = (0.5 * diameter * np.exp(rng.normal(0, spread, len(points)))) ** 2
    lifted = np.column_stack([points, np.sqrt(weight.max() - weight)])
    turn = rng.uniform(0, np.pi)
    y, x = np.mgrid[:side, :side].astype(np.float32) - side / 2
    shape = (side, side)
    if bend > 0:
        y = y + bend * diameter * texture(shape, diameter, rng)
        x = x + bend * diameter * texture(shape, diameter, rng)
    u, v = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    places = np.stack([v * stretch**0.5, u / stretch**0.5, np.zeros(shape)], -1).reshape(-1, 3)
    nearest = cKDTree(lifted).query(places)[1]
    labels: Labels = (nearest + 1).astype(np.int32).reshape(shape)
    return labels


def inner_distance(labels: npt.NDArray[Any]) -> Floats:
    """How far each pixel of `labels` (Y, X) is from another number, 0 where there is none; at most the image's size."""
    depth: Floats = np.minimum(edt.edt(np.ascontiguousarray(labels, np.uint32)), np.float32(max(labels.shape)))
    return depth
