"""`napari-unet finetune` makes a child model from folders of the same base names."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from napari_unet.finetuning.budget import Budget
from napari_unet.finetuning.starting_kind import choose_starting_kind
from napari_unet.models.model_file import file_hash, load_model_file, save_model

Run = Callable[..., Any]


def _finetune(run: Run, folders: Path, model: Path, *more: object) -> Any:
    required = ("--images", folders / "images", "--labels", folders / "labels", "--output", folders / "new.safetensors")
    return run("finetune", *required, "--model", model, "--max-steps", 2, "--patch", 64, *more)


def test_child_is_written_and_knows_its_parent(run: Run, folders: Path, model_file: Path) -> None:
    ran = _finetune(run, folders, model_file, "--seconds", 20, "--json")
    assert ran.code == 0, ran.err
    answer = ran.answer
    child = load_model_file(folders / "new.safetensors")
    assert (child.name, child.sha256) == ("new", answer["sha256"])
    assert child.record.parent == file_hash(model_file) == answer["parent"]["sha256"]
    assert child.record.training.settings["max_steps"] == 2
    assert answer["steps"] == 2
    assert answer["before"]["n_objects"] == answer["after"]["n_objects"] > 0
    assert answer["sentence"]


def test_held_out_scores_are_told_in_words(run: Run, folders: Path, model_file: Path) -> None:
    ran = _finetune(run, folders, model_file, "--name", "My cells")
    assert ran.code == 0, ran.err
    assert "AP@0.5" in ran.out
    assert load_model_file(folders / "new.safetensors").name == "My cells"


def test_only_what_is_reviewed_counts(run: Run, folders: Path, model_file: Path) -> None:
    (folders / "reviewed").mkdir()
    reviewed = np.zeros((96, 96), np.uint8)
    reviewed[:, :48] = 255
    for name in ("a", "b"):
        tifffile.imwrite(folders / "reviewed" / f"{name}.tif", reviewed)
    whole = _finetune(run, folders, model_file, "--json").answer
    part = _finetune(run, folders, model_file, "--reviewed", folders / "reviewed", "--force", "--json").answer
    assert 0 < part["objects"] < whole["objects"] < 32
    assert whole["objects"] + whole["held_out"] <= 32


def test_time_bounds_the_training(run: Run, folders: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time of this process, so that others who use the machine do not count."""
    monkeypatch.setattr(time, "perf_counter", time.process_time)
    monkeypatch.setattr("napari_unet.finetuning.finetune.Budget", partial(Budget, clock=time.process_time))
    ran = _finetune(run, folders, model_file, "--seconds", 3, "--max-steps", 10**6, "--json")
    assert ran.code == 0, ran.err
    assert ran.answer["seconds"] < 5


def test_existing_output_is_kept_unless_forced(run: Run, folders: Path, model_file: Path) -> None:
    output = folders / "new.safetensors"
    output.write_text("precious")
    ran = _finetune(run, folders, model_file)
    assert ran.code == 2
    assert "new.safetensors" in ran.sentence
    assert output.read_text() == "precious"
    assert _finetune(run, folders, model_file, "--force").code == 0
    assert load_model_file(output).record.parent == file_hash(model_file)
    assert [path.name for path in folders.glob(".*")] == []


@pytest.mark.parametrize("folder", ["labels", "reviewed"])
def test_missing_partner_is_named(run: Run, folders: Path, model_file: Path, folder: str) -> None:
    (folders / "reviewed").mkdir()
    for name in ("a", "b"):
        tifffile.imwrite(folders / "reviewed" / f"{name}.tif", np.ones((96, 96), np.uint8))
    os.remove(next((folders / folder).glob("b*.tif")))
    ran = _finetune(run, folders, model_file, "--reviewed", folders / "reviewed")
    assert ran.code == 2
    assert "b.tif" in ran.sentence
    assert not (folders / "new.safetensors").exists()


@pytest.mark.parametrize(
    "labels",
    [
        np.zeros((95, 96), np.uint16),
        np.full((96, 96), 0.5, np.float32),
        np.full((96, 96), -1, np.int16),
        np.zeros((96, 96), np.uint16),  # nothing to learn from
        np.zeros((96, 96, 3), np.uint8),
    ],
    ids=["shape", "fractions", "negative", "empty", "colour"],
)
def test_labels_that_do_not_fit_are_one_sentence(
    run: Run, folders: Path, model_file: Path, labels: np.ndarray[Any, Any]
) -> None:
    for name in ("a.tif", "b_labels.tif"):
        tifffile.imwrite(folders / "labels" / name, labels)
    ran = _finetune(run, folders, model_file)
    assert ran.code == 2, ran.out
    assert ran.sentence
    assert not (folders / "new.safetensors").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        ("--seconds", "1"),
        ("--seconds", "soon"),
        ("--held-out", "0.9"),
        ("--output", "x.pt"),
        ("--output", "/no/such/folder/x.safetensors"),
        ("--images", "/no/such/folder"),
    ],
)
def test_bad_option_is_one_sentence(run: Run, folders: Path, model_file: Path, wrong: tuple[str, str]) -> None:
    ran = _finetune(run, folders, model_file, *wrong)
    assert ran.code == 2
    assert ran.sentence


def test_labels_that_contradict_themselves_are_told_of(run: Run, folders: Path, model_file: Path) -> None:
    path = folders / "labels" / "a.tif"
    labels = tifffile.imread(path)
    labels[labels == labels.max()] = 1
    tifffile.imwrite(path, labels)
    ran = _finetune(run, folders, model_file, "--device", "cpu")
    assert "Object 1 of “a” is in 2 parts that lie apart" in ran.out
    assert "on the processor" in ran.out
    again = _finetune(run, folders, model_file, "--json", "--force").answer
    assert again["problems"]
    assert isinstance(again["advice"], list)


def test_classes_are_learned_from_scratch_and_segmented(run: Run, folders: Path, models_dir: Path) -> None:
    """The labels of `folders` are objects: as classes they need a model with a class for each value, or just two."""
    for path in (folders / "labels").iterdir():
        tifffile.imwrite(path, (tifffile.imread(path) > 0).astype(np.uint8))
    run("models", "new", "Tissue", "--task", "semantic", "--classes", "background,cell")
    ran = _finetune(run, folders, "Tissue", "--name", "Taught", "--keep-new", "--json")
    assert ran.code == 0, ran.err
    assert set(ran.answer["after"]) == {"mean_iou", "dice_background", "dice_cell"}
    assert "mean IoU of 2 classes" in ran.answer["sentence"]
    found = run("segment", folders / "images" / "a.tif", "--model", folders / "new.safetensors", "--json")
    assert found.code == 0, found.err
    assert sum(found.answer["images"][0]["classes"].values()) == pytest.approx(1, abs=1e-3)
    told = run("segment", folders / "images" / "a.tif", "--model", folders / "new.safetensors")
    assert "background" in told.out


def test_colour_can_be_learned_and_then_is_asked_for(run: Run, folders: Path, model_file: Path) -> None:
    for path in (folders / "images").iterdir():
        grey = tifffile.imread(path)
        tifffile.imwrite(path, np.stack([grey, grey, grey]), metadata={"axes": "CYX"}, photometric="minisblack")
    ran = _finetune(run, folders, model_file, "--channels", "all", "--keep-new")
    assert ran.code == 0, ran.err
    assert load_model_file(folders / "new.safetensors").record.architecture.in_channels == 3
    tifffile.imwrite(folders / "grey.tif", np.zeros((64, 64), np.uint8))
    assert run("segment", folders / "images" / "a.tif", "--model", folders / "new.safetensors").code == 0
    refused = run("segment", folders / "grey.tif", "--model", folders / "new.safetensors")
    assert refused.code == 2
    assert "3 channels together" in refused.err


def test_which_kind_of_a_model_learns_can_be_chosen(
    run: Run, folders: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = ((kind, load_model_file(model_file)) for kind in ("buds", "roots"))
    buds, roots = (replace(one, record=one.record.model_copy(update={"kind": kind})) for kind, one in loaded)
    both = save_model(buds.with_others([roots]), folders / "both.safetensors").path
    started: list[str] = []

    def choose(*given: Any) -> Any:
        kind = choose_starting_kind(*given)
        started.append(kind.record.kind_name)
        return kind

    monkeypatch.setattr("napari_unet.finetuning.beginning.choose_starting_kind", choose)
    for kind in ("roots", "Buds"):
        assert _finetune(run, folders, both, "--force", "--kind", kind).code == 0
    assert started == ["roots", "buds"]
    wrong = _finetune(run, folders, both, "--force", "--kind", "leaves")
    assert wrong.code == 2
    assert "choose one of: buds, roots" in wrong.sentence
