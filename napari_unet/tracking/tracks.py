"""Which object of which frame is which cell, and who is whose daughter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Ints


@dataclass(frozen=True, eq=False)
class Tracks:
    """A table of objects, one row each, sorted by track and frame; and the mother of each daughter.

    Row i says that object `label[i]` of frame `frame[i]` belongs to track `track[i]` (ids from 1). A track has at most
    one object a frame, and may miss some. `parents` maps a daughter's track to its mother's, which ends before.
    """

    track: Ints
    frame: Ints
    label: Ints
    parents: Mapping[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        columns = [np.asarray(column, np.int64) for column in (self.track, self.frame, self.label)]
        order = np.lexsort((columns[1], columns[0]))
        for name, column in zip(("track", "frame", "label"), columns, strict=True):
            object.__setattr__(self, name, column[order])
        object.__setattr__(self, "parents", {int(child): int(mother) for child, mother in self.parents.items()})
        self._check()

    def _check(self) -> None:
        twice = (self.track[1:] == self.track[:-1]) & (self.frame[1:] == self.frame[:-1])
        if twice.any():
            row = int(np.flatnonzero(twice)[0])
            raise ValueError(f"track {self.track[row]} has two objects in frame {self.frame[row]}")
        if np.unique(np.stack([self.frame, self.label]), axis=1).shape[1] != self.frame.size:
            raise ValueError("an object belongs to two tracks")
        spans = self.spans()
        for child, mother in self.parents.items():
            if child not in spans or mother not in spans or spans[mother][1] >= spans[child][0]:
                raise ValueError(f"track {mother} cannot be the mother of {child}: it has to end before")

    def __len__(self) -> int:
        return int(self.ids.size)

    @property
    def ids(self) -> Ints:
        """Ids of all tracks, sorted."""
        return np.unique(self.track)

    @property
    def n_frames(self) -> int:
        """Number of frames up to the last that has an object."""
        return int(self.frame.max(initial=-1)) + 1

    def spans(self) -> dict[int, tuple[int, int]]:
        """First and last frame of each track."""
        last, first = self._ends()
        ends = zip(self.track[first].tolist(), self.frame[first].tolist(), self.frame[last].tolist(), strict=True)
        return {track: (begin, end) for track, begin, end in ends}

    def rows_of(self, track: int) -> slice:
        """The rows of `track`, in the order of frames."""
        return slice(*np.searchsorted(self.track, [track, track + 1]).tolist())

    def daughters_of(self, track: int) -> list[int]:
        return sorted(child for child, mother in self.parents.items() if mother == track)

    def links(self) -> npt.NDArray[np.int64]:
        """(N, 4): frame and label of an object, frame and label of what it becomes next, divisions included."""
        same = np.flatnonzero(self.track[1:] == self.track[:-1])
        pairs = [(same, same + 1)]
        if self.parents:
            last, first = self._ends()
            children = np.array(sorted(self.parents), np.int64)
            mothers = np.array([self.parents[int(child)] for child in children], np.int64)
            ids = self.ids
            pairs.append((last[np.searchsorted(ids, mothers)], first[np.searchsorted(ids, children)]))
        before, after = (np.concatenate(side) for side in zip(*pairs, strict=True))
        return np.stack([self.frame[before], self.label[before], self.frame[after], self.label[after]], axis=1)

    def _ends(self) -> tuple[Ints, Ints]:
        """Last and first row of each track."""
        first = np.unique(self.track, return_index=True)[1]
        return np.append(first, self.track.size)[1:] - 1, first

    def same_as(self, other: Tracks) -> bool:
        """Whether the two say the same, ids of tracks included."""
        columns = ("track", "frame", "label")
        return self.parents == other.parents and all(
            np.array_equal(getattr(self, name), getattr(other, name)) for name in columns
        )


def tracks_of_labels(labels: Any, parents: Mapping[int, int] | None = None) -> Tracks:
    """The tracks of labels (T, (Z,) Y, X) that carry one id an object through time already."""
    found = [np.unique(np.asarray(frame)) for frame in labels]
    ids = [frame[frame > 0].astype(np.int64) for frame in found]
    frames = np.repeat(np.arange(len(ids)), [frame.size for frame in ids])
    all_ids = np.concatenate([np.zeros(0, np.int64), *ids])
    return Tracks(all_ids, frames, all_ids, parents or {})
