"""The paragraph for a paper: what it says of images, of models and of trainings, and what it cites."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_unet.project.opening import create_project
from napari_unet.project.project import LABELS, REVIEWED, Project
from napari_unet.project.references import ImageReference
from napari_unet.workflows.recording import methods
from napari_unet.workflows.recording.methods import REFERENCES, write_methods

TAUGHT = {
    "name": "Mine", "n_objects": 1200, "n_corrected": 1, "images": ["a", "b"], "steps": 1,
    "settings": {"learning_rate": 0.001, "batch_size": 8, "patch": 96, "seed": 3},
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    found = create_project(tmp_path / "a.unetproj")
    yield found
    found.close()


def add(project: Project, name: str, labels: np.ndarray | None, reviewed: np.ndarray | None = None) -> None:
    number = project.add_image(ImageReference(name, "YX", (4, 5)))
    for role, array in ((LABELS, labels), (REVIEWED, reviewed)):
        if array is not None:
            project.set_array(number, role, array)
    project.flush()


def teach(project: Project, scores: dict[str, float], **changed: Any) -> None:
    record = {"parent_name": "Base", "scores": scores}
    project.add_model("c" * 64, "Mine", "b" * 64, "mine.safetensors", record)
    project.add_training("c" * 64, TAUGHT | changed)
    project.flush()


def labels_of(*ids: int) -> np.ndarray:
    labels = np.zeros((4, 5), np.int32)
    labels.reshape(-1)[: len(ids)] = ids
    return labels


def test_objects_and_what_was_reviewed_are_counted_over_the_images_that_have_some(project: Project) -> None:
    half = np.zeros((4, 5), np.uint8)
    half[:2] = 1
    add(project, "a", labels_of(3, 9), half)
    add(project, "b", labels_of(70_000), np.ones((4, 5), np.uint8))
    add(project, "c", None)
    text = write_methods(project)
    assert (
        "3 objects were labelled in 2 images; of 2 images, 75% of the area on average was checked by a person." in text
    )


def test_one_of_each_is_told_as_one_and_nothing_reviewed_is_not_told(project: Project) -> None:
    add(project, "a", labels_of(3))
    assert "1 object was labelled in 1 image." in write_methods(project)
    assert "checked by a person" not in write_methods(project)


def test_models_that_were_only_used_are_named_once_each(project: Project) -> None:
    add(project, "a", labels_of(3))
    assert "Segmentation used" not in write_methods(project)
    for digest, name in (("a", "Cells"), ("b", "Tissue"), ("c", "Cells")):
        project.add_model(digest * 64, name, None, None, {})
    project.flush()
    text = write_methods(project)
    assert "Segmentation used the model Cells, Tissue, without further training." in text
    assert REFERENCES["AdamW"] not in text


@pytest.mark.parametrize(
    ("scores", "sentence"),
    [
        ({}, None),
        ({"ap50": 0.876}, "On reviewed objects that were held out, AP@0.5 was 0.88."),
        (
            {"ap50": 0.9, "ap50_before": 0.5, "mean_iou": 0.1},
            "On reviewed objects that were held out, AP@0.5 was 0.50 before and 0.90 after.",
        ),
        (
            {"mean_iou": 0.7, "mean_iou_before": 0.0},
            "On reviewed objects that were held out, mean IoU was 0.00 before and 0.70 after.",
        ),
    ],
)
def test_a_training_is_told_with_its_numbers_and_its_score(
    project: Project, scores: dict[str, float], sentence: str | None
) -> None:
    add(project, "a", labels_of(3))
    teach(project, scores)
    text = write_methods(project)
    assert (
        "The model Base was fine-tuned to Mine on 1,200 reviewed objects (1 of them corrected) of 2 images, for 1 step "
        "of AdamW (learning rate 0.001, 8 patches of 96 pixels, seed 3)."
    ) in text
    assert ("held out" in text) == (sentence is not None)
    assert sentence is None or sentence in text
    assert REFERENCES["AdamW"] in text


def test_versions_are_those_that_are_installed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "napari":
            raise methods.PackageNotFoundError(name)
        return "1.2.3"

    monkeypatch.setattr(methods, "version", version)
    text = write_methods(project)
    assert "(torch 1.2.3, scikit-image 1.2.3; Python 3." in text
    assert text.split("References")[1].strip().count("\n- ") == 4
