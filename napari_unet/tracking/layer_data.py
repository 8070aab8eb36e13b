"""Tracks as a viewer draws them: points through time, and which track comes out of which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from napari_unet.tracking.objects import FrameObjects
from napari_unet.tracking.tracks import Tracks


def tracks_layer_data(
    tracks: Tracks, frames: Sequence[FrameObjects]
) -> tuple[npt.NDArray[np.float64], dict[int, list[int]]]:
    """Points (n, 2 + ndim) of track id, frame, (z,) y, x in pixels, and the mothers of each daughter.

    This is what napari's Tracks layer takes as `data` and `graph`. Rows are sorted by track and frame.
    """
    ndim = len(frames[0].pixel) if frames else 2
    points = np.zeros((tracks.frame.size, 2 + ndim))
    points[:, 0], points[:, 1] = tracks.track, tracks.frame
    for number, frame in enumerate(frames):
        rows = np.flatnonzero(tracks.frame == number)
        points[rows, 2:] = frame.centre[np.searchsorted(frame.ids, tracks.label[rows])]
    return points, {child: [mother] for child, mother in sorted(tracks.parents.items())}
