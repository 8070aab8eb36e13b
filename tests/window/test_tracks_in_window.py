"""Tracking in a real window, by real clicks: track, choose two cells, swap, and take it back with Ctrl+Z."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from movies import draw_movie, renumber, straight

pytest.importorskip("napari")

from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from window_driver import Hand, let_run, wait_for

from napari_unet.ui.panel import UNetPanel

pytestmark = pytest.mark.real_window


def press(button: Any) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    let_run(0.05)


def test_track_swap_and_undo_by_hand(make_napari_viewer: Any) -> None:
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1280, 800)
    panel = UNetPanel(viewer)
    viewer.window.add_dock_widget(panel, name="U-Net")
    session, step, hand = panel.session, panel.track_step, Hand(viewer)
    ways = {1: straight((30, 30), (0, 6), range(5)), 2: straight((90, 110), (0, -6), range(5))}
    truth = draw_movie(ways, shape=(120, 160), radius=9)
    work = session.work_on(viewer.add_image((truth > 0) * np.float32(1), name="cells", axis_labels=("t", "y", "x")))
    session.add_layer(work, "labels", renumber(truth, seed=1))
    viewer.layers.selection.active = work.labels_layer
    let_run(0.1)
    press(step.heading)  # as a person opens it: it stays open
    let_run(0.1)
    press(step.track_button)
    wait_for(lambda: session.job is None and "tracks" in work.layers, 60, "nothing was tracked")
    assert [int(work.labels[t, 30, 30 + 6 * t]) for t in range(5)] == [1] * 5
    assert viewer.layers.selection.active is work.labels_layer

    hand.show_all()
    work.labels_layer.mode = "pan_zoom"
    viewer.dims.set_current_step(0, 3)
    let_run(0.1)
    hand.click(work.labels_layer, (30, 48))
    hand.click(work.labels_layer, (90, 92))
    assert (step.one.value(), step.other.value()) == (1, 2)
    panel.scroll.ensureWidgetVisible(step.swap_button)
    press(step.swap_button)
    assert [int(work.labels[t, 30, 30 + 6 * t]) for t in range(5)] == [1, 1, 1, 2, 2]
    hand.undo()
    let_run(0.1)
    assert [int(work.labels[t, 30, 30 + 6 * t]) for t in range(5)] == [1] * 5
    ends = {int(track): row for track, *row in work.layers["tracks"].data.tolist()}
    assert ends == {1: pytest.approx([4, 30, 54]), 2: pytest.approx([4, 90, 86])}
    session.close()
