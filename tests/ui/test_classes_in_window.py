"""Classes in the window: a new model, paint, fine-tune; what is painted is reviewed, and the classes have names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from qtpy.QtWidgets import QInputDialog

from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.heads.new_model import new_model
from napari_unet.models.library import save_to_library
from napari_unet.models.unet import UNet
from napari_unet.ui.correct.palette import describe_painted
from napari_unet.ui.finetune.step import FinetuneStep
from napari_unet.ui.models.new_model import NewModelDialog
from napari_unet.ui.models.window import ModelsWindow
from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.segment.step import SegmentStep
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.session.session import get_session
from napari_unet.ui.session.trackers import collect_corrections, get_trackers

NAMES = ("background", "tissue", "gland")
QUICK = FinetuneConfig(seconds=60, max_steps=4, patch=64, batch_size=2, device="cpu", preview_seconds=1)


@pytest.fixture
def classes_model(models_dir, session):
    """A small untrained model for classes, in use."""
    model = new_model("Tissue", "semantic", NAMES)
    architecture = model.record.architecture.model_copy(update={"base_channels": 4, "depth": 2})
    torch.manual_seed(0)
    network = UNet(architecture).eval()
    network.final.bias.data[:] = torch.tensor([9.0, 0, 0])
    record = model.record.model_copy(update={"architecture": architecture})
    saved = save_to_library(replace(model, body=network, record=record))
    session.use_model(saved.name)
    return saved


def segmented(viewer, session, qtbot, wait_until_idle):
    image = np.random.default_rng(0).normal(100, 10, (128, 160)).astype(np.float32)
    work = session.work_on(viewer.add_image(image, name="section"))
    step = SegmentStep(session)
    qtbot.addWidget(step)
    step.request()
    wait_until_idle(session)
    return work, step


def paint(work, session, value: int, rows: slice, columns: slice) -> None:
    grid = np.mgrid[rows, columns].reshape(2, -1)
    work.labels_layer.data_setitem(tuple(grid), value)
    get_trackers(session).of(work).note_edit([()])
    get_trackers(session).finish()


def test_classes_are_named_and_only_what_is_painted_is_reviewed(
    viewer, session, classes_model, qtbot, wait_until_idle
) -> None:
    work, step = segmented(viewer, session, qtbot, wait_until_idle)
    assert "1 tissue" in step.classes.text()
    assert "background 100 %" in step.state
    assert list(work.labels_layer.features["class"]) == list(NAMES)
    paint(work, session, 1, slice(10, 20), slice(10, 60))
    paint(work, session, 1, slice(90, 100), slice(10, 60))
    assert np.count_nonzero(work.reviewed) == 2 * 10 * 50
    paint(work, session, 0, slice(10, 20), slice(10, 60))  # as it was predicted
    assert np.count_nonzero(work.reviewed) == 10 * 50


def test_one_class_alone_is_told_and_two_are_learned(
    viewer, session, classes_model, qtbot, wait_until_idle, monkeypatch
) -> None:
    monkeypatch.setattr(FinetuneStep, "config", QUICK)
    work, _ = segmented(viewer, session, qtbot, wait_until_idle)
    step = FinetuneStep(session)
    qtbot.addWidget(step)
    paint(work, session, 1, slice(0, 64), slice(0, 80))
    step.start_button.click()
    wait_until_idle(session)
    assert "Only the class tissue" in step.message.text
    paint(work, session, 2, slice(64, 128), slice(80, 160))
    step.start_button.click()
    wait_until_idle(session)
    assert step.result_view.result.model.record.class_names == NAMES
    assert "IoU of" in step.result_view.sentence.text()


def test_all_channels_are_at_hand_where_there_are_several(viewer, session, models_dir) -> None:
    work = session.work_on(viewer.add_image(np.zeros((64, 80, 3), np.uint8), rgb=True))
    session.add_layer(work, "labels", np.ones((64, 80), np.int32))
    session.add_layer(work, "reviewed", np.ones((64, 80), np.uint8))
    shapes = [collect_corrections(session, how)[0].image.plane().shape for how in ("one", "all", "auto")]
    assert shapes == [(64, 80), (3, 64, 80), (3, 64, 80)]  # "auto" is decided once it is known what they tell


def test_a_new_model_is_made_in_the_models_window(viewer, session, models_dir, qtbot, monkeypatch) -> None:
    session.work_on(viewer.add_image(np.zeros((64, 80, 3), np.uint8), rgb=True))
    window = ModelsWindow(session)
    qtbot.addWidget(window)
    asked = []

    def accept(dialog: NewModelDialog) -> bool:
        dialog.name.setText("Glands")
        dialog.task.setCurrentIndex(1)
        dialog.classes.setText("background")
        dialog.buttons.accepted.emit()
        asked.append(dialog.message.text)
        dialog.classes.setText("background, gland")
        return True

    monkeypatch.setattr(NewModelDialog, "exec", accept)
    window.buttons["New model..."].click()
    assert "at least two names" in asked[0]
    record = session.model_entry.record
    assert (record.name, record.class_names, record.architecture.in_channels) == ("Glands", ("background", "gland"), 3)
    assert "learned nothing yet" in window.details.text()


def test_the_correct_step_counts_pixels_and_offers_classes(
    viewer, session, panel, classes_model, qtbot, wait_until_idle
) -> None:
    work = session.work_on(viewer.add_image(np.zeros((128, 160), np.float32), name="section"))
    panel.segment_step.request()
    wait_until_idle(session)
    step = panel.correct_step
    palette = step.palette_of_classes
    assert [button.text() for button in palette.buttons] == list(NAMES)
    palette.buttons[2].click()
    assert work.labels_layer.selected_label == 2
    assert step.tools.tool == "paint"
    work.labels_layer.selected_label = 1  # as with napari's own controls
    assert [button.isChecked() for button in palette.buttons] == [False, True, False]
    paint(work, session, 2, slice(10, 20), slice(10, 60))
    paint(work, session, 1, slice(40, 50), slice(10, 20))
    assert step.state.startswith("600 pixels corrected; 3")
    assert step.counts_label.text().startswith("Corrected: 500 pixels to gland, 100 to tissue; ")
    assert step.buttons["split"].isHidden()
    assert not step.buttons["paint"].isHidden()
    assert step.review_queue.isHidden()
    step.tools.run("split")
    assert "for objects" in step.message.text
    assert step.tools.tool == "paint"
    qtbot.waitUntil(lambda: panel.finetune_step.state == "ready: 2 of 3 classes reviewed in 1 image", timeout=5000)
    assert "Nothing of background is reviewed yet" in panel.finetune_step.guidance.text
    assert panel.finetune_step.is_open, "there is something to learn from"
    assert panel.finetune_step.guidance.where_button.isHidden(), "which goes to objects"
    assert step.buttons["review_slice"].text() == "All of it"


def test_classes_renamed_in_the_models_window_have_their_new_names_in_the_palette_at_once(
    viewer, session, panel, classes_model, wait_until_idle, qtbot, monkeypatch
) -> None:
    work = session.work_on(viewer.add_image(np.zeros((64, 80), np.float32), name="section"))
    panel.segment_step.request()
    wait_until_idle(session)
    window = ModelsWindow(session)
    qtbot.addWidget(window)
    window.select(classes_model.name)
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("nothing,stroma,crypt", True))
    window.buttons["Class names..."].click()
    assert [button.text() for button in panel.correct_step.palette_of_classes.buttons] == ["nothing", "stroma", "crypt"]
    assert list(work.labels_layer.features["class"]) == ["nothing", "stroma", "crypt"]
    assert "1 stroma" in panel.segment_step.classes.text()


def test_objects_have_their_tools_again_beside_classes(viewer, session, panel, classes_model, wait_until_idle) -> None:
    session.work_on(viewer.add_image(np.zeros((64, 80), np.float32), name="section"))
    panel.segment_step.request()
    wait_until_idle(session)
    other = session.work_on(viewer.add_image(np.zeros((64, 80), np.float32), name="cells"))
    session.add_layer(other, "labels", np.ones((64, 80), np.int32))
    step = panel.correct_step
    assert not step.buttons["split"].isHidden()
    assert not step.review_queue.isHidden()
    assert step.grid.scope_box.count() == 1
    assert step.palette_of_classes.isHidden()


def test_a_reopened_project_knows_the_classes(
    viewer, session, panel, classes_model, wait_until_idle, make_napari_viewer, tmp_path, monkeypatch
) -> None:
    from napari_unet.project import recovery

    monkeypatch.setattr(recovery.platformdirs, "user_data_path", lambda name: tmp_path / "user" / name)
    work = session.work_on(viewer.add_image(np.zeros((128, 160), np.float32), name="section"))
    panel.segment_step.request()
    wait_until_idle(session)
    panel.project_bar.new_at(tmp_path / "mine.unetproj")
    paint(work, session, 2, slice(10, 20), slice(10, 60))
    get_keeper(session).finish()
    session.close()
    second_viewer = make_napari_viewer()
    second = UNetPanel(second_viewer)
    second_viewer.window.add_dock_widget(second, name="U-Net")
    try:
        second.project_bar.open_at(tmp_path / "mine.unetproj")
        again = second.session.current
        assert again.class_names == NAMES
        assert list(again.labels_layer.features["class"]) == list(NAMES)
        assert second.segment_step.state == "background 100 %"
        assert "500 pixels to gland" in second.correct_step.counts_label.text()
        paint(again, second.session, 1, slice(40, 50), slice(10, 20))
        assert np.count_nonzero(again.reviewed) == 600, "only what is painted is reviewed"
    finally:
        get_session(second_viewer).close()


def test_labels_of_classes_do_not_teach_a_model_for_objects(
    viewer, session, classes_model, qtbot, wait_until_idle
) -> None:
    work, _ = segmented(viewer, session, qtbot, wait_until_idle)
    paint(work, session, 1, slice(10, 20), slice(10, 60))
    session.use_model(None)
    step = FinetuneStep(session)
    qtbot.addWidget(step)
    step.start_button.click()
    assert session.job is None
    assert "labelled by class" in step.message.text


def test_painted_pixels_in_words() -> None:
    assert describe_painted({}, NAMES) == "No pixels corrected yet"
    assert describe_painted({1: 1}, NAMES) == "Corrected: 1 pixel to tissue"
    assert describe_painted({0: 5, 2: 1240}, NAMES) == "Corrected: 1,240 pixels to gland, 5 to background"
