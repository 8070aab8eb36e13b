"""What is always in sight: the job, the choice, what can be taken back; and room for the canvas in a narrow window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari")

from qtpy.QtWidgets import QDockWidget, QLabel, QVBoxLayout, QWidget

from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.pinned.area import PinnedArea
from napari_unet.ui.session.keeping.notices import Notice, get_notices
from napari_unet.ui.session.keeping.undo import get_undo


def test_nothing_is_pinned_while_nothing_matters_and_jobs_and_choices_do_not_scroll_away(panel: UNetPanel) -> None:
    assert panel.pinned.isHidden()
    inside = panel.scroll.widget()
    for widget in (panel.segment_step.progress, panel.finetune_step.training, panel.finetune_step.result_view):
        widget.show()
        assert not panel.pinned.isHidden()
        assert panel.pinned.isAncestorOf(widget)
        assert not inside.isAncestorOf(widget)
        widget.hide()
        assert panel.pinned.isHidden()


def test_a_notice_can_be_taken_back_and_goes_with_its_image(panel: UNetPanel, viewer: Any) -> None:
    first, second = (viewer.add_image(np.zeros((20, 20)), name=name) for name in "ab")
    session, done = panel.session, []
    work = session.work_on(first)
    notices = get_notices(session)
    notices.show(Notice("Gone.", "Undo", lambda: done.append(1)), work)
    assert panel.pinned.notice.text == "Gone."
    panel.pinned.notice.button.click()
    assert done == [1]
    assert panel.pinned.isHidden()
    assert notices.current is None
    notices.show(Notice("Gone.", "Undo", lambda: None), work)
    session.work_on(second)
    assert panel.pinned.notice.isHidden()


def test_a_long_sentence_is_shown_to_its_end(panel: UNetPanel, qtbot: Any) -> None:
    area = PinnedArea(panel.session)
    label = QLabel("It cannot be known yet whether this is better. " * 6, wordWrap=True)
    outside = QWidget()
    qtbot.addWidget(outside)
    layout = QVBoxLayout(outside)
    layout.addWidget(QWidget(), 1)
    layout.addWidget(area)
    area.pin(label)
    label.show()
    outside.resize(320, 700)
    outside.show()
    qtbot.waitUntil(lambda: label.height() >= label.heightForWidth(label.width()) > 80, timeout=5000)


def test_a_notice_of_a_step_goes_once_that_step_is_undone_by_a_key(panel: UNetPanel, viewer: Any) -> None:
    session = panel.session
    work = session.work_on(viewer.add_image(np.zeros((20, 20)), name="a"))
    layer = session.add_layer(work, "labels", np.ones((20, 20), np.int32))
    undo, notices = get_undo(session), get_notices(session)
    for row in (2, 3):
        layer.data_setitem((np.array([row]), np.array([4])), 0)
    notices.show(Notice("Removed.", "Undo", lambda: undo.undo(work)), work)
    assert undo.undo(work)
    assert panel.pinned.notice.isHidden()
    notices.show(Notice("The labels were deleted.", "Restore", lambda: None), work)
    assert undo.undo(work)
    assert panel.pinned.notice.text == "The labels were deleted."


@pytest.mark.real_window
def test_the_canvas_has_room_in_a_narrow_window(make_napari_viewer: Any, qtbot: Any) -> None:
    viewer = make_napari_viewer(show=True)
    panel = UNetPanel(viewer)
    viewer.window.add_dock_widget(panel, name="U-Net")
    window = panel.window()
    canvas = viewer.window._qt_viewer.canvas.native
    docks = [window.findChild(QDockWidget, name) for name in ("layer controls", "layer list")]
    places = [window.dockWidgetArea(dock) for dock in docks]
    window.resize(1024, 768)
    qtbot.waitUntil(lambda: canvas.width() >= 480, timeout=10_000)
    qtbot.waitUntil(panel.isVisible, timeout=10_000)
    window.resize(1400, 768)
    qtbot.waitUntil(lambda: [window.dockWidgetArea(dock) for dock in docks] == places, timeout=10_000)
    window.resize(1024, 768)
    qtbot.waitUntil(lambda: canvas.width() >= 480, timeout=10_000)
    panel.room.give_back()  # as the window closes, which remembers where docks stand
    assert [window.dockWidgetArea(dock) for dock in docks] == places
    panel.session.close()
