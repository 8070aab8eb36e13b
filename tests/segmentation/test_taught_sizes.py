"""Between the size that a model was taught and the one that it finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_unet.images.image import Image
from napari_unet.models.model import Model
from napari_unet.models.record import resampling_factor
from napari_unet.models.taught import TaughtSizes
from napari_unet.segmentation.appearance import measure_appearance
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.sizes.choice import weigh_sizes
from napari_unet.segmentation.sizes.viewer import Appearance, Viewer

TAUGHT = TaughtSizes(median=20.0, spread=0.1, low=15.0, high=26.0, n_objects=50, n_images=4)


def test_a_good_model_is_believed_and_a_poor_one_is_not() -> None:
    good, middling, poor = (weigh_sizes(TAUGHT, 30.0, score) for score in (0.9, 0.4, 0.05))
    assert 28 < good < 30
    assert 20 < poor < 21
    assert poor < middling < good
    assert weigh_sizes(TAUGHT, 20.0, 0.5) == pytest.approx(20.0)
    assert weigh_sizes(TAUGHT, 400 / 30, 0.4) == pytest.approx(400 / middling)  # as much too small as too large


def test_sizes_that_differed_or_were_few_hold_less() -> None:
    differed, few = TAUGHT.model_copy(update={"spread": 0.5}), TAUGHT.model_copy(update={"n_images": 1})
    for less in (differed, few):
        assert weigh_sizes(less, 26.0, 0.3) > weigh_sizes(TAUGHT, 26.0, 0.3)


def test_what_is_far_off_is_no_chance() -> None:
    """One that is found at four times the size is believed more than one at a third more."""
    share = [np.log(weigh_sizes(TAUGHT, found, 0.3) / 20) / np.log(found / 20) for found in (27.0, 80.0)]
    assert share[1] > share[0] + 0.2


@pytest.fixture
def estimate(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The estimate of a model that finds (size, conviction) at the taught, a smaller and a larger magnification."""
    record = tiny_model.record.model_copy(update={"sizes": TAUGHT, "scores": {"ap50": 0.9}})
    predictor = Predictor(Model(tiny_model.network, record))
    base = resampling_factor(record, TAUGHT.median)

    def measure(*looks: tuple[float, float]) -> Appearance:
        by_factor = dict(zip((1.0, 0.35, 2.5), looks, strict=True))

        def look(self: Any, factor: float, inverted: bool) -> Appearance:
            return Appearance(by_factor[round(factor / base, 2)][0], inverted, by_factor[round(factor / base, 2)][1])

        monkeypatch.setattr(Viewer, "_find", look)
        return measure_appearance(Image.from_array(np.zeros((64, 64), np.uint8), "YX"), predictor, ())

    return measure


def test_what_is_found_at_the_taught_size_counts_even_if_it_hardly_convinces(estimate) -> None:
    assert estimate((30.0, 0.4), (90.0, 0.2), (8.0, 0.2)).diameter == pytest.approx(30, rel=0.08)


def test_another_size_has_to_convince_far_more(estimate) -> None:
    assert estimate((20.0, 0.5), (60.0, 0.62), (8.0, 0.1)).diameter == pytest.approx(20)
    other = estimate((20.0, 0.4), (60.0, 0.62), (8.0, 0.1))
    assert (other.diameter, other.unusual) == (60.0, True)


def test_where_nothing_is_found_at_the_taught_size_less_convinces(estimate) -> None:
    assert estimate((33.0, 0.05), (60.0, 0.1), (9.0, 0.4)).diameter == 9.0
    assert estimate((33.0, 0.05), (60.0, 0.1), (9.0, 0.25)).diameter == TAUGHT.median
