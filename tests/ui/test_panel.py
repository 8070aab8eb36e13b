"""The panel as a whole: quick to open, free of torch, narrow, and folding only what the user left alone."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QAbstractButton, QApplication

from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.session import get_session

ROOT = Path(__file__).resolve().parents[2]
_OPEN_PANEL = """
import sys, time
begun = time.process_time()  # a busy machine is not the panel's fault
import napari
viewer = napari.Viewer(show=False)
started = time.process_time()
from napari_unet.ui.panel import UNetPanel
panel = UNetPanel(viewer)
viewer.window.add_dock_widget(panel)
print((time.process_time() - started) / (started - begun), {"torch", "pandas", "zarr"} & set(sys.modules) or "none")
viewer.close()
"""


def test_opening_takes_less_than_napari_itself_does_and_loads_nothing_large() -> None:
    done = subprocess.run([sys.executable, "-c", _OPEN_PANEL], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    share, loaded = done.stdout.split(maxsplit=1)
    assert loaded.strip() == "none"
    assert float(share) < 0.75  # 0.4 to 0.5 of napari's own start, whatever the machine


def test_the_next_step_opens_and_the_others_fold_but_not_against_the_users_will(
    panel: UNetPanel, viewer: Any, qtbot: Any
) -> None:
    assert [step for step in panel.steps if step.is_open] == [panel.image_step]
    viewer.add_image(np.zeros((20, 20)))
    assert [step for step in panel.steps if step.is_open] == [panel.segment_step]
    qtbot.mouseClick(panel.image_step.heading, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(panel.finetune_step.heading, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(panel.finetune_step.heading, Qt.MouseButton.LeftButton)
    session = panel.session
    session.add_layer(session.current, "labels", np.ones((20, 20), np.int32))
    session.current.prediction = np.ones((20, 20), np.int32)
    assert panel.image_step.is_open
    assert panel.correct_step.is_open
    assert not panel.segment_step.is_open
    assert not panel.finetune_step.is_open


def test_every_header_says_its_state(panel: UNetPanel, viewer: Any) -> None:
    assert all(step.state for step in panel.steps)
    viewer.add_image(np.zeros((20, 20)))
    assert all(step.state for step in panel.steps)


def test_headers_have_room_for_what_they_say_in_the_narrow_panel(viewer: Any, qtbot: Any) -> None:
    """Nothing is cut off at 340 px: there are shorter wordings, and all of it on hover."""
    panel = UNetPanel(viewer)
    qtbot.addWidget(panel)
    viewer.add_image(np.zeros((4, 512, 512), np.uint16), name="a", scale=(1, 0.325, 0.325))
    session = panel.session
    session.add_layer(session.current, "labels", np.ones((4, 512, 512), np.int32))
    session.current.prediction = np.ones((4, 512, 512), np.int32)
    panel.resize(340, 800)
    panel.show()
    qtbot.waitUntil(lambda: 50 < panel.image_step._state.width() < 300, timeout=5000)
    labels = [panel.project_bar.state_label, *(step._state for step in panel.steps)]
    full = [label.full_text for label in labels]
    for label in labels:
        assert label.fontMetrics().horizontalAdvance(label.text() + "m") <= label.width(), label.text()
        assert label.full_text in label.toolTip()
    assert "0.325" in full[1]
    assert labels[1].text() != full[1]
    assert full[1].startswith(labels[1].text())


@pytest.mark.parametrize("shape", [(64, 64), (3, 2, 5, 64, 64)])
def test_nothing_is_wider_than_the_dock(panel: UNetPanel, viewer: Any, shape: tuple[int, ...]) -> None:
    viewer.add_image(np.zeros(shape), name="a name of a file that somebody wanted to be very long indeed")
    panel.segment_step.advanced.heading.setChecked(True)
    panel.segment_step.question.show()
    panel.segment_step.progress.begin("Segmenting")
    panel.image_step.show_message("A sentence that is long enough to be wrapped in several lines, of course.")
    for step in panel.steps:
        step.set_open(True)
    panel.resize(340, 800)
    QApplication.processEvents()
    assert panel.minimumSizeHint().width() <= 340
    assert panel.scroll.widget().minimumSizeHint().width() <= 340 - 14


def test_every_button_says_what_it_does(panel: UNetPanel) -> None:
    silent = [
        button.text()
        for button in panel.findChildren(QAbstractButton)
        if not button.toolTip() and not button.isCheckable() and button.text() not in ("Cancel", "Segment")
    ]
    assert silent == []


def test_disabled_buttons_say_why(panel: UNetPanel) -> None:
    step = panel.segment_step
    usual = step.segment_button.property("_napari_unet_tool_tip")
    assert not step.segment_button.isEnabled()
    assert step.segment_button.toolTip() != usual


def test_closing_the_window_ends_the_job(make_napari_viewer: Any, qtbot: Any) -> None:
    from napari_unet.events import StopFlag

    viewer = make_napari_viewer(show=True)
    panel = UNetPanel(viewer)
    viewer.window.add_dock_widget(panel)
    session = get_session(viewer)
    qtbot.waitUntil(panel.isVisible, timeout=5000)
    stop = StopFlag()

    def work() -> Any:
        while True:
            time.sleep(0.01)
            yield None

    session.jobs.start(work(), stop)
    viewer.close()
    qtbot.waitUntil(lambda: session.jobs.closed, timeout=5000)
    assert stop.requested


def test_a_window_that_declines_to_close_goes_on(panel: UNetPanel, viewer: Any) -> None:
    panel.eventFilter(panel.window(), QEvent(QEvent.Type.Close))
    assert not panel.session.jobs.closed


def test_a_second_panel_shows_the_same_session(panel: UNetPanel, viewer: Any) -> None:
    viewer.add_image(np.zeros((20, 20)))
    viewer.window.remove_dock_widget(panel)
    again = UNetPanel(viewer)
    assert again.session is panel.session
    assert again.image_step.state == panel.image_step.state
    viewer.add_image(np.zeros((5, 20, 20)))
    assert "5 slices" in again.image_step.state
    again.close()
    again.deleteLater()


def test_keys_and_models_open_beside_the_work(panel: UNetPanel, qtbot: Any) -> None:
    for button in (panel.keys_button, panel.models_button):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert len(panel._windows) == 2
    assert not any(window.isModal() for window in panel._windows.values())
    for window in panel._windows.values():
        window.close()


def test_no_two_keys_are_the_same() -> None:
    from napari_unet.ui.correct.keys_window import _NAPARI, key_table, our_actions

    keys = [key_table().key_of(action) for action in our_actions()] + [key.keys for key in _NAPARI]
    assert len(keys) == len(set(keys))
