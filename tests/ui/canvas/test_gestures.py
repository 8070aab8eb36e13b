"""Boxes and strokes from the mouse: which pixels they mean, what is shown meanwhile, and that nothing stays."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari")

from napari.components import ViewerModel

from napari_unet.ui.canvas.marks.board import Board
from napari_unet.ui.canvas.marks.box import drag_box
from napari_unet.ui.canvas.strokes import StrokeLine, follow_stroke, place_of
from napari_unet.ui.session.session import Session, get_session


@pytest.fixture
def opened(qtbot: Any) -> Iterator[tuple[Session, Any]]:
    """A stack of three slices (ZYX) of 20 x 30 pixels, a pixel being half a unit, the second slice in view."""
    viewer = ViewerModel()
    session = get_session(viewer)
    work = session.work_on(viewer.add_image(np.zeros((3, 20, 30), np.uint8), scale=(2, 0.5, 0.5), name="stack"))
    session.add_layer(work, "labels", np.zeros((3, 20, 30), np.int32))
    viewer.dims.set_current_step(0, 1)
    yield session, work
    session.close()


def mouse(row: float, column: float, kind: str = "mouse_press", keys: tuple[str, ...] = ()) -> SimpleNamespace:
    """The mouse over a pixel of the second slice; the screen shows ten pixels for each of the image."""
    return SimpleNamespace(
        type=kind, position=(2.0, row / 2, column / 2), pos=(10 * column, 10 * row), modifiers=keys, button=1
    )


def carry_out(callback: Iterator[None], event: SimpleNamespace, *later: SimpleNamespace) -> None:
    """As napari does: one event object, which changes."""
    next(callback)
    for one in later:
        vars(event).update(vars(one))
        next(callback, None)


def boxes_of(opened: tuple[Session, Any], *later: SimpleNamespace, at: tuple[float, float] = (4, 6)) -> list[Any]:
    session, work = opened
    event, found = mouse(*at), []
    carry_out(drag_box(session, work, event, found.append), event, *later)
    return found


def test_a_box_holds_the_pixels_that_it_touches_in_whichever_direction_it_is_drawn(opened: Any) -> None:
    down = boxes_of(opened, mouse(9, 12, "mouse_move"), mouse(10, 14, "mouse_release"))
    up = boxes_of(opened, mouse(4, 6, "mouse_move"), mouse(4, 6, "mouse_release"), at=(10, 14))
    assert down == up == [(slice(4, 11), slice(6, 15))]


def test_a_box_is_cut_to_the_image(opened: Any) -> None:
    assert boxes_of(opened, mouse(50, 90, "mouse_release"), at=(-5, -7)) == [(slice(0, 20), slice(0, 30))]


@pytest.mark.parametrize("end", [(4, 6), (4, 20), (15, 6)])
def test_a_click_or_a_line_is_no_box(opened: Any, end: tuple[int, int]) -> None:
    assert boxes_of(opened, mouse(*end, "mouse_release")) == []


def test_a_box_outside_of_the_image_is_none(opened: Any) -> None:
    assert boxes_of(opened, mouse(60, 70, "mouse_release"), at=(40, 40)) == []


def test_the_outline_is_closed_and_goes_with_the_mouse_button(opened: Any) -> None:
    session, work = opened
    board, event = session.service(Board), mouse(4, 6)
    drag = drag_box(session, work, event, lambda box: None)
    next(drag)
    assert board.of(work, "box") is None
    vars(event).update(vars(mouse(9, 12, "mouse_move")))
    next(drag)
    np.testing.assert_array_equal(board.of(work, "box").paths[0], [[4, 6], [4, 12], [9, 12], [9, 6], [4, 6]])
    drag.close()  # the layer was removed meanwhile
    assert board.of(work, "box") is None


def strokes_of(opened: tuple[Session, Any], event: SimpleNamespace, *later: SimpleNamespace) -> list[Any]:
    session, work = opened
    found: list[Any] = []
    carry_out(follow_stroke(session, work, event, StrokeLine(session, work), found.append), event, *later)
    return found


def test_a_place_is_a_pixel_over_the_axes_of_the_labels_and_may_lie_outside(opened: Any) -> None:
    _, work = opened
    assert place_of(work, (2.0, 4.9, 3.1)) == (1, 10, 6)
    assert place_of(work, (4.0, -1.0, 30.0)) == (2, -2, 60)


def test_a_stroke_gives_each_pixel_once_and_the_last_one_too(opened: Any) -> None:
    moves = [mouse(4, 6, "mouse_move"), mouse(5, 8, "mouse_move"), mouse(5.2, 8.1, "mouse_move")]
    assert strokes_of(opened, mouse(4, 6), *moves, mouse(6, 9, "mouse_release")) == [[(1, 4, 6), (1, 5, 8), (1, 6, 9)]]


def test_a_hand_that_trembles_makes_a_click(opened: Any) -> None:
    trembling = mouse(4.3, 6.2, "mouse_move"), mouse(4.4, 6.6, "mouse_release")
    assert trembling[0].pos != mouse(4, 6).pos
    assert strokes_of(opened, mouse(4.4, 6.4), *trembling) == [[(1, 4, 6)]]


def test_the_line_is_there_while_the_stroke_lasts(opened: Any) -> None:
    session, work = opened
    board, event = session.service(Board), mouse(4, 6)
    stroke = follow_stroke(session, work, event, StrokeLine(session, work), lambda places: None)
    next(stroke)
    vars(event).update(vars(mouse(4.2, 6, "mouse_move")))
    next(stroke)
    assert board.of(work, "stroke") is None, "it may become a click"
    vars(event).update(vars(mouse(4, 12, "mouse_move")))
    next(stroke)
    np.testing.assert_array_equal(board.of(work, "stroke").paths[0][[0, -1]], [[1, 4, 6], [1, 4, 12]])
    vars(event).update(vars(mouse(4, 12, "mouse_release")))
    next(stroke, None)
    assert board.of(work, "stroke") is None


def test_a_long_line_is_drawn_with_about_a_hundred_corners_and_ends_where_the_mouse_is(opened: Any) -> None:
    session, work = opened
    line = StrokeLine(session, work)
    line.show([(2.0, 0.0, 0.01 * step) for step in range(1000)])
    path = session.service(Board).of(work, "stroke").paths[0]
    assert 100 <= len(path) <= 110
    np.testing.assert_allclose(path[-1], (1, 0, 19.98))


def test_with_shift_the_view_moves_by_what_the_mouse_moves_and_no_stroke_is_made(opened: Any) -> None:
    session, _ = opened
    camera = session.viewer.scene.camera
    camera.center, camera.zoom = (0.0, 5.0, 7.0), 20.0
    start, end = mouse(4, 6, keys=("Shift",)), mouse(6, 11, "mouse_move", keys=("Shift",))
    assert strokes_of(opened, start, end, mouse(6, 11, "mouse_release", keys=("Shift",))) == []
    np.testing.assert_allclose(camera.center, (0.0, 5.0 - 20 / 20, 7.0 - 50 / 20))
