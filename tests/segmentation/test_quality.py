"""*Quality*: what is quick, what is usual, and what is careful."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_unet import load_model
from napari_unet.events import drain
from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_labels_path, sample_path
from napari_unet.images.image import Image
from napari_unet.labels.scores import tally_objects
from napari_unet.models.running.engine import Engine
from napari_unet.models.running.quantized import QuantizedUNet
from napari_unet.segmentation.blocks.work import FileSource
from napari_unet.segmentation.config import QualityName, SegmentConfig
from napari_unet.segmentation.events import Segmentation
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.segment import segment_steps


@pytest.mark.parametrize(
    ("settings", "precision", "every_way"),
    [
        ({}, "auto", False),
        ({"quality": "fast"}, "int8", False),
        ({"quality": "careful"}, "auto", True),
        ({"quality": "fast", "precision": "float32"}, "float32", False),
        ({"precision": "int8"}, "int8", False),
    ],
)
def test_quality_says_how_the_network_is_run(settings: dict[str, Any], precision: str, every_way: bool) -> None:
    config = SegmentConfig(**settings)
    assert config.engine.precision == precision
    assert config.every_way is every_way


@pytest.fixture(scope="module")
def corner() -> tuple[Image, np.ndarray]:
    image = read_image(sample_path("nuclei_2d"))
    truth = np.asarray(read_labels(sample_labels_path("nuclei_2d"), image))[:192, :192]
    return Image(np.asarray(image.plane(()))[:192, :192], "YX"), truth


@pytest.mark.parametrize("quality", ["fast", "normal", "careful"])
def test_each_quality_finds_the_nuclei(corner: tuple[Image, np.ndarray], quality: QualityName) -> None:
    image, truth = corner
    config = SegmentConfig(quality=quality, diameter=24, kind="nuclei", device="cpu")
    found: Segmentation = drain(segment_steps(image, load_model("cells-2d"), config))
    assert tally_objects(truth, found.labels).average_precision()[0.5] > 0.7


def test_careful_is_the_same_for_a_mirrored_image(corner: tuple[Image, np.ndarray]) -> None:
    tiles = np.asarray(corner[0].plane(()), np.float32)[None, None, :64, :64] / 4000
    model = load_model("nuclei-2d")
    usual, careful = Predictor(model), Predictor(model, every_way=True)
    mirrored = np.ascontiguousarray(tiles[..., ::-1])
    np.testing.assert_allclose(careful.predict(mirrored)[..., ::-1], careful.predict(tiles), atol=2e-3)
    assert np.abs(usual.predict(mirrored)[..., ::-1] - usual.predict(tiles)).max() > 2e-3


@pytest.mark.parametrize(("quality", "alike"), [("normal", False), ("careful", True)])
def test_segmenting_with_care_is_the_same_for_a_mirrored_image(
    corner: tuple[Image, np.ndarray], quality: QualityName, alike: bool
) -> None:
    pixels, model = np.asarray(corner[0].plane(()))[:96, :96], load_model("nuclei-2d")
    config = SegmentConfig(quality=quality, diameter=24, device="cpu", keep_probability=True)

    def maps(values: np.ndarray) -> np.ndarray:
        found: Segmentation = drain(segment_steps(Image(np.ascontiguousarray(values), "YX"), model, config))
        return np.asarray(found.probability, np.float32)

    difference = np.abs(maps(pixels[:, ::-1])[..., ::-1] - maps(pixels)).max()
    assert bool(difference < 5e-3) is alike


def test_workers_look_with_the_same_care(tmp_path: Path) -> None:
    files = FileSource(sample_path("nuclei_2d"), load_model("nuclei-2d").path or tmp_path, Engine("cpu"))
    tile = np.random.default_rng(0).random((1, 1, 32, 32), dtype=np.float32)
    usual, careful = (files.answered_by("", every_way).open()[1].predict(tile) for every_way in (False, True))
    assert np.abs(usual - careful).max() > 1e-3


def test_fast_computes_in_integers() -> None:
    predictor = Predictor(load_model("nuclei-2d"), SegmentConfig(quality="fast", device="cpu").engine)
    assert isinstance(predictor._network.module, QuantizedUNet)  # type: ignore[attr-defined]
