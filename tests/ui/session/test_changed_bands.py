"""Where a plane is large, a stroke, a tool and undo have the rows compared that they wrote to: nothing is missed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_unet.corrections.difference import find_differences
from napari_unet.corrections.operations.change import Change
from napari_unet.ui.canvas.writing import write_change
from napari_unet.ui.session.history.changed_bands import ChangedBands
from napari_unet.ui.session.trackers import get_trackers

SHAPE = (3, 60, 40)


@pytest.fixture
def work(viewer: Any, session: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stack of objects of 8 x 8 pixels, compared in bands of two rows."""
    monkeypatch.setattr("napari_unet.corrections.live._BAND_PIXELS", 2 * SHAPE[-1])
    viewer.add_image(np.zeros(SHAPE, np.uint8))
    work = session.current
    plane = np.kron(np.arange(1, 36).reshape(7, 5), np.pad(np.ones((6, 6), int), 1))[: SHAPE[1], : SHAPE[2]]
    labels = np.zeros(SHAPE, np.int32)
    labels[:, : plane.shape[0], : plane.shape[1]] = plane
    session.add_layer(work, "labels", labels.copy())
    work.prediction = labels
    get_trackers(session).of(work).finish()
    return work


def assert_followed(session: Any, work: Any) -> None:
    tracker = get_trackers(session).of(work)
    tracker.finish()
    for plane in range(SHAPE[0]):
        expected = find_differences(work.prediction[plane], np.asarray(work.labels[plane]))
        found = tracker.difference((plane,))
        for name in ("predicted", "current", "counts", "boxes"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_strokes_far_apart_and_their_undo_are_all_seen(session: Any, work: Any) -> None:
    layer = work.labels_layer
    for row in (3, 50, 27):
        with layer.block_history():
            for step in range(6):
                layer.paint((1, row + step, 20), 99)
        assert_followed(session, work)
    for undo in (layer.undo, layer.undo, layer.redo, layer.undo, layer.undo):
        undo()
        assert_followed(session, work)


def test_strokes_without_a_pause_are_all_seen(session: Any, work: Any) -> None:
    tracker = get_trackers(session).of(work)
    tracker.set_marks_corrections(False)  # a new layer of marks would have all of it looked at
    for row in (10, 40):  # written past the layer, which tells nobody
        work.labels[0, row, 20] = 77
        tracker.note_edit({(0,): [slice(row, row + 1)]})
        tracker._quiet.finish()
        next(tracker._slices._steps)  # it is being looked at
    assert_followed(session, work)


def test_what_a_tool_writes_in_several_planes_is_seen(session: Any, work: Any) -> None:
    where = np.nonzero(np.isin(work.labels, (12, 33)))
    write_change(session, work, Change(tuple(where), np.asarray(work.labels)[where], np.zeros(where[0].size, np.int32)))
    assert_followed(session, work)
    assert len(get_trackers(session).of(work).difference((2,))) == 2


def test_all_of_a_plane_is_more_than_bands_of_it() -> None:
    places = ChangedBands()
    places.add({(0,): [range(2, 4)], (1,): [range(1)]})
    places.add({(0,): [range(3, 6)]})
    places.add_planes([(1,)])
    places.add({(1,): [range(7)]})
    assert places.take((0,)) == {2, 3, 4, 5}
    assert places.take((1,)) is None
    assert not places
    places.give_back((2,), {1})
    places.give_back((2,), None)
    assert places.take((2,)) is None
