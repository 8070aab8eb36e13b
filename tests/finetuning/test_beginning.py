"""What a fine-tuning starts from, on a network of a few thousand weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from discs import correct_all, draw_discs

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.finetuning import beginning
from napari_unet.finetuning.beginning import MOST_KINDS, REPLAY, begin
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.models.model import Model
from napari_unet.models.taught import TaughtSizes

FAST = FinetuneConfig(device="cpu")
NEW = np.full(3, 7.0, np.float32)


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every image looks like `NEW`, and as the base model's own do; there is a replay set."""
    monkeypatch.setattr(beginning, "measure_look", lambda *given: NEW)
    monkeypatch.setattr(beginning, "farness", lambda looks, base: 1.0)
    monkeypatch.setattr(beginning, "find_replay", lambda record: object())


def looking(model: Model, value: float = 0.0, **record: Any) -> Model:
    """The same with a look of two images."""
    return replace(model, looks=np.full((2, 3), value, np.float32), record=model.record.model_copy(update=record))


def disc(n_planes: int = 0) -> CorrectedImage:
    image, labels = draw_discs((64, 64))
    if n_planes:
        image, labels = np.stack([image] * n_planes), np.stack([labels] * n_planes)
    return correct_all(image, labels)


@pytest.mark.usefixtures("near")
def test_a_base_model_is_carried_beside_the_new_kind(tiny_model: Model) -> None:
    base = looking(tiny_model)
    begun = begin(base, [disc()], FAST)
    assert begun.carries
    assert [one.network for one in begun.others] == [base.network]
    assert (begun.replay, begun.left_out) == (REPLAY, "")
    assert begun.looks is not None
    np.testing.assert_array_equal(begun.looks, [NEW])
    assert begun.untouched.network is begun.kind.network is base.network
    assert begin(base, [disc()], FAST.model_copy(update={"replay": 0.1})).replay == 0.1


@pytest.mark.usefixtures("near")
@pytest.mark.parametrize("why", ["no looks", "unpadded", "untrained"])
def test_who_cannot_look_carries_nothing(tiny_model: Model, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    monkeypatch.setattr(beginning, "find_looks", lambda record: None)
    base = looking(tiny_model, untrained=why == "untrained")
    if why == "no looks":
        base = replace(base, looks=None)
    if why == "unpadded":
        monkeypatch.setattr(beginning, "can_look", lambda model: False)
    begun = begin(base, [disc()], FAST)
    assert (begun.carries, begun.others, begun.looks) == (False, (), None)
    assert begun.replay == REPLAY  # there is a replay set
    monkeypatch.setattr(beginning, "find_replay", lambda record: None)
    assert begin(base, [disc()], FAST).replay == 0


@pytest.mark.usefixtures("near")
def test_looks_that_the_file_does_not_hold_are_found(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginning, "find_looks", lambda record: np.zeros((2, 3), np.float32))
    assert begin(tiny_model, [disc()], FAST).carries


@pytest.mark.usefixtures("near")
def test_a_kind_that_was_taught_goes_on_and_remembers_the_last_forty(
    tiny_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = TaughtSizes.measure([18.0], [18.0])
    base = looking(tiny_model)
    network = type(tiny_model.network)(tiny_model.network.config).eval()
    taught = replace(looking(replace(tiny_model, body=network), sizes=sizes), looks=np.zeros((39, 3), np.float32))
    monkeypatch.setattr(beginning, "choose_starting_kind", lambda *given: taught.alone)
    begun = begin(taught.with_others([base]), [disc(3)], FAST)
    assert [one.network for one in begun.others] == [base.network]
    assert begun.looks is not None
    assert begun.looks.shape == (40, 3)
    np.testing.assert_array_equal(begun.looks[-3:], [NEW] * 3)
    assert not begun.looks[:-3].any()


@pytest.mark.usefixtures("near")
def test_a_kind_is_known_by_planes_from_all_of_its_images_however_little_time_there_is(tiny_model: Model) -> None:
    for images, count in (([disc()] * 3, 3), ([disc(30)], 8), ([disc(9), disc()], 5)):
        begun = begin(looking(tiny_model), images, FAST, lambda: True)
        assert begun.looks is not None
        assert len(begun.looks) == count


def test_of_too_many_kinds_the_one_that_was_taught_least_goes(tiny_model: Model) -> None:
    def kind(name: str, n: int) -> Model:
        training = tiny_model.record.training.model_copy(update={"n_objects": n})
        return looking(tiny_model, kind=name, training=training)

    base, kinds = kind("base", 0), [kind("a", 9), kind("b", 2), kind("c", 5)]
    kept, left_out = beginning._room_for([*kinds, base])
    assert ([one.record.kind for one in kept], left_out) == (["a", "c", "base"], "b")
    assert len(kept) + 1 == MOST_KINDS
    assert beginning._room_for([*kinds[:2], base]) == ((*kinds[:2], base), "")


def test_a_kind_that_ships_goes_before_one_that_a_user_taught(tiny_model: Model) -> None:
    def kind(name: str, n: int, taught: bool) -> Model:
        training = tiny_model.record.training.model_copy(update={"n_objects": n})
        sizes = TaughtSizes.measure([20.0], [20.0]) if taught else None
        return looking(tiny_model, kind=name, training=training, sizes=sizes)

    kinds = [kind("mine", 3, True), kind("cells", 9000, False), kind("tissue", 5000, False), kind("base", 0, False)]
    kept, left_out = beginning._room_for(kinds)
    assert ([one.record.kind for one in kept], left_out) == (["mine", "cells", "base"], "tissue")
