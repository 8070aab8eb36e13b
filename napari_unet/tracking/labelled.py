"""A movie whose labels carry their tracks: the id of an object is its track, and who is whose daughter is kept beside.

So whatever changes the labels changes the tracks, and nothing has to be kept in step. What a person mends about tracks
is a change of labels, with its undo, and of mothers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.operations.change import Change, change_in_box
from napari_unet.tracking.corrections import TrackChange
from napari_unet.tracking.objects import FrameObjects, measure_frame
from napari_unet.tracking.run import Tracking, diameter_of_frames
from napari_unet.tracking.tracks import Tracks


@dataclass(frozen=True, eq=False)
class LabelledMovie:
    """`frames` are the measured objects of each frame, by their ids, and `parents` the mother of each daughter.

    A mother who is there no more, or does not end before her daughter any more, is no mother: labels may have changed.
    """

    frames: tuple[FrameObjects, ...]
    parents: Mapping[int, int]

    @classmethod
    def of(
        cls, labels: npt.NDArray[Any], parents: Mapping[int, int], pixel: Sequence[float] | None = None
    ) -> LabelledMovie:
        """Measure `labels` (T, (Z,) Y, X); `pixel` is the size of a pixel along (Z,) Y and X."""
        return cls(tuple(measure_frame(frame, pixel).without_pixels() for frame in labels), dict(parents))

    def with_frames(self, labels: npt.NDArray[Any], numbers: Sequence[int], pixel: Sequence[float]) -> LabelledMovie:
        """The same with some frames measured anew."""
        frames = list(self.frames)
        for number in numbers:
            frames[number] = measure_frame(labels[number], pixel).without_pixels()
        return replace(self, frames=tuple(frames))

    @cached_property
    def tracks(self) -> Tracks:
        counts = [frame.ids.size for frame in self.frames]
        ids = np.concatenate([np.zeros(0, np.int64), *(frame.ids for frame in self.frames)])
        plain = Tracks(ids, np.repeat(np.arange(len(counts)), counts), ids)
        spans = plain.spans()
        parents = {
            child: mother
            for child, mother in self.parents.items()
            if child in spans and mother in spans and spans[mother][1] < spans[child][0]
        }
        return replace(plain, parents=parents)

    @property
    def tracking(self) -> Tracking:
        """As it is exported."""
        return Tracking(self.tracks, self.frames, diameter_of_frames(self.frames))


def paint_tracks(labels: npt.NDArray[Any], change: TrackChange) -> Iterator[Change]:
    """What of `labels` (T, (Z,) Y, X), whose ids are tracks, a correction changes: one change a frame."""
    for frame in np.unique(change.objects[:, 0]).tolist():
        rows = np.flatnonzero(change.objects[:, 0] == frame)
        old = labels[frame]
        new = old.copy()
        for before, after in zip(change.before[rows].tolist(), change.after[rows].tolist(), strict=True):
            new[old == before] = after
        yield change_in_box(labels, (slice(frame, frame + 1), *_whole(labels)), new[None])


def paint_movie(labels: npt.NDArray[Any], tracked: npt.NDArray[Any]) -> Iterator[Change]:
    """What of `labels` (T, (Z,) Y, X) changes where each object gets the id of its track: one change a frame."""
    for frame in range(len(labels)):
        found = change_in_box(labels, (slice(frame, frame + 1), *_whole(labels)), tracked[frame : frame + 1])
        if len(found):
            yield found


def _whole(labels: npt.NDArray[Any]) -> tuple[slice, ...]:
    return tuple(slice(0, size) for size in labels.shape[1:])
