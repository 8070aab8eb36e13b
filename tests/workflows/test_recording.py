"""What was done in a project: told as a log and as a paragraph, and a training done again bit for bit."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch

from napari_unet.errors import UserError
from napari_unet.events import drain
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.finetune import finetune_steps
from napari_unet.finetuning.material.earlier import EarlierImages
from napari_unet.images.files.reading import read_image
from napari_unet.learning.trainer import Trainer
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.library import find_model, load_model, remove_model, save_to_library
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet
from napari_unet.project.opening import create_project
from napari_unet.project.project import LABELS, PREDICTION, REVIEWED, Project
from napari_unet.project.references import refer_to, with_hash
from napari_unet.project.storage.journal import Edit, Kind
from napari_unet.project.storage.tiles import TileChange, TileKey
from napari_unet.workflows.recording.log import describe_entry, make_log
from napari_unet.workflows.recording.methods import write_methods
from napari_unet.workflows.recording.replaying import choose_training, replay_steps

CONFIG = FinetuneConfig(max_steps=2, patch=64, batch_size=2, device="cpu", seconds=600, seed=3)


def draw(side: int = 96) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:side, :side]
    labels = np.zeros((side, side), np.int32)
    for number, (r, c) in enumerate(np.ndindex(4, 4), start=1):
        labels[np.hypot(y - 24 * r - 12, x - 24 * c - 12) < 7] = number
    noise = np.random.default_rng(0).normal(0, 60, labels.shape)
    return (400 + 2000 * (labels > 0) + noise).astype(np.uint16), labels


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project of one image with labels, in which a model was fine-tuned for two steps."""
    pixels, labels = draw()
    tifffile.imwrite(tmp_path / "cells.tif", pixels)
    project = create_project(tmp_path / "cells.unetproj")
    number = project.add_image(with_hash(refer_to(read_image(tmp_path / "cells.tif"), project.path)))
    project.set_array(number, LABELS, labels)
    project.set_array(number, PREDICTION, np.where(labels == 3, 0, labels))
    project.set_array(number, REVIEWED, np.ones_like(labels, np.uint8))
    project.flush()
    torch.manual_seed(0)
    architecture = UNetConfig(depth=1, base_channels=4)
    record = ModelRecord(name="Base", architecture=architecture, diameter=14, diameter_range=(7, 28))
    base = save_to_library(Model(UNet(architecture).eval(), record))
    teach(project, base, CONFIG)
    yield project
    project.close()


def teach(project: Project, base: Model, config: FinetuneConfig) -> Model:
    """Fine-tune on the project's image, and note it."""
    images, _ = EarlierImages(project).read([1], base.record, config.channels)
    child = save_to_library(drain(finetune_steps(base, images, config)).model)
    told = child.record.model_dump(mode="json")
    project.add_model(child.sha256, child.name, base.sha256, str(child.path), told)
    project.add_training(child.sha256, {"name": child.name, **told["training"]})
    project.flush()
    return child


def paint(project: Project) -> None:
    """A stroke, later than the training."""
    time.sleep(0.01)
    old = project.read_array(1, LABELS)[0, :4]
    change = TileChange(TileKey(0, 0, 0), np.arange(4, dtype=np.uint16), old, np.full_like(old, 99))
    project.add_edit(1, LABELS, Edit(Kind.EDIT, (change,)))
    project.flush()


def test_a_training_is_done_again_bit_for_bit_whatever_was_painted_since(project: Project) -> None:
    paint(project)
    assert (project.read_array(1, LABELS) == 99).sum() == 4
    replayed = drain(replay_steps(project, choose_training(project)))
    assert replayed.difference == ""


def test_one_that_the_clock_ended_is_done_again_bit_for_bit_though_labels_were_replaced(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_clock = CONFIG.model_copy(update={"max_steps": None, "seconds": 2.5, "batch_size": None})
    child = teach(project, load_model("Base"), by_clock)
    paint(project)
    for shift in (1, 2):  # as segmenting again does it, and once more, with which nothing was taught
        project.set_array(1, LABELS, np.roll(draw()[1], shift, axis=0))
    project.flush()
    step = Trainer.step
    monkeypatch.setattr(Trainer, "step", lambda *given: (time.sleep(0.02), step(*given))[1])  # another computer
    replayed = drain(replay_steps(project, choose_training(project)))
    assert replayed.difference == ""
    then, now = child.record.training, replayed.model.record.training
    assert (then.steps, then.decisions) == (now.steps, now.decisions)
    assert then.steps > 0
    assert np.array_equal(project.read_array(1, LABELS), np.roll(draw()[1], 2, axis=0))


def test_the_first_difference_is_told(project: Project) -> None:
    training = choose_training(project)
    training["record"]["settings"]["seed"] = 4
    assert "first weights that differ are" in drain(replay_steps(project, training)).difference
    with pytest.raises(UserError, match="no record of a training"):
        choose_training(project, "Other")
    project.set_array(1, LABELS, draw()[1].astype(np.uint16))  # of another form: nothing is kept
    project.flush()
    with pytest.raises(UserError, match="labels of cells were replaced since"):
        drain(replay_steps(project, choose_training(project)))
    remove_model("Base")
    with pytest.raises(UserError, match="import it"):
        drain(replay_steps(project, choose_training(project)))


def test_the_log_has_hashes_corrections_and_trainings_in_their_order(project: Project) -> None:
    paint(project)
    log = make_log(project)
    assert [entry["what"] for entry in log] == ["image", "edits", "edits", "edits", "model", "training", "edits"]
    lines = [describe_entry(entry) for entry in log]
    assert project.images()[1].hash in lines[0]
    assert "2 steps" in lines[-2]
    assert "seed 3" in lines[-2]
    assert lines[-1].endswith("cells: 1 correction by hand")
    assert [line.partition("cells: ")[2] for line in lines[1:4]] == [
        f"{what} written by the program" for what in ("the labels were", "the prediction was", "what is reviewed was")
    ]


def test_the_paragraph_has_versions_numbers_scores_and_references(project: Project) -> None:
    text = write_methods(project)
    name = find_model(choose_training(project)["record"]["name"]).name
    for part in (f"fine-tuned to {name}", "16 objects were labelled in 1 image", "2 steps", "seed 3", "torch 2.",
                 "10.1007/978-3-319-24574-4_28"):  # fmt: skip
        assert part in text
