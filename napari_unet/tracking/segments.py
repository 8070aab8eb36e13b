"""Broken tracks are joined: ends to later beginnings over gaps, beginnings to mothers, in one assignment for all.

This is the second step of Jaqaman et al. (2008); see `assignment`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_unet.labels.types import Doubles, Ints
from napari_unet.tracking.assignment import assign
from napari_unet.tracking.config import TrackConfig
from napari_unet.tracking.costs import pairs_within

_GAP_COST = 0.05
"""What each missing frame adds: of two ways that fit alike, the shorter is the likelier."""


@dataclass(frozen=True, eq=False)
class Nodes:
    """The objects of all frames in a row: one entry each.

    `previous[i]` and `following[i]` are the objects that i comes from and becomes, -1 where there is none.
    """

    frame: Ints
    label: Ints
    place: Doubles
    area: Doubles
    previous: Ints
    following: Ints


@dataclass(frozen=True, eq=False)
class Divisions:
    """Possible births: node `child[i]` of `mother[i]`, who goes on as another daughter, at `cost[i]`."""

    mother: Ints
    child: Ints
    cost: Doubles


def join_segments(nodes: Nodes, divisions: Divisions, diameter: float, config: TrackConfig) -> tuple[Ints, Ints]:
    """Links (n, 2) over gaps and births (n, 2) of (mother, child), as nodes; each beginning is used at most once."""
    ends, begins, costs = _gap_candidates(nodes, diameter, config)
    earlier = np.concatenate([ends, divisions.mother + nodes.frame.size])  # a mother is another source than an end
    later = np.concatenate([begins, divisions.child])
    cost = np.concatenate([costs, divisions.cost])
    chosen = assign(earlier, later, cost, (2 * nodes.frame.size, nodes.frame.size))
    gaps = chosen[chosen < ends.size]
    births = chosen[chosen >= ends.size] - ends.size
    return (
        np.stack([ends[gaps], begins[gaps]], axis=1),
        np.stack([divisions.mother[births], divisions.child[births]], axis=1),
    )


def _gap_candidates(nodes: Nodes, diameter: float, config: TrackConfig) -> tuple[Ints, Ints, Doubles]:
    """Ends, later beginnings, and what it costs to join them; what moves freely gets further the longer it is away."""
    empty = np.zeros(0, np.int64)
    found: list[tuple[Ints, Ints, Doubles]] = [(empty, empty, np.zeros(0))]
    ends, begins = np.flatnonzero(nodes.following < 0), np.flatnonzero(nodes.previous < 0)
    by_frame = {int(frame): begins[nodes.frame[begins] == frame] for frame in np.unique(nodes.frame[begins])}
    for missing in range(1, config.gap_frames + 1):
        reach = config.max_step * diameter * np.sqrt(missing + 1)
        for frame in np.unique(nodes.frame[ends]):
            there = by_frame.get(int(frame) + missing + 1)
            if there is None:
                continue
            here = ends[nodes.frame[ends] == frame]
            pairs = pairs_within(nodes.place[here], nodes.place[there], reach)
            i, j = here[pairs[:, 0]], there[pairs[:, 1]]
            found.append((i, j, _gap_cost(nodes, i, j, reach) + _GAP_COST * missing))
    firsts, seconds, costs = zip(*found, strict=True)
    return np.concatenate(firsts), np.concatenate(seconds), np.concatenate(costs)


def _gap_cost(nodes: Nodes, i: Ints, j: Ints, reach: float) -> Doubles:
    far = (np.linalg.norm(nodes.place[i] - nodes.place[j], axis=1) / reach) ** 2
    growth = np.minimum(np.abs(np.log(nodes.area[j] / nodes.area[i])) / np.log(3), 1)
    cost: Doubles = 0.7 * far + 0.3 * growth
    return cost
