"""What the old model learned from before is known, held out last, and told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from discs import correct_all, draw_discs
from judged import NOTHING, score

from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.finetune import finetune_steps
from napari_unet.finetuning.judging.verdict import reach_verdict
from napari_unet.finetuning.material.lineage import MOST, find_known, join_places, list_places
from napari_unet.finetuning.material.preparation import survey_material
from napari_unet.finetuning.material.split import count_inside, split_reviewed
from napari_unet.heads.instances.survey import survey_reviewed
from napari_unet.heads.outcome import Outcome
from napari_unet.heads.registry import head_named
from napari_unet.heads.survey import ReviewedObject, Survey
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord, TrainingRecord


def test_objects_are_known_by_image_and_place() -> None:
    image, labels = draw_discs()
    one, other = correct_all(image, labels, name="one"), correct_all(image, labels, name="other")
    survey = survey_reviewed([one, other])
    left = np.zeros(labels.shape, bool)
    left[:, : labels.shape[1] // 2] = True
    places = list_places(survey, ["one", "other"], [left, np.zeros_like(left)])
    assert 0 < len(places) < labels.max()
    known = find_known(survey, ["one", "other"], places)
    mine = np.array([found.image == 0 for found in survey.objects])
    assert known[mine].sum() == len(places)
    assert not known[~mine].any()
    moved = tuple((name, plane, y + 3, x) for name, plane, y, x in places)  # redrawn
    assert np.array_equal(find_known(survey, ["one", "other"], moved), known)


def test_a_record_keeps_the_newest_places() -> None:
    new = [("new", (), i, 0) for i in range(10)]
    old = [("old", (), i, 0) for i in range(MOST)]
    joined = join_places(new, [*new[:3], *old])
    assert len(joined) == MOST
    assert list(joined[:10]) == new
    assert len(set(joined)) == MOST


def test_what_is_not_known_is_held_out_first() -> None:
    images = [correct_all(*draw_discs(seed=seed), name=str(seed)) for seed in range(6)]
    survey = survey_reviewed(images)
    reviewed = [one.reviewed for one in images]
    known = np.array([found.image not in (2, 4) for found in survey.objects])
    for seed in range(5):
        split = split_reviewed(survey, reviewed, 0.25, np.random.default_rng(seed), known)
        held = {number for number, mask in enumerate(split.held_out) if mask.any()}
        assert held
        assert held <= {2, 4}


@pytest.mark.parametrize(
    ("before", "after", "n_known", "better"),
    [(0.5, 0.5, 20, None), (0.5, 0.45, 20, None), (0.9, 0.3, 20, False), (0.6, 0.3, 5, False), (0.3, 0.9, 20, True)],
)
def test_the_old_model_is_not_flattered_by_what_it_learned(before, after, n_known, better) -> None:
    verdict = reach_verdict(
        Outcome(100, NOTHING, score(before), score(after), n_known=n_known), head_named("instances")
    )
    assert verdict.better is better
    assert ("has learned from most of them" in verdict.sentence) == (better is None)


def test_a_child_knows_what_its_parent_learned_from(tiny_model: Model) -> None:
    config = FinetuneConfig(seconds=120, max_steps=2, patch=96, batch_size=2, device="cpu")
    images = [correct_all(*draw_discs(seed=seed), name=str(seed)) for seed in range(3)]
    first = list(finetune_steps(tiny_model, images[:1], config))[-1].result
    places = first.model.record.training.learned
    assert {key for key, *_ in places} == {images[0].key}
    second = list(finetune_steps(first.model, images, config))[-1].result
    assert set(places) < set(second.model.record.training.learned)
    for told in ({"better": False}, {"better": None, "cautious": True}):
        kept = replace(second, **told).to_keep  # which learned nothing
        assert kept.record.training.learned == places
    assert replace(second, better=None).to_keep is second.model


def test_an_object_through_several_planes_is_known_once() -> None:
    image, labels = draw_discs()
    stack = correct_all(np.stack([image] * 4), np.stack([labels] * 4), name="stack")
    survey = survey_reviewed([stack])
    places = list_places(survey, ["stack"], [np.ones(labels.shape, bool)])
    record = ModelRecord(training=TrainingRecord(learned=places))
    material = survey_material([stack], 0.25, np.random.default_rng(0), record)
    assert material.known.all()
    assert material.n_known == count_inside(survey, material.split.held_out) > 0


def test_images_that_are_called_alike_are_told_apart_and_older_records_still_count() -> None:
    one, other = (correct_all(*draw_discs(seed=seed), name="Pos0") for seed in (0, 1))
    renamed = replace(one, name="moved")
    assert one.key == renamed.key != other.key
    survey = survey_reviewed([one])
    everywhere = [np.ones(one.labels.shape, bool)]
    places = list_places(survey, [one.key], everywhere)
    assert find_known(survey, [renamed.key], places, ["moved"]).all()
    assert not find_known(survey, [other.key], places, ["Pos0"]).any()
    older = list_places(survey, ["Pos0"], everywhere)
    assert find_known(survey, [one.key], older, ["Pos0"]).all()


@pytest.mark.parametrize(
    ("area", "apart", "known"), [(314, 9.9, True), (314, 10.1, False), (1, 1.0, True), (1, 1.5, False)]
)
def test_an_object_that_was_redrawn_is_known_within_half_its_diameter(area: int, apart: float, known: bool) -> None:
    survey = Survey((ReviewedObject(0, (2,), 1, (50.0, 60.0 + apart), area, False),), (), 100)
    assert find_known(survey, ["a"], [("a", (2,), 50, 60), ("a", (2,), 0, 0)]).tolist() == [known]
    assert not find_known(survey, ["a"], [("a", (1,), 50, 60)]).any()
    assert find_known(survey, ["b"], [("a", (2,), 50, 60)], names=["a"]).tolist() == [known]
