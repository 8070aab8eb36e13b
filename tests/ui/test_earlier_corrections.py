"""What was corrected in images that are not open any more: kept, counted, learned from, and restored with its file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch

from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.library import list_models, save_to_library
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet
from napari_unet.project import recovery
from napari_unet.project.opening import open_project
from napari_unet.project.project import LABELS, PREDICTION, REVIEWED
from napari_unet.ui.finetune.step import FinetuneStep
from napari_unet.ui.panel import WIDTH, UNetPanel
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.session.layers import image_to_layer
from napari_unet.ui.session.session import Session, get_session
from napari_unet.ui.session.trackers import get_trackers

QUICK = FinetuneConfig(seconds=60, max_steps=3, patch=64, batch_size=2, device="cpu", preview_seconds=1)


@pytest.fixture(autouse=True)
def user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery.platformdirs, "user_data_path", lambda name: tmp_path / "user" / name)
    monkeypatch.setattr(FinetuneStep, "config", QUICK)


@pytest.fixture(autouse=True)
def tiny(models_dir: Path) -> None:
    torch.manual_seed(0)
    architecture = UNetConfig(base_channels=4, depth=2)
    save_to_library(Model(UNet(architecture).eval(), ModelRecord(name="tiny", architecture=architecture)))


@pytest.fixture
def second_window(make_napari_viewer: Callable[..., Any]) -> Any:
    viewer = make_napari_viewer()
    panel = UNetPanel(viewer)
    viewer.window.add_dock_widget(panel, name="U-Net")
    yield panel
    get_session(viewer).close()


def squares(n_rows: int = 3, n_columns: int = 4) -> np.ndarray:
    labels = np.zeros((32 * n_rows, 32 * n_columns), np.int32)
    for number in range(n_rows * n_columns):
        y, x = 32 * (number // n_columns) + 8, 32 * (number % n_columns) + 8
        labels[y : y + 14, x : x + 14] = number + 1
    return labels


def write(path: Path, seed: int = 0) -> Path:
    noise = np.random.default_rng(seed).normal(20, 5, squares().shape)
    tifffile.imwrite(path, (noise + 100 * (squares() > 0)).astype(np.uint8))
    return path


def add(session: Session, path: Path) -> Any:
    from napari_unet.images.files.reading import read_image

    data, options, _ = image_to_layer(read_image(path))
    return session.work_on(session.viewer.add_image(data, **options))


def correct(session: Session, work: Any) -> Any:
    """The model had missed object 1; all of the image is reviewed."""
    labels = squares()
    session.add_layer(work, "labels", np.where(labels == 1, 0, labels))
    work.prediction = np.where(labels == 1, 0, labels)
    work.labels_layer.data_setitem(np.nonzero(labels == 1), 1)
    get_trackers(session).of(work).note_edit([()])
    session.add_layer(work, "reviewed", np.ones(labels.shape, np.uint8))
    get_trackers(session).finish()
    get_keeper(session).finish()
    return work


def close_image(session: Session, work: Any, order: tuple[str, ...]) -> None:
    """Remove the layers of an image as a user does, in any order."""
    for role in order:
        session.viewer.layers.remove(work.layer if role == "image" else work.layers[role])


ORDERS = [("image", "labels", "reviewed"), ("reviewed", "labels", "image"), ("labels", "image", "reviewed")]


@pytest.mark.parametrize("order", ORDERS)
def test_closing_an_image_keeps_its_corrections_in_the_project(
    session: Session, panel: UNetPanel, tmp_path: Path, qtbot: Any, order: tuple[str, ...]
) -> None:
    panel.project_bar.new_at(tmp_path / "mine.unetproj")
    work = correct(session, add(session, write(tmp_path / "a.tif")))
    close_image(session, work, order)
    earlier = panel.finetune_step.material.earlier
    qtbot.waitUntil(lambda: len(earlier.usable) == 1, timeout=10_000)
    session.close()
    found = open_project(tmp_path / "mine.unetproj", write=False)
    np.testing.assert_array_equal(found.read_array(1, LABELS), squares())
    assert (found.read_array(1, PREDICTION) != squares()).any()
    assert found.read_array(1, REVIEWED).all()
    found.close()


def test_labels_that_are_removed_from_an_open_image_are_gone_when_it_is_saved(
    session: Session, panel: UNetPanel, tmp_path: Path
) -> None:
    panel.project_bar.new_at(tmp_path / "mine.unetproj")
    work = correct(session, add(session, write(tmp_path / "a.tif")))
    session.viewer.layers.remove(work.labels_layer)
    session.close()
    found = open_project(tmp_path / "mine.unetproj", write=False)
    assert found.read_array(1, LABELS) is None
    assert found.read_array(1, PREDICTION) is None
    found.close()


def test_training_uses_what_is_open_and_what_was_closed(
    session: Session, panel: UNetPanel, tmp_path: Path, qtbot: Any, wait_until_idle: Callable[[Session], None]
) -> None:
    session.use_model("tiny")
    step = panel.finetune_step
    first = correct(session, add(session, write(tmp_path / "a.tif")))  # without a project: the recovery file has it
    close_image(session, first, ORDERS[0])
    assert not step.start_button.isEnabled()
    qtbot.waitUntil(lambda: not step.material.earlier_box.isHidden(), timeout=10_000)
    assert step.material.earlier_box.text() == "Also use 1 closed image (12 objects)"
    assert step.start_button.isEnabled(), "what was corrected before is enough to learn from"
    correct(session, add(session, write(tmp_path / "b.tif", 1)))
    qtbot.waitUntil(lambda: step.state == "ready: 2 images, 2 corrected and 22 confirmed objects", timeout=10_000)
    assert "All corrections are in" not in step.guidance.text
    step.material.fold.heading.click()
    assert rows(step) == [("b", "1", "11"), ("a", "1", "11")]
    step.start_button.click()
    wait_until_idle(session)
    record = step.result_view.result.model.record
    assert record.training.images == ("b", "a")
    assert record.training.n_objects == 24
    names, learned, held = zip(*rows(step), strict=True)
    assert names == ("b", "a")
    assert sum(map(int, held)) > 0
    assert 12 < sum(map(int, learned)) + sum(map(int, held)) <= 24


def test_the_step_is_no_wider_than_the_panel_and_nothing_is_cut(
    session: Session, panel: UNetPanel, tmp_path: Path, qtbot: Any
) -> None:
    step = panel.finetune_step
    close_image(session, correct(session, add(session, write(tmp_path / "a.tif"))), ORDERS[0])
    correct(session, add(session, write(tmp_path / "b.tif", 1)))
    qtbot.waitUntil(lambda: not step.material.earlier_box.isHidden(), timeout=10_000)
    step.material.fold.heading.click()
    step.result_view.sentence.setText("Held-out score: 0.50. Not better. Correct more objects of the kind. " * 4)
    step.result_view.show()
    assert step.body.minimumSizeHint().width() <= WIDTH - 20


def rows(step: FinetuneStep) -> list[tuple[str, ...]]:
    table = step.material.table
    items = [table.topLevelItem(number) for number in range(table.topLevelItemCount())]
    return [tuple(item.text(column) for column in range(3)) for item in items]


def test_who_does_not_want_the_earlier_ones_leaves_them_out(
    session: Session, panel: UNetPanel, tmp_path: Path, qtbot: Any, wait_until_idle: Callable[[Session], None]
) -> None:
    session.use_model("tiny")
    step = panel.finetune_step
    close_image(session, correct(session, add(session, write(tmp_path / "a.tif"))), ORDERS[0])
    correct(session, add(session, write(tmp_path / "b.tif", 1)))
    qtbot.waitUntil(lambda: bool(step.material.earlier.usable), timeout=10_000)
    step.material.earlier_box.click()
    qtbot.waitUntil(lambda: step.state.startswith("ready: 1 image,"), timeout=10_000)
    step.start_button.click()
    wait_until_idle(session)
    assert step.result_view.result.model.record.training.images == ("b",)


def test_an_image_whose_file_is_gone_is_left_out_and_the_user_is_told(
    session: Session, panel: UNetPanel, tmp_path: Path, qtbot: Any, wait_until_idle: Callable[[Session], None]
) -> None:
    session.use_model("tiny")
    step = panel.finetune_step
    for name in "ac":
        close_image(session, correct(session, add(session, write(tmp_path / f"{name}.tif"))), ORDERS[0])
    correct(session, add(session, write(tmp_path / "b.tif", 1)))
    qtbot.waitUntil(lambda: len(step.material.earlier.usable) == 2, timeout=10_000)
    (tmp_path / "a.tif").unlink()
    step.start_button.click()
    wait_until_idle(session)
    assert "“a” is left out: its file is not at" in step.guidance.text
    assert step.result_view.result.model.record.training.images == ("b", "c")


def test_the_objects_that_are_used_are_marked_in_the_image(
    session: Session, panel: UNetPanel, tmp_path: Path, qtbot: Any, wait_until_idle: Callable[[Session], None]
) -> None:
    session.use_model("tiny")
    step = panel.finetune_step
    work = correct(session, add(session, write(tmp_path / "a.tif")))
    step.material.fold.heading.click()
    assert not step.material.marks_box.isEnabled()
    step.start_button.click()
    wait_until_idle(session)
    assert step.material.marks_box.isEnabled()
    step.material.marks_box.click()
    learned, held = (work.signs[name].places for name in ("learned", "held out"))
    (use,) = (use for _, use in step.material.uses)
    assert (len(learned), len(held)) == (use.n_learned, use.n_held_out)
    assert held.size
    ids = {int(work.labels[tuple(np.round(at).astype(int))]) for at in [*learned, *held]}
    assert 0 not in ids
    assert len(ids) == len(learned) + len(held)
    step.material.marks_box.click()
    assert not work.signs["learned"].places.size


def test_pixels_from_no_file_are_learned_from_after_their_layer_was_removed(
    session: Session, panel: UNetPanel, tmp_path: Path, qtbot: Any
) -> None:
    pixels = tifffile.imread(write(tmp_path / "a.tif"))
    work = correct(session, session.work_on(session.viewer.add_image(pixels, name="made")))
    close_image(session, work, ORDERS[0])
    earlier = panel.finetune_step.material.earlier
    qtbot.waitUntil(lambda: bool(earlier.usable), timeout=10_000)
    images, left_out = earlier.reader("one")(ModelRecord(), [], lambda: False)
    assert left_out == []
    np.testing.assert_array_equal(images[0].image.plane(), pixels)
    panel.project_bar.new_at(tmp_path / "mine.unetproj")  # the recovery file becomes the project
    qtbot.waitUntil(lambda: not earlier.busy, timeout=10_000)
    assert [image.name for image in earlier.usable] == ["made"]


def test_an_image_that_is_opened_again_has_its_labels_again(
    session: Session, panel: UNetPanel, tmp_path: Path, qtbot: Any
) -> None:
    work = correct(session, add(session, write(tmp_path / "a.tif")))
    close_image(session, work, ORDERS[1])
    again = add(session, tmp_path / "a.tif")
    qtbot.waitUntil(lambda: again.labels is not None, timeout=10_000)
    np.testing.assert_array_equal(again.labels, squares())
    assert again.reviewed.all()
    assert panel.project_bar.message.text.startswith("Restored a: labels, reviewed regions")
    again.labels_layer.data_setitem(np.nonzero(squares() == 2), 0)
    get_keeper(session).finish()
    project = get_keeper(session).project
    project.flush()
    assert len(project.images()) == 1
    assert not (project.read_array(1, LABELS) == 2).any()
    assert panel.finetune_step.material.earlier.usable == ()


# -- what the end of a window leaves --------------------------------------------------------------------------------


def test_a_training_that_is_cut_short_is_told_when_the_project_is_opened(
    session: Session, panel: UNetPanel, second_window: UNetPanel, tmp_path: Path, qtbot: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(FinetuneStep, "config", QUICK.model_copy(update={"max_steps": 100_000}))
    session.use_model("tiny")
    panel.project_bar.new_at(tmp_path / "mine.unetproj")
    correct(session, add(session, write(tmp_path / "a.tif")))
    panel.finetune_step.start_button.click()
    qtbot.waitUntil(lambda: panel.finetune_step.material.uses != [], timeout=30_000)
    session.close()
    assert [entry.name for entry in list_models() if not entry.shipped] == ["tiny"]
    second_window.project_bar.open_at(tmp_path / "mine.unetproj")
    step = second_window.finetune_step
    assert "was cut short" in step.message.text
    assert "click Fine-tune to train again" in step.message.text
    assert step.start_button.isEnabled()
    np.testing.assert_array_equal(second_window.session.current.labels, squares())
    project = get_keeper(second_window.session).project
    project.flush()
    assert project.get_property("training") is None, "told once"


def test_a_model_that_nobody_decided_on_is_saved_when_the_window_closes(
    session: Session, panel: UNetPanel, second_window: UNetPanel, tmp_path: Path, qtbot: Any,
    wait_until_idle: Callable[[Session], None],
) -> None:  # fmt: skip
    from dataclasses import replace

    session.use_model("tiny")
    panel.project_bar.new_at(tmp_path / "mine.unetproj")
    correct(session, add(session, write(tmp_path / "a.tif")))
    step = panel.finetune_step
    step.start_button.click()
    wait_until_idle(session)
    assert not step.start_button.isEnabled(), "the choice comes first"
    step.result_view.result = replace(step.result_view.result, better=True)
    session.close()
    saved = [entry for entry in list_models() if not entry.shipped and entry.name != "tiny"]
    assert [entry.record.parent_name for entry in saved] == ["tiny"]
    second_window.project_bar.open_at(tmp_path / "mine.unetproj")
    assert saved[0].name in second_window.finetune_step.message.text
    assert second_window.session.model_entry.name == "tiny"


def test_a_training_that_ended_leaves_no_note(
    session: Session, panel: UNetPanel, tmp_path: Path, wait_until_idle: Callable[[Session], None]
) -> None:
    session.use_model("tiny")
    panel.project_bar.new_at(tmp_path / "mine.unetproj")
    correct(session, add(session, write(tmp_path / "a.tif")))
    project = get_keeper(session).project
    for end in ("decide", "discard"):
        panel.finetune_step.start_button.click()
        project.flush()
        assert "started" in project.get_property("training")
        if end == "discard":
            panel.finetune_step.training.discard_button.click()
        wait_until_idle(session)
        if end == "decide":
            panel.finetune_step.result_view.keep_button.click()
        project.flush()
        assert project.get_property("training") is None
