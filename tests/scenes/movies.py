"""Movies of discs (or balls) whose way is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

Way = Mapping[int, Sequence[float]]
"""Centre of an object by frame."""


def draw_movie(
    ways: Mapping[int, Way], shape: tuple[int, ...] = (80, 80), radius: Mapping[int, float] | float = 6, frames: int = 0
) -> np.ndarray:
    """Labels (T, (Z,) Y, X) int32 of an object of each id of `ways` where it is; what is missing is missing."""
    count = max(frames, 1 + max((max(way) for way in ways.values() if way), default=-1))
    labels = np.zeros((count, *shape), np.int32)
    grid = np.indices(shape)
    for number, way in ways.items():
        size = radius if isinstance(radius, (int, float)) else radius.get(number, 6)
        for frame, centre in way.items():
            off = grid - np.reshape(centre, (-1, *[1] * len(shape)))
            labels[frame][(off**2).sum(axis=0) <= size**2] = number
    return labels


def straight(start: Sequence[float], step: Sequence[float], frames: Sequence[int]) -> dict[int, tuple[float, ...]]:
    """An object that moves by `step` a frame, at `start` in frame 0, as far as it is in `frames`."""
    return {frame: tuple(a + frame * b for a, b in zip(start, step, strict=True)) for frame in frames}


def renumber(labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """The same objects with other ids in each frame, as a segmentation of each frame on its own has them."""
    random = np.random.default_rng(seed)
    found = np.zeros_like(labels)
    for number, frame in enumerate(labels):
        ids = np.unique(frame[frame > 0])
        table = np.zeros(int(labels.max(initial=0)) + 1, labels.dtype)
        table[ids] = random.permutation(ids.size) + 1
        found[number] = table[frame]
    return found


def tracks_through(tracked: np.ndarray, truth: np.ndarray, number: int) -> list[int]:
    """The ids that object `number` of `truth` has in `tracked`, one a frame that shows it."""
    return [int(tracked[t][truth[t] == number][0]) for t in range(len(truth)) if (truth[t] == number).any()]
