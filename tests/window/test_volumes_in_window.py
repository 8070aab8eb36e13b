"""A z-stack in a real window, by real clicks: segmented as a volume, seen and corrected from the side, split."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari")

from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from window_driver import Hand, let_run, wait_for

from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_path
from napari_unet.images.image import Image
from napari_unet.ui.panel import UNetPanel
from napari_unet.workflows.segmenting import segment

pytestmark = pytest.mark.real_window


def press(button: Any) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    let_run(0.05)


def test_as_a_volume_then_seen_from_the_side_and_split_by_hand(make_napari_viewer: Any) -> None:
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1280, 800)
    panel = UNetPanel(viewer)
    viewer.window.add_dock_widget(panel, name="U-Net")
    session, step, hand = panel.session, panel.segment_step, Hand(viewer)
    pixels = np.asarray(read_image(sample_path("nuclei_3d")).data)[2:12, :64, 100:164]
    work = session.work_on(viewer.add_image(pixels, name="nuclei", scale=(4, 1, 1), units=("um",) * 3))
    let_run(0.1)
    assert step.stacks.isVisible()
    assert step.stacks._button["volume"].isChecked()
    panel.scroll.ensureWidgetVisible(step.segment_button)
    press(step.segment_button)
    wait_for(lambda: session.job is None and work.prediction is not None, 120, "nothing was segmented")
    image = Image(pixels, "ZYX", {"Z": 4.0, "Y": 1.0, "X": 1.0}, dict.fromkeys("ZYX", "micrometer"))
    alone = segment(image, diameter=work.diameter, stack="volume")
    np.testing.assert_array_equal(work.labels, alone.labels)

    first, last = ends_of_longest(np.asarray(work.labels))
    panel.correct_step.sides.heading.click()
    viewer.layers.selection.active = work.labels_layer
    hand.show_all()
    viewer.dims.set_current_step(0, first[0])
    let_run(0.1)
    hand.hover(work.labels_layer, first[1:])
    views = panel.correct_step.sides.content
    wait_for(lambda: views.place == first, 30, "the side views did not follow the cursor")
    press(panel.correct_step.buttons["erase"])
    wait_for(lambda: views.front.image is not None, 30, "nothing is seen from the front")
    at = views.front.point_of(first[0], first[2]).toPoint()
    QTest.mouseClick(views.front, Qt.MouseButton.LeftButton, pos=at)
    assert work.labels[first] == 0
    wait_for(lambda: work.reviewed is not None and work.reviewed[first], 30, "what was corrected is not reviewed")
    hand.undo()
    np.testing.assert_array_equal(work.labels, alone.labels)
    hand.key(Qt.Key.Key_K, "k")
    hand.click(work.labels_layer, first[1:])
    viewer.dims.set_current_step(0, last[0])
    let_run(0.1)
    hand.click(work.labels_layer, last[1:])
    assert work.labels[first] != work.labels[last]
    hand.undo()
    let_run(0.1)
    np.testing.assert_array_equal(work.labels, alone.labels)
    add_and_mark_from_the_front(panel, hand, first)
    session.close()


def add_and_mark_from_the_front(panel: UNetPanel, hand: Hand, at: tuple[int, ...]) -> None:
    """Delete an object, have the model draw it again through its slices, and mark it, all in the front view."""
    work, step = panel.session.current, panel.correct_step
    views, before = step.sides.content, np.array(work.labels)
    missed = before == before[at]
    middle = tuple(int(i) for i in np.argwhere(missed)[missed.sum() // 2])
    hand.hover(work.labels_layer, middle[1:])
    wait_for(lambda: views.place is not None and views.place[1:] == middle[1:], 30, "the side views did not follow")

    def click() -> None:
        let_run(0.1)
        place = views.front.point_of(middle[0], middle[2]).toPoint()
        QTest.mouseClick(views.front, Qt.MouseButton.LeftButton, pos=place)

    press(step.buttons["delete"])
    click()
    assert not work.labels[missed].any()
    press(step.buttons["add"])
    click()
    added = work.labels == work.labels[middle]
    assert work.labels[middle]
    assert (added & missed).sum() / (added | missed).sum() > 0.6
    hand.undo()
    hand.undo()
    np.testing.assert_array_equal(work.labels, before)
    wait_for(lambda: not np.any(work.reviewed), 30, "what was undone is reviewed still")
    step.parts.show_part("Review")
    press(step.buttons["review_brush"])
    assert views.isVisible(), "side views are there for marks, too"
    reviewed = np.array(work.reviewed)
    click()
    assert work.reviewed[middle]
    assert (np.array(work.reviewed) != reviewed).any(axis=(1, 2)).sum() > 1, "a ball reaches into other slices"
    hand.undo()
    np.testing.assert_array_equal(work.reviewed, reviewed)


def ends_of_longest(labels: np.ndarray) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A pixel in the first, and one in the last slice of the object that goes through the most slices."""
    depth = {number: np.flatnonzero((labels == number).any(axis=(1, 2))) for number in range(1, labels.max() + 1)}
    longest = max(depth, key=lambda number: len(depth[number]))
    ends = []
    for z in (depth[longest][0], depth[longest][-1]):
        rows, columns = np.nonzero(labels[z] == longest)
        middle = len(rows) // 2
        ends.append((int(z), int(rows[middle]), int(columns[middle])))
    return ends[0], ends[1]
