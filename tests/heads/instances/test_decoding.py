"""Objects from probability maps."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_unet.heads.instances.decoding import label_instances
from napari_unet.heads.instances.targets import make_targets
from napari_unet.labels.scores import tally_objects


def touching_discs(n: int = 4, radius: int = 12) -> np.ndarray:
    """Labels (Y, X) of discs in a row that touch, each dividing the overlap with its neighbour."""
    y, x = np.mgrid[: 4 * radius, : (2 * n + 2) * radius]
    distances = np.stack([np.hypot(y - 2 * radius, x - (2 * i + 2) * radius * 0.85) for i in range(n)])
    return np.where(distances.min(axis=0) < radius, distances.argmin(axis=0) + 1, 0)


def test_perfect_maps_give_touching_objects_apart() -> None:
    labels = touching_discs()
    found = label_instances(make_targets(labels), 0.5, 0.5)
    tally = tally_objects(labels, found)
    assert (tally.n_truth, tally.n_predicted) == (4, 4)
    assert tally.average_precision()[0.9] == 1.0


def test_perfect_maps_of_a_volume_too() -> None:
    z, y, x = np.mgrid[:20, :30, :50]
    distances = np.stack([np.sqrt((z - 10.0) ** 2 + (y - 15.0) ** 2 + (x - c) ** 2) for c in (15.0, 31.0)])
    labels = np.where(distances.min(axis=0) < 9, distances.argmin(axis=0) + 1, 0)
    assert tally_objects(labels, label_instances(make_targets(labels))).average_precision()[0.9] == 1.0


def test_an_empty_map_has_no_objects() -> None:
    found = label_instances(np.zeros((2, 40, 50), np.float32))
    assert found.shape == (40, 50)
    assert found.dtype == np.int32
    assert not found.any()


def test_small_objects_are_dropped_and_ids_stay_without_gaps() -> None:
    maps = np.zeros((2, 40, 40), np.float32)
    maps[:, 2:4, 2:4] = 1.0
    maps[:, 10:20, 10:20] = 1.0
    maps[:, 30:38, 30:38] = 1.0
    found = label_instances(maps, min_size=20)
    assert found[3, 3] == 0
    assert sorted(np.unique(found)) == [0, 1, 2]


def test_foreground_without_a_core_is_still_one_object() -> None:
    maps = np.zeros((2, 30, 30), np.float32)
    maps[0, 5:15, 5:15] = 1.0
    assert label_instances(maps).max() == 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 0.8), st.floats(0.2, 0.8))
def test_labels_cover_the_foreground_and_nothing_but_its_holes(seed: int, threshold: float, seeds: float) -> None:
    maps = np.random.default_rng(seed).random((2, 40, 37)).astype(np.float32)
    found = label_instances(maps, threshold, seeds)
    assert (found[maps[0] > threshold] > 0).all()
    assert ndimage.binary_fill_holes(maps[0] > threshold)[found > 0].all()
    assert np.array_equal(np.unique(found), np.arange(found.max() + 1))


@pytest.mark.parametrize("kind", ["transposed", "flipped"])
def test_the_result_does_not_hang_on_orientation(kind: str) -> None:
    maps = make_targets(touching_discs(3))
    turned = maps.transpose(0, 2, 1) if kind == "transposed" else maps[:, ::-1]
    found = label_instances(np.ascontiguousarray(turned))
    back = found.T if kind == "transposed" else found[::-1]
    assert tally_objects(label_instances(maps), back).average_precision()[0.9] == 1.0


def ring(size: int = 40, hole: int = 6) -> np.ndarray:
    """Foreground map (Y, X) of a disc with a hole of radius `hole`."""
    y, x = np.mgrid[:size, :size] - size / 2
    distance = np.hypot(y, x)
    return ((distance < 15) & (distance >= hole)).astype(np.float32)


def test_a_hole_in_an_object_is_filled_but_a_gap_between_two_is_not() -> None:
    maps = np.zeros((2, 40, 90), np.float32)
    maps[0, :, :40] = ring()
    maps[0, 5:35, 50:85] = 1.0
    maps[0, 15:25, 60:75] = 0.0  # enclosed by two objects that meet above and below
    maps[1, 5:35, 50:58] = maps[1, 5:35, 77:85] = 1.0
    found = label_instances(maps)
    assert found.max() == 3
    assert found[20, 20] == found[20, 8] > 0
    assert found[20, 67] == 0


def test_a_large_hole_or_one_open_to_the_image_s_edge_stays() -> None:
    maps = np.zeros((2, 40, 40), np.float32)
    maps[0] = ring(hole=13)
    assert label_instances(maps)[20, 20] == 0
    maps[0] = 0
    maps[0, 10:30, :12] = 1.0
    maps[0, 18:22, :4] = 0.0
    assert label_instances(maps)[20, 1] == 0


def test_many_gaps_take_no_time_of_their_own() -> None:
    rng = np.random.default_rng(0)
    maps = rng.random((2, 1024, 1024), dtype=np.float32)
    start = time.process_time()
    label_instances(maps, 0.3, 2.0)
    assert time.process_time() - start < 5  # 0.2 s on a quiet machine; one by one they take 20 s


def test_an_object_in_a_hole_keeps_the_hole_open() -> None:
    maps = np.zeros((2, 60, 60), np.float32)
    maps[0, 10:50, 10:50] = 1
    maps[0, 24:34, 24:34] = 0
    maps[0, 27:31, 27:31] = 1
    found = label_instances(maps)
    assert found.max() == 2
    assert found[25, 25] == 0


def two_bumps(saddle: float, second: float = 1.0) -> np.ndarray:
    """Maps of one foreground strip whose distance has two peaks, 1 and `second`, with `saddle` between them."""
    maps = np.zeros((2, 24, 48), np.float32)
    maps[0, 4:20, 4:44] = 0.9
    maps[1, 6:18, 6:42] = saddle
    maps[1, 8:16, 8:16], maps[1, 8:16, 32:40] = 1.0, second
    return maps


def test_two_peaks_of_one_core_are_two_objects_if_a_higher_level_parts_them() -> None:
    assert label_instances(two_bumps(saddle=0.6), 0.5, 0.5, min_size=30).max() == 2
    assert label_instances(two_bumps(saddle=0.95), 0.5, 0.5, min_size=30).max() == 1


def test_a_second_peak_that_is_a_speck_divides_nothing() -> None:
    maps = two_bumps(saddle=0.6, second=0.6)
    maps[1, 10:12, 34:36] = 1.0
    assert label_instances(maps, 0.5, 0.5, min_size=30).max() == 1


def test_a_peak_may_be_divided_again_at_a_higher_level() -> None:
    maps = two_bumps(saddle=0.55)
    maps[1, 8:16, 32:40] = 0.72
    maps[1, 8:16, 32:35], maps[1, 8:16, 38:41] = 0.88, 0.88
    assert label_instances(maps, 0.5, 0.5, min_size=20).max() == 3


def test_objects_that_the_model_is_unsure_of_are_dropped() -> None:
    maps = np.zeros((2, 20, 40), np.float32)
    maps[0, 5:15, 5:15], maps[0, 5:15, 25:35] = 0.95, 0.6
    maps[1] = maps[0]
    assert label_instances(maps).max() == 2
    found = label_instances(maps, object_threshold=0.8)
    assert found.max() == 1
    assert found[10, 10] == 1


@pytest.mark.parametrize(("rows", "objects"), [(2, 1), (3, 2)])
def test_a_core_that_is_a_speck_next_to_the_smallest_object_is_none(rows: int, objects: int) -> None:
    """Of objects of at least 100 pixels a core has at least 10."""
    maps = np.zeros((2, 24, 48), np.float32)
    maps[0, 4:20, 4:44] = 0.9
    maps[1, 8:16, 8:16] = maps[1, 8 : 8 + rows, 32:36] = 0.6
    assert label_instances(maps, 0.5, 0.5, min_size=100).max() == objects


def test_two_strips_side_by_side_are_divided_each_by_its_own_cores() -> None:
    maps = np.zeros((2, 40, 48), np.float32)
    for top in (2, 22):
        maps[0, top : top + 16, 4:44] = 0.9
        maps[1, top + 4 : top + 12, 8:16] = maps[1, top + 4 : top + 12, 32:40] = 1.0
    found = label_instances(maps, 0.5, 0.5, min_size=30)
    assert found.max() == 4
    ids = [found[10, 10], found[10, 36], found[30, 10], found[30, 36]]
    assert len(set(ids)) == 4
    assert np.bincount(found.ravel())[1:].min() > 0.4 * 16 * 40


@pytest.mark.parametrize(("threshold", "kept"), [(0.79, 1), (0.81, 0)])
def test_how_sure_the_model_is_of_an_object_is_the_mean_over_it(threshold: float, kept: int) -> None:
    maps = np.zeros((2, 20, 20), np.float32)
    maps[0, 5:15, 5:15] = 0.7
    maps[0, 5:15, 10:15] = 0.9
    assert label_instances(maps, object_threshold=threshold).max() == kept


@pytest.mark.parametrize(("size", "kept"), [(100, 1), (101, 0)])
def test_an_object_of_just_the_smallest_size_stays(size: float, kept: int) -> None:
    maps = np.zeros((2, 20, 20), np.float32)
    maps[:, 5:15, 5:15] = 0.9
    assert label_instances(maps, min_size=size).max() == kept
