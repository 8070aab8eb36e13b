"""Correcting with real mouse and key events in a real window, on a stack with pixel sizes."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from skimage.draw import disk

from napari_unet.ui.correct.step import CorrectStep
from napari_unet.ui.session.session import get_session
from napari_unet.ui.session.trackers import get_trackers

pytestmark = pytest.mark.real_window

LEFT, NO_MODIFIER = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
SCALE = (2.0, 0.5, 0.5)


class Hand:
    """A mouse and a keyboard over the canvas; positions are (row, column) of the image."""

    def __init__(self, viewer, qtbot):
        self._viewer, self._qtbot = viewer, qtbot
        self._canvas = viewer.window._qt_viewer.canvas.native

    def at(self, row, column):
        camera, size = self._viewer.scene.camera, self._canvas.size()
        y, x = np.array([row, column]) * SCALE[1:] - camera.center[-2:]
        return QPoint(round(size.width() / 2 + x * camera.zoom), round(size.height() / 2 + y * camera.zoom))

    def drag(self, *points):
        QTest.mouseMove(self._canvas, self.at(*points[0]))
        self._qtbot.wait(20)
        QTest.mousePress(self._canvas, LEFT, NO_MODIFIER, self.at(*points[0]))
        for point in points[1:]:
            QTest.mouseMove(self._canvas, self.at(*point))
            self._qtbot.wait(20)
        QTest.mouseRelease(self._canvas, LEFT, NO_MODIFIER, self.at(*points[-1]))
        self._qtbot.wait(20)

    def press(self, key, at=None, modifier=NO_MODIFIER):
        if at is not None:
            QTest.mouseMove(self._canvas, self.at(*at))
            self._qtbot.wait(20)
        QTest.keyClick(self._canvas, key, modifier)
        self._qtbot.wait(20)


@pytest.fixture
def scene(make_napari_viewer, qtbot):
    labels = np.zeros((5, 120, 120), np.int32)
    for object_id, centre in enumerate([(30, 30), (30, 90), (90, 30), (90, 90)], start=1):
        rows, columns = disk(centre, 14)
        labels[:, rows, columns] = object_id
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1200, 800)
    image = viewer.add_image((labels > 0).astype(np.uint8), name="cells", scale=SCALE)
    session = get_session(viewer)
    work = session.work_on(image)
    step = CorrectStep(session)
    session.add_layer(work, "labels", labels.copy())
    work.prediction = labels.copy()
    assert viewer.layers.selection.active is work.labels_layer
    step.setFixedWidth(340)  # as wide as the panel that it stands in
    viewer.window.add_dock_widget(step, name="Correct")
    qtbot.wait(200)
    viewer.dims.set_point(0, 2 * SCALE[0])
    viewer.reset_view()
    qtbot.wait(200)
    tracker = get_trackers(session).of(work)

    def settle():
        qtbot.waitUntil(lambda: not tracker.busy, timeout=10_000)

    settle()
    yield Hand(viewer, qtbot), session, work, step, settle
    session.close()


def test_strokes_clicks_and_keys(scene):
    hand, session, work, step, settle = scene
    tracker = get_trackers(session).of(work)
    reviewed = lambda: work.reviewed > 0  # noqa: E731

    step.buttons["erase"].click()
    work.labels_layer.brush_size = 6
    hand.drag((30, 10), (30, 30), (30, 50))
    settle()
    assert tracker.counts.corrected == 1
    assert work.labels[2, 30, 30] == 0
    assert work.labels[1, 30, 30] == 1
    assert reviewed()[2, 20, 30]
    assert not reviewed()[1].any()

    step.buttons["delete"].click()
    hand.drag((90, 90))
    settle()
    assert (tracker.counts.corrected, tracker.counts.removed) == (1, 1)
    assert not (work.labels == 4).any()

    hand.press(Qt.Key.Key_D, at=(90, 30))
    settle()
    assert tracker.counts.removed == 2
    hand.press(Qt.Key.Key_Z, modifier=Qt.KeyboardModifier.ControlModifier)
    settle()
    assert tracker.counts.removed == 1
    assert (work.labels == 3).sum() == (work.prediction == 3).sum()

    hand.press(Qt.Key.Key_T)
    assert step.tools.tool == "review_box"
    before = list(session.viewer.layers)
    hand.drag((5, 70), (20, 90), (50, 115))
    assert list(session.viewer.layers) == before
    assert reviewed()[2, 10:46, 75:110].all()
    assert not reviewed()[2, 30:50, 60:66].any()
    assert step.tools.tool == "review_box"
    hand.press(Qt.Key.Key_T)
    assert step.tools.tool == "delete"
    assert session.viewer.layers.selection.active is work.labels_layer

    hand.press(Qt.Key.Key_S)
    settle()
    assert reviewed()[2].all()
    assert not reviewed()[1, :5, :5].any()


def test_the_view_is_marked_as_far_as_it_goes(scene, qtbot):
    hand, session, work, step, _ = scene
    session.viewer.scene.camera.zoom *= 4
    session.viewer.scene.camera.center = (0, 15.0, 15.0)
    # The layer learns what is in view when it is drawn.
    qtbot.waitUntil(lambda: work.visible_region()[0].stop < 100, timeout=10_000)
    hand.press(Qt.Key.Key_R)
    assert work.reviewed[2, 30, 30]
    assert not work.reviewed[2, 100:, 100:].any()
    assert 0.02 < (work.reviewed[2] > 0).mean() < 0.5
    session.viewer.dims.ndisplay = 3
    step.tools.run("review_view")
    assert "2D" in step.message.text


def test_a_tool_ends_with_the_panel(scene, qtbot):
    hand, session, work, step, _ = scene
    step.buttons["delete"].click()
    session.viewer.window.remove_dock_widget(step)
    step.deleteLater()
    qtbot.wait(50)
    hand.drag((90, 60), (90, 120))  # over an object, as the tool has it
    hand.press(Qt.Key.Key_D, at=(30, 30))
    assert np.array_equal(work.labels, work.prediction)
