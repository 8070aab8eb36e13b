from __future__ import annotations

import numpy as np
import pytest
from discs import correct_all, draw_discs
from scipy import ndimage

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.material.split import (
    Split,
    _apart,
    _by_cut,
    _by_image,
    _by_region,
    _cost,
    _Division,
    _pixel,
    _sides,
    are_inside,
    count_inside,
    split_reviewed,
    telling_share,
)
from napari_unet.heads.instances.survey import survey_reviewed
from napari_unet.heads.survey import ReviewedObject, Survey


def divide(images: list[CorrectedImage], share: float = 0.25) -> tuple[Split, Survey]:
    survey = survey_reviewed(images)
    reviewed = [one.reviewed.any(axis=tuple(range(one.reviewed.ndim - 2))) for one in images]
    return split_reviewed(survey, reviewed, share, np.random.default_rng(0)), survey


def count(split_part, survey: Survey) -> int:
    return sum(bool(split_part[f.image][round(f.center[0]), round(f.center[1])]) for f in survey.objects)


@pytest.mark.parametrize(
    ("share", "n", "held"),
    [
        (0.25, 40, 0.25), (0.25, 28, 8 / 28), (0.25, 24, 1 / 3), (0.25, 23, 0.25), (0.25, 16, 5 / 16),
        (0.25, 15, 1 / 3), (0.25, 14, 0.25), (0.5, 16, 0.5),
    ],
)  # fmt: skip
def test_eight_of_24_or_five_of_fifteen_are_held_out_because_fewer_tell_little(
    share: float, n: int, held: float
) -> None:
    assert telling_share(share, n) == pytest.approx(held)


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
    candidate = _Division(~held, held, lambda: Split((), ()))
    assert _cost(candidate, Survey(objects, (), 100), 0.25) == pytest.approx(cost)


def some_images(kind: str) -> list[CorrectedImage]:
    if kind == "images":
        return [correct_all(*draw_discs((100, 100 + 20 * i), seed=i)) for i in range(4)]
    image, labels = draw_discs((200, 260), spacing=52)
    apart = ndimage.binary_dilation(labels > 0, iterations=5)
    return [correct_all(image, labels, apart), correct_all(*draw_discs((120, 90)))]


@pytest.mark.parametrize("kind", ["images", "regions", "cut"])
def test_the_masks_of_a_split_hold_the_objects_that_it_was_chosen_for(kind: str) -> None:
    images = some_images(kind)
    survey, reviewed = survey_reviewed(images), [one.reviewed for one in images]
    generator = np.random.default_rng(1)
    candidates = {
        "images": lambda: _by_image(survey, reviewed, 0.25, generator, tries=12),
        "regions": lambda: _by_region(survey, reviewed, generator, tries=12),
        "cut": lambda: _by_cut(survey, reviewed),
    }[kind]()
    seen = 0
    for candidate in candidates:
        split = candidate.build()
        np.testing.assert_array_equal(are_inside(survey, split.training), candidate.learned)
        np.testing.assert_array_equal(are_inside(survey, split.held_out), candidate.scored)
        for learn, score, mask in zip(split.training, split.held_out, reviewed, strict=True):
            assert not (learn & score).any()
            assert not ((learn | score) & ~mask).any()
        seen += int(candidate.learned.any() and candidate.scored.any())
        if kind == "images":
            assert 1 <= sum(mask.any() for mask in split.held_out) <= 2
    assert seen > 10
    assert len(split.training) == len(images)


def test_an_image_in_which_nothing_was_drawn_is_learned_from_whichever_side_of_the_cut() -> None:
    nothing = correct_all(np.zeros((40, 40), np.float32), np.zeros((40, 40), np.int32))
    images = [correct_all(*draw_discs((160, 200))), nothing]
    survey, reviewed = survey_reviewed(images), [one.reviewed for one in images]
    for candidate in list(_by_cut(survey, reviewed))[::9]:
        assert candidate.build().training[1].all()


@pytest.mark.parametrize(("gap", "parts"), [(0.0, 2), (8.0, 2), (9.9, 2), (12.0, 1)])
def test_regions_are_apart_if_more_than_the_gap_lies_between_them(gap: float, parts: int) -> None:
    mask = np.zeros((40, 60), bool)
    mask[5:15, 5:15] = mask[5:15, 26:36] = True  # 12 pixels from the middle of the last to that of the first
    labels, count = _apart(mask, gap)
    assert count == parts
    assert (labels[mask] > 0).all()
    assert bool(labels[10, 10] == labels[10, 30]) is (parts == 1)
    assert _apart(np.zeros((4, 4), bool), gap)[1] == 0


def test_a_cut_leaves_half_a_gap_on_each_side() -> None:
    mask = np.ones((10, 30), bool)
    mask[0] = False
    learn, score = _sides(mask, np.array([0.0, 1.0]), 14.0, 6.0)
    np.testing.assert_array_equal(np.flatnonzero(learn[5]), np.arange(11))
    np.testing.assert_array_equal(np.flatnonzero(score[5]), np.arange(18, 30))
    assert not learn[0].any()
    learn, score = _sides(mask, np.array([1.0, 0.0]), 5.0, 2.0)
    np.testing.assert_array_equal(np.flatnonzero(learn[:, 3]), [1, 2, 3])
    np.testing.assert_array_equal(np.flatnonzero(score[:, 3]), [7, 8, 9])


@pytest.mark.parametrize(("center", "pixel"), [((3.4, 2.6), (3, 3)), ((9.4, 9.6), (9, 9)), ((0.0, 9.4), (0, 9))])
def test_a_centre_lies_in_a_pixel_of_the_image(center: tuple[float, float], pixel: tuple[int, int]) -> None:
    assert _pixel(center, np.zeros((10, 10))) == pixel


def test_a_class_of_which_nothing_is_learned_makes_a_split_useless() -> None:
    objects = tuple(ReviewedObject(0, (), i, (0.0, float(i)), 50, False, kind=int(i < 2)) for i in range(8))
    survey = Survey(objects, (), 100)
    held = np.arange(8) < 2
    assert _cost(_Division(~held, held, lambda: Split((), ())), survey, 0.25) == float("inf")
    held = np.isin(np.arange(8), (0, 5))
    assert _cost(_Division(~held, held, lambda: Split((), ())), survey, 0.25) == pytest.approx(0.0)


def test_an_object_that_runs_through_planes_is_counted_once_where_its_centre_is() -> None:
    objects = tuple(ReviewedObject(0, (z,), 1 + z // 2, (5.0, 3.0 + 2 * (z // 2)), 50, False) for z in range(6))
    mask = np.zeros((10, 10), bool)
    mask[5, 5:] = True
    assert count_inside(Survey(objects, (), 100), [mask]) == 2


def test_unless_somebody_says_otherwise_a_quarter_only_scores() -> None:
    split, survey = divide([correct_all(*draw_discs((320, 320)))], FinetuneConfig().held_out)
    assert 0.15 < count(split.held_out, survey) / survey.n_objects < 0.35
