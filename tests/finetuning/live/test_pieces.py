"""A plane in pieces: only what is new is made anew, and all that is reviewed is learned from, once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from discs import draw_discs

from napari_unet.errors import UserError
from napari_unet.finetuning.live import pieces as module
from napari_unet.finetuning.live.feed import PlaneNews
from napari_unet.finetuning.live.planes import LivePlanes, _changes, as_corrected_image
from napari_unet.images.image import Image
from napari_unet.images.normalization import Limits
from napari_unet.images.view import View
from napari_unet.models.model import Model
from napari_unet.models.record import resampling_factor
from napari_unet.models.running.engine import Engine
from napari_unet.segmentation.predictor import Predictor


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


def news_of(labels: np.ndarray, reviewed: np.ndarray) -> PlaneNews:
    return PlaneNews("a", (), Image(np.zeros(labels.shape, np.float32), "YX"), View(18.0), labels, None, reviewed)


def test_what_is_new_is_each_changed_object_whole_and_no_other() -> None:
    before, labels = np.zeros((8, 12), np.int32), np.zeros((8, 12), np.int32)
    before[1:4, 1:4] = labels[1:4, 1:4] = 1
    before[1:4, 6:9] = labels[1:4, 6:9] = 2
    labels[4, 1] = 1  # it grew by a pixel
    labels[7, 11] = 3  # the model's: nobody reviewed it
    reviewed = np.ones(labels.shape, bool)
    reviewed[7] = False
    old = news_of(before, reviewed)
    np.testing.assert_array_equal(_changes(news_of(labels, reviewed), old), labels == 1)
    more = reviewed.copy()
    more[7, :3] = True
    found = _changes(news_of(labels, more), old)
    np.testing.assert_array_equal(found, (labels == 1) | (more & ~reviewed))
    np.testing.assert_array_equal(_changes(news_of(labels, reviewed), None), reviewed)
    np.testing.assert_array_equal(_changes(old, old), np.zeros_like(reviewed))
    erased = news_of(np.where(before == 2, 0, before), reviewed)
    np.testing.assert_array_equal(_changes(erased, old), before == 2)


def test_pieces_lie_side_by_side_each_with_what_patches_see_around_it(tiny_model: Model, monkeypatch) -> None:
    monkeypatch.setattr(module, "SIDE", 64)
    pixels = np.zeros((150, 70), np.float32)
    pieces = module.LivePieces(pixels, Limits(0.0, 1.0), 18.0, 32, Predictor(tiny_model, Engine("cpu")))
    times = np.zeros(pixels.shape, int)
    places = list(pieces._places(pixels.shape))
    for (row, column), core, box in places:
        times[core] += 1
        assert (core[0].start, core[1].start) == (64 * row, 64 * column)
        for inner, outer, size in zip(core, box, pixels.shape, strict=True):
            assert outer == slice(max(0, inner.start - 24), min(size, inner.stop + 24))
    assert (times == 1).all()
    assert len(places) == 3 * 2


def test_the_size_of_objects_is_that_of_the_image_or_of_the_others(tiny_model: Model) -> None:
    pixels, truth = draw_discs((96, 96))
    planes = LivePlanes(tiny_model, 32, Engine("cpu"))
    assert planes.diameter("a") is None
    reviewed = np.ones(truth.shape, bool)
    for key, diameter in (("a", 18.0), ("b", 30.0), ("c", 40.0)):
        planes.take(PlaneNews(key, (), Image(pixels, "YX"), View(diameter), truth, None, reviewed), hurried=True)
    assert planes.knows("b")
    assert [planes.diameter(key) for key in ("a", "b", "c", "d")] == [18.0, 30.0, 40.0, 30.0]
    assert planes.n_objects == 3 * truth.max()


@pytest.mark.parametrize("n_channels", [1, 2, 3])
def test_a_model_of_several_channels_is_not_taught_by_an_image_of_one(tiny_model: Model, n_channels: int) -> None:
    architecture = tiny_model.record.architecture.model_copy(update={"in_channels": n_channels})
    model = replace(tiny_model, record=tiny_model.record.model_copy(update={"architecture": architecture}))
    grey = news_of(np.zeros((8, 8), np.int32), np.ones((8, 8), bool))
    if n_channels == 1:
        assert as_corrected_image(grey, model).image.shape == (8, 8)
    else:
        with pytest.raises(UserError, match="channels"):
            as_corrected_image(grey, model)


@pytest.mark.parametrize("diameter", [9.0, 18.0, 60.0])
def test_pieces_and_what_is_around_them_are_measured_at_the_size_that_the_model_knows(
    tiny_model: Model, diameter: float
) -> None:
    zoom = resampling_factor(tiny_model.record, diameter)
    pixels = np.zeros((20, 20), np.float32)
    pieces = module.LivePieces(pixels, Limits(0.0, 1.0), diameter, 32, Predictor(tiny_model, Engine("cpu")))
    assert (pieces._margin, pieces._side) == (round(24 / zoom), round(384 / zoom))
