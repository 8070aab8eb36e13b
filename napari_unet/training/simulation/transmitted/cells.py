"""Outlines of cells spread on glass: polygonal, elongated, branched, alone or grown together; and of round ones."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from skimage.segmentation import watershed

from napari_unet.labels.types import Array, Doubles, Floats, Labels
from napari_unet.training.simulation.rods import draw_rods
from napari_unet.training.simulation.shapes import simulate_labels, tidy
from napari_unet.training.simulation.textures import smooth_texture

Rng = np.random.Generator

_MOST_CELLS = 150
_HIDDEN = 0.5  # a cell of which others hide more is not seen


def draw_cells(side: int, rng: Rng, spread: float = 0.7, rods: float = 0.12) -> Labels:
    """Labels (side, side) of one kind of cells: `spread` on glass, rods, or round ones."""
    kind = rng.random()
    if kind < spread:
        return draw_spread(side, rng)
    return tidy(draw_rods(side, rng)) if kind < spread + rods else simulate_labels(side, rng)


@dataclass(frozen=True)
class _Habit:
    """What the cells of an image have in common; sizes in pixels, lengths in diameters."""

    diameter: float
    unequal: float  # standard deviation of the logarithm of the diameter
    slim: float  # mean logarithm of the body's aspect
    arms: float  # how many, on average
    reach: float  # median length of an arm
    taper: float  # arms are wedges (1) or threads (0.3)
    ruffle: float  # of the border, in diameters
    way: float  # the direction that cells lie along, and how far they stray from it
    stray: float
    round_share: float


def draw_spread(side: int, rng: Rng, sizes: tuple[float, float] = (14, 75)) -> Labels:
    """Labels (side, side) of cells of one habit, whose median diameter is one of `sizes` in pixels."""
    habit = _draw_habit(rng, sizes)
    wanted = int(rng.uniform(0.2, 1.0) ** 2 * side**2 / (0.8 * habit.diameter**2)) + 2
    best, labels = np.zeros((side, side), np.float32), np.zeros((side, side), np.int32)
    bumpy = smooth_texture((side, side), habit.diameter * rng.uniform(0.15, 0.5), rng)
    on_top = rng.random() < 0.3  # cells lie over each other, or meet
    drawn = [0.0]  # areas by number
    for number, centre in enumerate(_places(side, min(wanted, _MOST_CELLS), habit.diameter, rng), start=1):
        drawn.append(_add_cell(labels, best, number, centre, habit, bumpy, on_top, rng))
    seen = np.bincount(labels.ravel(), minlength=len(drawn))
    labels[(seen < (1 - _HIDDEN) * np.array(drawn))[labels]] = 0
    if rng.random() < 0.25:
        labels = _grow_together(labels, habit.diameter, rng)
    return tidy(labels)


def _draw_habit(rng: Rng, sizes: tuple[float, float]) -> _Habit:
    return _Habit(
        diameter=math.exp(rng.uniform(math.log(sizes[0]), math.log(sizes[1]))),
        unequal=rng.uniform(0.1, 0.5),
        slim=rng.uniform(0, 1.1),
        arms=rng.uniform(0.5, 5),
        reach=rng.uniform(0.3, 1.3),
        taper=rng.uniform(0.3, 1.0),
        ruffle=0.05 * rng.uniform(0, 1) ** 2,
        way=rng.uniform(0, np.pi),
        stray=rng.uniform(0.1, 3),
        round_share=rng.uniform(0, 0.25) if rng.random() < 0.6 else 0.0,
    )


def _places(side: int, wanted: int, diameter: float, rng: Rng) -> Doubles:
    """Scattered, or denser where a random field is high."""
    places = rng.uniform(0, side, (4 * wanted, 2))
    if rng.random() < 0.5:
        dense = smooth_texture((side, side), rng.uniform(2, 8) * diameter, rng)[tuple(places.astype(int).T)]
        places = places[np.argsort(-dense + rng.normal(0, 0.7, len(places)))]
    return places[:wanted]


def _add_cell(
    labels: Labels, best: Floats, number: int, centre: Doubles, habit: _Habit, bumpy: Floats, on_top: bool, rng: Rng
) -> float:
    """Draw a cell where it reaches further than the others do, or over them; its area, hidden or not."""
    size = habit.diameter * float(np.exp(rng.normal(0, habit.unequal)))
    rounded = rng.random() < habit.round_share
    arms = [] if rounded else _draw_arms(size, habit, rng)
    aspect = math.exp(min(max(habit.slim + rng.normal(0, 0.3), 0), 1.8))
    reach = int(max([0.42 * size * aspect**0.5, *(arm.length for arm in arms)])) + 2
    low = np.maximum(0, centre.astype(int) - reach)
    high = np.minimum(labels.shape, centre.astype(int) + reach)
    down = np.arange(low[0], high[0], dtype=np.float32)[:, None] - float(centre[0])
    right = np.arange(low[1], high[1], dtype=np.float32) - float(centre[1])
    way = habit.way + rng.normal(0, habit.stray)
    x, y = math.cos(way) * right + math.sin(way) * down, math.cos(way) * down - math.sin(way) * right
    box = np.s_[low[0] : high[0], low[1] : high[1]]
    if rounded:
        depth = (rng.uniform(0.2, 0.38) * size - np.hypot(y, x)) * 3
    else:
        depth = _depth_of_spread(y, x, size, aspect, arms) + habit.ruffle * size * bumpy[box]
    inside = depth > 0
    won = inside & ((depth > best[box]) | (on_top or rounded))
    if won.sum() > (1 - _HIDDEN) * inside.sum():
        labels[box][won] = number
        best[box][won] = depth[won]
    return float(inside.sum())


@dataclass(frozen=True)
class _Arm:
    angle: float  # from the axis of the cell
    length: float  # from its centre, pixels
    width: float  # at its root, of the width of the body
    bend: float
    power: float  # of how it tapers: 1 is a wedge, 3 a thread


def _draw_arms(size: float, habit: _Habit, rng: Rng) -> list[_Arm]:
    return [
        _Arm(
            angle=rng.normal(0, 0.25 + 3 * math.exp(-2 * habit.slim)) + math.pi * int(rng.integers(2)),
            length=size * (habit.reach * math.exp(min(rng.normal(0, 0.4), 0.7)) + 0.3),
            width=rng.uniform(0.35, 0.9),
            bend=rng.normal(0, 0.15),
            power=1 / habit.taper,
        )
        for _ in range(min(int(rng.poisson(habit.arms)), 7))
    ]


def _depth_of_spread(y: Array, x: Array, size: float, aspect: float, arms: list[_Arm]) -> Floats:
    """How deep inside a cell a pixel lies, its axis along x: the smooth union of a body and of arms that taper."""
    half, soft = 0.38 * size / aspect**0.5, 0.06 * size
    total = np.exp((half - np.hypot(x / aspect, y)) / soft)
    for arm in arms:
        out = math.cos(arm.angle) * x + math.sin(arm.angle) * y
        off = math.cos(arm.angle) * y - math.sin(arm.angle) * x + arm.bend / arm.length * out**2
        rest = 1 - out / arm.length
        width = half * arm.width * rest.clip(0) ** arm.power
        total += np.exp(np.minimum(np.where(out > 0, width, -size) - np.abs(off), arm.length * rest) / soft) * 0.8
    depth: Floats = soft * np.log(total + 1e-9)
    return depth


def _grow_together(labels: Labels, diameter: float, rng: Rng) -> Labels:
    """Cells grow from where they are until their fronts meet, in islands or everywhere; fronts run unevenly fast."""
    shape = labels.shape
    slow = smooth_texture(shape, rng.uniform(0.3, 1.0) * diameter, rng)
    where = smooth_texture(shape, rng.uniform(1.5, 6) * diameter, rng) > rng.uniform(-2.5, 0.3)
    compact = float(np.exp(rng.uniform(np.log(0.03), np.log(1.0))))
    grown: Labels = watershed(slow, labels, mask=where | (labels > 0), compactness=compact).astype(np.int32)
    return grown
