"""Arrays are measured a tile at a time: each pixel once, whole chunks, and what is around."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.errors import UserError
from napari_unet.results.measurements.tiles import HALO, MeasuredTile, chunks_of, plan_measuring, read_tiles

shapes = st.lists(st.integers(1, 40), min_size=2, max_size=3)


@given(shapes, st.integers(1, 600), st.booleans())
def test_tiles_cover_every_pixel_once_and_are_whole_chunks(shape: list[int], pixels: int, chunked: bool) -> None:
    chunks = [7] * len(shape) if chunked else None
    seen = np.zeros(shape, int)
    for box in plan_measuring(shape, chunks, pixels):
        seen[box] += 1
        for part, size in zip(box, shape, strict=True):
            assert not chunked or (part.start % 7 == 0 and (part.stop % 7 == 0 or part.stop == size))
    assert (seen == 1).all()


@pytest.mark.parametrize(
    ("shape", "pixels", "first"),
    [
        ((1000, 1000), 500_000, (500, 1000)),
        ((1000, 1000), 500, (1, 448)),
        ((1000, 1000), 1, (1, 64)),  # never narrower
        ((10, 100, 100), 30_000, (3, 100, 100)),
        ((1000, 1000), 10**9, (1000, 1000)),
    ],
)
def test_columns_grow_first_then_rows_then_slices(shape: tuple[int, ...], pixels: int, first: tuple[int, ...]) -> None:
    box = plan_measuring(shape, None, pixels)[0]
    assert tuple(part.stop for part in box) == first


def test_chunks_are_known_of_what_has_some() -> None:
    class Dask:
        chunksize = (3, 4)
        chunks = ((3, 3), (4, 1))

    class Zarr:
        chunks = (5, 6)

    assert (chunks_of(Dask()), chunks_of(Zarr()), chunks_of(np.zeros((2, 2)))) == ((3, 4), (5, 6), None)


def test_tiles_without_objects_are_not_read_any_further_and_others_see_what_is_around() -> None:
    labels = np.zeros((1, 192), np.uint8)
    labels[0, 60:66] = 9
    grey = np.arange(labels.size, dtype=np.float32).reshape(labels.shape)
    found = list(read_tiles(labels, [grey], [labels], 64))
    assert [(number, total) for number, total, _ in found] == [(1, 3), (2, 3)]
    tile = found[0][2]
    assert tile.origin == (0, 0)
    assert tile.surrounded.shape == (1 + 2 * HALO, 64 + 2 * HALO)
    np.testing.assert_array_equal(tile.surrounded[HALO:-HALO, HALO:], labels[:, : 64 + HALO])
    assert not tile.surrounded[:, :HALO].any()
    np.testing.assert_array_equal(tile.labels, labels[:, :64])
    np.testing.assert_array_equal(found[1][2].channels[0], grey[:, 64:128])
    assert found[1][2].surrounded[HALO, 0] == 9, "the neighbouring tile's object is seen"


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (np.full((3, 3), 0.5), "Labels must be whole numbers, not float64: save them as an integer image"),
        (np.full((3, 3), -2), "Labels run from -2: they must not be negative"),
    ],
)
def test_what_is_no_labels_is_refused(labels: np.ndarray, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        list(read_tiles(labels, [], [], 100))


@pytest.mark.parametrize("offset", [0, 2**23])
def test_runs_know_slice_and_row_in_the_whole_and_ids_their_place(offset: int) -> None:
    block = np.zeros((2, 3, 4), np.int32)
    block[0, 1, 1:3], block[1, 2, 0] = 5 + offset, 2 + offset
    tile = MeasuredTile((10, 20, 30), np.pad(block, HALO), [], [])
    assert tile.run_places.tolist() == [[10, 21], [11, 22]]
    assert tile.runs.objects.tolist() == [2 + offset, 5 + offset]
    assert tile.places_of(np.array([5 + offset, 2 + offset])).tolist() == [1, 0]
    flat = MeasuredTile((20, 30), np.pad(block[0], HALO), [], [])
    assert flat.run_places.tolist() == [[21]]
