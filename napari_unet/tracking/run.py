"""From labels of frames to tracks: a generator of events that links frame by frame, then joins what broke."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.events import Finished, StopFlag
from napari_unet.labels.types import Ints
from napari_unet.tracking.assignment import assign
from napari_unet.tracking.config import TrackConfig
from napari_unet.tracking.costs import division_candidates, link_candidates
from napari_unet.tracking.objects import FrameObjects, find_frame_overlaps, measure_frame
from napari_unet.tracking.segments import Divisions, Nodes, join_segments
from napari_unet.tracking.tracks import Tracks


@dataclass(frozen=True, eq=False)
class FrameLinked:
    """One more frame is linked to the one before: how many objects it has, how many of them have a past."""

    done: int
    total: int
    objects: int
    linked: int
    seconds_left: float | None


@dataclass(frozen=True, eq=False)
class Tracking:
    """Tracks, and the objects of each frame as they were measured (without their pixels)."""

    tracks: Tracks
    frames: tuple[FrameObjects, ...]
    diameter: float


TrackEvent = FrameLinked | Finished[Tracking]


def track_steps(
    labels: Any,
    config: TrackConfig | None = None,
    pixel: Sequence[float] | None = None,
    stop: StopFlag | None = None,
) -> Iterator[TrackEvent]:
    """Link the objects of `labels`, saying what is done as it goes; the last event is `Finished` with a `Tracking`.

    Parameters
    ----------
    labels : array (T, (Z,) Y, X)
        Integers, 0 = background; ids need not agree between frames. May be lazy: it is read frame by frame.
    pixel : sequence of float, optional
        Size of a pixel along (Z,) Y and X, in any unit.
    stop : StopFlag, optional
        When set, the frames linked so far are joined and returned.
    """
    run = _TrackingSteps(config or TrackConfig(), stop or StopFlag())
    yield from run.events(labels, pixel)


class _TrackingSteps:
    """One tracking: what its steps share."""

    def __init__(self, config: TrackConfig, stop: StopFlag) -> None:
        self.config, self.stop = config, stop
        self.frames: list[FrameObjects] = []
        self.links: list[Ints] = []  # (n, 2) places in a frame and the next
        self.divisions: list[tuple[Ints, Ints, npt.NDArray[np.float64]]] = []

    def events(self, labels: Any, pixel: Sequence[float] | None) -> Iterator[TrackEvent]:
        started = time.perf_counter()
        total = int(labels.shape[0])
        previous: FrameObjects | None = None
        for number in range(total):
            if self.stop.requested:
                break
            current = measure_frame(np.asarray(labels[number]), pixel)
            linked = self._link(previous, current) if previous is not None else 0
            self.frames.append(current.without_pixels())
            previous = current
            left = (time.perf_counter() - started) / (number + 1) * (total - number - 1)
            yield FrameLinked(number + 1, total, current.ids.size, linked, left)
        tracks, diameter = self._join()
        yield Finished(Tracking(tracks, tuple(self.frames), diameter), self.stop.requested)

    def _link(self, before: FrameObjects, after: FrameObjects) -> int:
        """Link two neighbouring frames; returns how many objects found their past."""
        diameter = diameter_of_frames([before, after])
        found = link_candidates(before, after, find_frame_overlaps(before, after), diameter, self.config)
        chosen = assign(found.before, found.after, found.cost, (before.ids.size, after.ids.size))
        links = np.stack([found.before[chosen], found.after[chosen]], axis=1)
        self.links.append(links)
        if self.config.divisions:
            births = division_candidates(before, after, links, diameter, self.config)
            self.divisions.append((births.before, births.after, births.cost))
        return len(links)

    def _join(self) -> tuple[Tracks, float]:
        counts = [frame.ids.size for frame in self.frames]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        nodes = self._nodes(counts, offsets)
        diameter = diameter_of_frames(self.frames)
        births = [
            (mother + offsets[at], child + offsets[at + 1], cost)
            for at, (mother, child, cost) in enumerate(self.divisions)
        ]
        empty = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        divisions = Divisions(*(np.concatenate(column) for column in zip(empty, *births, strict=True)))
        gaps, born = join_segments(nodes, divisions, diameter, self.config)
        return build_tracks(nodes, gaps, born), diameter

    def _nodes(self, counts: list[int], offsets: Ints) -> Nodes:
        """All objects in a row, with the links between neighbouring frames."""
        total = int(offsets[-1])
        previous, following = np.full(total, -1, np.int64), np.full(total, -1, np.int64)
        for at, links in enumerate(self.links):
            i, j = links[:, 0] + offsets[at], links[:, 1] + offsets[at + 1]
            following[i], previous[j] = j, i
        ndim = len(self.frames[0].pixel) if self.frames else 2
        return Nodes(
            frame=np.repeat(np.arange(len(counts)), counts).astype(np.int64),
            label=np.concatenate([np.zeros(0, np.int64), *(frame.ids for frame in self.frames)]),
            place=np.concatenate([np.zeros((0, ndim)), *(frame.place for frame in self.frames)]),
            area=np.concatenate([np.zeros(0), *(frame.area for frame in self.frames)]),
            previous=previous,
            following=following,
        )


def diameter_of_frames(frames: Sequence[FrameObjects]) -> float:
    """Median diameter of the objects of `frames`, in units of the last axis' pixel; 1 where there are none."""
    found = np.concatenate([np.zeros(0), *(frame.diameters for frame in frames)])
    return float(np.median(found)) if found.size else 1.0


def build_tracks(nodes: Nodes, gaps: Ints, births: Ints) -> Tracks:
    """Number the tracks from 1, in the order of their first object; a mother ends where her daughters begin."""
    previous = nodes.previous.copy()
    previous[gaps[:, 1]] = gaps[:, 0]
    firsts = nodes.following[births[:, 0]]  # a mother went on as her first daughter: from there on it is another track
    previous[firsts] = -1
    track = np.zeros(nodes.frame.size, np.int64)
    used = 0
    for frame in range(int(nodes.frame.max(initial=-1)) + 1):
        here = slice(*np.searchsorted(nodes.frame, [frame, frame + 1]).tolist())
        past = previous[here]
        numbers = np.where(past >= 0, track[np.maximum(past, 0)], 0)
        new = numbers == 0
        numbers[new] = used + 1 + np.arange(np.count_nonzero(new))
        used += int(np.count_nonzero(new))
        track[here] = numbers
    parents = dict(zip(track[births[:, 1]].tolist(), track[births[:, 0]].tolist(), strict=True))
    parents |= dict(zip(track[firsts].tolist(), track[births[:, 0]].tolist(), strict=True))
    return Tracks(track, nodes.frame, nodes.label, parents)
