"""How labels in view change: objects that nobody touched, wholly or not at all, and no others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_unet.finetuning.live.feed import LiveView
from napari_unet.finetuning.live.refresh import change_classes, change_objects, copy_view
from napari_unet.images.image import Image
from napari_unet.images.view import View

SHAPE = (60, 80)
WHOLE = (slice(0, SHAPE[0]), slice(0, SHAPE[1]))


def blocks(**places: tuple[int, int]) -> np.ndarray:
    """Squares of 10 pixels with ids as they are called ("n3")."""
    labels = np.zeros(SHAPE, np.int32)
    for name, (row, column) in places.items():
        labels[row : row + 10, column : column + 10] = int(name[1:])
    return labels


def view(labels: np.ndarray, prediction: np.ndarray, reviewed: Any = None, **more: Any) -> LiveView:
    image = Image(np.zeros(labels.shape, np.float32), "YX")
    return LiveView("a", (), WHOLE, image, View(), labels, prediction, reviewed, **more)


def test_what_nobody_touched_is_replaced_and_keeps_its_id_where_it_is_the_same() -> None:
    old = blocks(n1=(5, 5), n2=(5, 40))
    new = blocks(n7=(6, 6), n8=(40, 40))  # the first has moved a little, the second is gone, a third is new
    now = change_objects(copy_view(view(old, old.copy(), highest=30), WHOLE), new, SHAPE)
    assert set(np.unique(now[new == 7])) == {1}
    assert int(now[45, 45]) > 30  # an id that nobody has chosen meanwhile
    assert not now[5:15, 45:50].any()


@pytest.mark.parametrize("how", ["corrected", "erased", "reviewed", "locked"])
def test_what_somebody_touched_stays(how: str) -> None:
    prediction = blocks(n1=(5, 5), n2=(5, 40))
    labels, reviewed, locked = prediction.copy(), np.zeros(SHAPE, np.uint8), frozenset[int]()
    if how == "corrected":
        labels[5:15, 15:18] = 1
    elif how == "erased":
        labels[labels == 1] = 0
    elif how == "reviewed":
        reviewed[8:10, 8:10] = 2
    else:
        locked = frozenset({1})
    kept = labels.copy()
    new = blocks(n5=(7, 7), n6=(5, 40))
    now = change_objects(copy_view(view(labels, prediction, reviewed, locked=locked), WHOLE), new, SHAPE)
    mine = (prediction == 1) | (labels != prediction)
    np.testing.assert_array_equal(now[mine], kept[mine])
    assert not set(np.unique(now)) - {0, 1, 2}  # the new one lay mostly on it


def test_objects_that_the_view_cuts_stay_as_they_are() -> None:
    old = blocks(n1=(5, 30), n2=(30, 5))
    box = (slice(0, 60), slice(0, 40))  # it ends in the last column of the first one
    new = np.zeros((60, 40), np.int32)
    new[8:20, 28:40] = 3  # an object there goes on beyond it
    new[31:41, 6:16] = 4
    now = change_objects(copy_view(view(old, old.copy()), box), new, SHAPE)
    np.testing.assert_array_equal(now[:25], old[:25, :40])
    assert set(np.unique(now[31:41, 6:16])) == {2}
    edge = (slice(0, 60), slice(0, 80))  # where the image ends, nothing is cut
    assert (change_objects(copy_view(view(old, old.copy()), edge), blocks(n1=(5, 70)), SHAPE)[5:15, 70:] > 0).all()


def test_values_of_classes_change_where_nobody_painted() -> None:
    prediction = np.ones(SHAPE, np.int32)
    labels = prediction.copy()
    labels[:10] = 2
    now = change_classes(copy_view(view(labels, prediction), WHOLE), np.full(SHAPE, 3, np.int32))
    assert (now[:10] == 2).all()
    assert (now[10:] == 3).all()
