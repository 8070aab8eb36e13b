"""One history over labels and reviewed marks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari")

from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.keeping.undo import get_undo
from napari_unet.ui.session.trackers import get_trackers


@pytest.fixture
def work(viewer: Any, panel: UNetPanel) -> Any:
    """A stack (5, 64, 80) of two objects."""
    labels = np.zeros((5, 64, 80), np.int32)
    labels[:, 8:24, 10:28], labels[:, 36:52, 45:63] = 1, 2
    session = panel.session
    work = session.work_on(viewer.add_image(labels.astype(np.float32), name="cells", axis_labels=("z", "y", "x")))
    session.add_layer(work, "labels", labels.copy())
    work.prediction = labels.copy()
    viewer.layers.selection.active = work.labels_layer
    return work


def state(work: Any) -> tuple[bytes, bytes]:
    return work.labels.tobytes(), b"" if work.reviewed is None else (work.reviewed > 0).tobytes()


def test_the_last_step_goes_first_whichever_layer_it_was_in(panel: UNetPanel, work: Any) -> None:
    session, tools, undo = panel.session, panel.correct_step.tools, get_undo(panel.session)
    session.viewer.dims.set_current_step(0, 2)
    tracker = get_trackers(session).of(work)
    tracker.set_marks_corrections(False)
    tracker.overlay.ensure_layer()
    acts = (
        lambda: work.labels_layer.data_setitem((np.full(5, 2), np.arange(5), np.full(5, 70)), 3),
        lambda: tools.run("review_slice"),
        lambda: work.labels_layer.data_setitem((np.full(5, 2), np.arange(5), np.full(5, 60)), 0),
        lambda: work.labels_layer.data_setitem((np.full(5, 2), np.arange(40, 45), np.full(5, 50)), 0),
        lambda: tools.run("clear_reviewed"),
    )
    states = [state(work)]
    for act in acts:
        act()
        tracker.finish()
        if state(work) != states[-1]:
            states.append(state(work))
    assert len(states) == 5  # to write 0 where 0 is changes nothing, but is a step
    seen = [state(work)]
    while undo.undo():
        tracker.finish()
        if state(work) != seen[-1]:
            seen.append(state(work))
    assert seen == states[::-1]
    while undo.redo():
        tracker.finish()
    assert state(work) == states[-1]


def test_clearing_the_marks_offers_undo_in_place(panel: UNetPanel, work: Any) -> None:
    tools = panel.correct_step.tools
    tools.run("review_slice")
    tools.run("clear_reviewed")
    assert not work.reviewed.any()
    message = panel.pinned.notice
    assert message.text == "Cleared the reviewed marks of this slice."
    assert message.button.text() == "Undo"
    message.button.click()
    assert work.reviewed[work.plane_at(panel.session.viewer.dims.point)].all()
    tools.run("clear_reviewed")
    tools.run("clear_reviewed")
    assert len(get_undo(panel.session).of(work).done) == 2, "clearing nothing is no step"


def test_a_stroke_through_slices_takes_its_marks_along_when_undone(panel: UNetPanel, work: Any) -> None:
    tracker = get_trackers(panel.session).of(work)
    layer = work.labels_layer
    layer.n_edit_dimensions, layer.brush_size = 3, 6
    panel.session.viewer.dims.set_current_step(0, 2)
    layer.paint((2, 14, 34), 1)
    tracker.finish()
    marked = [plane for plane in range(5) if work.reviewed[plane].any()]
    assert len(marked) >= 4
    get_undo(panel.session).undo()
    tracker.finish()
    np.testing.assert_array_equal(work.labels, work.prediction)
    assert not work.reviewed.any()


def test_ctrl_z_goes_to_the_one_history_whichever_layer_is_selected(panel: UNetPanel, work: Any) -> None:
    from app_model.types import KeyBinding

    tools = panel.correct_step.tools
    tools.run("review_slice")
    key = KeyBinding.from_str("Ctrl+Z")
    for layer in (work.labels_layer, work.layer):
        assert work.reviewed.any()
        layer.keymap[key](layer)
        assert not work.reviewed.any()
        get_undo(panel.session).redo()
