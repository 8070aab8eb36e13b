"""Labels with one id an object through time: each object gets the number of its track."""

from __future__ import annotations

from typing import Any

import fastremap
import numpy as np
import numpy.typing as npt

from napari_unet.tracking.tracks import Tracks


def relabel(labels: Any, tracks: Tracks) -> npt.NDArray[np.int32]:
    """`labels` (T, (Z,) Y, X) with the number of its track in place of each object's id, int32.

    No pixel comes or goes: an object that belongs to no track (of a frame that tracking did not reach) gets an id of
    its own, above all tracks.
    """
    found = np.zeros(labels.shape, np.int32)
    free = int(tracks.track.max(initial=0))
    for number in range(labels.shape[0]):
        frame = np.asarray(labels[number]).astype(np.int64)
        rows = np.flatnonzero(tracks.frame == number)
        table = dict(zip(tracks.label[rows].tolist(), tracks.track[rows].tolist(), strict=True))
        others = [int(i) for i in fastremap.unique(frame) if i > 0 and int(i) not in table]
        table |= {old: free + 1 + at for at, old in enumerate(others)} | {0: 0}
        free += len(others)
        found[number] = fastremap.remap(frame, table)
    return found


def follow_labels(tracks: Tracks) -> Tracks:
    """`tracks` as they read once `relabel` has run: an object's id is its track."""
    return Tracks(tracks.track, tracks.frame, tracks.track, tracks.parents)
