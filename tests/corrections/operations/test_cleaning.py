"""Removing many objects at once, and the index that knows where they are."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import applied, stack
from skimage.measure import regionprops

from napari_unet.corrections.operations.cleaning import border_objects, clear_border, remove_objects, small_objects
from napari_unet.labels import object_index
from napari_unet.labels.object_index import ObjectIndex


def squares() -> np.ndarray:
    """(100, 140): squares of growing size, ids 1 to 12, two of them at the edge."""
    labels = np.zeros((100, 140), np.int32)
    for i in range(12):
        row, column, size = 30 * (i // 4), 35 * (i % 4), 3 + 2 * i
        labels[row + 2 * (i > 1) : row + size, column : column + size] = i + 1
    return labels


def test_border_objects_go_and_locked_ones_stay():
    labels = squares()
    edges = {*labels[0], *labels[-1], *labels[:, 0], *labels[:, -1]} - {0}
    assert set(border_objects(labels)) == edges
    after = applied(labels, clear_border(labels, [()], locked={1}))
    assert set(np.unique(after)) == ({*np.unique(labels)} - edges) | {1}


def test_border_objects_of_a_stack_go_with_all_their_slices():
    labels = stack(np.pad(squares(), 5))
    labels[2, 0:40, 40:45] = labels[2, 8, 42]
    gone = int(labels[2, 8, 42])
    after = applied(labels, clear_border(labels, [(z,) for z in range(4)], through=(0,)))
    assert set(np.unique(labels)) - set(np.unique(after)) == {gone}


def test_small_objects_are_named_and_then_removed():
    labels = squares()
    index = ObjectIndex(labels.shape)
    assert not index.is_ready([()])
    list(index.update(labels, [()]))
    found = small_objects(index, [()], 100)
    sizes = {i: int((labels == i).sum()) for i in range(1, 13)}
    assert found == {i: size for i, size in sizes.items() if size < 100}
    after = applied(labels, remove_objects(labels, index, [()], set(found)))
    assert set(np.unique(after)) == {0, *sizes} - set(found)


@given(st.data())
@settings(max_examples=25)
def test_the_index_follows_edits_and_undo(data):
    object_index.TILE, usual = 32, object_index.TILE
    try:
        labels = stack(squares(), 2)
        index = ObjectIndex(labels.shape)
        planes = [(0,), (1,)]
        list(index.update(labels, planes))
        history = []
        for _ in range(data.draw(st.integers(1, 4))):
            plane, row, column = (data.draw(st.integers(0, n)) for n in (1, 80, 120))
            region = (plane, slice(row, row + 17), slice(column, column + 13))
            history.append((region, labels[region].copy()))
            labels[region] = data.draw(st.integers(0, 14))
            index.note((plane,), (row, min(100, row + 17), column, min(140, column + 13)))
            if data.draw(st.booleans()):
                list(index.update(labels, planes))
        if data.draw(st.booleans()):
            list(index.update(labels, planes))
            region, old = history.pop()
            labels[region] = old
            rows, columns = region[1:]
            index.note((region[0],), (rows.start, rows.stop, columns.start, columns.stop))
        list(index.update(labels, planes))
        areas = np.bincount(labels.ravel())
        assert index.areas(planes) == {i: int(n) for i, n in enumerate(areas) if i and n}
        for plane in range(2):
            expected = {p.label: (p.bbox[0], p.bbox[2], p.bbox[1], p.bbox[3]) for p in regionprops(labels[plane])}
            assert dict(index.rectangles((plane,), set(range(15)))) == expected
    finally:
        object_index.TILE = usual
