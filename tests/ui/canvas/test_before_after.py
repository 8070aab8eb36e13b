"""Labels before and after, one click apart, and no trace of it afterwards."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_unet.ui.canvas.before_after import BeforeAfter
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
    outline = session.viewer.layers["stack changed objects"]
    assert outline.contour > 0
    assert np.unique(outline.data[3][after > 0]).size == 3  # nothing, and two objects
    assert not outline.data[3][5:15, 5:15].any()
    assert compare.n_changed == 3
    compare.hold("before")
    assert outline.data[3][30, 10]
    assert not outline.data[3][30, 45]
    compare.close()


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
    assert "stack changed objects" not in session.viewer.layers
    compare.show(*two_sides())
    session.viewer.layers.remove(session.current.layer)
    compare.close()
    assert "stack changed objects" not in session.viewer.layers


def test_hidden_labels_stay_hidden(session):
    session.current.labels_layer.visible = False
    compare = BeforeAfter(session)
    compare.show(*two_sides())
    compare.close()
    assert not session.current.labels_layer.visible
