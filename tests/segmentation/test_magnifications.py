"""Which of several magnifications tells the size of objects, where none was taught."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_unet.images.image import Image
from napari_unet.models.model import Model
from napari_unet.segmentation.appearance import measure_appearance
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.sizes import viewer
from napari_unet.segmentation.sizes.viewer import Appearance, Viewer

Looks = dict[float, tuple[float, float]]
"""(diameter, conviction) by magnification."""

# As the model that ships sees them: embryos in a light-sheet whose nuclei are 13 and 12 px across, and single nuclei.
EMBRYO: Looks = {1.0: (13, 0.25), 0.35: (177, 0.29), 2.5: (12, 0.58), 0.12: (366, 0.83), 1.6: (13, 0.53)}
DIM_EMBRYO: Looks = {1.0: (22, 0.36), 0.35: (64, 0.42), 2.5: (10, 0.0), 0.12: (669, 0.0), 1.6: (21, 0.49)}
LARGE: Looks = {1.0: (90, 0.1), 0.35: (177, 0.4), 0.6: (95, 0.2), 2.5: (16, 0.1), 0.12: (220, 0.7), 1.6: (30, 0.1)}

# Nuclei of 160 px whose grain looks like nuclei of 10 px where it is enlarged, in one of them convincingly.
GRAIN: Looks = {1.0: (10.7, 0.1), 0.35: (142, 0.45), 2.5: (10.2, 0.63), 0.12: (197, 0.67), 1.6: (10.2, 0.44)}
FAINT_GRAIN: Looks = {1.0: (15.6, 0.17), 0.35: (115, 0.31), 2.5: (9.5, 0.32), 0.12: (180, 0.58), 1.6: (10.8, 0.24)}


@pytest.fixture
def estimate(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The estimate of a model that finds what `Looks` say, and the magnifications that were tried."""
    predictor = Predictor(Model(tiny_model.network, tiny_model.record))
    image = Image.from_array(np.zeros((64, 64), np.uint8), "YX")

    def measure(looks: Looks) -> tuple[Appearance, list[float]]:
        tried: list[float] = []

        def look(self: Any, factor: float, inverted: bool) -> Appearance:
            tried.append(factor)
            return Appearance(looks[factor][0], inverted, looks[factor][1])

        monkeypatch.setattr(Viewer, "_find", look)
        return measure_appearance(image, predictor, (), invert="no"), tried

    return measure


def test_what_several_magnifications_find_is_believed_more_than_what_one_does(estimate) -> None:
    assert estimate(EMBRYO)[0].diameter == 12
    assert estimate(DIM_EMBRYO)[0].diameter == 21


def test_a_large_object_is_found_at_the_smallest_magnification_alone(estimate) -> None:
    assert estimate(LARGE)[0].diameter == 220


def test_grain_is_not_taken_for_small_objects(estimate) -> None:
    assert estimate(GRAIN)[0].diameter == 197
    assert estimate(FAINT_GRAIN)[0].diameter == 180
    nothing_large = GRAIN | {0.35: (60, 0.45)}  # then what convinces where it is enlarged is believed at once
    found, tried = estimate(nothing_large)
    assert (found.diameter, tried) == (10.2, [1.0, 0.35, 2.5])


def test_who_is_convinced_looks_no_further(estimate) -> None:
    assert estimate({1.0: (20, 0.7)})[1] == [1.0]
    found, tried = estimate({1.0: (25, 0.4), 0.35: (50, 0.65), 2.5: (9, 0.2)})
    assert (found.diameter, tried) == (50, [1.0, 0.35, 2.5])


def test_between_two_magnifications_is_one_for_what_seems_rather_large(estimate) -> None:
    phase = {1.0: (45, 0.47), 0.35: (64, 0.37), 0.6: (61, 0.56), 2.5: (10, 0.07), 1.6: (25, 0.28)}
    found, tried = estimate(phase)
    assert (found.diameter, tried) == (61, [1.0, 0.35, 0.6, 2.5, 1.6])
    assert 0.6 not in estimate(phase | {1.0: (26, 0.47)})[1]
    assert 0.6 not in estimate(phase | {1.0: (45, 0.55)})[1], "nearly convinced: nothing below its own size is doubted"


def test_of_those_that_agree_the_most_convincing_is_taken(estimate) -> None:
    found, tried = estimate({1.0: (20, 0.3), 0.35: (60, 0.45), 2.5: (30, 0.1), 1.6: (24, 0.35)})
    assert (found.diameter, found.conviction) == (24, 0.35)
    assert tried == [1.0, 0.35, 2.5, 1.6]


def test_what_others_agree_with_stays(estimate) -> None:
    """The look that was added for a second opinion does not take the place of the first."""
    found, _ = estimate({1.0: (24, 0.39), 0.35: (69, 0.0), 2.5: (18, 0.29), 1.6: (22, 0.44)})
    assert found.diameter == 24


def test_in_a_middle_of_one_value_nothing_is_looked_for_and_limits_are_measured_once(
    tiny_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.full((700, 700), 40, np.uint8)
    pixels[:60] = np.random.default_rng(0).integers(0, 99, (60, 700))
    looked, measured, predict, limits = [], [], viewer.predict_plane, viewer.volume_limits
    monkeypatch.setattr(viewer, "predict_plane", lambda *args: looked.append(1) or predict(*args))
    monkeypatch.setattr(viewer, "volume_limits", lambda *args: measured.append(args[-1]) or limits(*args))
    predictor = Predictor(Model(tiny_model.network, tiny_model.record))
    found = measure_appearance(Image.from_array(pixels, "YX"), predictor, (), invert="no")
    assert (found.diameter, found.conviction) == (tiny_model.record.diameter, 0.0)
    assert found.limits == limits(Image.from_array(pixels, "YX"), (), tiny_model.record.normalization)
    assert measured == [False]
    seen = len(looked)
    pixels[340:360, 340:360] = 90  # in the midst of it, at any magnification
    measure_appearance(Image.from_array(pixels, "YX"), predictor, (), invert="no")
    assert seen == 2, "the smallest magnifications show more than the middle"
    assert len(looked) - seen > 2
