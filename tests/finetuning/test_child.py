"""What a child's record says of where it came from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from judged import NOTHING, score

from napari_unet.finetuning.child import (
    carry,
    child_name,
    describe_carried,
    describe_scores,
    make_child,
    taught_name,
    taught_sizes,
)
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.heads.outcome import Outcome
from napari_unet.heads.survey import ReviewedObject, Survey
from napari_unet.images.view import View
from napari_unet.models.model import Model


def circle(image: int, label: int, diameter: float, corrected: bool = False) -> ReviewedObject:
    return ReviewedObject(image, (), label, (5.0, 5.0), round(np.pi / 4 * diameter**2), corrected)


def test_names_say_what_was_learned_last() -> None:
    assert child_name("Nuclei 2D", ["embryo"]) == "Nuclei 2D, tuned on embryo"
    assert child_name("Nuclei 2D, tuned on embryo", ["a", "b", "a", "c"]) == "Nuclei 2D, tuned on a and 2 more"
    assert taught_name(["a", "a"]) == "a"


def test_sizes_are_those_of_images_with_objects_joined_with_earlier_ones() -> None:
    survey = Survey((circle(0, 1, 20), circle(0, 2, 20), circle(2, 3, 40)), (), 100)
    sizes = taught_sizes(survey, 3, None)
    assert sizes is not None
    assert sizes.median == pytest.approx(np.sqrt(20 * 40), rel=0.05)
    assert taught_sizes(NOTHING, 2, sizes) is sizes
    assert taught_sizes(NOTHING, 2, None) is None
    again = taught_sizes(Survey((circle(0, 1, 80),), (), 100), 1, sizes)
    assert again is not None
    assert sizes.median < again.median < 80


def test_a_record_knows_its_parent_and_each_image_once(tiny_model: Model) -> None:
    survey = Survey((circle(0, 1, 20, True), circle(1, 2, 20)), ((0, (), (1.0, 1.0)),), 100)
    config = FinetuneConfig(seconds=30, seed=7)
    views = [View(20.0), View(30.0), View(99.0, inverted=True)]
    made = make_child(tiny_model, tiny_model, tiny_model.network, ["a", "b", "a"], survey, config, 5, 12.34, (), views)
    training = made.record.training
    assert (training.images, training.n_objects, training.n_corrected) == (("a", "b"), 2, 2)
    assert [view["diameter"] for view in training.views] == [99.0, 30.0]  # of an image as it was looked at last
    assert (training.seconds, training.steps, training.settings["seed"]) == (12.3, 5, 7)
    assert (made.record.parent, made.record.parent_name, made.record.scores) == (tiny_model.sha256, "tiny", {})


@pytest.mark.parametrize(("untrained", "steps", "still"), [(True, 0, True), (True, 1, False), (False, 0, False)])
def test_one_step_makes_a_network_a_trained_one(tiny_model: Model, untrained: bool, steps: int, still: bool) -> None:
    parent = replace(tiny_model, record=tiny_model.record.model_copy(update={"untrained": untrained}))
    made = make_child(parent, parent, parent.network, ["a"], NOTHING, FinetuneConfig(), steps, 1.0)
    assert made.record.untrained is still


def test_scores_are_told_with_those_of_before() -> None:
    assert describe_scores(Outcome(5, NOTHING)) == {}
    told = describe_scores(
        Outcome(5, NOTHING, score(0.5, 20), score(0.75, 20), None, None, score(0.9, 9), score(0.8, 9))
    )
    assert (told["ap50_before"], told["ap50"], told["n_held_out"]) == (0.5, 0.75, 20)
    assert told["base_ap50_before"] > told["base_ap50"]
    assert told["n_base"] == 9
    only_base = describe_scores(Outcome(5, NOTHING, None, score(0.75), None, None, None, score(0.8)))
    assert only_base == {}


def test_what_becomes_of_other_kinds_is_told(tiny_model: Model) -> None:
    assert describe_carried(tiny_model, (), "moss") == ""
    assert "as before" in describe_carried(tiny_model, (tiny_model,), "")
    assert "“moss”" not in describe_carried(tiny_model, (tiny_model,), "")
    told = describe_carried(tiny_model, (tiny_model,), "moss")
    assert "“moss”, which was taught least" in told
    assert "tiny still knows it" in told


def test_what_is_carried_is_as_a_file_keeps_it(tiny_model: Model) -> None:
    looks = np.array([[0.1234567, 1 / 3]], np.float32)
    child = carry(tiny_model, (), looks)
    for value in child.network.state_dict().values():
        if value.is_floating_point():
            assert torch.equal(value, value.half().float())
    np.testing.assert_array_equal(child.looks, looks.astype(np.float16).astype(np.float32))
    assert carry(tiny_model, (), None).looks is None
