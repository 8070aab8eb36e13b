"""Following the mouse for our tools: which pixels a stroke passes, and a line on the canvas while it lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Place
from napari_unet.ui.canvas.marks.board import Board, Marks
from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

CLICK_PIXELS = 4.0
"""A press that moves less on the screen is a click."""


def place_of(work: ImageWork, position: Any) -> Place:
    """The pixel of the labels (over `work.axes`) at a world position; it may lie outside of the image."""
    layer = present(work.labels_layer)
    data = np.asarray(layer.world_to_data(position))[-layer.ndim :]
    at = dict(zip(work.geometry.layer_axes, np.rint(data).astype(int).tolist(), strict=True))
    return tuple(at[letter] for letter in work.axes)


def follow_stroke(
    session: Session, work: ImageWork, event: Any, line: StrokeLine | None, on_stroke: Callable[[list[Place]], None]
) -> Iterator[None]:
    """Follow the mouse from press to release (a napari drag callback), then call `on_stroke` with the places.

    A click gives one place. With Shift the view moves instead.
    """
    if "Shift" in event.modifiers:
        yield from _move_view(session, event)
        return
    start = np.asarray(event.pos, float)
    places, points, reach = [place_of(work, event.position)], [event.position], 0.0
    yield
    while event.type == "mouse_move":
        reach = max(reach, float(np.hypot(*(np.asarray(event.pos) - start))))
        place = place_of(work, event.position)
        if place != places[-1]:
            places.append(place)
            points.append(event.position)
            if line is not None and reach > CLICK_PIXELS:
                line.show(points)
        yield
    if line is not None:
        line.clear()
    end = place_of(work, event.position)
    if end != places[-1]:
        places.append(end)
    on_stroke(places if reach > CLICK_PIXELS else places[:1])


def _move_view(session: Session, event: Any) -> Iterator[None]:
    """Drag the view: our tools take the drag that would move it."""
    camera = session.viewer.scene.camera
    start, center = np.asarray(event.pos, float), np.asarray(camera.center, float)
    yield
    while event.type == "mouse_move":
        moved = (np.asarray(event.pos, float) - start)[::-1] / camera.zoom
        camera.center = tuple(center - [0.0, *moved])
        yield


class StrokeLine:
    """A line on the canvas along the stroke."""

    def __init__(self, session: Session, work: ImageWork) -> None:
        self._board, self._work = session.service(Board), work

    def show(self, points: list[Any]) -> None:
        """Draw the line along world positions."""
        if len(points) > 1:
            self._board.put(self._work, "stroke", Marks(paths=(self._data(points),)))

    def clear(self) -> None:
        self._board.put(self._work, "stroke", None)

    def _data(self, points: list[Any]) -> npt.NDArray[np.float64]:
        # Not every dab: drawing a path takes the longer, the more corners it has.
        chosen = points[:: max(1, len(points) // 100)]
        layer = present(self._work.labels_layer)
        return np.array([np.asarray(layer.world_to_data(point))[-layer.ndim :] for point in (*chosen, points[-1])])
