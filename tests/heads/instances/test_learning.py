"""How much a pixel of a corrected plane counts."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.heads.instances.learning import learning_maps
from napari_unet.heads.planes import CORRECTED_WEIGHT, TrainingPlane


def weights(predicted: bool) -> np.ndarray:
    """An object that was drawn anew at 20, an erased place at 60, the rest reviewed along with them."""
    labels, changed = np.zeros((40, 80), np.int32), np.zeros((40, 80), bool)
    labels[15:25, 15:25] = 1
    changed[15:25, 15:25] = changed[15:25, 55:65] = True
    everywhere = np.ones((40, 80), bool)
    plane = TrainingPlane(np.zeros((40, 80), np.float32), labels, everywhere, everywhere, changed, predicted=predicted)
    return np.asarray(learning_maps(plane).weights)


def test_background_that_came_with_a_correction_counts_less_than_what_was_drawn_or_erased() -> None:
    weight = weights(predicted=True)
    assert weight[5, 40] == pytest.approx(0.25, rel=0.01)
    assert weight[20, 20] >= CORRECTED_WEIGHT
    assert weight[20, 60] == pytest.approx(CORRECTED_WEIGHT, rel=0.01), "who erases says that nothing is there"
    assert weight[20, 27] >= 1, "beside an object is its end"
    assert weight[20, 29] < 1


def test_what_somebody_labelled_without_a_prediction_is_known_everywhere() -> None:
    assert weights(predicted=False)[5, 40] == pytest.approx(1.0, rel=0.01)
