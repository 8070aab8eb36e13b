"""A plane in pieces: only what is new is made anew, and all that is reviewed is learned from, once."""

from __future__ import annotations

import numpy as np
from discs import draw_discs

from napari_unet.finetuning.live import pieces as module
from napari_unet.finetuning.live.feed import PlaneNews
from napari_unet.finetuning.live.planes import LivePlanes
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.models.model import Model
from napari_unet.models.running.engine import Engine


def test_a_correction_makes_the_pieces_around_it_anew_and_no_others(tiny_model: Model, monkeypatch) -> None:
    monkeypatch.setattr(module, "SIDE", 64)
    pixels, truth = draw_discs()
    image, planes = Image(pixels, "YX"), LivePlanes(tiny_model, 32, Engine("cpu"))
    labels, reviewed = truth.copy(), np.ones(truth.shape, bool)

    def tell(prediction: np.ndarray = truth) -> None:
        planes.take(PlaneNews("a", (), image, View(18.0), labels.copy(), prediction.copy(), reviewed.copy()))

    tell()
    first = planes.planes
    assert len(first) == 3 * 4
    assert sum(int(plane.learn.sum()) for plane in first) == truth.size  # every pixel in one piece
    assert planes.n_objects == truth.max()
    assert all(mask.any() for mask in planes.fresh)
    number = int(truth[16, 16]) or int(truth[truth > 0][0])
    labels[truth == number] = 0
    tell()
    second = planes.planes
    same = [any(one is other for other in first) for one in second]
    assert 0 < same.count(False) <= 4
    fresh = [bool(mask.any()) for mask in planes.fresh]
    assert fresh == [not one for one in same]
    assert planes.n_objects == truth.max()  # what was erased counts too
    reviewed[:] = False
    tell()
    assert planes.planes == []
    assert planes.n_objects == 0
    assert not planes.knows("a")


def test_what_the_model_wrote_is_nothing_new(tiny_model: Model) -> None:
    pixels, truth = draw_discs()
    image, planes = Image(pixels, "YX"), LivePlanes(tiny_model, 32, Engine("cpu"))
    reviewed = np.zeros(truth.shape, bool)
    reviewed[:64] = True
    for refreshed in (False, True):
        labels = truth.copy()
        if refreshed:
            labels[100:, 100:] = 0
        before = planes.planes
        planes.take(PlaneNews("a", (), image, View(18.0), labels, labels.copy(), reviewed))
    assert [id(one) for one in planes.planes] == [id(one) for one in before]
    assert not any(mask.any() for mask in planes.fresh)
