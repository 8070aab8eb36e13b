"""Corrections of images that are not open: read from the project as they were made, or left out with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from napari_unet.events import drain
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.finetune import finetune_steps
from napari_unet.finetuning.material.earlier import EarlierImage, EarlierImages
from napari_unet.images.files.reading import read_image
from napari_unet.images.image import Image
from napari_unet.models.record import ModelRecord
from napari_unet.project.opening import create_project
from napari_unet.project.project import LABELS, PREDICTION, REVIEWED, Project
from napari_unet.project.references import refer_to, with_hash

SHAPE = (3, 64, 80)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = create_project(tmp_path / "cells.unetproj")
    yield project
    project.close()


def squares(shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    labels = np.zeros(shape, np.int32)
    for number, (y, x) in enumerate([(5, 5), (5, 40), (35, 5), (35, 40)], start=1):
        labels[..., y : y + 14, x : x + 14] = number
    return labels


def keep(project: Project, path: Path, reviewed_slice: int = 1, **details: Any) -> int:
    """An image that is kept in the project: the model had missed object 1, and one slice of it is reviewed."""
    image = read_image(path)
    number = project.add_image(with_hash(refer_to(image, project.path, **details)))
    labels = squares()
    reviewed = np.zeros(SHAPE, np.uint8)
    reviewed[reviewed_slice] = 2
    project.set_array(number, LABELS, labels)
    project.set_array(number, PREDICTION, np.where(labels == 1, 0, labels))
    project.set_array(number, REVIEWED, reviewed)
    assert project.flush()
    return number


def write(path: Path, seed: int = 0) -> Path:
    noise = np.random.default_rng(seed).normal(20, 5, SHAPE)
    tifffile.imwrite(path, (noise + 100 * (squares() > 0)).astype(np.uint8), imagej=True, metadata={"axes": "ZYX"})
    return path


def look(project: Project, number: int) -> EarlierImage | None:
    return EarlierImages(project).count(number, project.images()[number])


def test_what_was_corrected_is_counted_and_read(project: Project, tmp_path: Path) -> None:
    number = keep(project, write(tmp_path / "a.tif"))
    assert look(project, number) == EarlierImage(number, "a", 1, 3)
    images, left_out = EarlierImages(project).read([number], ModelRecord(), "one")
    assert left_out == []
    (found,) = images
    assert found.axes == "ZYX"
    assert found.counts.added == 1
    np.testing.assert_array_equal(found.labels[1], squares()[1])
    assert not found.labels[[0, 2]].any(), "slices in which nothing is reviewed are not read"
    assert list(found.planes()) == [(1,)]
    np.testing.assert_array_equal(found.image.plane((1,)), tifffile.imread(tmp_path / "a.tif")[1])


def test_open_images_and_images_without_review_are_not_earlier_ones(project: Project, tmp_path: Path) -> None:
    first, second = (keep(project, write(tmp_path / f"{name}.tif")) for name in "ab")
    project.set_array(second, REVIEWED, np.zeros(SHAPE, np.uint8))
    project.flush()
    earlier = EarlierImages(project)
    assert list(earlier.closed([])) == [second, first]
    assert list(earlier.closed([first])) == [second]
    assert look(project, second) is None
    project.set_array(first, LABELS, None)
    project.flush()
    assert look(project, first) is None


def test_a_file_that_is_gone_or_changed_is_left_out_and_named(project: Project, tmp_path: Path) -> None:
    gone, changed, kept = (keep(project, write(tmp_path / f"{name}.tif", seed)) for seed, name in enumerate("abc"))
    earlier = EarlierImages(project)
    assert earlier.count(changed, project.images()[changed]).problem == ""
    (tmp_path / "a.tif").unlink()
    write(tmp_path / "b.tif", seed=7)  # of the same size
    assert "“a” is left out" in look(project, gone).problem
    assert "Put it there again" in look(project, gone).problem
    assert "has changed" in earlier.count(changed, project.images()[changed]).problem
    images, left_out = earlier.read([gone, changed, kept], ModelRecord(), "one")
    assert [one.name for one in images] == ["c"]
    assert len(left_out) == 2


def test_a_file_that_moved_with_the_project_is_found(project: Project, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    number = keep(project, write(tmp_path / "elsewhere" / "a.tif"))
    (tmp_path / "elsewhere" / "a.tif").rename(tmp_path / "a.tif")
    assert look(project, number).problem == ""


def test_pixels_that_came_from_no_file_are_used_while_they_are_in_memory(project: Project, tmp_path: Path) -> None:
    image = Image(np.zeros(SHAPE, np.uint8), "ZYX", name="made")
    number = project.add_image(refer_to(image, project.path))
    project.set_array(number, LABELS, squares())
    project.set_array(number, REVIEWED, np.ones(SHAPE, np.uint8))
    project.flush()
    reference = project.images()[number]
    assert EarlierImages(project, {number: image}).count(number, reference).n_confirmed == 4
    assert "came from no file" in EarlierImages(project).count(number, reference).problem


def test_labels_of_another_kind_are_left_out(project: Project, tmp_path: Path) -> None:
    names = ["background", "tissue"]
    objects = keep(project, write(tmp_path / "a.tif"))
    classes = keep(project, write(tmp_path / "b.tif"), class_names=names)
    assert not look(project, classes).has_objects
    earlier = EarlierImages(project)
    images, left_out = earlier.read([objects, classes], ModelRecord(), "one")
    assert [one.name for one in images] == ["a"]
    assert "labelled by class" in left_out[0]
    record = ModelRecord(task="semantic", outputs=tuple(names), class_names=tuple(names))
    images, left_out = earlier.read([objects, classes], record, "one")
    assert [one.name for one in images] == ["b"]
    assert "labelled by object" in left_out[0]


def test_channels_that_do_not_fit_are_left_out(project: Project, tmp_path: Path) -> None:
    stack = np.stack([tifffile.imread(write(tmp_path / "a.tif"))] * 2, axis=1)
    tifffile.imwrite(tmp_path / "two.tif", stack, imagej=True, metadata={"axes": "ZCYX"})
    one = keep(project, tmp_path / "a.tif")
    image = read_image(tmp_path / "two.tif").with_channels_first()
    two = project.add_image(with_hash(refer_to(image, project.path, channel=1)))
    project.set_array(two, LABELS, squares())
    project.set_array(two, REVIEWED, np.ones(SHAPE, np.uint8))
    project.flush()
    earlier = EarlierImages(project)
    assert len(earlier.read([one, two], ModelRecord(), "one")[0]) == 2
    images, left_out = earlier.read([one, two], ModelRecord(), "all")
    assert [found.name for found in images] == ["a"]
    assert "2 channels" in left_out[0]


def test_reading_ends_with_the_time_and_says_so(project: Project, tmp_path: Path) -> None:
    numbers = [keep(project, write(tmp_path / f"{name}.tif")) for name in "abc"]
    answers = iter([False, True, True])
    images, left_out = EarlierImages(project).read(numbers, ModelRecord(), "one", enough=lambda: next(answers))
    assert [one.name for one in images] == ["a"]
    assert "“b”, “c”" in left_out[0]
    assert "longer time" in left_out[0]


def test_a_project_that_is_closed_meanwhile_is_a_sentence(project: Project, tmp_path: Path) -> None:
    number = keep(project, write(tmp_path / "a.tif"))
    reference = project.images()[number]
    earlier = EarlierImages(project)
    project.close()
    assert earlier.closed(()) == {}
    assert earlier.count(number, reference).problem


def test_a_model_learns_from_images_that_are_not_open(project: Project, tmp_path: Path, tiny_model: Any) -> None:
    number = keep(project, write(tmp_path / "a.tif"))
    images, _ = EarlierImages(project).read([number], tiny_model.record, "one")
    config = FinetuneConfig(max_steps=2, patch=64, batch_size=2, device="cpu")
    result = drain(finetune_steps(tiny_model, images, config))
    assert result.model.record.training.images == ("a",)
    assert result.model.record.training.n_objects == 4
