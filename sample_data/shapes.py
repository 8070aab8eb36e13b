"""Smooth random fields, and nuclei built from them: their outline, density and chromatin at any coordinate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class SmoothField:
    """Random field of mean 0 and standard deviation 1, defined at every point, with structure of about `period`."""

    def __init__(self, rng: np.random.Generator, ndim: int, period: float, count: int = 40) -> None:
        directions = rng.normal(size=(count, ndim))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        self.waves = directions * (2 * np.pi / period) * rng.uniform(0.5, 1.6, size=(count, 1))
        self.phases = rng.uniform(0, 2 * np.pi, size=count)

    def at(self, points: Array) -> Array:
        """Values at `points` (..., ndim)."""
        total = np.zeros(points.shape[:-1])
        for wave, phase in zip(self.waves, self.phases, strict=True):
            total += np.cos(points @ wave + phase)
        return total * np.sqrt(2 / len(self.phases))


def grid(shape: tuple[int, ...], pixel: tuple[float, ...]) -> Array:
    """Physical coordinates (*shape, ndim) of the pixels of an array of `shape`."""
    axes = [np.arange(size) * step for size, step in zip(shape, pixel, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


@dataclass
class Nucleus:
    """A nucleus in physical units; 2D ones are projections of flat ellipsoids."""

    centre: Array
    radii: Array
    rotation: Array
    brightness: float
    rng: np.random.Generator
    roughness: float = 0.07
    condensed: bool = False
    parts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ndim, size = len(self.radii), float(np.mean(self.radii))
        rng = self.rng
        self.parts["outline"] = SmoothField(rng, ndim, 2.2, 16)
        self.parts["coarse"] = SmoothField(rng, ndim, size * 0.75, 24)
        self.parts["fine"] = SmoothField(rng, ndim, size * 0.28, 48)
        self.parts["contrast"] = 0.12 if self.condensed else float(rng.uniform(0.13, 0.28))
        count = 0 if self.condensed else int(rng.integers(1, 5))
        self.parts["nucleoli"] = rng.uniform(-0.5, 0.5, size=(count, ndim)) * self.radii
        self.parts["nucleolus_radius"] = size * rng.uniform(0.13, 0.24, size=count)

    def distance(self, points: Array) -> tuple[Array, Array]:
        """Relative distance from the centre (1 at the outline), and body coordinates, of `points` (..., ndim)."""
        body = (points - self.centre) @ self.rotation
        relative = body / self.radii
        radius = np.linalg.norm(relative, axis=-1)
        direction = relative / np.maximum(radius, 1e-6)[..., None]
        return radius / (1 + self.roughness * self.parts["outline"].at(direction)), body

    def density(self, points: Array, softness: float) -> tuple[Array, npt.NDArray[np.bool_]]:
        """DNA density and inside mask of `points` (..., ndim); `softness` is the width of the edge, relative."""
        distance, body = self.distance(points)
        edge = np.clip((1 - distance) / softness + 0.5, 0, 1)
        if len(self.radii) == 2:  # thickness of a flattened body seen from above
            edge = edge * np.clip(1 - distance**2, 0.12, 1) ** 0.35
        contrast = self.parts["contrast"]
        chromatin = 1 + contrast * self.parts["coarse"].at(body) + 0.8 * contrast * self.parts["fine"].at(body)
        for centre, radius in zip(self.parts["nucleoli"], self.parts["nucleolus_radius"], strict=True):
            gap = np.sum((body - centre) ** 2, axis=-1) / radius**2
            chromatin -= 0.55 * np.exp(-gap)
        return self.brightness * edge * np.clip(chromatin, 0.15, 2.6), distance < 1


def rotation(rng: np.random.Generator, ndim: int, angle: float | None = None) -> Array:
    """Random rotation matrix; in 3D mostly about the z axis (cells lie flat)."""
    angle = rng.uniform(0, 2 * np.pi) if angle is None else angle
    cos, sin = np.cos(angle), np.sin(angle)
    plane = np.array([[cos, -sin], [sin, cos]])
    if ndim == 2:
        return plane
    turn, tilt = np.eye(3), rng.normal(0, 0.25)
    turn[1:, 1:] = plane
    lean = np.array([[np.cos(tilt), 0, -np.sin(tilt)], [0, 1, 0], [np.sin(tilt), 0, np.cos(tilt)]])
    return turn @ lean


def draw(nuclei: list[Nucleus], ids: list[int], shape: tuple[int, ...], pixel: tuple[float, ...]) -> tuple[Array, Any]:
    """Density and labels (both `shape`) of `nuclei`.

    Where two overlap, light adds up, and the pixel belongs to the one that it lies deeper inside.
    """
    density, labels = np.zeros(shape), np.zeros(shape, np.uint16)
    depth = np.full(shape, 1.0)
    steps = np.array(pixel)
    for nucleus, number in zip(nuclei, ids, strict=True):
        reach = np.max(nucleus.radii) * 1.35
        low = np.maximum(0, np.floor((nucleus.centre - reach) / steps)).astype(int)
        high = np.minimum(shape, np.ceil((nucleus.centre + reach) / steps).astype(int) + 1)
        if np.any(high <= low):
            continue
        box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        points = grid(tuple(high - low), pixel) + low * steps
        light, _ = nucleus.density(points, softness=float(steps[-1] / np.mean(nucleus.radii)) * 1.5)
        distance, _ = nucleus.distance(points)
        density[box] += light
        front = distance < depth[box]
        labels[box][front] = number
        depth[box][front] = distance[front]
    return density, labels
