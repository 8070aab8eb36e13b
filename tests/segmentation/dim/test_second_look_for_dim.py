"""Dim objects beside bright ones are found by a second look, where that is quick or asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from napari_unet.events import StopFlag, drain
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.models.library import load_model
from napari_unet.models.model import Model
from napari_unet.models.taught import TaughtSizes
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.dim import spreading
from napari_unet.segmentation.dim.spreading import may_hide_objects, spread_light
from napari_unet.segmentation.events import Segmentation, TileDone
from napari_unet.segmentation.plan import make_plan
from napari_unet.segmentation.segment import segment_steps


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model("nuclei-2d")


@pytest.fixture(scope="module")
def field() -> Image:
    """Six blurred discs of 24 pixels: every second one has 1 % of the light of the others."""
    rows, columns = np.ogrid[:128, :192]
    pixels = np.random.default_rng(0).normal(100, 2, (128, 192))
    for number, (y, x) in enumerate([(y, x) for y in (32, 96) for x in (32, 96, 160)]):
        distance = np.hypot(rows - y, columns - x)
        pixels += (1500 if number % 2 else 18) / (1 + np.exp((distance - 12) / 0.8))
    return Image.from_array(pixels.astype(np.float32), "YX")


def _find(image: Image, model: Model, **values: Any) -> Segmentation:
    found: Segmentation = drain(segment_steps(image, model, SegmentConfig(diameter=24, precision="float32", **values)))
    return found


def test_dim_objects_are_found_by_the_second_look_and_the_others_stay(model: Model, field: Image) -> None:
    once, twice = _find(field, model, dim_objects="no"), _find(field, model)
    assert (once.n_objects, twice.n_objects) == (3, 6)
    assert np.array_equal(np.where(twice.labels <= 3, twice.labels, 0), once.labels)
    assert twice.timing["dim"] > 0 == once.timing["dim"]


@pytest.mark.parametrize("factor", [0.01, 400.0])
def test_that_does_not_depend_on_the_unit_of_the_grey_values(model: Model, field: Image, factor: float) -> None:
    assert _find(Image.from_array(np.asarray(field.data) * factor, "YX"), model).n_objects == 6


def test_a_stop_during_the_second_look_keeps_the_first(model: Model, field: Image) -> None:
    stop, seen = StopFlag(), []
    config = SegmentConfig(diameter=24, precision="float32", tile=64)
    for event in segment_steps(field, model, config, stop=stop):
        if isinstance(event, TileDone):
            seen.append(event.again)
            if event.again:
                stop.request()
        last = event
    assert last.stopped
    assert seen == [False] * (len(seen) - 1) + [True]
    assert last.result.n_objects == 3
    assert last.result.done.all()


def _may(model: Model, shape: tuple[int, ...] = (64, 64), **values: Any) -> bool:
    config = SegmentConfig(**values)
    return may_hide_objects(
        Image.from_array(np.zeros(shape), "ZYX"[-len(shape) :]), make_plan(((),), View(), model.record, config)
    )


def test_by_itself_it_is_done_for_small_images_by_models_as_they_ship(model: Model) -> None:
    sizes = TaughtSizes(low=20, median=24, high=30, n_objects=9)
    taught = replace(model, record=model.record.model_copy(update={"sizes": sizes}))
    assert _may(model)
    assert not _may(taught)
    assert _may(taught, dim_objects="yes")
    assert not _may(model, dim_objects="no")
    assert not _may(replace(model, record=model.record.model_copy(update={"untrained": True})))
    assert not _may(model, quality="fast")
    assert not _may(model, (2000, 2000))
    assert not _may(model, (40, 320, 320))
    assert _may(model, (2000, 2000), dim_objects="yes")
    semantic = replace(model, record=model.record.model_copy(update={"task": "semantic"}))
    assert not _may(semantic, dim_objects="yes")


def test_nothing_hides_in_what_is_mostly_light(model: Model, field: Image) -> None:
    plan = make_plan(((),), View(diameter=24), model.record, SegmentConfig())
    assert spread_light(field, plan, ()) is not None
    negative = Image.from_array(2000 - np.asarray(field.data), "YX")
    assert spread_light(negative, plan, ()) is None


def test_a_tenth_of_the_light_becomes_a_third(model: Model) -> None:
    values = np.zeros((100, 100), np.float32)
    values[:10, :10], values[50:60, 50:60] = 1.0, 0.1
    plan = make_plan(((),), View(diameter=model.record.diameter), model.record, SegmentConfig())
    spread = spread_light(Image.from_array(values, "YX"), plan, ())
    assert spread is not None
    assert spread.seen.values[55, 55] / spread.seen.values[5, 5] == pytest.approx(np.sqrt(0.1), rel=0.02)
    assert spreading._DARK < 0.5


def test_volumes_that_are_seen_from_three_sides_are_looked_at_once(model: Model, field: Image) -> None:
    stack = Image.from_array(np.repeat(np.asarray(field.data)[None, :64, :64], 6, axis=0), "ZYX")
    for choice, twice in (("volume", False), ("slices", True)):
        found = _find(stack, model, stack=choice)
        assert (found.timing["dim"] > 0) is twice


def test_one_dim_object_alone_is_taken_only_if_it_is_asked_for(model: Model, field: Image) -> None:
    part = Image.from_array(np.asarray(field.data)[:64, :128], "YX")  # a bright one and a dim one
    assert [_find(part, model, dim_objects=choice).n_objects for choice in ("no", "auto", "yes")] == [1, 1, 2]
