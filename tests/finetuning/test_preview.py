"""Of the view, what is predicted while the model is in training."""

from __future__ import annotations

import numpy as np
import pytest
from discs import draw_discs

from napari_unet.finetuning import preview
from napari_unet.finetuning.events import PreviewRequest
from napari_unet.finetuning.preview import middle_of_view, predict_preview
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.models.model import Model


@pytest.mark.parametrize(
    ("view", "largest", "middle"),
    [
        ((slice(10, 30), slice(0, 8)), 20, (slice(10, 30), slice(0, 8))),
        ((slice(10, 31), slice(0, 100)), 20, (slice(10, 30), slice(40, 60))),
        ((slice(0, 25), slice(5, 28)), 20, (slice(2, 22), slice(6, 26))),
    ],
)
def test_of_a_large_view_the_middle_is_looked_at(view: tuple, largest: int, middle: tuple) -> None:
    assert middle_of_view(view, largest) == middle


def test_labels_of_the_middle_come_at_their_place_in_the_view(tiny_model: Model, monkeypatch) -> None:
    seen = []

    def label_all(predictor, pixels, limits, diameter, thresholds):
        seen.append((pixels.shape, diameter))
        return np.ones(pixels.shape[-2:], np.int32)

    monkeypatch.setattr(preview, "predict_labels", label_all)
    image = Image(np.stack([draw_discs()[0]] * 2), "ZYX")
    request = PreviewRequest(image, (1,), (slice(20, 100), slice(None)), View())
    found = predict_preview(tiny_model, request, diameter=18.0, largest=60)
    rows, columns = np.nonzero(found)
    assert found.shape == (80, 200)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 69, 70, 129)
    assert seen == [((60, 60), 18.0)]
    predict_preview(tiny_model, request, largest=60)
    assert seen[-1][1] == tiny_model.record.diameter
    chosen = PreviewRequest(image, (1,), request.view, View(diameter=30.0))
    predict_preview(tiny_model, chosen, diameter=18.0, largest=60)
    assert seen[-1][1] == 30.0
