from __future__ import annotations

import numpy as np
from discs import draw_discs

from napari_unet.heads.instances.scoring import compare_objects, whole_truth
from napari_unet.heads.planes import HeldOutPlane
from napari_unet.images.normalization import Limits
from napari_unet.learning.scoring import score_model


def make_plane(region) -> HeldOutPlane:
    image, labels = draw_discs()
    return HeldOutPlane(image, labels, region, Limits(0, 120), 18.0)


def count(plane: HeldOutPlane) -> int:
    truth = whole_truth(plane)[0]
    return len(np.unique(truth[truth > 0]))


def test_a_perfect_prediction_scores_one_in_a_part_of_the_image() -> None:
    _, labels = draw_discs()
    region = np.zeros(labels.shape, bool)
    region[:, :110] = True
    plane = make_plane(region)
    tally = compare_objects(plane, labels).tally
    assert 0 < count(plane) < labels.max()
    assert tally.mean_ap == 1.0


def test_what_is_predicted_elsewhere_is_no_mistake_but_inside_it_is() -> None:
    _, labels = draw_discs()
    region = np.zeros(labels.shape, bool)
    region[:, :110] = True
    plane = make_plane(region)
    predicted = labels.copy()
    predicted[70:80, 150:160] = 99
    assert compare_objects(plane, predicted).tally.n_predicted == count(plane)
    predicted[:5, :5] = 100
    assert compare_objects(plane, predicted).tally.n_predicted == count(plane) + 1


def test_score_of_a_model_counts_the_objects_to_find(tiny_model) -> None:
    plane = make_plane(np.ones((160, 200), bool))
    score, n_planes = score_model(tiny_model, [plane, plane], enough=lambda: True)
    assert n_planes == 1
    assert score.n_objects == count(plane)
    assert 0.0 <= score.mean_ap <= score.ap50 <= 1.0
