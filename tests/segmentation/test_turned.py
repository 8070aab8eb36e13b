"""Tiles are looked at turned and mirrored, and what is said comes back to where it belongs."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.segmentation.tiles.turned import ALL_WAYS, Way, predict_every_way

TILES = np.random.default_rng(0).random((2, 1, 3, 8, 5), dtype=np.float32)  # N, C, Z, Y, X


def test_there_are_eight_ways_and_each_differs() -> None:
    square = np.arange(9, dtype=np.float32).reshape(3, 3)
    assert len({way.apply(square).tobytes() for way in ALL_WAYS}) == 8


@pytest.mark.parametrize("way", ALL_WAYS)
def test_a_way_is_undone(way: Way) -> None:
    np.testing.assert_array_equal(way.undo(way.apply(TILES)), TILES)


@pytest.mark.parametrize("way", ALL_WAYS)
@pytest.mark.parametrize("region", [(slice(1, 4), slice(0, 2)), (slice(0, 2), slice(5, 8), slice(2, 5))])
def test_a_region_is_found_again(way: Way, region: tuple[slice, ...]) -> None:
    there = way.region(region, TILES.shape)
    np.testing.assert_array_equal(way.undo(way.apply(TILES)[(..., *there)]), TILES[(..., *region)])


@pytest.mark.parametrize("region", [None, (slice(2, 7), slice(1, 3))])
def test_the_average_is_of_all_ways(region: tuple[slice, slice] | None) -> None:
    seen = []

    def predict(tiles: np.ndarray, part: tuple[slice, ...] | None) -> np.ndarray:
        seen.append(tiles.shape[-2:])
        rows = np.arange(tiles.shape[-2], dtype=np.float32)[:, None]  # says where it looks, whatever is there
        said = tiles + rows
        return said if part is None else said[(..., *part)]

    found = predict_every_way(predict, TILES, region)
    part = (..., *(region or ()))
    expected = (TILES + (np.full((8, 5), 7 / 2) + np.full((8, 5), 4 / 2)) / 2)[part]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert sorted(set(seen)) == [(5, 8), (8, 5)]
    assert len(seen) == 8
