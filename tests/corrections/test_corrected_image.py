"""What a corrected image says of itself."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.corrections.comparison import Counts
from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.errors import UserError
from napari_unet.images.image import Image


def boxes(frames=3):
    labels = np.zeros((frames, 20, 40), np.int32)
    for object_id in (1, 2, 3, 4):
        labels[:, 5:15, object_id * 10 - 8 : object_id * 10] = object_id
    return labels


def corrected(axes, reviewed_columns=slice(None), reviewed_planes=slice(None), **kwargs):
    prediction = boxes()
    labels = prediction.copy()
    labels[0][labels[0] == 1] = 0
    labels[1, 5:8, 12:20] = 0
    reviewed = np.zeros(labels.shape, bool)
    reviewed[reviewed_planes, :, reviewed_columns] = True
    image = Image(np.zeros(labels.shape, np.uint8), axes)
    return CorrectedImage(image, labels, reviewed, **{"prediction": prediction, **kwargs})


def test_a_stack_counts_objects_and_a_time_lapse_counts_in_each_frame():
    assert corrected("ZYX").counts == Counts(corrected=2)
    assert corrected("ZYX").n_confirmed == 2
    assert corrected("TYX").counts == Counts(corrected=1, removed=1)
    assert corrected("TYX").n_confirmed == 3 + 3 + 4


def test_only_what_is_reviewed_counts():
    some = corrected("TYX", slice(10, 24), slice(0, 2))
    assert some.counts == Counts(corrected=1)
    assert some.n_confirmed == 1  # the second object of the first frame; too little of the third
    assert list(some.planes()) == [(0,), (1,)]


def test_without_a_prediction_all_reviewed_objects_are_confirmed():
    image = corrected("TYX", prediction=None)
    assert image.counts == Counts()
    assert image.n_confirmed == 3 + 4 + 4


def test_labels_of_another_image_are_refused():
    with pytest.raises(UserError, match="labels"):
        CorrectedImage(Image(np.zeros((4, 5)), "YX"), np.zeros((5, 4), int), np.zeros((4, 5), bool))
