"""`benchmarks/first_gain.py` on a tiny model: what came first, and that worse is not taken for better."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from effort_images import Picture
from effort_session import Session
from first_gain import compare, follow_run

from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.images.image import Image
from napari_unet.labels.evidence import Score
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.library import save_to_library
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet


def test_what_comes_first_is_timed_from_the_click(models_dir: Path) -> None:
    torch.manual_seed(0)
    architecture = UNetConfig(base_channels=4, depth=2)
    model = save_to_library(Model(UNet(architecture).eval(), ModelRecord(name="tiny", architecture=architecture)))
    rows, columns = np.ogrid[:160, :160]
    inside = np.hypot(rows % 40 - 20, columns % 40 - 20) < 10
    truth = np.where(inside, rows // 40 * 4 + columns // 40 + 1, 0).astype(np.int32)
    pixels = (100 + 100.0 * inside).astype(np.float32)
    session = Session([Picture(Image.from_array(pixels, "YX"), truth, str(number)) for number in range(3)], model)
    session.correct_until(15)
    config = FinetuneConfig(max_steps=8, patch=64, batch_size=2, device="cpu", preview_seconds=1)
    seconds = follow_run("tiny", session, config)["seconds"]
    assert 0 <= seconds["prepared"] <= seconds["step"] <= seconds["finished"]
    assert seconds["prepared"] <= seconds["score"] <= seconds["finished"]


def test_worse_is_not_better() -> None:
    before = Score(0.5, 0.4, 0.3, 14)
    assert compare(Score(0.5, 0.4, 0.3, 14), before) == []
    assert compare(Score(0.6, 0.4, 0.3, 14), before) == ["better"]
    assert compare(Score(0.4, 0.4, 0.31, 14), before) == ["better", "better_by_mean_ap"]
