"""The panel may be closed and opened again; the session, the layers and the work on them go on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.session import get_session
from napari_unet.ui.session.trackers import get_trackers


@pytest.mark.real_window
def test_correcting_goes_on_after_the_panel_was_closed(viewer: Any, qtbot: Any) -> None:
    dock = viewer.window.add_dock_widget(UNetPanel(viewer), name="U-Net")
    viewer.add_image(np.zeros((60, 60), np.uint8))
    session = get_session(viewer)
    work = session.current
    labels = np.zeros((60, 60), np.int32)
    labels[10:20, 10:20] = 1
    session.add_layer(work, "labels", labels.copy())
    work.prediction = labels.copy()
    keys = set(work.labels_layer.keymap)
    viewer.window.remove_dock_widget(dock)
    qtbot.wait(50)
    assert len(set(work.labels_layer.keymap) & keys) < len(keys) // 2, "keys of a panel that is gone take napari's away"

    work.labels_layer.mode = "paint"
    work.labels_layer.paint((15, 15), 0)
    get_trackers(session).finish()
    panel = UNetPanel(viewer)
    viewer.window.add_dock_widget(panel, name="U-Net")
    assert panel.correct_step.state.startswith("1 corrected")
    work.labels_layer.mode = "erase"
    work.labels_layer.paint((40, 15), 3)
    get_trackers(session).finish()
    assert panel.correct_step.state.startswith("1 corrected, 1 added")
    assert panel.correct_step.tools.tool == "erase"
