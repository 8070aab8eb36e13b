"""Correcting in a viewer: counts and marks follow strokes, undo and redo, on planes, stacks and several images."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from skimage.draw import disk

from napari_unet.ui.correct.step import CorrectStep
from napari_unet.ui.session.session import get_session
from napari_unet.ui.session.trackers import collect_corrections, get_trackers

CENTRES = {i + 1: (20 + 40 * (i // 4), 20 + 40 * (i % 4)) for i in range(16)}


def discs() -> np.ndarray:
    """16 discs of radius 12, ids 1 to 16, 40 px apart in 160 x 160 pixels."""
    labels = np.zeros((160, 160), np.int32)
    for object_id, centre in CENTRES.items():
        labels[disk(centre, 12)] = object_id
    return labels


class Bench:
    """A viewer with an image, segmented, and the Correct step."""

    def __init__(self, viewer, labels, name="cells"):
        self.viewer = viewer
        self.session = get_session(viewer)
        self.step = CorrectStep(self.session)
        self.add(labels, name)

    def add(self, labels, name):
        layer = self.viewer.add_image(np.zeros(labels.shape, np.uint8), name=name)
        self.work = self.session.work_on(layer)
        self.session.add_layer(self.work, "labels", labels.copy())
        self.work.prediction = labels.copy()
        self.settle()

    @property
    def layer(self):
        return self.work.labels_layer

    @property
    def tracker(self):
        return get_trackers(self.session).of(self.work)

    def settle(self):
        self.tracker.finish()

    def paint(self, centre, object_id, size=9, layer=None):
        layer = layer or self.layer
        layer.brush_size = size
        layer.paint(centre, object_id)
        self.settle()

    def click_key(self, key, layer=None):
        layer = layer or self.viewer.layers.selection.active
        binding = next(func for bound, func in layer.keymap.items() if str(bound).upper() == key)
        binding(layer)

    def point_at(self, position):
        self.viewer.cursor.position = position

    @property
    def marked(self):
        return np.zeros(self.work.shape, bool) if self.work.reviewed is None else self.work.reviewed > 0


@pytest.fixture
def bench(qtbot):
    bench = Bench(ViewerModel(), discs())
    yield bench
    bench.session.close()
    bench.step.deleteLater()


@pytest.fixture
def stack_bench(qtbot):
    viewer = ViewerModel()
    bench = Bench(viewer, np.stack([discs()] * 5))
    viewer.dims.set_point(0, 2)
    yield bench
    bench.session.close()
    bench.step.deleteLater()


def test_disabled_with_a_reason_before_there_are_labels(qtbot):
    viewer = ViewerModel()
    step = CorrectStep(get_session(viewer))
    assert not any(button.isEnabled() for button in step.buttons.values())
    assert all("Segment" in button.toolTip() for button in step.buttons.values())
    step.deleteLater()


def test_counts_follow_painting_undo_and_redo(bench):
    assert bench.tracker.counts.total == 0
    bench.paint((20, 20), 0)
    assert (bench.tracker.counts.corrected, bench.tracker.counts.total) == (1, 1)
    bench.paint((40, 40), 99)
    assert (bench.tracker.counts.corrected, bench.tracker.counts.added) == (1, 1)
    assert "1 object corrected, 1 added" in bench.step.counts_label.text()
    bench.layer.undo()
    bench.layer.undo()
    bench.settle()
    assert bench.tracker.counts.total == 0
    bench.layer.redo()
    bench.settle()
    assert bench.tracker.counts.corrected == 1


def test_counts_follow_undo_in_another_slice(stack_bench):
    bench = stack_bench
    bench.paint((2, 20, 20), 0)
    bench.viewer.dims.set_point(0, 4)
    bench.settle()
    bench.layer.undo()
    bench.settle()
    assert bench.tracker.counts.total == 0


def test_the_prediction_is_never_painted_on(bench):
    bench.paint((20, 20), 0)
    np.testing.assert_array_equal(bench.work.prediction, discs())


def test_the_neighbourhood_of_a_correction_is_marked_and_undone_with_it(bench):
    bench.paint((20, 20), 0)
    assert bench.marked[disk((20, 20), 13)].all()
    assert not bench.marked[80:, 80:].any()
    bench.layer.undo()
    bench.settle()
    assert not bench.marked.any()
    bench.layer.redo()
    bench.settle()
    assert bench.marked[20, 20]


def test_marks_that_follow_corrections_leave_no_undo_steps(bench):
    bench.step.tools.run("review_slice")
    bench.settle()
    bench.paint((20, 20), 0)
    bench.work.reviewed_layer.undo()
    bench.settle()
    assert 0 < bench.marked.mean() < 0.5


def test_what_the_user_erases_of_the_marks_stays_erased(bench):
    bench.paint((20, 20), 0)
    overlay = bench.work.reviewed_layer
    bench.paint((20, 20), 0, size=11, layer=overlay)
    bench.paint((60, 20), 0)
    assert not bench.marked[20, 20]
    assert bench.marked[60, 20]
    overlay.undo()
    bench.settle()
    assert bench.marked[20, 20]
    overlay.redo()
    bench.settle()
    assert not bench.marked[20, 20]


def test_undoing_a_mark_by_hand_leaves_what_corrections_ask_for(bench):
    overlay = bench.tracker.overlay.ensure_layer()
    bench.paint((20, 20), 1, size=31, layer=overlay)
    bench.paint((20, 20), 0)
    overlay.undo()
    bench.settle()
    assert bench.marked[disk((20, 20), 13)].all()


def test_marking_what_i_correct_can_be_switched_off_and_on(bench):
    bench.paint((20, 20), 0)
    bench.step.automatic_box.click()
    bench.settle()
    assert not bench.marked.any()
    bench.step.automatic_box.click()
    bench.settle()
    assert bench.marked[20, 20]


def test_who_removes_the_overlay_does_not_get_it_back(bench):
    bench.paint((20, 20), 0)
    bench.viewer.layers.remove(bench.work.reviewed_layer)
    bench.paint((60, 20), 0)
    assert bench.work.reviewed_layer is None
    assert not bench.step.automatic_box.isChecked()


def test_marks_stay_when_the_prediction_becomes_another_one(bench):
    bench.paint((20, 20), 0)
    marked = bench.marked.copy()
    bench.work.prediction = bench.work.labels.copy()
    bench.settle()
    assert bench.tracker.counts.total == 0
    np.testing.assert_array_equal(bench.marked, marked)


def test_reviewed_slice_view_and_clear_are_undoable(stack_bench):
    bench = stack_bench
    bench.step.tools.run("review_slice")
    bench.settle()
    assert bench.marked[2].all()
    assert not bench.marked[[0, 1, 3, 4]].any()
    assert "100\u00a0% of this slice reviewed" in bench.step.counts_label.text()
    bench.viewer.dims.set_point(0, 3)
    assert "0\u00a0% of this slice reviewed" in bench.step.counts_label.text()
    bench.viewer.dims.set_point(0, 2)
    bench.settle()
    bench.step.tools.run("clear_reviewed")
    assert not bench.marked.any()
    bench.work.reviewed_layer.undo()
    assert bench.marked[2].all()


def test_a_slice_is_marked_although_another_axis_is_in_view(stack_bench):
    bench = stack_bench
    bench.viewer.dims.order = (1, 0, 2)
    bench.tracker.overlay.mark((3,), (slice(10, 20), slice(30, 50)))
    expected = np.zeros(bench.work.shape, bool)
    expected[3, 10:20, 30:50] = True
    np.testing.assert_array_equal(bench.marked, expected)
    bench.work.reviewed_layer.undo()
    assert not bench.marked.any()


def test_a_region_is_marked_exactly(bench):
    bench.tracker.overlay.mark((), (slice(10, 20), slice(30, 50)))
    expected = np.zeros(bench.work.shape, bool)
    expected[10:20, 30:50] = True
    np.testing.assert_array_equal(bench.marked, expected)


def test_new_object_takes_a_free_id_each_time(bench):
    bench.step.buttons["new_object"].click()
    assert bench.layer.selected_label == 17
    assert bench.step.tools.tool == "paint"
    assert bench.step.buttons["paint"].isChecked()
    bench.paint((40, 40), 17)
    bench.layer.selected_label = 50
    bench.layer.paint((40, 60), 50)
    bench.click_key("N")
    assert bench.layer.selected_label == 51


def test_delete_under_the_cursor_goes_through_all_slices_and_back(stack_bench):
    bench = stack_bench
    bench.viewer.layers.selection.active = bench.layer
    bench.point_at((2, 60, 60))
    bench.click_key("D")
    bench.settle()
    assert not (bench.work.labels == 6).any()
    assert bench.tracker.counts.removed == 1
    assert bench.marked[0, 60, 60]
    assert bench.marked[4, 60, 60]
    bench.layer.undo()
    bench.settle()
    np.testing.assert_array_equal(bench.work.labels, bench.work.prediction)
    assert bench.tracker.counts.total == 0


def test_delete_on_background_and_outside_does_nothing(bench):
    for position in ((40, 40), (-5, 3), (500, 3)):
        bench.point_at(position)
        bench.step.tools.use_at_cursor("delete")
    np.testing.assert_array_equal(bench.work.labels, bench.work.prediction)


def test_the_review_brush_paints_marks_and_gives_the_labels_back(bench):
    bench.step.buttons["erase"].click()
    assert bench.step.buttons["erase"].isChecked()
    bench.step.buttons["review_brush"].click()
    overlay = bench.work.reviewed_layer
    assert bench.viewer.layers.selection.active is overlay
    assert (overlay.mode, overlay.selected_label) == ("paint", 1)
    bench.paint((100, 100), 1, layer=overlay)
    assert bench.marked[100, 100]
    np.testing.assert_array_equal(bench.work.labels, bench.work.prediction)
    bench.click_key("G")
    assert bench.viewer.layers.selection.active is bench.layer
    assert bench.layer.mode == "erase"
    assert bench.step.tools.tool == "erase"


def test_napari_own_buttons_and_ours_show_the_same_tool(bench):
    bench.viewer.layers.selection.active = bench.layer
    bench.layer.mode = "fill"
    assert bench.step.buttons["fill"].isChecked()
    bench.step.buttons["delete"].click()
    assert bench.step.buttons["delete"].isChecked()
    bench.layer.mode = "paint"
    assert bench.step.buttons["paint"].isChecked()
    assert not bench.step.buttons["delete"].isChecked()


def test_the_overlay_can_be_hidden(bench):
    bench.step.tools.run("review_slice")
    bench.settle()
    bench.step.show_box.click()
    assert not bench.work.reviewed_layer.visible
    bench.click_key("O", bench.work.reviewed_layer)
    assert bench.work.reviewed_layer.visible
    assert bench.step.show_box.isChecked()


def test_corrections_of_all_open_images_are_collected(bench):
    bench.paint((20, 20), 0)
    first = bench.work
    bench.add(np.stack([discs()] * 5), "stack")
    bench.add(discs(), "untouched")
    bench.work = bench.session.works[1]
    bench.session.work_on(bench.work.layer)
    bench.viewer.dims.set_point(0, 1)
    bench.step.tools.run("review_slice")
    bench.settle()
    found = collect_corrections(bench.session)
    assert [image.name for image in found] == ["cells", "stack"]
    assert found[0].counts.corrected == 1
    assert (found[1].counts.total, found[1].n_confirmed) == (0, 16)
    assert list(found[1].planes()) == [(1,)]
    first.labels[:] = 0
    assert found[0].labels.any()


def test_keys_are_free_in_napari(bench):
    from napari.utils.shortcuts import default_shortcuts

    from napari_unet.ui.correct.tools.actions import ACTIONS

    taken = {
        str(binding)
        for name, bindings in default_shortcuts.items()
        for binding in bindings
        if "labels" in name or "label" in name or "toggle" in name or "brush" in name or "dims" in name
    }
    ours = [action.key for action in ACTIONS if action.key]
    assert len(set(ours)) == len(ours)
    assert not taken & set(ours)


def test_of_no_tool_nothing_is_said_where_there_are_none(panel, viewer):
    viewer.add_image(np.zeros((20, 20)), name="a")
    session, step = panel.session, panel.correct_step
    session.add_layer(session.current, "labels", np.ones((20, 20), np.int32))
    assert "Choose a tool" in step.hint_label.text()
    step.parts.show_part("Review")
    assert step.hint_label.text() == ""
    step.buttons["review_brush"].click()
    assert "mark as reviewed" in step.hint_label.text()
    step.buttons["review_brush"].click()
    step.parts.show_part("Tools")
    assert step.hint_label.text()
