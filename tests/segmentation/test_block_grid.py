"""Blocks cover a large image once, and bands are what two of them both see; tiles fit into memory."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_unet.models.architecture import UNetConfig
from napari_unet.segmentation.blocks.grid import BlockGrid, plan_grid
from napari_unet.segmentation.tiles import memory
from napari_unet.segmentation.tiles.memory import largest_tile, largest_volume_tile


@given(st.lists(st.integers(1, 30), min_size=2, max_size=3), st.integers(3, 9), st.integers(0, 9), st.integers(1, 3))
def test_cores_cover_each_pixel_of_each_unit_once_and_what_is_around_ends_at_the_edge(
    shape: list[int], side: int, halo: int, n_units: int
) -> None:
    grid = BlockGrid(tuple(shape), (side,) * len(shape), halo, n_units)
    seen = np.zeros((n_units, *shape), int)
    for number in range(len(grid)):
        block = grid.block(number)
        assert block.number == number
        seen[(block.unit, *block.core)] += 1
        values = np.arange(np.prod(shape)).reshape(shape)
        np.testing.assert_array_equal(values[block.around][block.inner], values[block.core])
        for core, around, size in zip(block.core, block.around, shape, strict=True):
            assert around.start == max(0, core.start - halo)
            assert around.stop == min(size, core.stop + halo)
    assert (seen == 1).all()


@settings(max_examples=25)
@given(st.lists(st.integers(1, 20), min_size=2, max_size=3), st.integers(4, 9), st.integers(1, 2))
def test_faces_are_all_pairs_of_blocks_that_touch(shape: list[int], side: int, n_units: int) -> None:
    grid = BlockGrid(tuple(shape), (side,) * len(shape), 2, n_units)
    blocks = [grid.block(number) for number in range(len(grid))]
    expected = set()
    for one in blocks:
        for other in blocks:
            for axis in range(len(shape)):
                same = all(one.core[i] == other.core[i] for i in range(len(shape)) if i != axis)
                if one.unit == other.unit and same and one.core[axis].stop == other.core[axis].start:
                    expected.add((one.number, other.number, axis))
    found = {(number, other, axis) for number in range(len(grid)) for other, axis in grid.after(number)}
    assert found == expected


def test_a_band_is_as_deep_as_both_see_and_the_same_from_both_sides() -> None:
    grid = BlockGrid((30, 50), (16, 16), 5)
    faces = [(number, after, axis) for number in range(len(grid)) for after, axis in grid.after(number)]
    assert len(faces) == 10
    for number, after, axis in faces:
        band = grid.band(number, axis, after=True)
        assert band == grid.band(after, axis, after=False)
        face = grid.block(number).core[axis].stop
        assert band[axis] == slice(face - 5, min(grid.shape[axis], face + 5))
        assert band[1 - axis] == grid.block(number).core[1 - axis]
    shallow = BlockGrid((30, 18), (16, 16), 5)
    assert shallow.band(0, 1, after=True)[1] == slice(11, 18), "the band ends with the image"


def grid_of(side: int | None = None, halo: int | None = None, diameter: float = 20.0, deep: bool = False) -> BlockGrid:
    plan: Any = SimpleNamespace(
        record=SimpleNamespace(architecture=UNetConfig(depth=4)), diameter=diameter, deep=deep, units=[0, 1]
    )
    return plan_grid((10_000, 20_000), plan, side, halo)


@pytest.mark.parametrize(
    ("side", "becomes"), [(None, 2048), (64, 64), (65, 128), (100, 128), (128, 128), (2049, 4096), (3, 64)]
)
def test_sides_become_powers_of_two(side: int | None, becomes: int) -> None:
    assert grid_of(side).sides == (becomes, becomes)
    assert len(grid_of()) == 2 * 5 * 10
    assert grid_of(deep=True).sides == (128, 128)


@pytest.mark.parametrize(
    ("halo", "diameter", "becomes"),
    [(None, 20.0, 64), (None, 30.0, 96), (None, 31.0, 96), (None, 33.0, 112), (0, 30.0, 0), (1, 30.0, 16),
     (16, 30.0, 16), (17, 30.0, 32)],
)  # fmt: skip
def test_halos_are_three_diameters_in_multiples_of_what_is_pooled(
    halo: int | None, diameter: float, becomes: int
) -> None:
    assert grid_of(halo=halo, diameter=diameter).halo == becomes


def test_a_halo_is_never_wider_than_a_block() -> None:
    assert grid_of(side=64, halo=500).halo == 64


# -- tiles and memory --------------------------------------------------------------------------------------------------


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Any:
    def set_free(n_bytes: float) -> None:
        monkeypatch.setattr(memory, "free_memory", lambda: int(n_bytes))

    return set_free


def test_tiles_are_as_large_as_memory_allows_within_bounds(free: Any) -> None:
    network = UNetConfig(base_channels=16, out_channels=2)
    a_pixel = 7 * 16 * 4 + 16 * 2
    free(1e12)
    assert largest_tile(network, 4) == 2048
    assert largest_tile(network, 4, watched=True) == 1024
    free(0)
    assert largest_tile(network, 4) == 128
    free(500**2 * a_pixel / 0.4 + 1)
    assert largest_tile(network, 4) == largest_tile(network, 4, watched=True) == 500
    assert largest_tile(network, 2) > 500, "half precision takes half the memory"
    squares = network.model_copy(update={"stem": 2})
    free(500**2 * (7 * 16 + 16 * 2) / 0.4 + 1)
    assert largest_tile(squares, 4) == 500


def test_volumes_are_one_tile_if_they_fit_and_else_small_ones_without_what_is_around(free: Any) -> None:
    network = UNetConfig(ndim=3, base_channels=16, out_channels=2, depth=2)
    shape = (20, 300, 400)
    a_pixel = 7 * 16 * 4 + 16 * 2
    seen = (20 + 16) * (300 + 16) * (400 + 16)
    free(seen * a_pixel / 0.4 + 2)
    assert largest_volume_tile(network, 4, shape) == 400
    free(seen * a_pixel / 0.4 * 0.99)
    smaller = largest_volume_tile(network, 4, shape)
    assert smaller == largest_tile(network, 4) < 256
    free(0)
    assert largest_tile(network, 4) == 32
    free(1e15)
    assert largest_tile(network, 4) == 256
