"""The review queue in a real window, by real mouse and key events: next, accept, the list, and clicks on the canvas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from skimage.draw import disk

pytest.importorskip("napari")

from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from window_driver import Hand, let_run, wait_for

from napari_unet.models.architecture import UNetConfig
from napari_unet.models.library import save_to_library
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet
from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.kept_maps import KeptMaps
from napari_unet.ui.session.trackers import get_trackers

pytestmark = pytest.mark.real_window

SHIFT = Qt.KeyboardModifier.ShiftModifier
SPECK, TWIN = 13, 14  # ids of objects that are wrong


def field() -> tuple[np.ndarray, np.ndarray]:
    """A stack (3, 200, 260) of discs through all slices; a speck in one slice only, and two discs as one object."""
    labels = np.zeros((3, 200, 260), np.int32)
    centres = [(row, column) for row in (30, 90, 150) for column in (30, 90, 150, 210)]
    for number, centre in enumerate(centres, start=1):
        labels[(slice(None), *disk(centre, 14))] = number
    labels[(2, *disk((60, 60), 4))] = SPECK
    labels[(slice(None), *disk((120, 120), 9))] = TWIN
    labels[(slice(None), *disk((120, 142), 9))] = TWIN
    noise = np.random.default_rng(0).normal(20, 5, labels.shape)
    return (100 * (labels > 0) + noise).astype(np.float32), labels


class Desk:
    """A window with the panel and a segmented stack with pixel sizes."""

    def __init__(self, viewer: Any) -> None:
        self.viewer, self.hand = viewer, Hand(viewer)
        self.panel = UNetPanel(viewer)
        viewer.window.resize(1280, 800)
        viewer.window.add_dock_widget(self.panel, name="U-Net")
        self.session, self.step = self.panel.session, self.panel.correct_step
        self.view = self.step.review_queue
        image, labels = field()
        self.work = self.session.work_on(viewer.add_image(image, name="cells", scale=(2.0, 0.5, 0.5)))
        self.session.use_model("tiny")
        self.session.add_layer(self.work, "labels", labels.copy())
        self.work.prediction = labels.copy()
        self.layer = self.work.labels_layer
        viewer.layers.selection.active = self.layer
        self.settle()

    def settle(self) -> None:
        tracker = get_trackers(self.session).of(self.work)
        wait_for(lambda: not self.view.keeper.busy and not tracker.busy, 60, "the objects were not measured")
        let_run(0.05)

    @property
    def object_in_frame(self) -> int:
        return int(self.view.queue.table.ids[self.view.row])

    def centre_of_view(self) -> tuple[float, ...]:
        """Slice, row and column in the middle of the view."""
        world = [self.viewer.dims.point[0], *self.viewer.scene.camera.center[-2:]]
        return tuple(self.layer.world_to_data(world))


@pytest.fixture
def desk(make_napari_viewer: Any) -> Any:
    torch.manual_seed(0)
    architecture = UNetConfig(base_channels=4, depth=2)
    save_to_library(Model(UNet(architecture).eval(), ModelRecord(name="tiny", architecture=architecture)))
    desk = Desk(make_napari_viewer(show=True))
    yield desk
    desk.session.close()


def test_keys_walk_through_the_queue_and_accept(desk: Any) -> None:
    table = desk.view.queue.table
    assert len(table) == 14
    assert np.isfinite(table.values["disagreement"]).all(), "the model did not look again"
    worst = table.ids[np.argsort(-table.score)[:2]]
    assert set(worst.tolist()) == {SPECK, TWIN}

    desk.hand.key(Qt.Key.Key_Q, "q")
    first = desk.object_in_frame
    assert first == worst[0]
    assert desk.view.status.position_label.full_text.startswith("Suspicious objects: 1 of ")
    box = table.boxes[desk.view.row]
    z, row, column = desk.centre_of_view()
    assert round(z) == table.planes[desk.view.row]
    assert (row, column) == pytest.approx(((box[0] + box[1] - 1) / 2, (box[2] + box[3] - 1) / 2))
    let_run(0.2)
    seen = desk.work.visible_region()
    assert seen[0].stop - seen[0].start < 150, "it did not zoom in"

    desk.hand.key(Qt.Key.Key_Q, "q")
    assert desk.object_in_frame == worst[1]
    desk.hand.key(Qt.Key.Key_Q, "Q", SHIFT)
    assert desk.object_in_frame == first

    desk.hand.key(Qt.Key.Key_A, "a")
    desk.settle()
    assert desk.object_in_frame == worst[1], "accepting does not go on"
    assert "1 reviewed" in desk.view.status.position_label.full_text
    at = np.nonzero(desk.work.labels == first)
    reviewed = desk.work.reviewed[at] > 0
    assert reviewed.all(), "some of its slices are left out"
    assert f"Object {first}: accepted" in desk.view.status.reason_label.text()
    assert desk.viewer.layers.selection.active is desk.layer
    np.testing.assert_array_equal(desk.work.labels, desk.work.prediction)

    desk.hand.key(Qt.Key.Key_Q, "Q", SHIFT)
    desk.hand.key(Qt.Key.Key_A, "A", SHIFT)
    desk.settle()
    assert not (desk.work.reviewed[at] > 0).any()
    assert "0 reviewed" in desk.view.status.position_label.full_text


def test_rows_and_objects_choose_each_other(desk: Any) -> None:
    desk.view.list_fold.heading.click()
    desk.view.list.least_box.setValue(0)
    let_run(0.1)
    model, table = desk.view.table.table_model, desk.view.table
    assert model.rowCount() == 14
    # click a header: sorted by it
    header = table.horizontalHeader()
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(header.sectionViewportPosition(0) + 8, 8))
    let_run(0.05)
    shown = [model.data(model.index(row, 0)) for row in range(14)]
    assert shown in ([str(i) for i in range(1, 15)], [str(i) for i in range(14, 0, -1)])
    # click a row: the view goes there
    row = shown.index(str(TWIN))
    table.scrollTo(model.index(row, 0))
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(model.index(row, 0)).center())
    let_run(0.05)
    assert desk.object_in_frame == TWIN
    assert desk.centre_of_view()[1:] == pytest.approx((120, 131), abs=1)
    # click an object: its row is selected, and the view stays
    desk.hand.show_all()
    desk.layer.mode = "pan_zoom"
    centre = desk.centre_of_view()
    desk.hand.click(desk.layer, (1, 90, 150))
    let_run(0.05)
    assert desk.object_in_frame == 7
    assert model.data(table.currentIndex().siblingAtColumn(0)) == "7"
    assert desk.centre_of_view() == pytest.approx(centre)


def test_an_edit_changes_only_what_it_touches(desk: Any) -> None:
    before = desk.view.queue.table
    desk.hand.show_all()
    desk.hand.hover(desk.layer, (1, 60, 60))
    desk.viewer.dims.set_current_step(0, 2)
    desk.hand.hover(desk.layer, (2, 60, 60))
    desk.hand.key(Qt.Key.Key_D, "d")
    desk.settle()
    after = desk.view.queue.table
    assert after.find(0, SPECK) is None
    others = before.ids != SPECK
    np.testing.assert_allclose(after.score, before.score[others])
    desk.hand.undo()
    desk.settle()
    np.testing.assert_allclose(desk.view.queue.table.score, before.score)


def test_it_goes_where_there_is_most_to_do_and_lists_by_reason(desk: Any) -> None:
    desk.view.list_fold.heading.click()
    desk.view.list.where_button.click()
    assert "suspicious object" in desk.view.status.reason_label.text()
    desk.view.list.reason_box.setCurrentIndex(desk.view.list.reason_box.findData("continuity"))
    desk.view.list.reason_box.activated.emit(desk.view.list.reason_box.currentIndex())
    listed = desk.view.queue.table.ids[desk.view.queue.rows]
    assert listed.tolist() == [SPECK]


def test_where_next_goes_to_another_image_and_a_missed_object_is_added(desk: Any) -> None:
    """Two images: the second one lacks an object that the model sees, which is the worst that there is in both."""
    image, labels = field()
    clean = labels[:1, :, :].copy()
    clean[clean >= SPECK] = 0
    lacking = clean[0].copy()
    lacking[lacking == 6] = 0
    other = desk.session.work_on(desk.viewer.add_image(image[0], name="others", scale=(0.5, 0.5)))
    desk.session.add_layer(other, "labels", lacking.copy())
    other.prediction = lacking.copy()
    desk.viewer.layers.selection.active = desk.layer
    desk.settle()
    screening = desk.view.keeper.screening(other)
    assert screening is not None, "an image that is not in view was not measured"
    maps = np.where(clean > 0, 0.95, 0.05).astype(np.float32).repeat(2, axis=0)
    screening.look(lacking, (), clean[0], maps)
    screening.look_for_missed(lacking, (), clean[0], maps)
    for row in range(len(desk.view.queue.table)):  # all of the first image is reviewed
        desk.view._make_current(row)
        desk.view._mark(2)
    desk.settle()

    desk.view.list_fold.heading.click()
    desk.view.list.where_button.click()
    let_run(0.2)
    assert desk.session.current is other
    assert desk.viewer.layers.selection.active is other.labels_layer
    assert "others is the image that the model is least sure of" in desk.view.status.reason_label.text()

    desk.hand.key(Qt.Key.Key_Q, "q")
    table, row = desk.view.queue.table, desk.view.row
    assert table.ids[row] < 0
    assert table.centres[row] == pytest.approx(tuple(np.argwhere(clean[0] == 6).mean(axis=0)), abs=1)
    assert "Missed?" in desk.view.status.reason_label.text()
    other.maps = KeptMaps(maps.astype(np.float16), np.ones((), bool))
    desk.hand.hover(other.labels_layer, tuple(table.centres[row]))
    desk.hand.key(Qt.Key.Key_I, "i")
    let_run(0.3)
    get_trackers(desk.session).of(other).finish()
    let_run(0.5)
    added = other.labels[90, 90]
    assert added > 0
    assert ((other.labels == added) == (clean[0] == 6)).mean() > 0.98
    assert not (desk.view.queue.table.ids < 0).any(), "it is still listed as missed"

    desk.hand.undo()
    get_trackers(desk.session).of(other).finish()
    let_run(0.5)
    desk.hand.key(Qt.Key.Key_Q, "q")
    desk.hand.key(Qt.Key.Key_A, "a")
    assert other.reviewed[90, 90], "that nothing is there was not marked"
    assert other.labels[90, 90] == 0
