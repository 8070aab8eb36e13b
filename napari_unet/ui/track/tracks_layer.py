"""napari's Tracks layer of an image: where each object went, and who came of whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from napari.layers import Tracks as TracksLayer

from napari_unet.tracking.labelled import LabelledMovie
from napari_unet.tracking.layer_data import tracks_layer_data

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

ROLE = "tracks"


def show_tracks(session: Session, work: ImageWork, movie: LabelledMovie | None) -> None:
    """Have the image's layer of tracks show `movie`; None, or no object at all: there is none."""
    layer = work.layers.get(ROLE)
    if movie is None or not len(movie.tracks):
        if layer is not None:
            session.remove_layer(work, ROLE)
        return
    points, graph = _in_layer(work, movie)
    if layer is not None:
        layer.graph = {}  # mothers of tracks that are there no more are refused
        layer.data = points
        layer.graph = graph
        return
    layer = TracksLayer(points, graph=graph, **work.layer_options(ROLE))
    with session.keep_selection():
        session.viewer.add_layer(layer)
    work.put_layer(ROLE, layer)


def _in_layer(work: ImageWork, movie: LabelledMovie) -> tuple[npt.NDArray[np.float64], dict[int, list[int]]]:
    """Points and graph with the axes of the image layer."""
    points, graph = tracks_layer_data(movie.tracks, movie.frames)
    places = work.geometry.layer_index(tuple(points[:, 1:].T))
    return np.stack([points[:, 0], *places], axis=1), graph
