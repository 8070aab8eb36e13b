"""Nobody edits what the canvas does not show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari")

from napari_unet.ui.canvas.sight import IN_3D, OTHER_AXES, is_covered
from napari_unet.ui.panel import UNetPanel


@pytest.fixture
def work(viewer: Any, panel: UNetPanel) -> Any:
    """A stack (3, 64, 80) of two objects, the mouse on one of them."""
    labels = np.zeros((3, 64, 80), np.int32)
    labels[:, 8:24, 10:28], labels[:, 36:52, 45:63] = 1, 2
    session = panel.session
    work = session.work_on(viewer.add_image(labels.astype(np.float32), name="cells", axis_labels=("z", "y", "x")))
    session.add_layer(work, "labels", labels.copy())
    work.prediction = labels.copy()
    viewer.dims.set_current_step(0, 1)
    viewer.cursor.position = (1, 14, 14)
    return work


def delete(panel: UNetPanel) -> str:
    """Press D where the mouse is; returns what was said."""
    panel.correct_step.clear_message()
    panel.correct_step.tools.use_at_cursor("delete")
    return panel.correct_step.message.text


def test_tools_refuse_the_3d_view_other_axes_and_slices_that_are_not_there(
    viewer: Any, panel: UNetPanel, work: Any
) -> None:
    before = work.labels.copy()
    panel.correct_step.tools.run("paint")
    viewer.dims.ndisplay = 3
    assert str(work.labels_layer.mode) == "pan_zoom", "the brush stays in the hand"
    assert panel.correct_step.message.text == IN_3D
    assert delete(panel) == IN_3D
    panel.correct_step.tools.run("paint")
    work.labels_layer.mode = "paint"  # napari's own button
    assert str(work.labels_layer.mode) == "pan_zoom"
    viewer.dims.ndisplay = 2
    viewer.dims.order = (1, 0, 2)
    assert delete(panel) == OTHER_AXES
    viewer.dims.order = (0, 1, 2)
    viewer.add_image(np.zeros((9, 64, 80)), name="longer", visible=False)
    panel.session.work_on(work.layer)
    viewer.dims.set_current_step(0, 7)
    assert delete(panel) == "cells has no such slice: move the slider to a slice of it, then use the tool."
    np.testing.assert_array_equal(work.labels, before)


def test_hidden_or_covered_labels_come_to_the_front_before_anything_is_done(
    viewer: Any, panel: UNetPanel, work: Any
) -> None:
    before = work.labels.copy()
    work.labels_layer.visible = False
    assert "in front now" in delete(panel)
    assert work.labels_layer.visible
    np.testing.assert_array_equal(work.labels, before)
    panel.correct_step.tools.run("paint")
    work.labels_layer.visible = False
    assert str(work.labels_layer.mode) == "pan_zoom"

    cover = viewer.add_image(np.ones((3, 64, 80)), name="cover")
    panel.session.work_on(work.layer)
    assert not is_covered(panel.session, work), "what is chosen is shown"
    viewer.layers.move(viewer.layers.index(cover), len(viewer.layers))
    assert "in front now" in delete(panel)
    np.testing.assert_array_equal(work.labels, before)
    assert delete(panel) == ""
    assert not (work.labels == 1).any()


def test_keys_act_when_the_image_is_selected_or_say_why_not(viewer: Any, panel: UNetPanel, work: Any) -> None:
    from app_model.types import KeyBinding

    key = KeyBinding.from_str("D")
    viewer.layers.selection.active = work.layer
    viewer.cursor.position = (1, 14, 14)
    work.layer.keymap[key](work.layer)
    assert not (work.labels == 1).any()
    empty = viewer.add_image(np.zeros((64, 80)), name="empty")
    viewer.layers.selection.active = empty
    empty.keymap[key](empty)
    assert panel.correct_step.message.text == "Segment the image first."


def test_a_missed_cell_is_painted_as_a_new_object(viewer: Any, panel: UNetPanel, work: Any) -> None:
    layer = work.labels_layer
    assert layer.selected_label == 3
    panel.correct_step.tools.run("paint")
    hint = panel.correct_step.hint_label.text()
    assert "Painting object 3, new." in hint
    colour = layer.get_color(3)
    assert "#" + "".join(f"{round(255 * float(part)):02x}" for part in colour[:3]) in hint
    layer.paint((1, 30, 40), 3)
    assert "Painting object 3." in panel.correct_step.hint_label.text()
    layer.selected_label = 1
    assert "Painting object 1." in panel.correct_step.hint_label.text()
