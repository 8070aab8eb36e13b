"""Of kinds that an image resembles alike the surest answers; one that sees colour has to be outdone clearly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from napari_unet.images.channels import stack_channels
from napari_unet.images.image import Image
from napari_unet.models.model import Model
from napari_unet.models.running.engine import Engine
from napari_unet.models.taught import TaughtSizes
from napari_unet.segmentation import kinds
from napari_unet.segmentation.sizes.viewer import Appearance

RGB = Image.from_array(np.zeros((32, 32, 3), np.uint8), "YXS")


@pytest.fixture
def ask(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ask two kinds, the first of which sees so many channels, that find what is given: which answers, and what.

    `there` is what they find at a `diameter` that is given.
    """

    def ask(
        channels: int,
        *seen: Appearance,
        diameter: float | None = None,
        there: tuple[Appearance, ...] = (),
        **changed: Any,
    ) -> tuple[int, Appearance]:
        changed["architecture"] = tiny_model.record.architecture.model_copy(update={"in_channels": channels})
        first = replace(tiny_model, record=tiny_model.record.model_copy(update=changed))
        near, looked = [first, tiny_model], []

        def measure(_image: Any, kind: Any, _plane: Any, at: Any, _invert: Any, as_found: bool = False) -> Appearance:
            assert at == (diameter if as_found else None)
            looked.append((near.index(kind), as_found))
            return (there if as_found else seen)[near.index(kind)]

        monkeypatch.setattr(kinds, "measure_appearance", measure)
        monkeypatch.setattr(kinds, "Predictor", lambda kind, engine: kind)
        kind, appearance = kinds._surest(RGB, near, (), Engine(), "auto", diameter)
        assert len(set(looked)) == len(looked), "nothing is looked at twice"
        return near.index(kind), appearance

    return ask


def sure(conviction: float, diameter: float = 20.0) -> Appearance:
    return Appearance(diameter, conviction=conviction)


@pytest.mark.parametrize(("channels", "surer", "answers"), [(3, 1.2, 0), (3, 1.3, 1), (1, 1.2, 1), (1, 0.9, 0)])
def test_the_surest_answers(ask: Any, channels: int, surer: float, answers: int) -> None:
    assert ask(channels, sure(0.5), sure(0.5 * surer))[0] == answers


def test_at_a_size_that_was_given_the_kind_that_finds_objects_of_that_size_answers(ask: Any) -> None:
    """Brightfield, as it is seen by the kinds that ship: parts of cells at the size of nuclei, or nuclei."""
    parts, nuclei = sure(0.56, 29.0), sure(0.27, 23.0)
    cells = sure(0.62, 76.0), sure(0.6, 89.0)
    kind, found = ask(1, *cells, diameter=18.0, there=(parts, nuclei))
    assert (kind, found.diameter, found.conviction, found.other) == (1, 18.0, 0.27, None)
    assert ask(1, *cells, diameter=28.0, there=(parts, nuclei))[0] == 0
    assert ask(1, *cells, diameter=30.0, there=(sure(0.5, 19.0), sure(0.1, 25.0)))[0] == 1
    assert ask(1, sure(0.7, 76.0), sure(0.4, 89.0), diameter=18.0, there=(parts, nuclei))[0] == 0, (
        "one that is far surer stays"
    )


def test_at_the_size_that_was_estimated_the_same_kind_answers_again(ask: Any) -> None:
    seen, there = (sure(0.53, 60.0), sure(0.55, 78.0)), (sure(0.56, 70.0), sure(0.32, 31.0))
    assert ask(1, *seen)[0] == 1
    assert ask(1, *seen, diameter=78.0, there=there)[0] == 1
    assert ask(1, *seen, diameter=80.0, there=there)[0] == 1
    assert ask(1, *seen, diameter=70.0, there=there)[0] == 0


def test_one_that_sees_colour_is_not_outdone_by_size_alone(ask: Any) -> None:
    there = sure(0.56, 40.0), sure(0.27, 18.0)
    assert ask(3, sure(0.5, 40.0), sure(0.6, 18.0), diameter=18.0, there=there)[0] == 0
    assert ask(3, sure(0.5, 40.0), sure(0.7, 18.0), diameter=18.0, there=there)[0] == 1
    assert ask(3, sure(0.5, 40.0), sure(0.7, 18.0), diameter=40.0, there=there)[0] == 0


def several(*looks: tuple[float, float]) -> Appearance:
    """What convinces most of several looks, and all of them."""
    looked = tuple(Appearance(size, conviction=sure, n_objects=20) for size, sure in looks)
    return replace(max(looked, key=lambda one: one.conviction), looked=looked)


def test_what_the_other_kind_found_may_be_the_other_size(ask: Any) -> None:
    cells, nuclei = several((89, 0.62), (24, 0.27)), several((76, 0.6), (29, 0.56))
    kind, found = ask(1, cells, nuclei)
    assert (kind, found.diameter, found.other) == (0, 89, 29)
    assert {one.diameter for one in found.looked} == {89, 24, 76, 29}
    assert ask(1, cells, several((76, 0.6)))[1].other is None


def test_where_a_taught_kind_answers_none_is_another_size(ask: Any) -> None:
    sizes = TaughtSizes.measure([20.0], [20.0])
    taught = Appearance(90.0, conviction=0.6)
    assert ask(1, taught, several((76, 0.6), (29, 0.56)), sizes=sizes)[1].other is None
    kind, found = ask(1, taught, several((76, 0.8), (29, 0.76)), sizes=sizes)
    assert (kind, found.other) == (1, 29)


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
