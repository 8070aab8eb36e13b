from __future__ import annotations

import numpy as np

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.finetuning.survey import survey_reviewed, whole_objects

from .conftest import correct_all, draw_discs


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


def test_an_object_cut_by_the_region_is_not_whole() -> None:
    labels = np.zeros((20, 20), np.int32)
    labels[5:15, 5:15] = 7
    region = np.zeros((20, 20), bool)
    region[:, :10] = True
    assert whole_objects(labels, region) == []
    assert [label for label, _, _ in whole_objects(labels, region, share=0.5)] == [7]
