"""Every tool, driven by real mouse and key events in a real window: in a plane, a z-stack and a time-lapse."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import ndimage
from skimage.draw import disk

pytest.importorskip("napari")

from napari.settings import get_settings
from qtpy.QtCore import Qt
from window_driver import Hand, let_run, line

from napari_unet.ui.correct.step import CorrectStep
from napari_unet.ui.session.kept_maps import KeptMaps
from napari_unet.ui.session.session import get_session
from napari_unet.ui.session.trackers import get_trackers

pytestmark = pytest.mark.real_window

SHIFT = Qt.KeyboardModifier.ShiftModifier
CENTRES = [(30, 30), (30, 80), (30, 130), (80, 30), (80, 80), (80, 130)]


def discs() -> np.ndarray:
    """(110, 170): six discs of radius 15, ids 1 to 6; 5 and 6 overlap with a 7 between them in no pixel."""
    labels = np.zeros((110, 170), np.int32)
    for number, centre in enumerate(CENTRES, start=1):
        labels[disk(centre, 15)] = number
    return labels


class Desk:
    """A window with labels to correct, and a hand. `labels` is what is on the canvas now."""

    def __init__(self, viewer: Any, labels: np.ndarray, scale: tuple[float, ...]) -> None:
        viewer.window.resize(1100, 800)
        get_settings().application.hold_button_delay = 10.0  # a key is no longer one because the machine is busy
        self.viewer, self.hand = viewer, Hand(viewer)
        image = viewer.add_image((labels > 0).astype(np.uint8), name="cells", scale=scale)
        self.session = get_session(viewer)
        self.work = self.session.work_on(image)
        self.step = CorrectStep(self.session)
        self.session.add_layer(self.work, "labels", labels.copy())
        self.work.prediction = labels.copy()
        self.step.setFixedWidth(340)
        viewer.window.add_dock_widget(self.step, name="Correct")
        self.step.set_open(True)
        self.hand.show_all()
        let_run(0.2)

    @property
    def labels(self) -> np.ndarray:
        return self.work.labels

    @property
    def layer(self) -> Any:
        return self.work.labels_layer

    def click(self, *at: float) -> None:
        self.hand.click(self.layer, at)

    def drag(self, *corners: tuple[float, float], n: int = 8) -> None:
        places = [corners[0]]
        for start, end in pairwise(corners):
            places += line(start, end, n)
        self.hand.stroke(self.layer, places, 0.005)

    def key(self, letter: str, at: tuple[float, float] | None = None, shift: bool = False) -> None:
        if at is not None:
            self.hand.hover(self.layer, at)
        text = letter if shift else letter.lower()
        self.hand.key(getattr(Qt.Key, f"Key_{letter}"), text, SHIFT if shift else Qt.KeyboardModifier.NoModifier)

    def expect_undo(self, before: np.ndarray) -> None:
        """Ctrl+Z once takes back what was done since `before`."""
        assert not np.array_equal(self.labels, before)
        self.hand.undo()
        np.testing.assert_array_equal(self.labels, before)

    def settle(self) -> None:
        get_trackers(self.session).of(self.work).finish()


@pytest.fixture
def make_desk(make_napari_viewer: Any) -> Any:
    desks: list[Desk] = []

    def make(labels: np.ndarray, scale: tuple[float, ...]) -> Desk:
        desks.append(Desk(make_napari_viewer(show=True), labels, scale))
        return desks[-1]

    yield make
    for desk in desks:
        desk.session.close()


def ring(centre: tuple[int, int], radius: float) -> list[tuple[float, float]]:
    angles = np.linspace(0, 2 * np.pi, 24)
    return [(centre[0] + radius * np.sin(a), centre[1] + radius * np.cos(a)) for a in angles]


@pytest.mark.parametrize("large", [False, True])
def test_every_tool_in_a_plane(make_desk: Any, monkeypatch: pytest.MonkeyPatch, large: bool) -> None:
    """Of a `large` plane, labels lie on the disk, and what is in view is drawn of them."""
    if large:
        monkeypatch.setattr("napari_unet.ui.session.planes.largeness.LARGE_PIXELS", 2**10)
    labels = discs()
    labels[30:32, 20:24] = 0
    labels[disk((80, 80), 15)] = 0
    desk = make_desk(labels, (0.5, 0.5))
    first = labels.copy()

    desk.key("K")
    assert desk.step.buttons["split"].isChecked()
    desk.drag((30, 60), (30, 100))
    assert desk.labels[24, 80] != desk.labels[36, 80]
    desk.expect_undo(first)
    desk.click(30, 70)
    assert "second" in desk.step.hint_label.text()
    desk.click(30, 90)
    assert desk.labels[30, 70] != desk.labels[30, 90]
    desk.expect_undo(first)

    desk.key("J")
    desk.drag((30, 30), (30, 80))
    assert desk.labels[30, 80] == desk.labels[30, 35] == 1
    desk.expect_undo(first)
    desk.click(80, 30)
    desk.click(80, 130)
    assert desk.labels[80, 130] == 4
    desk.expect_undo(first)

    desk.key("D", at=(30, 130))  # at once, under the cursor
    assert not (desk.labels == 3).any()
    desk.expect_undo(first)
    desk.key("D", shift=True)
    assert desk.step.tools.tool == "delete"
    desk.drag((30, 30), (30, 130))
    assert not desk.labels[:50].any()
    desk.expect_undo(first)

    maps = ndimage.gaussian_filter((discs() > 0).astype(np.float32), 2)
    desk.work.maps = KeptMaps(np.stack([maps, maps]).astype(np.float16), np.ones((), bool))
    desk.step.buttons["add"].click()
    desk.click(80, 80)
    added = desk.labels[80, 80]
    assert added > 6
    assert abs((desk.labels == added).sum() / (discs() == 5).sum() - 1) < 0.15
    desk.expect_undo(first)
    desk.key("I", at=(82, 82))
    assert desk.labels[80, 80] > 6
    desk.expect_undo(first)

    desk.key("U")
    desk.drag(*ring((80, 80), 12), n=2)  # round a missed one
    assert desk.labels[80, 80] > 6
    desk.expect_undo(first)
    desk.drag(*ring((30, 36), 14), n=2)  # another outline
    assert desk.labels[30, 48] == 1
    assert desk.labels[30, 17] == 0
    desk.expect_undo(first)

    for letter, shift, check in (
        ("H", False, lambda now: (now[30:32, 20:24] == 1).all()),
        ("G", True, lambda now: (now == 1).sum() > (first == 1).sum()),
        ("S", True, lambda now: (now == 1).sum() < (first == 1).sum()),
        ("R", True, lambda now: now[31, 22] == 1),
        ("N", True, lambda now: now[30, 30] > 6),
    ):
        desk.key(letter, at=(26, 30), shift=shift)
        assert check(desk.labels), letter
        desk.expect_undo(first)

    desk.key("X", shift=True)
    desk.click(30, 80)
    desk.click(30, 130)
    assert (desk.labels[30, 80], desk.labels[30, 130]) == (3, 2)
    desk.expect_undo(first)

    desk.key("E", shift=True)
    desk.drag(*ring((30, 80), 8), n=2)
    assert desk.labels[30, 80] == 0
    assert desk.labels[30, 67] == 2
    desk.key("E", shift=True)  # put away
    desk.hand.undo()
    np.testing.assert_array_equal(desk.labels, first)


def test_pieces_edges_small_ones_and_locks(make_desk: Any) -> None:
    labels = discs()
    labels[50:54, 40:44] = 1  # a piece of 1
    labels[0:6, 60:70] = 8  # at the edge
    labels[100:103, 100:104] = 9  # small
    desk = make_desk(labels, (0.5, 0.5))

    desk.key("L", at=(30, 30), shift=True)
    assert not desk.labels[50:54, 40:44].any()
    desk.expect_undo(labels)
    desk.key("B", shift=True)
    assert not (desk.labels == 8).any()
    desk.expect_undo(labels)

    desk.key("M", shift=True)
    small = desk.step.small
    small.size_box.setValue(40)
    while small.measuring:
        let_run(0.01)
    assert "1 object would go" in small.found_label.text()
    crosses = desk.work.signs["too small"]
    np.testing.assert_array_equal(crosses.places, [(101, 101.5)])
    small.remove_button.click()
    assert set(np.unique(labels)) - set(np.unique(desk.labels)) == {9}
    assert not len(crosses.places)
    desk.viewer.layers.selection.active = desk.layer
    desk.expect_undo(labels)

    desk.key("W", at=(30, 80))
    assert desk.work.locked == {2}
    desk.key("D", at=(30, 80))
    np.testing.assert_array_equal(desk.labels, labels)
    assert "locked" in desk.step.message.text
    desk.key("E")
    desk.layer.brush_size = 12
    desk.drag((30, 30), (30, 130), n=20)
    assert desk.labels[30, 30] == 0 == desk.labels[30, 130]
    np.testing.assert_array_equal(desk.labels == 2, labels == 2)
    desk.expect_undo(labels)  # the stroke and what it spared are one step
    desk.key("F")
    desk.layer.selected_label = 5
    desk.click(30, 80)
    np.testing.assert_array_equal(desk.labels, labels)
    desk.click(30, 30)
    assert desk.labels[30, 30] == 5
    desk.hand.undo()

    dots = desk.work.signs["locked"]
    assert {labels[tuple(at)] for at in np.rint(dots.places).astype(int)} == {2}
    desk.layer.mode = "polygon"
    desk.layer.selected_label = 7
    for corner in ((20, 60), (20, 110), (40, 110), (40, 60)):  # over the locked 2 and background beside it
        desk.click(*corner)
    desk.hand.double_click(desk.layer, (20, 60))
    let_run(0.05)
    np.testing.assert_array_equal(desk.labels == 2, labels == 2)
    assert desk.labels[22, 62] == 7
    assert "Locked objects stay" in desk.step.message.text
    desk.expect_undo(labels)
    desk.step.buttons["lock"].click()
    desk.click(30, 80)
    assert desk.work.locked == set()
    let_run(0.05)
    assert not len(dots.places)
    assert "Here: object 2" in desk.step.hint_label.text()


def test_tools_through_a_stack(make_desk: Any) -> None:
    labels = np.stack([discs()] * 5)
    labels[2:4][labels[2:4] == 6] = 0
    desk = make_desk(labels, (2.0, 0.5, 0.5))
    desk.viewer.dims.set_current_step(0, 1)
    first = labels.copy()

    desk.key("D", at=(30, 30))
    assert not (desk.labels == 1).any()
    desk.expect_undo(first)
    desk.step.grid.scope_box.setCurrentIndex(1)
    desk.step.grid.scope_box.activated.emit(1)
    desk.key("D", at=(30, 30))
    assert (desk.labels == 1).any(axis=(1, 2)).tolist() == [True, False, True, True, True]
    desk.expect_undo(first)
    desk.step.grid.scope_box.setCurrentIndex(0)
    desk.step.grid.scope_box.activated.emit(0)

    desk.key("K")
    desk.drag((10, 80), (50, 80))
    assert (desk.labels[:, 30, 70] != desk.labels[:, 30, 90]).all()
    desk.expect_undo(first)
    desk.key("I", at=(80, 130), shift=True)
    assert (desk.labels[:, 80, 130] == 6).all()
    desk.expect_undo(first)
    desk.key("Y", at=(80, 130))
    assert (desk.labels[:, 80, 130] == 6).tolist() == [True, True, True, False, True]
    assert desk.viewer.dims.current_step[0] == 2
    desk.expect_undo(first)


def test_tools_in_a_time_lapse(make_desk: Any) -> None:
    labels = np.stack([discs()] * 3)
    desk = make_desk(labels, (1.0, 0.5, 0.5))
    desk.session.set_axes("TYX")
    desk.session.adopt_labels(desk.work, desk.viewer.layers["cells labels"])
    desk.viewer.layers.selection.active = desk.layer
    desk.viewer.dims.set_current_step(0, 1)
    let_run(0.05)
    assert desk.work.axes == "TYX"
    desk.key("D", at=(30, 30))
    assert (desk.labels == 1).any(axis=(1, 2)).tolist() == [True, False, True]
    desk.expect_undo(labels)
    box = desk.step.grid.scope_box
    box.setCurrentIndex(box.findData("t"))
    box.activated.emit(box.currentIndex())
    desk.key("J")
    desk.drag((30, 30), (30, 80))
    assert not (desk.labels == 2).any()
    desk.expect_undo(labels)
    desk.key("D", at=(30, 30))
    assert not (desk.labels == 1).any()
    desk.expect_undo(labels)


def test_shift_moves_the_view_and_leaves_the_labels(make_desk: Any) -> None:
    labels = discs()
    desk = make_desk(labels, (0.5, 0.5))
    desk.key("K")
    center = np.array(desk.viewer.scene.camera.center)
    desk.hand.modifiers = SHIFT
    desk.drag((30, 60), (30, 100))
    moved = np.array(desk.viewer.scene.camera.center) - center
    np.testing.assert_array_equal(desk.labels, labels)
    assert moved[2] < -5
    assert abs(moved[1]) < 3
