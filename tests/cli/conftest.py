"""A small model and small images on disk, and a way to run commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch

from napari_unet import finetune
from napari_unet.cli import main
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.model import Model
from napari_unet.models.model_file import save_model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> dict[str, Any]:
        """What --json printed: one object, on one line, and nothing else."""
        [line] = self.out.splitlines()
        answer: dict[str, Any] = json.loads(line)
        return answer

    @property
    def sentence(self) -> str:
        """What was complained of: one line without a traceback."""
        [line] = self.err.strip().splitlines()
        assert "Traceback" not in line
        return line


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    def run(*args: object) -> Ran:
        capfd.readouterr()
        try:
            code = main([str(arg) for arg in args])
        except SystemExit as ended:  # argparse ends the process itself
            code = int(ended.code or 0)
        return Ran(code, *capfd.readouterr())

    return run


def draw_cells(seed: int = 0, size: int = 96) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """A noisy picture (Y, X) uint16 of bright discs on a jittered grid, and their exact labels."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    labels = np.zeros((size, size), np.uint16)
    for number, corner in enumerate(np.ndindex(size // 24, size // 24), start=1):
        centre = 24 * np.array(corner) + 12 + generator.uniform(-3, 3, 2)
        labels[np.hypot(y - centre[0], x - centre[1]) < generator.uniform(5, 8)] = number
    image = 400 + 2000 * (labels > 0) + generator.normal(0, 60, labels.shape)
    return image.astype(np.uint16), labels


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a few thousand parameters that has learned, in a second, to find the discs."""
    torch.manual_seed(0)
    architecture = UNetConfig(depth=1, base_channels=4)
    record = ModelRecord(name="Small", architecture=architecture, diameter=14, diameter_range=(7, 28))
    untrained = Model(UNet(architecture).eval(), record)
    image, labels = draw_cells(seed=9)
    settings = {"max_steps": 60, "patch": 64, "learning_rate": 1e-2, "held_out": 0.0}
    trained = finetune(image, labels, model=untrained, **settings).model
    saved = save_model(Model(trained.network, record), tmp_path_factory.mktemp("model") / "small.safetensors")
    assert saved.path is not None
    return saved.path


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """`images` and `labels` of the same base names, one a PNG-like TIFF and one named with `_labels`."""
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    for seed, labels_name in ((0, "a.tif"), (1, "b_labels.tif")):
        image, labels = draw_cells(seed)
        tifffile.imwrite(tmp_path / "images" / f"{'ab'[seed]}.tif", image)
        tifffile.imwrite(tmp_path / "labels" / labels_name, labels)
    return tmp_path
