"""Side views of a z-stack: they show what lies at the cursor, lead to a place, and tools work there, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication

from napari_unet.ui.correct.sides.composition import compose_side
from napari_unet.ui.correct.sides.views import SideViews
from napari_unet.ui.correct.step import CorrectStep
from napari_unet.ui.session.keeping.undo import get_undo
from napari_unet.ui.session.kept_maps import KeptMaps
from napari_unet.ui.session.session import Session
from napari_unet.ui.session.trackers import get_trackers


@pytest.fixture
def step(viewer: Any, session: Session, qtbot: Any) -> CorrectStep:
    image = np.zeros((6, 20, 30), np.uint8)
    image[2:4, 5:10, 12:20] = 200
    labels = np.zeros(image.shape, np.int32)
    labels[1:5, 4:11, 11:21] = 7
    viewer.add_image(image, scale=(3, 1, 1), contrast_limits=(0, 200))
    work = session.current
    session.add_layer(work, "labels", labels)
    step = CorrectStep(session)
    qtbot.addWidget(step)
    viewer.layers.selection.active = work.labels_layer
    return step


@pytest.fixture
def views(step: CorrectStep, qtbot: Any) -> SideViews:
    views = SideViews(step.session, step.tools)
    qtbot.addWidget(views)
    views.resize(320, 300)
    views.show()
    views.follow((6, 7, 15))
    views.draw()
    return views


def point(picture: Any, row: int, column: int) -> QPoint:
    at = picture.point_of(row, column)
    return QPoint(round(at.x()), round(at.y()))


def drag(qtbot: Any, picture: Any, *pixels: tuple[int, int]) -> None:
    """By a left button that is held, as Qt tells of it."""
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(picture, left, pos=point(picture, *pixels[0]))
    for pixel in pixels[1:]:
        at = QPointF(point(picture, *pixel))
        on_screen = QPointF(picture.mapToGlobal(at.toPoint()))
        event = QMouseEvent(QEvent.Type.MouseMove, at, on_screen, left, left, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(picture, event)
    qtbot.mouseRelease(picture, left, pos=point(picture, *pixels[-1]))


def test_they_follow_the_cursor_and_show_image_and_outline(session: Session, views: SideViews) -> None:
    work = session.current
    assert views.place == (2, 7, 15)
    front, side = views.front.image, views.side.image
    assert front is not None
    assert side is not None
    assert front.shape == (6, 30, 3)
    assert side.shape == (6, 20, 3)
    colour = np.asarray(work.labels_layer.colormap.map(np.array([7])))[0, :3]
    np.testing.assert_array_equal(front[1, 15], (255 * colour).astype(np.uint8))
    np.testing.assert_array_equal(front[2, 15], [255, 255, 255])
    np.testing.assert_array_equal(side[2, 7], [255, 255, 255])
    np.testing.assert_array_equal(front[0, 0], [0, 0, 0])
    views.follow((6, 70, 15))  # outside: they stay
    assert views.place == (2, 7, 15)
    np.testing.assert_array_equal(compose_side(work, work.image.data, (2, 0, 0), -2)[:, :5], 0)


def test_without_a_tool_a_click_goes_to_the_place(viewer: Any, views: SideViews, qtbot: Any) -> None:
    qtbot.mouseClick(views.front, Qt.MouseButton.LeftButton, pos=point(views.front, 4, 20))
    assert viewer.dims.current_step[0] == 4
    assert views.place == (4, 7, 20)
    qtbot.mouseClick(views.side, Qt.MouseButton.LeftButton, pos=point(views.side, 1, 12))
    assert viewer.dims.current_step[0] == 1
    assert views.place == (1, 12, 20)


def test_brush_and_eraser_write_to_the_plane_that_is_seen_as_one_step_of_undo(
    session: Session, step: CorrectStep, views: SideViews, qtbot: Any
) -> None:
    work = session.current
    layer, before = work.labels_layer, work.labels.copy()
    step.tools.run("paint")
    layer.selected_label, layer.brush_size = 3, 3
    drag(qtbot, views.front, (5, 2), (5, 4), (5, 6))
    where = np.argwhere(work.labels != before)
    np.testing.assert_array_equal(np.unique(where[:, 1]), [7])  # the plane in view, and no other
    np.testing.assert_array_equal(np.unique(where[:, 0]), [5])  # a slice is as thick as the brush
    assert set(range(2, 7)) <= set(where[:, 2].tolist()) <= set(range(9))
    assert (work.labels[tuple(where.T)] == 3).all()
    step.tools.run("erase")
    drag(qtbot, views.side, (1, 5), (4, 5))
    np.testing.assert_array_equal(work.labels[1:5, 5, 15], 0)
    np.testing.assert_array_equal(work.labels[1:5, 5, 14], 7)
    undo = get_undo(session)
    assert undo.undo()
    np.testing.assert_array_equal(work.labels[1:5, 4:7, 15], 7)
    assert undo.undo()
    np.testing.assert_array_equal(work.labels, before)
    assert not undo.undo()
    assert undo.redo()
    assert (work.labels == 3).sum() == len(where)
    get_trackers(session).of(work).finish()


def test_a_ball_reaches_into_the_planes_before_and_after(
    session: Session, step: CorrectStep, views: SideViews, qtbot: Any
) -> None:
    work = session.current
    step.tools.run("paint")
    work.labels_layer.selected_label, work.labels_layer.brush_size, work.labels_layer.n_edit_dimensions = 3, 7, 3
    qtbot.mouseClick(views.front, Qt.MouseButton.LeftButton, pos=point(views.front, 2, 5))
    z, y, x = (np.unique(axis) for axis in np.nonzero(work.labels == 3))
    np.testing.assert_array_equal(z, [1, 2, 3])  # three times as long as wide
    np.testing.assert_array_equal(y, range(4, 11))
    np.testing.assert_array_equal(x, range(2, 9))


def test_locked_objects_are_spared(session: Session, step: CorrectStep, views: SideViews, qtbot: Any) -> None:
    work = session.current
    before, said = work.labels.copy(), []
    work.lock({7})
    step.tools.failed.connect(said.append)
    step.tools.run("erase")
    drag(qtbot, views.front, (3, 12), (3, 18))
    step.tools.run("hold_delete")
    qtbot.mouseClick(views.front, Qt.MouseButton.LeftButton, pos=point(views.front, 3, 15))
    np.testing.assert_array_equal(work.labels, before)
    assert len(said) == 2
    assert all("ocked" in sentence for sentence in said)


def test_tools_work_in_the_plane_that_is_seen(
    session: Session, step: CorrectStep, views: SideViews, qtbot: Any
) -> None:
    work = session.current
    before = work.labels.copy()
    step.tools.run("split")
    drag(qtbot, views.front, (3, 9), (3, 15), (3, 23))  # right across: what is above comes apart from what is below
    upper, lower = np.unique(work.labels[1:3]), np.unique(work.labels[4])
    assert set(upper) & set(lower) == {0}
    assert len(np.unique(work.labels[:, 4:11, 11:21][4])) == 1  # through the whole depth
    step.tools.run("merge")
    drag(qtbot, views.side, (1, 7), (4, 7))
    assert work.labels[before > 0].all()
    assert len(np.unique(work.labels)) == 2
    step.tools.run("hold_delete")
    qtbot.mouseClick(views.side, Qt.MouseButton.LeftButton, pos=point(views.side, 3, 6))
    assert not work.labels.any()
    step.tools.run("outline")
    drag(qtbot, views.front, (1, 3), (1, 9), (4, 9), (4, 3), (1, 3))
    np.testing.assert_array_equal(work.labels[1:5, 7, 3:10] > 0, True)
    assert (work.labels > 0).sum() == 4 * 7


def test_a_key_acts_where_the_mouse_is(session: Session, step: CorrectStep, views: SideViews, qtbot: Any) -> None:
    views.front.hovered.emit(3, 25)
    step.tools.use_at_cursor("delete")
    assert session.current.labels.any()
    views.front.hovered.emit(3, 15)
    step.tools.use_at_cursor("delete")
    assert not session.current.labels.any()


def test_the_wheel_zooms_around_the_mouse(views: SideViews) -> None:
    at = QPointF(point(views.front, 3, 24))
    views.front.zoom_at(at, 4.0)
    assert views.front.pixel_at(at) == (3, 24)
    views.front.zoom_at(at, 0.01)
    assert views.front.area.topLeft() == QPointF(0, 0)


def test_the_marking_brush_marks_what_a_ball_covers_as_one_step(
    session: Session, step: CorrectStep, views: SideViews, qtbot: Any
) -> None:
    work = session.current
    step.tools.run("review_brush")
    work.reviewed_layer.brush_size = 7
    assert views.strokes.brush_size == 7
    drag(qtbot, views.front, (2, 5), (2, 9))
    z, y, x = (np.unique(axis) for axis in np.nonzero(work.reviewed))
    np.testing.assert_array_equal(z, [1, 2, 3])  # three times as long as wide
    np.testing.assert_array_equal(y, range(4, 11))  # as deep as it is wide
    np.testing.assert_array_equal(x, range(2, 13))
    assert (work.labels > 0).sum() == 4 * 7 * 10  # labels are not painted
    views.draw()
    assert tuple(views.front.image[2, 5]) != (0, 0, 0)  # it is seen there
    undo = get_undo(session)
    assert undo.undo()
    assert not work.reviewed.any()
    get_trackers(session).of(work).finish()


def test_a_box_marks_its_part_of_the_plane_that_is_seen(
    session: Session, step: CorrectStep, views: SideViews, qtbot: Any
) -> None:
    work = session.current
    step.tools.run("review_box")
    work.reviewed_layer.brush_size = 4
    drag(qtbot, views.side, (4, 12), (3, 9), (2, 3))
    expected = np.zeros(work.shape, bool)
    expected[2:5, 3:13, 13:18] = True  # two columns before and after the one in view
    np.testing.assert_array_equal(work.reviewed > 0, expected)
    qtbot.mouseClick(views.front, Qt.MouseButton.LeftButton, pos=point(views.front, 1, 1))  # a click is no box
    np.testing.assert_array_equal(work.reviewed > 0, expected)
    assert get_undo(session).undo()
    assert not work.reviewed.any()
    get_trackers(session).of(work).finish()


def test_keys_mark_and_clear_the_plane_under_the_mouse(
    session: Session, step: CorrectStep, views: SideViews, qtbot: Any
) -> None:
    work, said = session.current, []
    step.tools.cleared.connect(said.append)
    views.front.hovered.emit(3, 15)
    step.tools.run("review_slice")
    deep = int(work.reviewed_layer.brush_size) // 2
    expected = np.zeros(work.shape, bool)
    expected[:, max(0, 7 - deep) : 7 + deep + 1] = True
    np.testing.assert_array_equal(work.reviewed > 0, expected)
    step.tools.run("clear_reviewed")
    assert not work.reviewed.any()
    assert said == ["Cleared the reviewed marks of this plane."]
    views.front.zoom_at(QPointF(point(views.front, 3, 24)), 4.0)
    views.front.hovered.emit(3, 24)
    step.tools.run("review_view")
    rows, columns = views.front.seen
    marked = np.flatnonzero(work.reviewed.any(axis=(0, 1)))
    assert (marked[0], marked[-1] + 1) == (columns.start, columns.stop) != (0, 30)
    assert rows.stop <= 6
    views.front.left.emit()
    step.tools.run("review_slice")
    assert work.reviewed[2].all()  # the slice on the canvas again
    assert not work.reviewed[3, 0].any()
    get_trackers(session).of(work).finish()


def test_add_draws_a_missed_object_through_the_slices(
    session: Session, step: CorrectStep, views: SideViews, qtbot: Any
) -> None:
    work, said = session.current, []
    step.tools.failed.connect(said.append)
    maps = np.zeros((2, *work.shape), np.float16)
    maps[:, 1:4, 12:17, 3:9] = 0.9
    work.maps = KeptMaps(maps, np.ones(work.shape[0], bool))
    views.follow((6, 14, 15))
    views.draw()
    before = work.labels.copy()
    step.tools.run("add")
    qtbot.mouseClick(views.front, Qt.MouseButton.LeftButton, pos=point(views.front, 3, 5))
    np.testing.assert_array_equal((work.labels != before), maps[0] > 0)
    assert get_undo(session).undo()
    np.testing.assert_array_equal(work.labels, before)
    step.tools.objects.scope = "slice"
    qtbot.mouseClick(views.front, Qt.MouseButton.LeftButton, pos=point(views.front, 3, 5))
    np.testing.assert_array_equal(np.unique(np.nonzero(work.labels != before)[0]), [3])
    assert said == []
    get_trackers(session).of(work).finish()
