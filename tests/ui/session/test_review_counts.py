"""How many reviewed objects and pixels there are to learn from, and the maps that are kept of a segmentation."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.ui.session.kept_maps import KEPT_BYTES, KeptMaps, maps_fit
from napari_unet.ui.session.review_counter import ReviewCounts, _count_images, count_classes, count_reviewed


@pytest.fixture
def stack() -> tuple[np.ndarray, np.ndarray]:
    """Two slices (2, 10, 12): object 1 through both, 2 in the first, 3 in the second; the left half is reviewed."""
    labels, reviewed = np.zeros((2, 10, 12), np.int32), np.zeros((2, 10, 12), np.uint8)
    labels[:, 1:4, 1:4], labels[0, 6:9, 1:4], labels[1, 6:9, 8:11] = 1, 2, 3
    reviewed[:, :, :6] = 1
    return labels, reviewed


def test_an_object_through_several_slices_counts_once_and_in_each_frame_of_a_film(
    stack: tuple[np.ndarray, np.ndarray],
) -> None:
    labels, reviewed = stack
    assert count_reviewed(labels, reviewed, "ZYX") == 2
    assert count_reviewed(labels, reviewed, "TYX") == 3
    assert count_reviewed(labels[:, None], reviewed[:, None], "TZYX") == 3
    assert count_reviewed(labels[0], reviewed[0], "YX") == 2
    assert count_reviewed(labels, np.zeros_like(reviewed), "ZYX") == 0


def test_pixels_of_a_class_count_where_they_are_reviewed_and_unknown_values_not_at_all() -> None:
    labels = np.array([[[0, 0, 1], [1, 2, 9]], [[1, 1, 1], [1, 1, 1]]])
    reviewed = np.array([[[1, 0, 1], [3, 1, 1]], [[0, 0, 0], [0, 0, 0]]])
    assert count_classes(labels, reviewed, 3) == (1, 2, 1)
    assert count_classes(labels, reviewed, 2) == (1, 2)
    assert count_classes(labels[0], reviewed[0], 4) == (1, 2, 1, 0)


def test_images_are_counted_by_what_their_labels_are(stack: tuple[np.ndarray, np.ndarray]) -> None:
    labels, reviewed = stack
    counts = _count_images({
        "objects": (labels, reviewed, "ZYX", 0),
        "classes": (labels, reviewed, "ZYX", 2),
        "no labels": (None, reviewed, "ZYX", 0),
        "nothing reviewed": (labels, None, "ZYX", 2),
    })  # fmt: skip
    assert counts == {"objects": 2, "classes": (120 - 27, 18), "no labels": 0, "nothing reviewed": 0}


def test_counts_of_images_add_up() -> None:
    both = ReviewCounts(1, 2, 3) + ReviewCounts(1, 20, 30)
    assert both == ReviewCounts(2, 22, 33)
    assert ReviewCounts(1, 0, 1).anything
    assert ReviewCounts(0, 1, 0).anything
    assert not ReviewCounts(3, 0, 0).anything


@pytest.mark.parametrize(("rows", "fits"), [(KEPT_BYTES // 6 // 1024, True), (KEPT_BYTES // 6 // 1024 + 1, False)])
def test_maps_are_kept_up_to_six_bytes_a_pixel(rows: int, fits: bool) -> None:
    assert maps_fit((rows, 1024)) is fits


def kept(value: float, done: list[bool]) -> KeptMaps:
    return KeptMaps(np.full((2, len(done), 400, 500), value, np.float16), done)


def test_planes_that_were_not_segmented_again_keep_their_maps() -> None:
    new = kept(1, [True, False, False])
    merged = kept(3, [True, True, False]).update(new)
    assert merged is new
    assert merged.maps[0, :, 0, 0].tolist() == [1, 3, 1]
    assert merged.done.tolist() == [True, True, False]
    other = KeptMaps(np.zeros((2, 2, 10, 10), np.float16), [False, True])
    assert kept(3, [True, True, False]).update(other).done.tolist() == [False, True], (
        "those of another image are no use"
    )


def test_around_a_place_maps_are_cut_at_the_edges_and_unknown_planes_have_none() -> None:
    maps = kept(0, [False, True])
    maps.maps[1, 1, 250, 260] = 0.5
    assert maps.around((0, 250, 260), 40) is None
    found = maps.around((1, 250, 260), 40)
    assert found.corner == (130, 140)
    assert found.maps.shape == (2, 240, 240)
    assert found.maps.dtype == np.float32
    assert found.maps[1, 120, 120] == 0.5
    at_edge = maps.around((1, 5, 495), None)
    assert at_edge.corner == (0, 495 - 96)
    assert at_edge.maps.shape == (2, 5 + 96, 5 + 96)


def test_through_a_stack_maps_end_where_a_slice_is_not_known() -> None:
    maps = KeptMaps(np.zeros((2, 6, 40, 50), np.float16), [True, False, True, True, True, True])
    maps.maps[0, 3] = 1
    found = maps.around((3, 20, 30), 20, slices=2)
    assert found.corner == (2, 0, 0)
    assert found.maps.shape == (2, 4, 40, 50)
    assert found.maps[0, :, 5, 5].tolist() == [0, 1, 0, 0]
    assert maps.around((3, 20, 30), 20, slices=1).maps.shape == (2, 3, 40, 50)
    assert maps.around((1, 20, 30), 20, slices=2) is None
