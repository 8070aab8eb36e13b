"""Labels that are there already: a layer, a file, or a folder of pairs, taken over and learned from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

pytest.importorskip("napari")

from napari_unet.images.image import Image
from napari_unet.project.project import LABELS, REVIEWED
from napari_unet.results.exports.formats import export_labels
from napari_unet.results.exports.object_classes import ObjectClass, ObjectClasses
from napari_unet.ui.images.existing import put_labels
from napari_unet.ui.images.pairs_window import summarize_pairs
from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.session.keeping.undo import get_undo


@pytest.fixture
def mine(blobs: np.ndarray) -> np.ndarray:
    labels = np.zeros(blobs.shape, np.int32)
    labels[8:24, 10:28], labels[36:52, 45:63] = 1, 2
    return labels


def test_a_layer_of_the_users_becomes_a_prediction_to_be_corrected(
    panel: UNetPanel, viewer: Any, blobs: np.ndarray, mine: np.ndarray
) -> None:
    viewer.add_image(blobs)
    layer = viewer.add_labels(mine.copy(), name="by hand")
    viewer.add_labels(np.zeros((9, 9), np.int32), name="of another image")
    dialog = panel.image_step.existing
    panel.image_step.existing_button.click()
    assert dialog.source_box.currentText() == "by hand"
    dialog.use()
    work = panel.session.current
    assert not dialog.isVisible()
    assert work.labels_layer is layer
    np.testing.assert_array_equal(work.prediction, mine)
    assert work.prediction is not work.labels
    assert work.n_objects == 2
    assert work.reviewed is None
    assert panel.correct_step.is_open


def test_a_mask_and_a_grey_image_are_no_labels_and_a_closed_image_has_none(
    panel: UNetPanel, viewer: Any, blobs: np.ndarray, mine: np.ndarray
) -> None:
    image = viewer.add_image(blobs)
    dialog = panel.image_step.existing
    grey = (100 * np.random.default_rng(0).random(blobs.shape)).astype(np.int32)
    for wrong, told in (((grey % 2) * 255, "separate places"), (grey, "a grey image and not labels")):
        layer = viewer.add_labels(wrong, name="wrong")
        panel.image_step.existing_button.click()
        dialog.source_box.setCurrentText("wrong")
        dialog.use()
        assert told in dialog.message.text
        assert panel.session.current.labels is None
        viewer.layers.remove(layer)
        dialog.use()
        assert "removed meanwhile" in dialog.message.text
    viewer.add_labels(mine.copy(), name="right")
    dialog.ask()
    viewer.layers.remove(image)
    dialog.use()
    assert "is closed" in dialog.message.text


def test_ground_truth_is_reviewed_everywhere_and_nothing_is_said_of_corrections(
    panel: UNetPanel, viewer: Any, blobs: np.ndarray, mine: np.ndarray, qtbot: Any
) -> None:
    viewer.add_image(blobs)
    viewer.add_labels(mine.copy())
    dialog = panel.image_step.existing
    dialog.ask()
    dialog.learn.setChecked(True)
    dialog.use()
    work = panel.session.current
    assert work.reviewed.all()
    assert work.prediction is None
    step = panel.finetune_step
    qtbot.waitUntil(lambda: "2 objects of ground truth" in step.guidance.text, timeout=60_000)
    assert "Nothing is corrected" not in step.guidance.text
    assert step.start_button.isEnabled()
    qtbot.waitUntil(lambda: panel.correct_step.is_open, timeout=60_000)


def test_labels_of_before_come_back_with_undo(
    panel: UNetPanel, viewer: Any, blobs: np.ndarray, mine: np.ndarray
) -> None:
    work = panel.session.work_on(viewer.add_image(blobs))
    before = np.full(blobs.shape, 5, np.int32)
    panel.session.add_layer(work, "labels", before.copy())
    put_labels(panel.session, work, mine)
    np.testing.assert_array_equal(work.labels, mine)
    get_undo(panel.session).undo()
    np.testing.assert_array_equal(work.labels, before)


def test_a_file_of_another_shape_gets_a_sentence_in_the_dialog(
    panel: UNetPanel, viewer: Any, blobs: np.ndarray, tmp_path: Path
) -> None:
    viewer.add_image(blobs)
    tifffile.imwrite(tmp_path / "other.tif", np.ones((10, 10), np.uint16))
    dialog = panel.image_step.existing
    dialog.ask()
    dialog.choose_file(tmp_path / "other.tif")
    dialog.use()
    assert dialog.isVisible()
    assert "10, 10" in dialog.message.text
    assert panel.session.current.labels_layer is None
    dialog.close()


def test_a_folder_of_pairs_is_shown_added_and_can_be_learned_from(
    panel: UNetPanel,
    viewer: Any,
    blobs: np.ndarray,
    mine: np.ndarray,
    tmp_path: Path,
    qtbot: Any,
    wait_until_idle: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(3):
        tifffile.imwrite(tmp_path / f"cell{number}.tif", blobs + np.uint16(number))
        tifffile.imwrite(tmp_path / f"cell{number}_masks.tif", mine.astype(np.uint16))
    tifffile.imwrite(tmp_path / "alone.tif", blobs)
    window = panel.image_step.pairs
    window.show()
    window.choose(tmp_path)
    qtbot.waitUntil(window.add_button.isEnabled, timeout=60_000)
    assert window.add_button.text() == "Add 3 images"
    assert window.table.topLevelItem(0).text(0) == "alone.tif", "what is alone comes first"
    assert summarize_pairs(window.found) == "3 pairs fit. 1 image has no partner, and is left out."
    project = get_keeper(panel.session).open_store()
    monkeypatch.setattr(project._writer, "_commit_seconds", 3600.0)  # a disk that is in no hurry
    window.add_button.click()
    wait_until_idle(panel.session)
    assert len(project.images()) == 3, "whoever opens one now would not find its labels"
    qtbot.waitUntil(
        lambda: panel.session.current is not None and panel.session.current.labels is not None, timeout=60_000
    )
    work = panel.session.current
    np.testing.assert_array_equal(work.labels, mine)
    assert work.reviewed.all()
    assert len(panel.session.works) == 1, "the others need not be open"
    project.flush()
    for number in project.images():
        np.testing.assert_array_equal(project.read_array(number, LABELS), mine)
        assert project.read_array(number, REVIEWED).all()
    step = panel.finetune_step
    qtbot.waitUntil(lambda: step.material.n_given == 6, timeout=60_000)
    assert step.start_button.isEnabled()
    panel.image_step.add_pairs(window.found.usable)
    assert "in the project already" in panel.image_step.message.text


def test_classes_in_a_file_of_outlines_become_examples(
    panel: UNetPanel, viewer: Any, blobs: np.ndarray, mine: np.ndarray, tmp_path: Path
) -> None:
    viewer.add_image(blobs, name="cells")
    classes = ObjectClasses({(0, 1): ObjectClass("round"), (0, 2): ObjectClass("flat")})
    export_labels(Image(mine, "YX", name="cells"), "geojson", tmp_path, classes=classes)
    dialog = panel.image_step.existing
    panel.image_step.existing_button.click()
    dialog.choose_file(next(tmp_path.glob("*.geojson")))
    dialog.use()
    work = panel.session.current
    np.testing.assert_array_equal(work.labels > 0, mine > 0)
    found = {work.marked.names[which]: place for place, which in work.marked.places}
    assert mine[found["round"]] == 1
    assert mine[found["flat"]] == 2
    # A table of classes does the same for labels that are there.
    (tmp_path / "classes.csv").write_text("label,class\n1,old\n2,young\n")
    panel.classify_step.saved.load(tmp_path / "classes.csv")
    ids = {int(work.labels[place]): work.marked.names[which] for place, which in work.marked.places}
    assert sorted(ids.values()) == ["old", "young"]
