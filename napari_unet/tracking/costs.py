"""What a link between two objects costs: 0 for the same place and outline, 1 where it is as likely as none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from napari_unet.labels.types import Doubles, Ints
from napari_unet.tracking.config import TrackConfig
from napari_unet.tracking.objects import FrameObjects, Overlaps

_OVERLAP = 0.1
"""IoU from which two objects may be the same however far their centres are apart (long cells, large ones)."""
_OFF_CENTRE = 0.6
"""How far from the mother's centre the middle between her daughters may lie, in her diameters."""
_GROWTH = (0.33, 2.0)
"""How large the two daughters together may be, as a multiple of their mother: she rounds up, they are flat again."""
_UNLIKE = 0.4
"""Least size of the smaller daughter as a share of the larger one's."""


@dataclass(frozen=True, eq=False)
class PossibleLinks:
    """Possible links, one an entry: places in the earlier and the later list, and what each would cost."""

    before: Ints
    after: Ints
    cost: Doubles


def link_candidates(
    before: FrameObjects, after: FrameObjects, overlaps: Overlaps, diameter: float, config: TrackConfig
) -> PossibleLinks:
    """Which objects of one frame may be which of the next, and at what cost."""
    reach = config.max_step * diameter
    near = pairs_within(before.place, after.place, reach)
    shared = overlaps.iou >= _OVERLAP
    pairs = np.concatenate([near, np.stack([overlaps.before[shared], overlaps.after[shared]], axis=1)])
    keys = np.unique(pairs[:, 0] * max(1, after.ids.size) + pairs[:, 1])
    i, j = np.divmod(keys, max(1, after.ids.size))
    iou = np.zeros(keys.size)
    known = overlaps.before * max(1, after.ids.size) + overlaps.after  # sorted, as overlap_table gives them
    if known.size:
        at = np.minimum(np.searchsorted(known, keys), known.size - 1)
        iou = np.where(known[at] == keys, overlaps.iou[at], 0.0)
    far = np.minimum(np.linalg.norm(before.place[i] - after.place[j], axis=1) / reach, 1) ** 2
    weight = config.overlap_weight
    return PossibleLinks(i, j, (1 - weight) * far + weight * (1 - iou))


def division_candidates(
    before: FrameObjects, after: FrameObjects, links: Ints, diameter: float, config: TrackConfig
) -> PossibleLinks:
    """Which objects that begin in `after` may be the second daughter of one in `before`, and at what cost.

    `links` (n, 2) are the pairs found so far: a mother goes on as her first daughter. The middle between the daughters
    has to lie where she was, together they have to be about as large as she, and about as large as each other.
    """
    born = np.setdiff1d(np.arange(after.ids.size), links[:, 1])
    if not born.size or not links.size:
        return PossibleLinks(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    reach = max(config.max_step, 1.0) * diameter
    pairs = pairs_within(before.place[links[:, 0]], after.place[born], reach)
    mother, first, second = links[pairs[:, 0], 0], links[pairs[:, 0], 1], born[pairs[:, 1]]
    size = before.diameters[mother]
    middle = (after.place[first] + after.place[second]) / 2
    off = np.linalg.norm(middle - before.place[mother], axis=1) / (_OFF_CENTRE * size)
    together = after.area[first] + after.area[second]
    ratio = np.log(together / before.area[mother])
    growth = ratio / np.log(np.where(ratio < 0, *_GROWTH))
    smaller = np.minimum(after.area[first], after.area[second])
    unlike = (1 - smaller / (together - smaller)) / (1 - _UNLIKE)
    doubts = np.stack([off, growth, unlike])
    # one doubt that is too large is enough against it
    cost = np.where(doubts.max(axis=0) >= 1, 1.0, (doubts**2).mean(axis=0))
    return PossibleLinks(mother, second, cost)


def pairs_within(first: Doubles, second: Doubles, reach: float) -> Ints:
    """Pairs (n, 2) of places in two lists of points that are at most `reach` apart."""
    if not len(first) or not len(second):
        return np.zeros((0, 2), np.int64)
    found = KDTree(first).sparse_distance_matrix(KDTree(second), reach, output_type="ndarray")
    return np.stack([found["i"], found["j"]], axis=1).astype(np.int64)
