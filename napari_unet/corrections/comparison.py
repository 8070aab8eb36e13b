"""What a person changed, found by comparing labels with the prediction: objects corrected, added and removed.

Found from the two arrays, not from paint events: undo, scripts and other plugins then need no special case. Objects are
matched by overlap, so that it does not matter which id an object has.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import fastremap
import numpy as np
import numpy.typing as npt

from napari_unet.corrections.difference import Difference, find_differences
from napari_unet.images.written import written_parts
from napari_unet.labels.ids import compact_ids, free_ids

NO_IDS: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Counts:
    """How many objects were corrected, added and removed."""

    corrected: int = 0
    added: int = 0
    removed: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.corrected + other.corrected, self.added + other.added, self.removed + other.removed)

    @property
    def total(self) -> int:
        return self.corrected + self.added + self.removed

    @property
    def sentence(self) -> str:
        """For example "7 objects corrected, 2 added, 1 removed"; what is zero is left out."""
        named = [(self.corrected, "corrected"), (self.added, "added"), (self.removed, "removed")]
        parts = [(number, word) for number, word in named if number]
        if not parts:
            return "No objects corrected yet"
        number, word = parts[0]
        first = f"{number} {'object' if number == 1 else 'objects'} {word}"
        return ", ".join([first, *(f"{number} {word}" for number, word in parts[1:])])


@dataclass(frozen=True)
class Comparison:
    """The objects in which labels and prediction differ.

    `corrected` are ids in the labels of objects that the prediction has too, with other pixels: redrawn, or the pieces
    of a split, or the whole of a merge. `added` are ids in the labels without a predicted object under them, `removed`
    ids in the prediction of which nothing is left. `origins` has the predicted ids that each corrected id came from,
    `areas` the pixels that each corrected or added id has now. `renamed` are ids in the labels whose pixels are exactly
    those of a predicted object with another id: no correction.
    """

    corrected: frozenset[int] = NO_IDS
    added: frozenset[int] = NO_IDS
    removed: frozenset[int] = NO_IDS
    origins: Mapping[int, frozenset[int]] = field(default_factory=dict)
    renamed: frozenset[int] = NO_IDS
    areas: Mapping[int, int] = field(default_factory=dict)

    @property
    def changed(self) -> frozenset[int]:
        """Ids in the labels of all objects that a person drew, wholly or in part."""
        return self.corrected | self.added

    @property
    def counts(self) -> Counts:
        return Counts(len(self.corrected), len(self.added), len(self.removed))

    @property
    def sentence(self) -> str:
        return self.counts.sentence

    def mask(self, prediction: npt.NDArray[Any], labels: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Where corrections are, as a bool array of the shape of `labels`: changed objects, and what was erased."""
        differs: npt.NDArray[np.bool_] = prediction != labels
        if self.renamed:
            differs &= ~np.isin(labels, list(self.renamed))
        return differs | np.isin(labels, list(self.changed)) if self.changed else differs


def compare_labels(
    prediction: npt.NDArray[Any], labels: npt.NDArray[Any], reviewed: npt.NDArray[np.bool_] | None = None
) -> Comparison:
    """Compare two integer arrays of one shape (YX or ZYX: one id is one object throughout).

    With `reviewed` (bool, same shape), only objects with a change inside it count.
    """
    if prediction.shape != labels.shape:
        raise ValueError(f"labels have shape {labels.shape}, the prediction {prediction.shape}")
    if not labels.size:
        return Comparison()
    before, now = (np.ascontiguousarray(array).reshape(-1, array.shape[-1]) for array in (prediction, labels))
    difference = find_differences(before, now)
    if not len(difference):
        return Comparison()
    comparison = classify(difference, object_areas(prediction))
    if reviewed is None:
        return comparison
    seen = reviewed.reshape(before.shape)
    inside = find_differences(np.where(seen, before, 0), np.where(seen, now, 0))
    return _touched(comparison, set(inside.predicted.tolist()), set(inside.current.tolist()))


def object_areas(labels: npt.NDArray[Any]) -> dict[int, int]:
    """Pixels of each object of an integer array of any shape; of one on the disk only what was written is read."""
    areas: Counter[int] = Counter()
    for part in written_parts(labels):  # in parts also because others wait for each call
        ids, counts = fastremap.unique(part, return_counts=True)
        areas.update(dict(zip(ids.tolist(), counts.tolist(), strict=True)))
    areas.pop(0, None)
    return dict(sorted(areas.items()))


def classify(difference: Difference, areas: Mapping[int, int]) -> Comparison:
    """Sort the objects of `difference` into kinds; `areas` has the pixels of each predicted object.

    Pixels that do not differ belong to the same id on both sides, so the overlap of any two objects follows from the
    table and the predicted areas alone, without another look at the arrays.
    """
    overlaps, area_before, area_now = _overlaps(difference, areas)
    origins: dict[int, set[int]] = defaultdict(set)
    renamed = set()
    for (before, now), count in overlaps.items():
        if count == area_before[before] == area_now[now]:
            renamed.add((before, now))
        elif 2 * count >= min(area_before[before], area_now[now]):
            origins[now].add(before)
    kept = {before for group in origins.values() for before in group} | {before for before, _ in renamed}
    same = frozenset(now for _, now in renamed)
    added = frozenset(now for now, area in area_now.items() if area and now not in origins and now not in same)
    return Comparison(
        corrected=frozenset(origins),
        added=added,
        removed=frozenset(before for before, area in area_before.items() if area and before not in kept),
        origins={now: frozenset(group) for now, group in origins.items()},
        renamed=same,
        areas={now: area_now[now] for now in added | origins.keys()},
    )


def _overlaps(
    difference: Difference, areas: Mapping[int, int]
) -> tuple[dict[tuple[int, int], int], dict[int, int], dict[int, int]]:
    """Overlap of each pair of objects that touch a difference, and the area of each of them before and now."""
    triples = list(
        zip(difference.predicted.tolist(), difference.current.tolist(), difference.counts.tolist(), strict=True)
    )
    lost: dict[int, int] = defaultdict(int)
    gained: dict[int, int] = defaultdict(int)
    for before, now, count in triples:
        lost[before] += count
        gained[now] += count
    ids = (lost.keys() | gained.keys()) - {0}
    area_before = {key: areas.get(key, 0) for key in ids}
    stayed = {key: area_before[key] - lost.get(key, 0) for key in ids}
    area_now = {key: stayed[key] + gained.get(key, 0) for key in ids}
    overlaps = {(before, now): count for before, now, count in triples if before and now}
    overlaps.update({(key, key): count for key, count in stayed.items() if count})
    return overlaps, area_before, area_now


def _touched(comparison: Comparison, before: Iterable[int], now: Iterable[int]) -> Comparison:
    """Keep the objects that have one of the ids `before` in the prediction or `now` in the labels."""
    before, now = frozenset(before), frozenset(now)
    corrected = frozenset(
        key for key in comparison.corrected if key in now or not before.isdisjoint(comparison.origins[key])
    )
    return Comparison(
        corrected=corrected,
        added=comparison.added & now,
        removed=comparison.removed & before,
        origins={key: comparison.origins[key] for key in corrected},
        renamed=comparison.renamed,
        areas=comparison.areas,
    )


def carry_ids(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """`after` with the ids that its objects have in `before` (integer arrays of one shape), and free ids for others.

    Of several candidates, the pair with the largest overlap gets the id.
    """
    (after,), _ = compact_ids([after])
    both = (before > 0) & (after > 0)
    width = int(after.max(initial=0)) + 1
    keys, counts = fastremap.unique(before[both].astype(np.int64) * width + after[both], return_counts=True)
    new_ids: dict[int, int] = {}
    taken: set[int] = set()
    for key in keys[np.argsort(-counts.astype(np.int64), kind="stable")].tolist():
        old, new = divmod(key, width)
        if new not in new_ids and old not in taken:
            new_ids[new] = old
            taken.add(old)
    known = fastremap.unique(np.ascontiguousarray(before)).tolist()
    table = free_ids(known, max(known[-1] if known else 0, width), width)
    table[0] = 0
    for new, old in new_ids.items():
        table[new] = old
    carried: npt.NDArray[np.int32] = table[after]
    return carried
