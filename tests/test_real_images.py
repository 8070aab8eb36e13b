"""The images that people have: read, segmented and scored as they come. Skipped where they are not at hand."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_unet import evaluate, load_model, segment
from napari_unet.images.files.reading import list_images, read_image
from napari_unet.models.model import Model

pytestmark = pytest.mark.shared_data

FLUORESCENCE = ("fluo_small_256", "fluo_hcs_520x696", "fluo_large")


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


def first_of_type(data: Path, kind: str, role: str, count: int) -> list[str]:
    """File names of the first `count` images of a type and role of dsb2018."""
    with (data / "dsb2018" / "images.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["type"] == kind and row["role"] == role]
    return [f"{row['id']}.png" for row in rows[:count]]


@pytest.mark.parametrize("kind", FLUORESCENCE)
def test_nuclei_are_found_in_images_never_seen(data_dir: Path, model: Model, kind: str) -> None:
    names = first_of_type(data_dir, kind, "validation", 2)
    images, labels = ([data_dir / "dsb2018" / part / name for name in names] for part in ("images", "labels"))
    assert evaluate(images, labels, model).ap[0.5] > 0.6


@pytest.mark.parametrize("folder", ["mouse_embryo_nuclei_3d", "stardist_demo_3d"])
def test_stacks_become_objects_through_z(data_dir: Path, model: Model, folder: str) -> None:
    path = list_images(data_dir / folder / "images")[0]
    image = read_image(path)
    assert image.axes == "ZYX"
    image = replace(image, data=np.asarray(image.data[:10, :160, :160]))
    found = segment(image, model)
    assert found.labels.shape == image.shape
    depths = [np.ptp(np.nonzero((found.labels == label).any(axis=(1, 2)))[0]) for label in range(1, 20)
              if (found.labels == label).any()]  # fmt: skip
    assert max(depths) >= 2


def test_histology_in_colour_is_segmented_in_grey(data_dir: Path, model: Model) -> None:
    (name,) = first_of_type(data_dir, "hist_purple_on_white", "validation", 1)
    image = read_image(data_dir / "dsb2018" / "images" / name)
    assert "S" in image.axes
    found = segment(image, model)
    assert found.axes == "YX"
    assert found.n_objects > 3


@pytest.mark.parametrize("folder", ["bbbc039", "mnfinder_nuclei", "chloroplast_em"])
def test_every_kind_of_file_is_read(data_dir: Path, folder: str) -> None:
    image = read_image(list_images(data_dir / folder / "images")[0])
    assert image.axes == "YX"
    assert image.plane(()).std() > 0
