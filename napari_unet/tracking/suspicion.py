"""Tracks that look broken: they begin or end in the middle, jump, or change their size at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from napari_unet.labels.types import Doubles, Ints
from napari_unet.tracking.objects import (
    FrameObjects,
)
from napari_unet.tracking.tracks import Tracks

SuspicionKind = Literal["begins", "ends", "jumps", "changes size"]

_BEGINS_OR_ENDS = 0.6
_SHORT = 0.3
"""What is there for a frame or two only is likelier a fault of the segmentation than a cell."""
_JUMP = 0.5
"""In diameters: from here on a step that is also far longer than its track's other ones is a jump."""
_UNUSUAL = 3.0
"""How many times the usual step of its track a jump is."""
_GROWTH = 1.7
"""From one frame to the next, larger or smaller by this factor."""


@dataclass(frozen=True)
class TrackSuspicion:
    """A place where a track looks broken: its track, the object there, what is odd, and how odd (0 to 1)."""

    track: int
    frame: int
    label: int
    kind: SuspicionKind
    score: float


def find_broken_tracks(tracks: Tracks, frames: Sequence[FrameObjects], diameter: float) -> list[TrackSuspicion]:
    """Places to look at, the most suspicious first; one for each track and kind.

    Parameters
    ----------
    frames
        The measured objects of each frame (`Tracking.frames`).
    diameter : float
        Typical diameter of the objects, in units of the last axis' pixel (`Tracking.diameter`).
    """
    rows = _Rows(tracks, frames)
    found = [*_loose_ends(tracks, rows, len(frames)), *_odd_steps(tracks, rows, diameter)]
    worst: dict[tuple[int, str], TrackSuspicion] = {}
    for suspicion in found:
        key = (suspicion.track, suspicion.kind)
        if key not in worst or suspicion.score > worst[key].score:
            worst[key] = suspicion
    return sorted(worst.values(), key=lambda s: (-s.score, s.frame, s.track, s.kind))


class _Rows:
    """Place, area and border of each row of the tracks."""

    def __init__(self, tracks: Tracks, frames: Sequence[FrameObjects]) -> None:
        ndim = len(frames[0].pixel) if frames else 2
        self.place = np.zeros((tracks.frame.size, ndim))
        self.area = np.ones(tracks.frame.size)
        self.at_border = np.zeros(tracks.frame.size, np.bool_)
        for number, frame in enumerate(frames):
            rows = np.flatnonzero(tracks.frame == number)
            at = np.searchsorted(frame.ids, tracks.label[rows])
            self.place[rows], self.area[rows], self.at_border[rows] = (
                frame.place[at],
                frame.area[at],
                frame.at_border[at],
            )


def _loose_ends(tracks: Tracks, rows: _Rows, n_frames: int) -> list[TrackSuspicion]:
    """Beginnings after the first frame and ends before the last, away from the border, without mother or daughters."""
    found = []
    mothers = set(tracks.parents.values())
    for track, (first, last) in tracks.spans().items():
        span = tracks.rows_of(track)
        short = _SHORT if last - first < 2 else 0.0
        ends: tuple[tuple[int, SuspicionKind, bool], ...] = (
            (span.start, "begins", first == 0 or track in tracks.parents),
            (span.stop - 1, "ends", last == n_frames - 1 or track in mothers),
        )
        for row, kind, natural in ends:
            if not natural and not rows.at_border[row]:
                found.append(_suspicion(tracks, row, kind, _BEGINS_OR_ENDS + short))
    return found


def _odd_steps(tracks: Tracks, rows: _Rows, diameter: float) -> list[TrackSuspicion]:
    """Jumps, and sudden changes of size, within tracks."""
    after = np.flatnonzero(tracks.track[1:] == tracks.track[:-1]) + 1
    if not after.size:
        return []
    frames = tracks.frame[after] - tracks.frame[after - 1]
    step = np.linalg.norm(rows.place[after] - rows.place[after - 1], axis=1) / diameter / np.sqrt(frames)
    usual = _medians(tracks.track[after], step)
    jumps = (step >= _JUMP) & (step >= _UNUSUAL * usual)
    growth = np.abs(np.log(rows.area[after] / rows.area[after - 1])) / np.log(_GROWTH)
    whole = ~(rows.at_border[after] | rows.at_border[after - 1])
    found = [_suspicion(tracks, row, "jumps", score) for row, score in zip(after[jumps], step[jumps], strict=True)]
    swells = (growth >= 1) & whole
    return found + [
        _suspicion(tracks, row, "changes size", 0.4 * score)
        for row, score in zip(after[swells], growth[swells], strict=True)
    ]


def _medians(groups: Ints, values: Doubles) -> Doubles:
    """For each value the median of its group; `groups` are sorted."""
    firsts = np.flatnonzero(np.diff(groups, prepend=-1))
    parts = np.split(values, firsts[1:])
    return np.repeat([float(np.median(part)) for part in parts], [part.size for part in parts])


def _suspicion(tracks: Tracks, row: int, kind: SuspicionKind, score: float) -> TrackSuspicion:
    at = int(row)
    found = float(np.clip(score, 0, 1))
    return TrackSuspicion(int(tracks.track[at]), int(tracks.frame[at]), int(tracks.label[at]), kind, found)
