"""Labels with one id an object through time: each object gets the number of its track."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.tracking.objects import find_pixels
from napari_unet.tracking.tracks import Tracks


def relabel_by_track(labels: Any, tracks: Tracks) -> npt.NDArray[np.int32]:
    """`labels` (T, (Z,) Y, X) with the number of its track in place of each object's id, int32.

    No pixel comes or goes: an object that belongs to no track (of a frame that tracking did not reach) gets an id of
    its own, above all tracks.
    """
    found = np.zeros(labels.shape, np.int32)
    free = int(tracks.track.max(initial=0))
    for number in range(labels.shape[0]):
        ids, pixels, owner = find_pixels(np.asarray(labels[number]))
        rows = np.flatnonzero(tracks.frame == number)
        table = dict(zip(tracks.label[rows].tolist(), tracks.track[rows].tolist(), strict=True))
        others = [key for key in ids.tolist() if key not in table]
        table |= {key: free + 1 + at for at, key in enumerate(others)}
        free += len(others)
        new = np.array([table[key] for key in ids.tolist()], np.int32)
        found[number].reshape(-1)[pixels] = new[owner]
    return found


def follow_labels(tracks: Tracks) -> Tracks:
    """`tracks` as they read once `relabel_by_track` has run: an object's id is its track."""
    return Tracks(tracks.track, tracks.frame, tracks.track, tracks.parents)
