"""Frames of labels that are looked at in parts, in memory or in a store, and the sizes of their objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import fastremap
import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Box

Ids = npt.NDArray[np.int64]


class Frames(Protocol):
    """Labels (T, (Z,) Y, X) of a time-lapse. Boxes are in pixels of a frame ((Z,) Y, X)."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def parts(self, t: int) -> Iterator[Box]:
        """Boxes that cover frame `t`, each small enough to be read at one go."""
        ...

    def read(self, t: int, box: Box) -> npt.NDArray[Any]:
        """Ids in a box, which are not to be written to."""
        ...

    def write(self, t: int, box: Box, labels: npt.NDArray[Any]) -> None: ...

    def fresh(self, t: int, n: int) -> int:
        """The first of `n` ids in a row that no object of frame `t` has."""
        ...


@dataclass(frozen=True, eq=False)
class HeldFrames:
    """An array in memory, which is changed in place."""

    labels: npt.NDArray[np.int32]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.labels.shape

    def parts(self, t: int) -> Iterator[Box]:
        yield tuple(slice(0, size) for size in self.labels.shape[1:])

    def read(self, t: int, box: Box) -> npt.NDArray[Any]:
        found: npt.NDArray[Any] = self.labels[t][box]
        return found

    def write(self, t: int, box: Box, labels: npt.NDArray[Any]) -> None:
        self.labels[t][box] = labels

    def fresh(self, t: int, n: int) -> int:
        return int(self.labels[t].max(initial=0)) + 1


@dataclass(frozen=True, eq=False)
class Backwards:
    """The same frames, the last one first."""

    frames: Frames

    @property
    def shape(self) -> tuple[int, ...]:
        return self.frames.shape

    def parts(self, t: int) -> Iterator[Box]:
        return self.frames.parts(self._of(t))

    def read(self, t: int, box: Box) -> npt.NDArray[Any]:
        return self.frames.read(self._of(t), box)

    def write(self, t: int, box: Box, labels: npt.NDArray[Any]) -> None:
        self.frames.write(self._of(t), box, labels)

    def fresh(self, t: int, n: int) -> int:
        return self.frames.fresh(self._of(t), n)

    def _of(self, t: int) -> int:
        return self.shape[0] - 1 - t


@dataclass(eq=False)
class FrameSizes:
    """Pixels of objects, counted once a frame and kept of the `most` frames that were asked for last."""

    frames: Frames
    most: int = 8
    _kept: dict[int, tuple[Ids, Ids]] = field(default_factory=dict)

    def of(self, t: int, ids: Ids) -> Ids:
        """Pixels of objects that are in frame `t`."""
        known, counts = self._kept.pop(t) if t in self._kept else self._count(t)
        self._kept[t] = known, counts  # the last one of the dictionary again
        while len(self._kept) > self.most:
            del self._kept[next(iter(self._kept))]
        return counts[np.searchsorted(known, ids)]

    def forget(self, t: int) -> None:
        """Frame `t` was changed."""
        self._kept.pop(t, None)

    def _count(self, t: int) -> tuple[Ids, Ids]:
        found, counts = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for part in self.frames.parts(t):
            ids, pixels = fastremap.unique(np.ascontiguousarray(self.frames.read(t, part)), return_counts=True)
            found.append(ids.astype(np.int64))
            counts.append(pixels.astype(np.int64))
        known, at = np.unique(np.concatenate(found), return_inverse=True)
        return known, np.bincount(at.ravel(), np.concatenate(counts)).astype(np.int64)
