from __future__ import annotations

import numpy as np
import pytest
from discs import correct_all, draw_discs
from scipy import ndimage

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.finetuning.material.split import Split, _Candidate, _cost, split_reviewed
from napari_unet.heads.instances.survey import survey_reviewed
from napari_unet.heads.survey import ReviewedObject, Survey


def divide(images: list[CorrectedImage], share: float = 0.25) -> tuple[Split, Survey]:
    survey = survey_reviewed(images)
    reviewed = [one.reviewed.any(axis=tuple(range(one.reviewed.ndim - 2))) for one in images]
    return split_reviewed(survey, reviewed, share, np.random.default_rng(0)), survey


def count(split_part, survey: Survey) -> int:
    return sum(bool(split_part[f.image][round(f.center[0]), round(f.center[1])]) for f in survey.objects)


@pytest.mark.parametrize("shape", [(160, 200), (70, 300), (300, 300)])
def test_one_image_is_cut_with_a_gap_of_an_object(shape: tuple[int, int]) -> None:
    image, labels = draw_discs(shape)
    split, survey = divide([correct_all(image, labels)])
    assert split.holds_out
    learn, score = split.training[0], split.held_out[0]
    distance = ndimage.distance_transform_edt(~score)
    assert distance[learn].min() >= 0.9 * survey.diameter(0)
    assert 0.1 <= count(split.held_out, survey) / survey.n_objects <= 0.45
    assert count(split.training, survey) >= 0.45 * survey.n_objects


def test_whole_images_are_held_out_where_there_are_several() -> None:
    images = [correct_all(*draw_discs((100, 100), seed=i)) for i in range(5)]
    split, _ = divide(images)
    for learn, score in zip(split.training, split.held_out, strict=True):
        assert learn.any() != score.any()
    assert sum(mask.any() for mask in split.held_out) in (1, 2)


def test_regions_that_lie_apart_are_kept_whole() -> None:
    image, labels = draw_discs((320, 320), spacing=64)
    reviewed = ndimage.binary_dilation(labels > 0, iterations=4)
    split, survey = divide([correct_all(image, labels, reviewed)])
    learn, score = split.training[0], split.held_out[0]
    np.testing.assert_array_equal(learn | score, reviewed)
    assert count(split.training, survey) + count(split.held_out, survey) == survey.n_objects


def test_corrections_are_held_out_too() -> None:
    image, prediction = draw_discs((200, 400))
    labels = prediction.copy()
    drawn = np.isin(labels, range(1, 11)) & (np.arange(400) % 2 == 0)
    labels[drawn] = 0
    images = [correct_all(image, labels, prediction=prediction)]
    split, survey = divide(images)
    held = [f for f in survey.objects if split.held_out[0][round(f.center[0]), round(f.center[1])]]
    assert any(f.corrected for f in held)
    assert not all(f.corrected for f in held)


@pytest.mark.parametrize("share", [0.25, 0.0])
def test_few_objects_or_no_share_hold_nothing_out(share: float) -> None:
    shape = (70, 100) if share else (160, 200)
    images = [correct_all(*draw_discs(shape))]
    split, _ = divide(images, share)
    assert not split.holds_out
    assert split.training[0].all()


def test_a_stack_is_cut_at_the_same_place_in_all_planes() -> None:
    image, labels = draw_discs()
    split, survey = divide([correct_all(np.stack([image] * 4), np.stack([labels] * 4))])
    sides: dict[int, set[bool]] = {}
    for found in survey.objects:
        sides.setdefault(found.label, set()).add(bool(split.held_out[0][tuple(round(c) for c in found.center)]))
    assert split.holds_out
    assert all(len(side) == 1 for side in sides.values())


@pytest.mark.parametrize(
    ("scored", "corrected", "cost"),
    [
        (2, (0, 2, 3, 4), 0.0),  # a quarter of the objects, and of the corrections
        (2, (0, 1), 0.5),  # all corrections only score: three times too many
        (2, (3, 4, 5, 6), 0.5),  # none of them does
        (4, (), 1.0),  # twice the objects that were to be held out
        (1, (), float("inf")),
        (5, (), float("inf")),  # more than are learned from
    ],
)
def test_a_split_is_judged_by_the_share_of_objects_and_of_corrections(
    scored: int, corrected: tuple[int, ...], cost: float
) -> None:
    objects = tuple(ReviewedObject(0, (), i + 1, (0.0, float(i)), 50, corrected=i in corrected) for i in range(8))
    held = np.arange(8) < scored
    candidate = _Candidate(~held, held, lambda: Split((), ()))
    assert _cost(candidate, Survey(objects, (), 100), 0.25) == pytest.approx(cost)
