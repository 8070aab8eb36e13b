"""Objects of a plane that is measured in blocks are measured as in one piece, and no more is read than they need."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from skimage.segmentation import watershed

from napari_unet.labels.stacks import large_planes
from napari_unet.labels.stacks.large_planes import measure_large_plane
from napari_unet.labels.stacks.sections import Sections, measure_sections
from napari_unet.review import screening
from napari_unet.review.screening import ObjectScreening

SIDE = 32


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_planes, "_SIDE", SIDE)


def draw_plane(seed: int, shape: tuple[int, int] = (150, 130)) -> npt.NDArray[np.int32]:
    """A plane of touching objects with ids in no order, some background, and an object in two parts."""
    rng = np.random.default_rng(seed)
    seeds = np.zeros(shape, np.int32)
    seeds[rng.integers(0, shape[0], 60), rng.integers(0, shape[1], 60)] = rng.permutation(np.arange(1, 61)) * 7
    labels = watershed(rng.random(shape), seeds).astype(np.int32)
    labels[np.isin(labels, np.unique(labels)[::3])] = 0
    labels[0:3, 0:3] = labels[-3:, -3:] = 9999
    return labels


def assert_same(one: Sections, other: Sections) -> None:
    for field in fields(Sections):
        np.testing.assert_allclose(getattr(one, field.name), getattr(other, field.name), err_msg=field.name)


@pytest.mark.parametrize("seed", range(5))
def test_blocks_measure_what_one_piece_measures(seed: int) -> None:
    labels = draw_plane(seed)
    found = measure_large_plane(labels, 3)
    assert len(found) > 20
    assert_same(found, measure_sections(labels, 3))


def test_an_empty_plane_has_no_objects() -> None:
    assert len(measure_large_plane(np.zeros((70, 70), np.int32))) == 0


class CountedReads:
    """A plane that knows the largest part that was read of it, and how many pixels in all."""

    def __init__(self, plane: npt.NDArray[np.int32]) -> None:
        self._plane, self.shape, self.most, self.total = plane, plane.shape, 0, 0

    def __getitem__(self, index: Any) -> npt.NDArray[np.int32]:
        part = self._plane[index]
        self.most, self.total = max(self.most, part.size), self.total + part.size
        return part


def test_a_part_is_a_block_and_its_objects_and_where_nothing_is_it_is_read_once() -> None:
    plane = np.zeros((20 * SIDE, 20 * SIDE), np.int32)
    for number, corner in enumerate((100, 300, 500), start=1):
        plane[corner : corner + 12, corner : corner + 12] = number
    counted = CountedReads(plane)
    assert measure_large_plane(counted).ids.tolist() == [1, 2, 3]
    assert counted.most <= (SIDE + 12 + 2) ** 2
    assert counted.total <= plane.size + 3 * 14**2


def test_rows_in_which_nothing_is_are_not_read() -> None:
    plane = np.zeros((20 * SIDE, 4 * SIDE), np.int32)
    plane[7 * SIDE + 3 : 7 * SIDE + 9, 5:12] = 4
    counted = CountedReads(plane)
    found = measure_large_plane(counted, rows=(plane > 0).any(axis=1))
    assert_same(found, measure_sections(plane, 0))
    assert counted.total <= 4 * SIDE**2 + 10 * 10


def test_the_queue_measures_a_large_plane_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.stack([draw_plane(0), draw_plane(1)])
    tables = []
    for limit in (10**9, 10**3):
        monkeypatch.setattr(screening, "LARGE_PLANE", limit)
        one = ObjectScreening(labels.shape, "TYX")
        list(one.measure(labels))
        tables.append(one.joined)
    assert_same(*tables)
