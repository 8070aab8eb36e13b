from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from discs import draw_discs

import napari_unet
from napari_unet.errors import UserError
from napari_unet.models.model import Model
from napari_unet.workflows.teaching import make_corrected_image

FEW = {"max_steps": 2, "patch": 64, "batch_size": 2, "device": "cpu"}


def test_arrays(tiny_model: Model) -> None:
    image, labels = draw_discs()
    result = napari_unet.finetune(image, labels, model=tiny_model, **FEW)
    assert result.steps == 2
    assert result.model.record.training.settings["max_steps"] == 2


def test_paths_and_reviewed_regions(tiny_model: Model, tmp_path: Path) -> None:
    image, labels = draw_discs()
    reviewed = np.zeros(labels.shape, np.uint8)
    reviewed[:, :100] = 255
    paths = [tmp_path / f"{name}.tif" for name in ("image", "labels", "reviewed")]
    for path, array in zip(paths, (image, labels.astype(np.uint16), reviewed), strict=True):
        tifffile.imwrite(path, array)
    result = napari_unet.finetune([paths[0]], [paths[1]], [paths[2]], model=tiny_model, **FEW)
    assert 0 < result.model.record.training.n_objects < labels.max()


def test_labels_that_do_not_fit_are_told(tiny_model: Model) -> None:
    image, labels = draw_discs()
    with pytest.raises(UserError):
        napari_unet.finetune(image, labels[:50], model=tiny_model, **FEW)
    with pytest.raises(UserError):
        napari_unet.finetune([image, image], [labels], model=tiny_model, **FEW)
    with pytest.raises(UserError):
        make_corrected_image(image, labels + 0.5)


def test_without_a_mask_all_is_reviewed() -> None:
    image, labels = draw_discs()
    assert make_corrected_image(image, labels).reviewed.all()
