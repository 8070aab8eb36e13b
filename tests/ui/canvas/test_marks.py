"""Marks are drawn over the image, in the slices that they are of, and are no layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_unet.ui.canvas.marks.board import Board, Marks
from napari_unet.ui.canvas.marks.ring import DiameterRing
from napari_unet.ui.canvas.marks.signs import marks_of
from napari_unet.ui.session.session import get_session


@pytest.fixture
def session(qtbot: Any) -> Any:
    viewer = ViewerModel()
    session = get_session(viewer)
    session.work_on(viewer.add_image(np.zeros((5, 40, 60), np.uint8), name="stack", scale=(2, 0.5, 0.5)))
    viewer.dims.set_current_step(0, 3)
    yield session
    session.close()


def dots(session: Any) -> list[list[float]]:
    drawn = session.service(Board).overlay.drawing.dots
    return [] if drawn is None else drawn.places.tolist()


def test_signs_are_shown_in_their_slice_alone_and_as_the_image_is_scaled(session: Any) -> None:
    work = session.current
    marks_of(session, work, "crosses", "cross", 9).show(np.array([[3.0, 10, 20], [1, 5, 6]]))
    assert dots(session) == [[10.0, 5.0]], "x first, in the viewer's units"
    session.viewer.dims.set_current_step(0, 1)
    assert dots(session) == [[3.0, 2.5]]
    assert session.viewer.layers == [work.layer]
    work.layer.visible = False
    assert dots(session) == []
    work.layer.visible = True
    assert dots(session) == [[3.0, 2.5]]
    session.viewer.layers.remove(work.layer)
    assert dots(session) == []


def test_signs_that_change_again_and_again_are_always_those_that_were_shown_last(session: Any) -> None:
    signs = marks_of(session, session.current, "crosses", "cross", 9)
    for count in range(1, 40):  # arrays that come in the place of others, in memory too
        signs.show(np.array([[3.0, 10, 20]] * count))
        assert len(dots(session)) == count


def test_a_ring_is_shown_in_every_slice_but_not_in_3d(session: Any) -> None:
    ring, board = DiameterRing(session), session.service(Board)
    ring.show(session.current, 12)
    for step in (0, 4):
        session.viewer.dims.set_current_step(0, step)
        ((path, pen),) = board.overlay.drawing.paths
        assert np.ptp(path, axis=0) == pytest.approx([6, 6])
        assert pen.colour == "yellow"
    session.viewer.dims.ndisplay = 3
    assert board.overlay.drawing.paths == ()
    session.viewer.dims.ndisplay = 2
    ring.hide()
    assert board.overlay.drawing.paths == ()
    assert not ring.shown


@pytest.mark.real_window
def test_napari_draws_our_overlay(make_napari_viewer: Any) -> None:
    """When this fails, napari draws overlays in another way: see `canvas/marks/overlay.py`."""
    viewer = make_napari_viewer(show=True)
    session = get_session(viewer)
    work = session.work_on(viewer.add_image(np.zeros((40, 60), np.uint8)))
    board = session.service(Board)
    path = np.array([[5.0, 5], [5, 30], [20, 30]])
    board.put(work, "line", Marks(paths=(path,), places=path, segments=path[:2]))
    (visual,) = viewer.window._qt_viewer.canvas._viewer_overlay_to_visual[board.overlay]
    (line,) = visual._paths
    assert line.visible
    assert line.pos.tolist() == path[:, ::-1].tolist()
    assert visual._dots.visible
    assert visual._outlines.visible
    board.put(work, "line", None)
    assert not line.visible
    assert not visual._dots.visible
    session.close()


def test_signs_of_an_image_are_not_seen_through_another_one_that_covers_it(session: Any) -> None:
    work, viewer = session.current, session.viewer
    marks_of(session, work, "crosses", "cross", 9).show(np.array([[3.0, 10, 20]]))
    beside = viewer.add_image(np.zeros((40, 60)), translate=(500, 500))
    session.work_on(beside)
    assert dots(session) == [[10.0, 5.0]], "it lies elsewhere"
    over = viewer.add_image(np.zeros((40, 60)))
    session.work_on(over)
    assert dots(session) == []
    session.work_on(work.layer)
    assert dots(session) == [[10.0, 5.0]]
    over.blending = "additive"  # the other channel of the same cells hides nothing
    session.work_on(over)
    assert dots(session) == [[10.0, 5.0]]
