"""After a segmentation that does not suit the image the Segment step says so, and its button does something."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari")

from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.running import threads

pytestmark = pytest.mark.usefixtures("screenings")


@pytest.fixture
def work(panel: UNetPanel, viewer: Any, blobs: np.ndarray) -> Any:
    work = panel.session.work_on(viewer.add_image(blobs))
    panel.session.add_layer(work, "labels", np.zeros(blobs.shape, np.int32))
    return work


def test_nothing_found_is_told_and_dark_objects_are_one_click_away(
    panel: UNetPanel, work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, asked = panel.segment_step, []
    monkeypatch.setattr(step, "request", lambda: asked.append(True))
    work.prediction, work.n_objects = np.zeros(work.shape, np.int32), 0
    step.doubts.look(work)
    assert step.message.text.startswith("Nothing was found.")
    assert step.message.kind == "info"
    step.message.button.click()
    assert step.advanced.content.values()["invert"] == "yes"
    assert asked == [True]


@pytest.mark.parametrize("value", [7.0, np.nan])
def test_of_an_image_of_one_grey_value_it_is_said_that_nothing_is_there(
    panel: UNetPanel, viewer: Any, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    step, asked = panel.segment_step, []
    monkeypatch.setattr(step.doubts.others, "ask", lambda *given: asked.append(given))
    work = panel.session.work_on(viewer.add_image(np.full((30, 40), value), contrast_limits=(0, 1)))
    panel.session.add_layer(work, "labels", np.zeros(work.shape, np.int32))
    work.prediction, work.n_objects = np.zeros(work.shape, np.int32), 0
    step.doubts.look(work)
    assert "same grey value everywhere" in step.message.text
    assert step.message.button.isHidden()
    assert not asked


def test_an_empty_slice_of_a_stack_with_objects_is_no_even_image(panel: UNetPanel, viewer: Any) -> None:
    work = panel.session.work_on(viewer.add_image(np.zeros((3, 30, 40), np.uint8)))
    panel.session.add_layer(work, "labels", np.zeros(work.shape, np.int32))
    work.prediction, work.n_objects = np.zeros(work.shape, np.int32), 4
    panel.segment_step.doubts.look(work)
    assert panel.segment_step.message.text == ""


UNSURE = np.repeat([0.9, 0.1], [15, 5])  # how suspicious twenty objects are


def test_another_size_is_told_and_used(panel: UNetPanel, work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    step, asked = panel.segment_step, []
    monkeypatch.setattr(step, "request", lambda: asked.append(True))
    labels = np.zeros(work.shape, np.int32)
    for number in range(8):
        labels[8 * number : 8 * number + 7, 3:10] = number + 1
    work.set_diameter(30.0)
    work.prediction, work.n_objects = labels, 8
    step.doubts.look(work)
    assert step.message.button.text() == "Use 8 px"
    step.message.button.click()
    assert work.diameter == pytest.approx(2 * np.sqrt(49 / np.pi), abs=0.1)
    assert asked == [True]


def test_a_result_that_the_model_is_unsure_of_is_told_once_and_never_over_corrections(
    panel: UNetPanel, work: Any
) -> None:
    step = panel.segment_step
    work.prediction = np.zeros(work.shape, np.int32)
    step.doubts.note_screening(work, np.repeat([1.0, 0.1], [5, 15]))
    assert step.message.text == ""
    step.doubts.note_screening(work, UNSURE)
    assert "15 of 20" in step.message.text
    step.doubts.withdraw()
    assert step.message.text == ""
    step.doubts.note_screening(work, UNSURE)
    assert step.message.text == ""
    work.prediction = np.zeros(work.shape, np.int32)
    work.labels_layer.data_setitem((np.arange(4), np.arange(4)), 1)
    step.doubts.note_screening(work, UNSURE)
    assert step.message.text == "", "who has begun to correct is not told to choose another model"


def test_a_surer_model_is_offered_and_used_with_one_click(
    panel: UNetPanel, work: Any, monkeypatch: pytest.MonkeyPatch, qtbot: Any
) -> None:
    from napari_unet.events import Finished
    from napari_unet.workflows.alternatives import Sureness

    step, asked, names = panel.segment_step, [], []
    own = panel.session.model_entry
    assert own is not None
    others = [entry.name for entry in panel.session.model_entries() if entry.name != own.name]
    assert others, "there is one model only: nothing can be offered"

    def fake(tried: list[str], *_: Any) -> Any:
        names.extend(tried)
        yield Finished([Sureness(others[0], 0.9, 31), Sureness(own.name, 0.4, 3)])

    monkeypatch.setattr("napari_unet.workflows.alternatives.try_models", fake)
    monkeypatch.setattr(step, "request", lambda: asked.append(True))
    work.prediction = np.zeros(work.shape, np.int32)
    step.doubts.note_screening(work, UNSURE)
    qtbot.waitUntil(lambda: not step.doubts.others.busy, timeout=20_000)
    assert set(names) == {own.name, *others}
    assert others[0] in step.message.text
    assert "31 objects" in step.message.text
    step.message.button.click()
    assert present_name(panel) == others[0]
    assert asked == [True]


def present_name(panel: UNetPanel) -> str | None:
    entry = panel.session.model_entry
    return None if entry is None else entry.name


def test_what_was_said_of_a_result_goes_with_the_result(panel: UNetPanel, work: Any) -> None:
    step = panel.segment_step
    work.prediction = np.zeros(work.shape, np.int32)
    step.doubts.note_screening(work, UNSURE)
    assert "15 of 20" in step.message.text
    panel.session.viewer.layers.remove(work.labels_layer)
    assert work.prediction is None
    assert step.message.isHidden()
    assert panel.finetune_step.guidance.text == ""


def test_in_a_large_image_it_is_looked_up_beside_the_window(
    panel: UNetPanel, work: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "AT_ONCE_PIXELS", 10)
    step, asked = panel.segment_step, []
    monkeypatch.setattr(step, "start", lambda keep: asked.append(keep))
    labels = np.zeros(work.shape, np.int32)
    labels[10:20, 10:20] = 6
    work.labels_layer.data[...] = labels
    work.prediction = labels.copy()
    qtbot.waitUntil(lambda: work.labels_layer.selected_label == 7, timeout=10_000)
    work.n_objects = 0
    step.doubts.look(work)
    assert step.message.text == ""
    qtbot.waitUntil(lambda: step.message.text.startswith("Nothing was found."), timeout=10_000)
    monkeypatch.setattr(step, "_reason", lambda: None)
    step.request()
    qtbot.waitUntil(lambda: asked == [None], timeout=10_000)
    work.labels_layer.data[10, 10] = 0
    step.request()
    qtbot.waitUntil(lambda: not step.question.isHidden(), timeout=10_000)
    assert asked == [None], "corrections are asked about"


def test_what_was_looked_up_of_an_earlier_result_is_not_told(
    panel: UNetPanel, work: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "AT_ONCE_PIXELS", 10)
    told: list[Any] = []
    monkeypatch.setattr(panel.segment_step.doubts, "_tell", lambda *given: told.append(given))
    work.prediction, work.n_objects = np.zeros(work.shape, np.int32), 0
    panel.segment_step.doubts.look(work)
    work.prediction = np.zeros(work.shape, np.int32)
    panel.segment_step.doubts.look(work)
    qtbot.waitUntil(lambda: bool(told), timeout=10_000)
    qtbot.wait(50)
    assert len(told) == 1
