"""Of kinds that an image resembles alike the surest answers; one that sees colour has to be outdone clearly."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from napari_unet.images.channels import stack_channels
from napari_unet.images.image import Image
from napari_unet.models.model import Model
from napari_unet.models.running.engine import Engine
from napari_unet.models.taught import TaughtSizes
from napari_unet.segmentation import kinds

RGB = Image.from_array(np.zeros((32, 32, 3), np.uint8), "YXS")


@pytest.mark.parametrize(("channels", "surer", "answers"), [(3, 1.2, 0), (3, 1.3, 1), (1, 1.2, 1), (1, 0.9, 0)])
def test_the_surest_answers(
    tiny_model: Model, monkeypatch: pytest.MonkeyPatch, channels: int, surer: float, answers: int
) -> None:
    architecture = tiny_model.record.architecture.model_copy(update={"in_channels": channels})
    first = replace(tiny_model, record=tiny_model.record.model_copy(update={"architecture": architecture}))
    found = iter([SimpleNamespace(conviction=0.5), SimpleNamespace(conviction=0.5 * surer)])
    monkeypatch.setattr(kinds, "measure_appearance", lambda *args: next(found))
    monkeypatch.setattr(kinds, "Predictor", lambda *args: None)
    kind, _ = kinds._surest(RGB, [first, tiny_model], (), Engine(), "auto")
    assert kind is [first, tiny_model][answers]


@pytest.mark.parametrize("stacked", [False, True])
@pytest.mark.parametrize(("axes", "taught", "seen"), [("YXS", False, True), ("CYX", False, False), ("CYX", True, True)])
def test_a_kind_that_nobody_taught_takes_colour_but_no_other_channels(
    tiny_model: Model, axes: str, taught: bool, seen: bool, stacked: bool
) -> None:
    architecture = tiny_model.record.architecture.model_copy(update={"in_channels": 3})
    sizes = TaughtSizes.measure([20.0], [20.0]) if taught else None
    record = tiny_model.record.model_copy(update={"architecture": architecture, "sizes": sizes})
    image = Image.from_array(np.zeros((32, 32, 3) if axes == "YXS" else (3, 32, 32), np.uint8), axes)
    assert kinds.can_see(replace(tiny_model, record=record), stack_channels(image) if stacked else image) is seen
    assert kinds.can_see(tiny_model, image)
