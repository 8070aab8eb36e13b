"""A user who corrects labels, for `effort.py`: knows the truth, and does what a person does who sees what is wrong.

An object is right if a label has at least `RIGHT` IoU with it, and is then left alone. What is wrong is sorted into
mistakes: objects *missed* (no label on them), *merged* (several tied together by what one label covers; repaired
together, or the rest would be left in pieces), *split* (under several labels), with a wrong *outline* (one label, IoU
below `RIGHT`), and *false* labels (on nothing). The worst comes first: the lowest IoU, and of several the
largest (`by_overlap`), so that large false labels come before whatever is half right. Or it goes by kind, in the order
above (`by_kind`): then whatever is false comes last.

A correction erases the labels that are wrong there and draws the true object; a false label is deleted. Each object
drawn and each false label deleted counts one. Of merged objects too many for what is left to do, some are drawn, and
the rest of the label loses its mark. What the window marks as reviewed by itself around what was changed is reviewed,
and nothing else: if a neighbour in there is wrong too, the user has not looked.

`Noise` makes a hasty hand of it: each outline 1 or 2 pixels too wide or too narrow, and some objects never noticed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.measure import perimeter

from napari_unet.corrections.comparison import object_areas
from napari_unet.corrections.merging import merge_segmentation
from napari_unet.corrections.reviewed import neighbourhood, typical_diameter
from napari_unet.labels.matching import OverlapTable, overlap_table

Labels = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

RIGHT = 0.7
KINDS = ("missed", "merged", "split", "outline", "false")


@dataclass(frozen=True)
class Mistake:
    """`objects` are ids of the truth, `labels` those that are wrong there; `iou` is that of the worst object.

    `left` are labels that are wrong still once it is repaired.
    """

    kind: str
    objects: tuple[int, ...]
    labels: tuple[int, ...]
    iou: float
    area: int
    left: tuple[int, ...] = ()

    @property
    def effort(self) -> int:
        """Objects to draw, or the one label to delete."""
        return max(1, len(self.objects))

    def begin(self, effort: int) -> Mistake:
        """The part of it that takes `effort`: labels stay around the objects that are drawn."""
        return replace(self, objects=self.objects[:effort], left=self.labels, labels=())


@dataclass(frozen=True)
class Noise:
    """What a hasty user does wrong: the largest error of an outline in pixels, and the share of objects not noticed."""

    pixels: int = 2
    overlooked: float = 0.05


@dataclass(eq=False)
class Desk:
    """One image as the user sees it (all Y, X); `overlooked` are the objects that the user never notices.

    `outlines` is how long all outlines are that were drawn, in diameters of a typical object.
    """

    truth: Labels
    prediction: Labels
    labels: Labels
    reviewed: Mask
    overlooked: tuple[int, ...] = ()
    corrected: Counter[str] = field(default_factory=Counter)
    outlines: float = 0.0

    @classmethod
    def begin(cls, truth: Labels, prediction: Labels, overlooked: Iterable[int] = ()) -> Desk:
        """An image that was just segmented."""
        return cls(truth, prediction, prediction.copy(), np.zeros(truth.shape, bool), tuple(overlooked))

    def segment_again(self, new: Labels) -> None:
        """Show what a new model says wherever nothing is corrected or reviewed, as the window does."""
        merged = merge_segmentation(self.labels, self.prediction, new, self.reviewed)
        self.labels, self.prediction = merged.labels, merged.prediction

    def repair(self, mistake: Mistake, draw: Callable[[Mask], Mask]) -> None:
        """Make one mistake good; what lies around it counts as reviewed from now on."""
        before = self.labels.copy()
        self.labels[np.isin(self.labels, mistake.labels)] = 0
        for cell in mistake.objects:
            drawn = draw(self.truth == cell)
            self.labels[drawn] = int(self.labels.max()) + 1
            self.outlines += float(perimeter(drawn)) / self._typical
        diameter = typical_diameter(object_areas(self.prediction).values())
        self.reviewed |= neighbourhood(before, self.labels, diameter)
        self.reviewed &= ~np.isin(self.labels, mistake.left)
        self.corrected[mistake.kind] += mistake.effort

    @cached_property
    def _typical(self) -> float:
        return typical_diameter(object_areas(self.truth).values())


def by_overlap(mistake: Mistake) -> tuple[Any, ...]:
    """The lowest IoU first, and of several the largest."""
    return mistake.iou, -mistake.area, mistake.objects, mistake.labels


def by_kind(mistake: Mistake) -> tuple[Any, ...]:
    """What is missed first, false labels last."""
    return KINDS.index(mistake.kind), *by_overlap(mistake)


Order = Callable[[Mistake], tuple[Any, ...]]


def find_mistakes(
    truth: Labels, labels: Labels, overlooked: Iterable[int] = (), worst: Order = by_overlap
) -> list[Mistake]:
    """What is wrong with `labels` (both Y, X), the worst first."""
    table = overlap_table(truth, labels)
    right = table.iou >= RIGHT
    cells = set(np.flatnonzero(table.truth_size).tolist()) - {0, *table.truth[right].tolist()}
    wrong = set(np.flatnonzero(table.predicted_size).tolist()) - {0, *table.predicted[right].tolist()}
    pairs = [(cell, label) for cell, label in _belonging(table) if cell in cells and label in wrong]
    unseen = set(overlooked)
    found = []
    for group, there in _groups(sorted(cells), pairs):
        seen = tuple(cell for cell in group if cell not in unseen)
        if seen:
            area, iou = int(table.truth_size[list(seen)].sum()), min(_best(table, cell) for cell in seen)
            found.append(Mistake(_kind(group, there), seen, there, iou, area))
    for label in wrong - {label for _, label in pairs}:
        found.append(Mistake("false", (), (label,), 0.0, int(table.predicted_size[label])))
    return sorted(found, key=worst)


def correct_image(
    desk: Desk, effort: int, generator: np.random.Generator, noise: Noise | None = None, worst: Order = by_overlap
) -> int:
    """Correct the worst mistakes of an image, `effort` objects at most; returns how many it were."""

    def draw(mask: Mask) -> Mask:
        return mask if noise is None else shake(mask, noise.pixels, generator)

    left = effort
    for mistake in find_mistakes(desk.truth, desk.labels, desk.overlooked, worst):
        if not left:
            break
        part = mistake if mistake.effort <= left else mistake.begin(left)
        desk.repair(part, draw)
        left -= part.effort
    return effort - left


def shake(mask: Mask, pixels: int, generator: np.random.Generator) -> Mask:
    """An outline drawn 1 to `pixels` too wide or too narrow; nothing is made so narrow that it vanishes."""
    off, wider = int(generator.integers(1, pixels + 1)), bool(generator.integers(2))
    if wider:
        return np.asarray(ndimage.distance_transform_edt(~mask) <= off)
    narrow = np.asarray(ndimage.distance_transform_edt(mask) > off)
    return narrow if narrow.any() else mask


def overlook(truth: Labels, share: float, generator: np.random.Generator) -> tuple[int, ...]:
    """Ids of the objects that are never noticed."""
    cells = np.setdiff1d(truth, [0])
    return tuple(int(cell) for cell in cells[generator.random(len(cells)) < share])


def _belonging(table: OverlapTable) -> list[tuple[int, int]]:
    """Pairs (object, label) of which one has at least half of itself in the other; the product counts by the same."""
    sizes = table.truth_size[table.truth], table.predicted_size[table.predicted]
    shared = table.iou * (sizes[0] + sizes[1]) / (1 + table.iou)
    there = 2 * shared >= np.minimum(*sizes) - 1e-6
    return list(zip(table.truth[there].tolist(), table.predicted[there].tolist(), strict=True))


def _groups(cells: list[int], pairs: list[tuple[int, int]]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Objects that labels tie together, with these labels."""
    labels = sorted({label for _, label in pairs})
    rows = [cells.index(cell) for cell, _ in pairs]
    columns = [len(cells) + labels.index(label) for _, label in pairs]
    size = len(cells) + len(labels)
    count, home = connected_components(coo_array((np.ones(len(rows)), (rows, columns)), shape=(size, size)), False)
    groups: list[tuple[list[int], list[int]]] = [([], []) for _ in range(count)]
    for number, group in enumerate(home.tolist()):
        if number < len(cells):
            groups[group][0].append(cells[number])
        else:
            groups[group][1].append(labels[number - len(cells)])
    return [(tuple(objects), tuple(there)) for objects, there in groups]


def _kind(group: tuple[int, ...], labels: tuple[int, ...]) -> str:
    if not labels:
        return "missed"
    if len(group) > 1:
        return "merged"
    return "split" if len(labels) > 1 else "outline"


def _best(table: OverlapTable, cell: int) -> float:
    return float(table.iou[table.truth == cell].max(initial=0.0))
