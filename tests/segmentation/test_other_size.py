"""Another size that is convincing too: found where it was looked for anyway, and told with the result."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_unet.events import drain
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.models.model import Model
from napari_unet.models.taught import TaughtSizes
from napari_unet.segmentation import beginning as beginning_module
from napari_unet.segmentation import second_look, surroundings
from napari_unet.segmentation.appearance import measure_appearance
from napari_unet.segmentation.blocks import segment as blocks_module
from napari_unet.segmentation.blocks.segment import segment_blocks_steps
from napari_unet.segmentation.config import Scope, SegmentConfig
from napari_unet.segmentation.events import Estimated
from napari_unet.segmentation.kinds import KindChoice, choose_kind
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.segment import segment_steps
from napari_unet.segmentation.sizes.other import with_other
from napari_unet.segmentation.sizes.viewer import Appearance, Viewer

Looks = dict[float, tuple[float, float, int]]
"""(diameter, conviction, objects) by magnification."""

# As the model that ships sees brightfield: whole cells, shrunk, and things of the size of nuclei in them.
BRIGHTFIELD: Looks = {1.0: (28, 0.54, 71), 0.35: (73, 0.61, 40)}
IMAGE = Image.from_array(np.zeros((64, 64), np.uint8), "YX")


def look(diameter: float, conviction: float, n_objects: int = 20) -> Appearance:
    return Appearance(diameter, False, conviction, n_objects=n_objects)


@pytest.fixture
def finds(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Have a model find what `Looks` say."""

    def find(looks: Looks) -> None:
        def found(self: Any, factor: float, inverted: bool) -> Appearance:
            diameter, conviction, n_objects = looks[factor]
            return Appearance(diameter, inverted, conviction, n_objects=n_objects)

        monkeypatch.setattr(Viewer, "_find", found)

    return find


def measure(model: Model, **given: Any) -> Appearance:
    return measure_appearance(IMAGE, Predictor(model), (), invert="no", **given)


def test_the_most_convincing_of_those_that_are_clearly_of_another_size() -> None:
    best = look(90, 0.6)
    assert with_other(best, [best, look(28, 0.45), look(20, 0.5), look(60, 0.59)]).other == 20
    assert with_other(best, [best, look(51, 0.6)]).other is None, "not by a factor of 1.8"
    assert with_other(best, [best, look(49, 0.6)]).other == 49
    assert with_other(look(28, 0.6), [look(49, 0.6)]).other is None
    assert with_other(look(28, 0.6), [look(51, 0.6)]).other == 51


def test_it_has_to_convince_nearly_as_much_and_to_be_several_objects() -> None:
    best = look(90, 0.6)
    assert with_other(best, [look(28, 0.41)]).other is None
    assert with_other(best, [look(28, 0.43)]).other == 28
    assert with_other(best, [look(366, 0.9, n_objects=4)]).other is None, "a glow around many small objects"
    assert with_other(best, [look(366, 0.9, n_objects=5)]).other == 366


def test_where_next_to_nothing_was_found_nothing_is_another_size() -> None:
    assert with_other(look(30, 0.14), [look(90, 0.14), look(8, 0.3)]).other is None
    assert with_other(look(30, 0.16), [look(90, 0.14)]).other is None
    assert with_other(look(30, 0.16), [look(90, 0.16)]).other == 90


def test_an_estimate_tells_of_it(tiny_model: Model, finds: Any) -> None:
    finds(BRIGHTFIELD)
    found = measure(tiny_model)
    assert (found.diameter, found.other) == (73, 28)
    assert [(one.diameter, one.conviction) for one in found.looked] == [(28, 0.54), (73, 0.61)]
    assert all(one.maps is None and one.limits is None for one in found.looked)


def test_who_is_convinced_by_the_first_look_has_no_other_size(tiny_model: Model, finds: Any) -> None:
    finds({1.0: (28, 0.61, 71)})
    assert measure(tiny_model).other is None


def test_a_size_that_is_given_has_no_other(tiny_model: Model, finds: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_unet.segmentation.appearance.resampling_factor", lambda *args: 1.0)
    finds(BRIGHTFIELD)
    found = measure_appearance(IMAGE, Predictor(tiny_model), (), 80.0)
    assert (found.diameter, found.other) == (80.0, None)
    found = measure(tiny_model, diameter=80.0, as_found=True)
    assert (found.diameter, found.conviction, found.other) == (28, 0.54, None), "what is seen at that size"


def test_a_taught_model_says_that_a_size_is_unusual_and_no_more(tiny_model: Model, finds: Any) -> None:
    sizes = TaughtSizes(median=40.0, spread=0.1, low=30.0, high=50.0, n_objects=50, n_images=4)
    record = tiny_model.record.model_copy(update={"sizes": sizes})
    factor = record.diameter / 40.0 if record.diameter_range[1] < 40 else 1.0
    finds(_Near({factor: (40, 0.5, 30), 0.35 * factor: (120, 0.55, 30), 2.5 * factor: (8, 0.1, 30)}))
    found = measure(Model(tiny_model.network, record))
    assert (found.other, found.looked) == (None, ())


class _Near(dict):  # type: ignore[type-arg]
    """By the nearest key."""

    def __missing__(self, key: float) -> Any:
        return self[min(self, key=lambda known: abs(known - key))]


def test_looks_are_kept_without_what_they_weigh(tiny_model: Model) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
    image = Image.from_array(pixels, "YX")
    viewer = Viewer(image, Predictor(tiny_model), ())
    found = viewer.look(1.0, False)
    assert found.maps is not None
    assert found.limits is not None
    assert [(one.maps, one.limits, one.diameter) for one in viewer.looked] == [(None, None, found.diameter)]
    begun = beginning_module.begin_segmenting(
        image, tiny_model, SegmentConfig(invert="auto", diameter=20.0), Scope(), None
    )
    assert begun.found.maps is None


def test_of_a_stack_too_what_another_kind_found_may_be_the_other_size(
    tiny_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slice that is looked at may be another than the one by which the kind was chosen."""
    stack = Image.from_array(np.zeros((3, 64, 64), np.uint8), "ZYX")
    seen = with_other(look(90, 0.6), [look(90, 0.6)])
    monkeypatch.setattr(beginning_module, "measure_appearance", lambda *args: seen)
    chosen = Appearance(90.0, conviction=0.6, looked=(look(90, 0.6), look(28, 0.5)))
    config, predictor = SegmentConfig(), Predictor(tiny_model)
    for appearance, other in ((chosen, 28), (None, None)):
        choice = KindChoice(tiny_model, stack, True, appearance)
        assert beginning_module.look(choice, config, ((1,),), predictor)[1].other == other
    seen = Appearance(90.0, conviction=0.6)  # as of a model that was taught
    choice = KindChoice(tiny_model, stack, True, chosen)
    assert beginning_module.look(choice, config, ((1,),), predictor)[1].other is None


def test_whoever_chooses_a_kind_says_which_size_was_given(
    tiny_model: Model, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*args: Any) -> None:
        raise LookupError(signature(choose_kind).bind(*args).arguments.get("diameter"))

    config, view = SegmentConfig(diameter=33.0), View(33.0)
    calls = {
        beginning_module: lambda: drain(segment_steps(IMAGE, tiny_model, config)),
        blocks_module: lambda: drain(segment_blocks_steps(IMAGE, tiny_model, tmp_path / "x.ome.zarr", config)),
        surroundings: lambda: drain(surroundings.map_surroundings(IMAGE, lambda: tiny_model, (), (9, 9), view)),
        second_look: lambda: drain(second_look.look_again(IMAGE, tiny_model, view, [()])),
    }
    for module, call in calls.items():
        monkeypatch.setattr(module, "choose_kind", refuse)
        with pytest.raises(LookupError, match=r"33\.0"):
            call()


def test_events_and_results_carry_it(tiny_model: Model, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def seen(*args: Any, **kwargs: Any) -> Appearance:
        return Appearance(20.0, conviction=0.6, other=55.0)

    monkeypatch.setattr("napari_unet.segmentation.beginning.measure_appearance", seen)
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
    image = Image.from_array(pixels, "YX")
    events = list(segment_steps(image, tiny_model, SegmentConfig()))
    assert isinstance(events[0], Estimated)
    assert events[0].other == 55.0
    assert events[-1].result.other == 55.0
    steps = segment_blocks_steps(image, tiny_model, tmp_path / "labels.ome.zarr")
    estimated = next(steps)
    assert isinstance(estimated, Estimated)
    assert estimated.other == 55.0
    assert drain(steps).other == 55.0
