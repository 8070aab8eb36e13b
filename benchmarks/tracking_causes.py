"""Why links of the truth were not found: what became of the objects at their ends in the segmentation, for tracking.py.

A link counts under the first that holds of either end: merged with another, split, missed, outlined otherwise (IoU
below .5), and only then linked wrongly, as a birth or as another link.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from napari_unet import track
from napari_unet.labels.matching import OverlapTable, match_objects, overlap_table
from napari_unet.tracking.tracks import tracks_of_labels

CAUSES = ("merged", "split", "missed", "outlined otherwise", "birth not linked", "linked otherwise")
MOST = 0.5  # share of an object that has to lie in another for it to be in there


@dataclass(frozen=True)
class Lost:
    """A link that was not found: its cause, how many frames in a row it was so, and whether it is at the border."""

    cause: str
    frames: int
    border: bool


def lost_links(truth: np.ndarray, parents: Mapping[int, int], labels: np.ndarray) -> list[Lost]:
    """The links of `truth` (T, Y, X) that tracking `labels` does not find, each with its cause."""
    movie = track(labels)
    fates = [frame_fates(one, other) for one, other in zip(truth, movie.labels, strict=True)]
    borders = [set(np.concatenate([t[0], t[-1], t[:, 0], t[:, -1]]).tolist()) for t in truth]
    links = {tuple(link) for link in movie.tracks.links().tolist()}
    lost = []
    for a, b, c, d in tracks_of_labels(truth, parents).links().tolist():
        ends = ((a, b), (c, d))
        partner = [fates[t].get(label, ("missed", 0)) for t, label in ends]
        if all(fate == "found" for fate, _ in partner):
            if (a, partner[0][1], c, partner[1][1]) not in links:
                lost.append(Lost("birth not linked" if b != d else "linked otherwise", 0, False))
            continue
        cause = min((fate for fate, _ in partner if fate != "found"), key=CAUSES.index)
        (t, label), *_ = (end for end, (fate, _) in zip(ends, partner, strict=True) if fate == cause)
        lost.append(Lost(cause, run_length(fates, t, label, cause), label in borders[t]))
    return lost


def frame_fates(truth: np.ndarray, labels: np.ndarray) -> dict[int, tuple[str, int]]:
    """What became of each object of a frame, and the id of the one that it was found as."""
    table = overlap_table(truth, labels)
    found = {int(a): ("found", int(b)) for a, b in match_objects(table, 0.5)}
    shared = shared_pixels(table)
    inside = shared >= MOST * table.truth_size[table.truth]
    holds = Counter(table.predicted[inside].tolist())
    holder = dict(zip(table.truth[inside].tolist(), table.predicted[inside].tolist(), strict=True))
    pieces = Counter(table.truth[shared >= MOST * table.predicted_size[table.predicted]].tolist())
    covered = np.bincount(table.truth, shared, table.truth_size.size) / np.maximum(table.truth_size, 1)
    for label in np.flatnonzero(table.truth_size).tolist():
        if label == 0 or label in found:
            continue
        if holds[holder.get(label, -1)] > 1:
            found[label] = "merged", 0
        elif pieces[label] > 1:
            found[label] = "split", 0
        else:
            found[label] = ("missed" if covered[label] < MOST else "outlined otherwise"), 0
    return found


def shared_pixels(table: OverlapTable) -> np.ndarray:
    sizes = table.truth_size[table.truth] + table.predicted_size[table.predicted]
    return np.rint(table.iou * sizes / (1 + table.iou))


def run_length(fates: list[dict[int, tuple[str, int]]], t: int, label: int, cause: str) -> int:
    """How many frames in a row, this one among them, an object has this fate."""
    first = last = t
    while first > 0 and fates[first - 1].get(label, ("", 0))[0] == cause:
        first -= 1
    while last < len(fates) - 1 and fates[last + 1].get(label, ("", 0))[0] == cause:
        last += 1
    return last - first + 1


def show_causes(name: str, lost: list[Lost]) -> None:
    """A line for each cause: links, and of these, those of objects that have it in 1, 2 or more frames in a row."""
    print(f"{name}: {len(lost)} links lost")
    print(f"  {'cause':20} {'links':>6} {'1 frame':>8} {'2':>4} {'3-5':>4} {'more':>5} {'at the border':>14}")
    for cause in CAUSES:
        those = [one for one in lost if one.cause == cause]
        spans = Counter(min(np.searchsorted([1, 2, 5], one.frames), 3) for one in those if one.frames)
        print(f"  {cause:20} {len(those):6} {spans[0]:8} {spans[1]:4} {spans[2]:4} {spans[3]:5} "
              f"{sum(one.border for one in those):14}")  # fmt: skip
