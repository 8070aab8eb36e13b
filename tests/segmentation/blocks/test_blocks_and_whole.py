"""Objects formed in blocks are the objects of the whole image, whatever their shapes and wherever blocks end."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from stitched_here import MemoryTables, faces, number_pieces

from napari_unet.heads.instances.decoding import label_instances
from napari_unet.segmentation.blocks.block import divide_block
from napari_unet.segmentation.blocks.grid import BlockGrid
from napari_unet.segmentation.blocks.stitching.pieces import match_bands, piece_keys

Floats = npt.NDArray[np.float32]


def draw_maps(shape: tuple[int, ...], seed: int, count: int, largest: int) -> Floats:
    """Foreground and distance (2, (Z,) Y, X) of `count` ellipsoids, many of them touching, somewhat noisy."""
    rng = np.random.default_rng(seed)
    places = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"))
    maps = np.zeros((2, *shape), np.float32)
    for _ in range(count):
        center = np.array([rng.uniform(0, size) for size in shape])
        radii = rng.uniform(1.5, largest / 2, len(shape))
        far = (((places - center.reshape(-1, *[1] * len(shape))) / radii.reshape(-1, *[1] * len(shape))) ** 2).sum(0)
        inside = far < 1
        maps[0][inside] = 0.9
        maps[1][inside] = np.maximum(maps[1], 1 - far)[inside]
    maps[0] += rng.normal(0, 0.15, shape).astype(np.float32)
    return np.round(maps, 2)  # plateaus, as a network in bfloat16 has them


def in_blocks(maps: Floats, grid: BlockGrid, smallest: float) -> tuple[npt.NDArray[np.int64], int]:
    """Labels formed block by block, and how many objects no block saw whole."""
    blocks = [grid.block(number) for number in range(len(grid))]
    found = [
        divide_block(label_instances(maps[(slice(None), *block.around)], 0.5, 0.5, smallest), grid, block)
        for block in blocks
    ]
    edges = [np.zeros((0, 2), np.int64)]
    for one, other, axis in faces(grid):
        pairs = match_bands(found[one].bands[axis, True], found[other].bands[axis, False])
        edges.append(np.stack([piece_keys(one, pairs[:, 0]), piece_keys(other, pairs[:, 1])], axis=1))
    counts = np.array([one.count for one in found])
    numbering = number_pieces(MemoryTables(), grid, counts, np.concatenate(edges))
    labels = np.zeros(maps.shape[1:], np.int64)
    for block, one in zip(blocks, found, strict=True):
        labels[block.core] = numbering.ids_of(block.number)[one.core]
    cut = np.concatenate([piece_keys(block.number, one.cut) for block, one in zip(blocks, found, strict=True)])
    assert numbering.total == labels.max()
    return labels, np.unique(numbering.find(cut)).size


def same_objects(one: npt.NDArray[np.integer], other: npt.NDArray[np.integer]) -> bool:
    """Whether two label arrays differ in their numbers alone."""
    pairs = np.unique(np.stack([one.ravel(), other.ravel()]), axis=1)
    background = (pairs == 0).any(axis=0)
    return bool((pairs[:, background] == 0).all()) and all(np.unique(side).size == side.size for side in pairs)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(0, 40),
    shape=st.tuples(st.integers(5, 70), st.integers(5, 70)),
    side=st.sampled_from([16, 32]),
    smallest=st.sampled_from([0.0, 6.0, 25.0]),
)
def test_objects_that_blocks_see_whole_are_those_of_the_whole_image(
    seed: int, count: int, shape: tuple[int, int], side: int, smallest: float
) -> None:
    maps = draw_maps(shape, seed, count, largest=7)
    labels, large = in_blocks(maps, BlockGrid(shape, (side, side), 16), smallest)
    whole = label_instances(maps, 0.5, 0.5, smallest)
    if large == 0:
        assert same_objects(labels, whole)
    assert np.array_equal(np.unique(labels[labels > 0]), np.arange(1, labels.max(initial=0) + 1))


@pytest.mark.parametrize("seed", range(3))
def test_so_in_volumes(seed: int) -> None:
    shape = (20, 33, 27)
    maps = draw_maps(shape, seed, 30, largest=8)
    labels, large = in_blocks(maps, BlockGrid(shape, (16, 16, 16), 16), 4)
    assert same_objects(labels, label_instances(maps, 0.5, 0.5, 4)) or large


def test_an_object_on_the_corner_of_four_blocks_is_one() -> None:
    maps = np.zeros((2, 64, 64), np.float32)
    maps[:, 28:37, 29:36] = 0.9
    labels, large = in_blocks(maps, BlockGrid((64, 64), (32, 32), 16), 5)
    assert same_objects(labels, (maps[0] > 0.5).astype(np.int64))
    assert large == 0


def test_touching_objects_on_a_face_stay_apart() -> None:
    maps = np.zeros((2, 40, 64), np.float32)
    for left in (22, 33):
        maps[0, 10:21, left : left + 11] = 0.9
        maps[1, 12:19, left + 2 : left + 9] = 0.9
    labels, _ = in_blocks(maps, BlockGrid((40, 64), (32, 32), 16), 5)
    whole = label_instances(maps, 0.5, 0.5, 5)
    assert whole.max() == 2
    assert same_objects(labels, whole)


def test_an_object_larger_than_a_block_is_one_and_is_told() -> None:
    maps = np.zeros((2, 150, 150), np.float32)
    maps[:, 5:140, 60:70] = 0.9
    maps[:, 100:110, 5:140] = 0.9
    labels, large = in_blocks(maps, BlockGrid((150, 150), (32, 32), 16), 5)
    assert same_objects(labels, (maps[0] > 0.5).astype(np.int64))
    assert large == 1


def test_small_ones_are_dropped_by_their_whole_size_not_by_that_of_a_piece() -> None:
    maps = np.zeros((2, 32, 64), np.float32)
    maps[:, 10:14, 30:35] = 0.9  # 20 pixels, 8 and 12 in either block
    maps[:, 20:23, 30:33] = 0.9  # 9 pixels
    labels, _ = in_blocks(maps, BlockGrid((32, 64), (32, 32), 16), 15)
    assert np.unique(labels[10:14, 30:35]).tolist() == [1]
    assert labels[20:23].max() == 0


def test_a_hole_across_a_face_is_filled() -> None:
    maps = np.zeros((2, 40, 64), np.float32)
    maps[:, 10:24, 26:40] = 0.9
    maps[:, 15:18, 30:35] = 0
    labels, _ = in_blocks(maps, BlockGrid((40, 64), (32, 32), 16), 5)
    assert (labels[10:24, 26:40] == 1).all()


def test_blocks_cover_every_pixel_once_and_bands_are_what_both_see() -> None:
    grid = BlockGrid((70, 40), (32, 32), 16, n_units=2)
    covered = np.zeros((2, *grid.shape), int)
    for number in range(len(grid)):
        block = grid.block(number)
        covered[(block.unit, *block.core)] += 1
    assert (covered == 1).all()
    for one, other, axis in faces(grid):
        assert grid.band(one, axis, True) == grid.band(other, axis, False)
        assert grid.block(one).unit == grid.block(other).unit


def test_drawn_maps_touch_and_cross_faces() -> None:
    """What the property is tested on is worth it: components of several objects, and objects in several blocks."""
    maps = draw_maps((80, 80), 3, 60, 7)
    whole = label_instances(maps, 0.5, 0.5, 6)
    components, n = ndimage.label(maps[0] > 0.5)
    per_component = [np.unique(whole[components == k]) for k in range(1, n + 1)]
    assert max(ids[ids > 0].size for ids in per_component) > 2
    assert len({*np.unique(whole[31])} & {*np.unique(whole[32])} - {0}) > 1
