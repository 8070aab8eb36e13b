"""Simulated rods: bacteria alone, in chains and in packed colonies, and short filaments, straight or bent."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Labels

Rng = np.random.Generator


def draw_rods(side: int, rng: Rng) -> Labels:
    """Labels (side, side) of rods of one width and different lengths; neighbours in a colony lie along each other."""
    width = float(np.exp(rng.uniform(np.log(6), np.log(24))))
    slim = rng.uniform(1.3, 5.0)  # median length in widths
    bend, hidden = rng.uniform(0, 0.5) ** 2, rng.uniform(0.03, 0.25)
    wanted = int(rng.uniform(0.15, 1.6) * side**2 / (slim * width**2)) + 1
    labels = np.zeros((side, side), np.int32)
    for number, (centre, angle) in enumerate(_places(side, wanted, width * slim, rng), start=1):
        length = width * max(1.1, slim * float(np.exp(rng.normal(0, 0.3))))
        _add_rod(labels, number, centre, angle, length, width * rng.uniform(0.9, 1.1), bend * rng.normal(), hidden)
    return labels


def _places(side: int, wanted: int, length: float, rng: Rng) -> list[tuple[npt.NDArray[np.float64], float]]:
    """Centres and angles: scattered, or colonies whose rods point about the same way."""
    if rng.random() < 0.4:
        return [(rng.uniform(0, side, 2), rng.uniform(0, np.pi)) for _ in range(wanted)]
    hubs = rng.uniform(0, side, (int(rng.integers(1, 6)), 2))
    ways, stray = rng.uniform(0, np.pi, len(hubs)), rng.uniform(0.1, 0.6)
    reach = length * np.sqrt(wanted / len(hubs)) * rng.uniform(0.25, 0.6)
    chosen = rng.integers(len(hubs), size=wanted)
    return [(hubs[hub] + rng.normal(0, reach, 2), ways[hub] + rng.normal(0, stray)) for hub in chosen]


def _add_rod(
    labels: Labels,
    number: int,
    centre: npt.NDArray[np.float64],
    angle: float,
    length: float,
    width: float,
    bend: float,
    hidden: float,
) -> None:
    """Draw one rod with round ends, its axis bent to a parabola, where others hide at most a share `hidden` of it."""
    reach = int(length / 2 + width) + 2
    low = np.maximum(0, centre.astype(int) - reach)
    high = np.minimum(labels.shape, centre.astype(int) + reach)
    if (high <= low).any():
        return
    y, x = np.mgrid[low[0] : high[0], low[1] : high[1]] - centre[:, None, None]
    along = np.cos(angle) * x + np.sin(angle) * y
    across = np.cos(angle) * y - np.sin(angle) * x
    across = across - bend * (along**2 / max(length, 1.0) - length / 12)
    inside = np.hypot(np.maximum(np.abs(along) - (length - width) / 2, 0), across) < width / 2
    box = labels[low[0] : high[0], low[1] : high[1]]
    free = inside & (box == 0)
    if free.sum() > (1 - hidden) * inside.sum():
        box[free] = number
