"""Labels before and after, one click apart, and no trace of it afterwards."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_unet.ui.canvas.before_after import BeforeAfter
from napari_unet.ui.canvas.marks.board import Board
from napari_unet.ui.session.session import get_session


def two_sides():
    before = np.zeros((40, 60), np.int32)
    before[5:15, 5:15], before[5:15, 30:40], before[25:35, 5:15] = 1, 2, 3
    after = np.zeros_like(before)
    after[5:15, 5:15], after[5:15, 30:46], after[25:35, 40:50] = 7, 8, 9
    return before, after


@pytest.fixture
def session(qtbot):
    viewer = ViewerModel()
    session = get_session(viewer)
    work = session.work_on(viewer.add_image(np.zeros((5, 40, 60), np.uint8), name="stack"))
    session.add_layer(work, "labels", np.ones((5, 40, 60), np.int32))
    viewer.dims.set_point(0, 3)
    viewer.layers.selection.active = work.labels_layer
    yield session
    session.close()


def shown(session):
    layer = session.current.layers["preview"]
    assert layer.visible
    assert not session.current.labels_layer.visible
    return session.current.geometry.from_layer(layer.data)


def test_one_side_at_a_time_in_the_plane_in_view(session):
    before, after = two_sides()
    compare = BeforeAfter(session)
    compare.show(before, after)
    np.testing.assert_array_equal(shown(session)[3] > 0, after > 0)
    assert not shown(session)[[0, 1, 2, 4]].any()
    compare.hold("before")
    np.testing.assert_array_equal(shown(session)[3], before)
    compare.toggle()
    assert compare.side == "after"
    np.testing.assert_array_equal(shown(session)[3] > 0, after > 0)
    compare.close()


def test_objects_keep_their_colour_and_those_that_differ_are_outlined(session):
    before, after = two_sides()
    compare = BeforeAfter(session)
    compare.show(before, after)
    plane = shown(session)[3]
    assert plane[10, 10] == 1
    assert plane[10, 35] == 2
    assert plane[30, 45] not in (1, 2, 3)
    marks = session.service(Board).of(session.current, "changed objects")
    assert set(marks.segments[:, 0]) == {3.0}
    assert ends(marks) == {(4.5, 29.5, 14.5, 45.5), (24.5, 39.5, 34.5, 49.5)}
    assert compare.n_changed == 3
    compare.hold("before")
    marks = session.service(Board).of(session.current, "changed objects")
    assert ends(marks) == {(4.5, 29.5, 14.5, 39.5), (24.5, 4.5, 34.5, 14.5)}
    compare.close()
    assert session.service(Board).of(session.current, "changed objects") is None


def ends(marks):
    """Of each outlined object the first and the last row and column of its border: objects lie apart here."""
    lines = marks.segments[:, 1:].reshape(-1, 4)
    groups = {(line[0] > 20, line[1] > 20): [] for line in lines}
    for line in lines:
        groups[line[0] > 20, line[1] > 20].append(line.reshape(2, 2))
    return {(*np.min(group, axis=(0, 1)), *np.max(group, axis=(0, 1))) for group in groups.values()}


def test_no_trace_is_left(session):
    layers = list(session.viewer.layers)
    labels = session.current.labels_layer
    data = labels.data
    for _ in range(2):
        compare = BeforeAfter(session)
        compare.show(*two_sides())
        compare.hold("before")
        compare.close()
        compare.close()
        assert list(session.viewer.layers) == layers
        assert session.viewer.layers.selection.active is labels
        assert labels.visible
        assert labels.data is data
        assert not compare.is_shown


def test_removing_the_preview_or_the_image_ends_it(session):
    compare = BeforeAfter(session)
    compare.show(*two_sides())
    session.viewer.layers.remove(session.current.layers["preview"])
    assert not compare.is_shown
    assert session.current.labels_layer.visible
    assert session.service(Board).overlay.drawing.outlines is None
    compare.show(*two_sides())
    session.viewer.layers.remove(session.current.layer)
    compare.close()
    assert session.service(Board).overlay.drawing.outlines is None


def test_hidden_labels_stay_hidden(session):
    session.current.labels_layer.visible = False
    compare = BeforeAfter(session)
    compare.show(*two_sides())
    compare.close()
    assert not session.current.labels_layer.visible
