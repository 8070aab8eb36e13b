"""Slices become objects through z."""

from __future__ import annotations

import numpy as np

from napari_unet.labels.stacks.linking import link_planes


def volume(*planes: list[tuple[int, int, int]]) -> np.ndarray:
    """Planes of objects (id, first column, last column) in a 4 x 40 image."""
    stack = np.zeros((len(planes), 4, 40), np.int32)
    for z, objects in enumerate(planes):
        for label, first, last in objects:
            stack[z, :, first:last] = label
    return stack


def test_overlapping_objects_get_one_id() -> None:
    linked = link_planes(volume([(1, 0, 10), (2, 20, 30)], [(1, 21, 31), (2, 1, 11)], [(7, 2, 12)]))
    assert linked[0, 0, 5] == linked[1, 0, 5] == linked[2, 0, 5] == 1
    assert linked[0, 0, 25] == linked[1, 0, 25] == 2


def test_an_object_that_ends_does_not_come_back_as_another() -> None:
    linked = link_planes(volume([(1, 0, 10)], [], [(1, 0, 10)]))
    assert linked[0].max() == 1
    assert linked[2].max() == 2


def test_only_the_better_of_two_continues_an_object() -> None:
    linked = link_planes(volume([(1, 0, 20)], [(1, 0, 12), (2, 12, 20)]))
    assert linked[1, 0, 3] == 1
    assert linked[1, 0, 15] == 2


def test_little_overlap_starts_a_new_object() -> None:
    linked = link_planes(volume([(1, 0, 10)], [(1, 8, 18)]), overlap=0.25)
    assert linked[1].max() == 2


def test_ids_are_counted_from_one_without_gaps() -> None:
    rng = np.random.default_rng(0)
    linked = link_planes(np.kron(rng.integers(0, 5, (5, 4, 4)), np.ones((1, 3, 3), int)))
    assert np.array_equal(np.unique(linked), np.arange(linked.max() + 1))
