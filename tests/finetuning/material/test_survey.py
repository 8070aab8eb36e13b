from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from discs import correct_all, draw_discs

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.heads.instances.survey import survey_reviewed
from napari_unet.heads.survey import ReviewedObject, Survey
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.labels.regions import whole_objects


def test_counts_corrected_confirmed_and_removed_objects() -> None:
    image, prediction = draw_discs()
    labels = prediction.copy()
    labels[labels == 1] = 0  # removed
    where = np.argwhere(labels == 2)
    labels[tuple(where[: len(where) // 2].T)] = 0  # redrawn
    survey = survey_reviewed([correct_all(image, labels, prediction=prediction)])
    n = int(prediction.max())
    assert survey.n_objects == n - 1
    assert survey.n_corrected == 2
    assert survey.n_confirmed == n - 2
    assert len(survey.removed) == 1


def test_only_what_is_reviewed_counts() -> None:
    image, labels = draw_discs()
    reviewed = np.zeros(labels.shape, bool)
    reviewed[:32, :32] = True
    survey = survey_reviewed([correct_all(image, labels, reviewed)])
    assert [found.label for found in survey.objects] == [1]


def test_an_object_through_several_planes_counts_once() -> None:
    image, labels = draw_discs()
    stack: CorrectedImage = correct_all(np.stack([image] * 3), np.stack([labels] * 3))
    survey = survey_reviewed([stack])
    assert survey.n_objects == labels.max()
    assert len(survey.objects) == 3 * labels.max()


def test_diameter_is_that_of_the_discs(discs: CorrectedImage) -> None:
    assert abs(survey_reviewed([discs]).diameter(0) - 18) < 1.5


def ball_in_stack() -> CorrectedImage:
    """A leaning ball of radius 10 through slices 2 to 22, reviewed in a slice near its end; a disc beside it."""
    z, y, x = np.indices((26, 60, 80))
    labels = np.zeros(z.shape, np.int32)
    labels[(z - 12) ** 2 + (y - 25) ** 2 + (x - 20 - z) ** 2 <= 100] = 3
    labels[4, 40:50, 60:70] = 5
    labels[8:, 40:60, 60:80] = 5  # the same id elsewhere, not below it
    reviewed = np.zeros(z.shape, bool)
    reviewed[4] = True
    return correct_all(labels.astype(np.float32), labels, reviewed)


def test_in_a_stack_an_object_is_as_large_as_in_its_widest_slice() -> None:
    stack = ball_in_stack()
    survey = survey_reviewed([stack])
    ball, disc = (next(found for found in survey.objects if found.label == label) for label in (3, 5))
    assert ball.whole_diameter == pytest.approx(20, abs=0.5)
    assert ball.diameter == pytest.approx(12, abs=0.5)
    assert disc.whole_diameter == disc.diameter == pytest.approx(11.3, abs=0.1)
    assert survey.diameter(0) == pytest.approx((ball.whole_diameter + disc.diameter) / 2)
    again = CorrectedImage(Image(stack.image.data, "TYX"), stack.labels, stack.reviewed)
    assert [one.whole_diameter for one in survey_reviewed([again]).objects] == [ball.diameter, disc.diameter], (
        "through time nothing is cut"
    )


def test_an_object_cut_by_the_region_is_not_whole() -> None:
    labels = np.zeros((20, 20), np.int32)
    labels[5:15, 5:15] = 7
    region = np.zeros((20, 20), bool)
    region[:, :10] = True
    assert whole_objects(labels, region) == []
    assert [label for label, _, _ in whole_objects(labels, region, share=0.5)] == [7]


@pytest.fixture
def small() -> CorrectedImage:
    """One small object of 4 x 4 pixels, reviewed."""
    labels = np.zeros((40, 40), np.int32)
    labels[4:8, 4:8] = 1
    return correct_all(np.zeros(labels.shape, np.uint8), labels, labels > 0)


def test_a_few_reviewed_objects_do_not_say_alone_how_large_objects_are(small: CorrectedImage) -> None:
    measured = survey_reviewed([small]).diameter(0)
    assert measured == pytest.approx(2 * np.sqrt(16 / np.pi))
    found = survey_reviewed([replace(small, view=View(20.0, "estimated"))]).diameter(0)
    assert found is not None
    assert 2 * measured < found < 20


def test_many_reviewed_objects_say_it_better_than_an_estimate(discs: CorrectedImage) -> None:
    half = np.zeros(discs.labels.shape, bool)
    half[: len(half) // 2] = True
    part = replace(discs, reviewed=half)
    measured = survey_reviewed([part]).diameter(0)
    found = survey_reviewed([replace(part, view=View(60.0, "estimated"))]).diameter(0)
    assert measured is not None
    assert found is not None
    n = survey_reviewed([part]).n_objects
    trust = n / (n + 5 * (1 - 0.5))
    assert found == pytest.approx(measured**trust * 60 ** (1 - trust))


def test_of_an_image_that_was_reviewed_wholly_nothing_is_estimated(small: CorrectedImage) -> None:
    whole = replace(small, reviewed=np.ones(small.labels.shape, bool), view=View(20.0, "estimated"))
    assert survey_reviewed([whole]).diameter(0) == pytest.approx(2 * np.sqrt(16 / np.pi))


def test_what_is_wrong_with_estimates_elsewhere_mends_this_one(small: CorrectedImage) -> None:
    """One object an image says little; that it is five times as small as estimated in each of them says much."""
    one = replace(small, view=View(20.0, "estimated"))
    alone, together = survey_reviewed([one]), survey_reviewed([one] * 6)
    assert alone.diameter(0) > 15
    assert together.diameter(0) < 0.6 * alone.diameter(0)


def test_what_somebody_said_of_the_size_counts_alone(small: CorrectedImage) -> None:
    survey = survey_reviewed([replace(small, view=View(30.0)), small])
    assert survey.diameter(0) == 30.0
    assert survey.diameter(1) != 30.0


def test_a_removed_object_is_where_it_was() -> None:
    image, prediction = draw_discs((64, 64))
    prediction[:] = 0
    prediction[10:21, 30:36] = 4
    survey = survey_reviewed([correct_all(image, np.zeros_like(prediction), prediction=prediction)])
    assert survey.removed == ((0, (), (15.0, 32.5)),)
    assert (survey.n_images, survey.n_corrected, survey.only_removed) == (1, 1, True)


def made_up(sizes: dict[int, list[float]], **more) -> Survey:
    """Objects of such diameters in each image."""
    objects = tuple(
        ReviewedObject(image, (), 1 + n, (0.0, 0.0), round(np.pi * (size / 2) ** 2), False)
        for image, all_ in sizes.items()
        for n, size in enumerate(all_)
    )
    return Survey(objects, (), 100, **more)


def test_how_much_an_estimate_counts_beside_what_was_reviewed() -> None:
    """Five objects where nothing was estimated wrongly elsewhere: half of each, as logarithms."""
    few = made_up({0: [40.0] * 5}, estimated=(10.0,), shares=(0.0,))
    assert few.diameter(0) == pytest.approx(20.0, rel=0.01)
    half = made_up({0: [40.0] * 5}, estimated=(10.0,), shares=(0.5,))  # half of the image: counts twice as much
    assert half.diameter(0) == pytest.approx(40 ** (2 / 3) * 10 ** (1 / 3), rel=0.01)
    assert made_up({0: [40.0] * 5}, estimated=(10.0,), shares=(1.0,)).diameter(0) == pytest.approx(40.0, rel=0.01)
    assert made_up({0: [40.0] * 5}).diameter(0) == pytest.approx(40.0, rel=0.01)
    assert made_up({0: [40.0] * 5}).gap(0) == pytest.approx(40.0, rel=0.01)
    assert (made_up({}).diameter(0), made_up({}).gap(0)) == (None, 0.0)
    assert made_up({0: [40.0] * 5}).diameter(1) == pytest.approx(40.0, rel=0.01)  # as in the others


def test_an_estimate_is_mended_as_far_as_the_other_images_are_known() -> None:
    """There objects are twice as large as estimated, five of them: the square root of 2 is believed of it."""
    sizes = {0: [40.0] * 5, 1: [20.0] * 5, 2: [7.0] * 5}
    survey = made_up(sizes, estimated=(10.0, 10.0, None), shares=(0.0, 0.0, 0.0))
    assert survey.diameter(0) == pytest.approx(40**0.5 * (10 * 2**0.5) ** 0.5, rel=0.01)
    assert survey.n_images == 3
    known = made_up(sizes, estimated=(10.0, 10.0, None), shares=(0.0, 1.0, 0.0))
    assert known.diameter(0) == pytest.approx(40**0.5 * 20**0.5, rel=0.01)


def test_estimates_that_are_wrong_in_another_way_on_each_image_count_less() -> None:
    sizes = {image: [40.0] * 5 for image in range(3)}
    wild = made_up(sizes, estimated=(40.0, 20.0, 10.0), shares=(0.0,) * 3)
    alike = made_up(sizes, estimated=(20.0, 20.0, 20.0), shares=(0.0,) * 3)
    two = made_up({0: [40.0] * 5, 1: [40.0] * 5}, estimated=(40.0, 10.0), shares=(0.0, 0.0))
    off = [abs(np.log(wild.diameter(image) / 40)) for image in range(3)]
    assert max(off) < 0.1
    assert two.diameter(1) == pytest.approx(20.0, rel=0.01)  # two images do not tell
    assert alike.diameter(0) == pytest.approx(40**0.5 * (20 * 2 ** (2 / 3)) ** 0.5, rel=0.01)
