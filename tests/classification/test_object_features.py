"""Rows of objects are found again, and objects of several images stay apart."""

from __future__ import annotations

import numpy as np

from napari_unet.classification.object_features import ObjectFeatures, families, join_features


def features(*objects: tuple[int, int], start: float = 0) -> ObjectFeatures:
    values = start + np.arange(len(objects), dtype=np.float32)[:, None]
    return ObjectFeatures(np.array(objects, np.int64).reshape(-1, 2), values, ("shape area",), "net")


def test_a_row_is_found_by_frame_and_id_and_a_lost_object_has_none() -> None:
    found = features((0, 2), (0, 5), (1, 2)).rows_of([(1, 2), (2, 1), (0, 2), (5, 0)])
    assert found.tolist() == [2, -1, 0, -1]
    assert found.dtype == np.int64


def test_frames_of_joined_images_go_on_where_those_before_ended() -> None:
    joined = join_features([features((0, 1), (2, 1)), features((0, 1), (1, 7), start=10), features((0, 3), start=20)])
    assert joined.objects.tolist() == [[0, 1], [2, 1], [3, 1], [4, 7], [5, 3]]
    assert joined.values[:, 0].tolist() == [0, 1, 10, 11, 20]
    assert (joined.names, joined.network, len(joined)) == (("shape area",), "net", 5)


def test_an_image_without_objects_joins_as_one_frame() -> None:
    assert join_features([features(), features((0, 4))]).objects.tolist() == [[1, 4]]


def test_the_family_is_the_first_word_alone() -> None:
    assert families(("shape area", "texture slope 1 0 spread", "network")) == ("shape", "texture", "network")
