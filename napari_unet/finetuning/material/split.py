"""Which reviewed objects only score the model: a part that lies apart, in space, from what is learned from.

Whole images are held out where there are several; else reviewed regions that lie apart; else one side of a straight
cut, with a gap of an object's width. The cut is the same in all planes of an image, because an object runs through
several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unet.heads.outcome import ENOUGH, TOO_FEW
from napari_unet.heads.survey import Survey
from napari_unet.labels.types import Mask

MIN_OBJECTS = 8
"""With fewer reviewed objects all are learned from, and nothing is known about the score."""
_LARGEST_SHARE = 1 / 3
"""Where a share would be too few objects to tell anything, up to so many are held out."""


@dataclass(frozen=True, eq=False)
class Split:
    """For each image two YX masks: where its reviewed pixels are learned from, and where they only score."""

    training: tuple[Mask, ...]
    held_out: tuple[Mask, ...]

    @property
    def holds_out(self) -> bool:
        return any(mask.any() for mask in self.held_out)


@dataclass(frozen=True, eq=False)
class _Division:
    """Which objects (bool, in the survey's order) a split learns from and scores; `build` makes its masks."""

    learned: Mask
    scored: Mask
    build: Callable[[], Split]


def split_reviewed(
    survey: Survey, reviewed: Sequence[Mask], share: float, generator: np.random.Generator, known: Mask | None = None
) -> Split:
    """Divide what was reviewed.

    Parameters
    ----------
    survey : Survey
        The reviewed objects.
    reviewed : sequence of bool arrays (Y, X)
        For each image, where any of its planes was reviewed.
    share : float
        Share of the objects to hold out; 0: none.
    known : bool array, optional
        For each object of the survey whether the old model has learned from it: others are held out first.
    """
    known = np.zeros(len(survey.objects), bool) if known is None else known

    def cost(candidate: _Division) -> float:
        scored = int(candidate.scored.sum())
        return _cost(candidate, survey, share) + (float(known[candidate.scored].mean()) if scored else 0.0)

    if survey.n_objects >= MIN_OBJECTS and share > 0:
        share = telling_share(share, survey.n_objects)
        for candidates in (
            _by_image(survey, reviewed, share, generator),
            _by_region(survey, reviewed, generator),
            _by_cut(survey, reviewed),
        ):
            best = min(candidates, key=cost, default=None)
            if best is not None and _cost(best, survey, share) < 1.0:
                return best.build()
    return Split(tuple(reviewed), tuple(np.zeros_like(mask) for mask in reviewed))


def telling_share(share: float, n_objects: int) -> float:
    """`share`, or a larger one by which as many objects are held out as can tell something, if there are enough."""
    needed = next((n / n_objects for n in (ENOUGH, TOO_FEW) if n / n_objects <= _LARGEST_SHARE), 0.0)
    return max(share, needed)


def count_inside(survey: Survey, masks: Sequence[Mask]) -> int:
    """Objects, each counted once, whose centre lies in the YX mask of their image."""
    there = [found for found, inside in zip(survey.objects, are_inside(survey, masks), strict=True) if inside]
    return len({(found.image, found.label) for found in there})


def are_inside(survey: Survey, masks: Sequence[Mask]) -> Mask:
    """For each reviewed outline whether its centre lies in the YX mask of its image."""
    places = (masks[found.image][_pixel(found.center, masks[found.image])] for found in survey.objects)
    return np.array([bool(place) for place in places], bool)


def _cost(candidate: _Division, survey: Survey, share: float) -> float:
    """How far a split is from holding out `share` of the objects and of the corrections; 1 or more: not usable."""
    learned, scored = int(candidate.learned.sum()), int(candidate.scored.sum())
    if scored < 2 or learned < 3 or scored > learned:
        return float("inf")
    kinds = np.array([found.kind for found in survey.objects])
    if set(kinds) != set(kinds[candidate.learned]):
        return float("inf")  # a class of which nothing is learned
    n = len(survey.objects)
    cost = abs(scored / n - share) / share + 1.0 - (learned + scored) / n
    corrected = np.array([found.corrected for found in survey.objects])
    if corrected.any():
        # Held-out objects that were right before can only show that nothing got worse: hold out corrections too.
        held = float(corrected[candidate.scored].sum() / corrected.sum())
        cost += 0.5 * min(1.0, abs(held - share) / share)
    return cost


def _by_image(
    survey: Survey, reviewed: Sequence[Mask], share: float, generator: np.random.Generator, tries: int = 100
) -> Iterator[_Division]:
    """Whole images held out; at least two are left to learn from."""
    n = len(reviewed)
    image = np.array([found.image for found in survey.objects])
    if n < 3:
        return
    for _ in range(tries):
        size = int(np.clip(round(share * n) + generator.integers(-1, 2), 1, n - 2))
        out = np.isin(np.arange(n), generator.permutation(n)[:size])

        def build(out: Mask = out) -> Split:
            empty = [np.zeros_like(mask) for mask in reviewed]
            return Split(
                tuple(empty[i] if out[i] else mask for i, mask in enumerate(reviewed)),
                tuple(mask if out[i] else empty[i] for i, mask in enumerate(reviewed)),
            )

        yield _Division(~out[image], out[image], build)


def _by_region(
    survey: Survey, reviewed: Sequence[Mask], generator: np.random.Generator, tries: int = 100
) -> Iterator[_Division]:
    """Reviewed regions that lie at least an object apart, in random groups."""
    regions, offset = [], 0
    for number, mask in enumerate(reviewed):
        labels, count = _apart(mask, survey.gap(number))
        regions.append(np.where(labels > 0, labels + offset, 0))
        offset += count
    if offset < 3:
        return
    home = np.array([regions[found.image][_pixel(found.center, regions[found.image])] for found in survey.objects])
    for _ in range(tries):
        out = np.zeros(offset + 1, bool)
        out[1 + generator.permutation(offset)[: int(generator.integers(1, offset - 1))]] = True

        def build(out: Mask = out) -> Split:
            held = [out[labels] for labels in regions]
            return Split(
                tuple(mask & ~there for mask, there in zip(reviewed, held, strict=True)),
                tuple(mask & there for mask, there in zip(reviewed, held, strict=True)),
            )

        yield _Division((home > 0) & ~out[home], out[home], build)


def _apart(mask: Mask, gap: float) -> tuple[npt.NDArray[np.int32], int]:
    """Label the parts of `mask` that are more than `gap` pixels from one another."""
    near = ndimage.distance_transform_edt(~mask) <= gap / 2 if mask.any() else mask
    labels, count = ndimage.label(near, structure=np.ones((3, 3)))
    return labels, int(count)


def _by_cut(survey: Survey, reviewed: Sequence[Mask]) -> Iterator[_Division]:
    """One side of a straight cut through each image, at several angles and places, with a gap of an object's width."""
    image = np.array([found.image for found in survey.objects])
    centers = np.array([found.center for found in survey.objects])
    gaps = np.array([survey.gap(number) for number in range(len(reviewed))])
    for angle in np.arange(8) * np.pi / 4:
        direction = np.array([np.sin(angle), np.cos(angle)])
        along = centers @ direction
        for share in (0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9):
            # An image without objects has no place to cut: all of it is learned from.
            cuts = np.array(
                [np.quantile(along[image == i], share) if (image == i).any() else np.inf for i in range(len(reviewed))]
            )

            def build(direction: npt.NDArray[np.float64] = direction, cuts: npt.NDArray[np.float64] = cuts) -> Split:
                sides = [_sides(mask, direction, cuts[i], gaps[i]) for i, mask in enumerate(reviewed)]
                return Split(tuple(learn for learn, _ in sides), tuple(score for _, score in sides))

            beyond = along - cuts[image]
            yield _Division(beyond < -gaps[image] / 2, beyond > gaps[image] / 2, build)


def _sides(mask: Mask, direction: npt.NDArray[np.float64], cut: float, gap: float) -> tuple[Mask, Mask]:
    rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
    along = rows * direction[0] + columns * direction[1]
    return mask & (along < cut - gap / 2), mask & (along > cut + gap / 2)


def _pixel(center: tuple[float, float], labels: npt.NDArray[Any]) -> tuple[int, int]:
    y, x = (min(round(place), size - 1) for place, size in zip(center, labels.shape, strict=True))
    return y, x
