"""Tools in a viewer without a window: adding without kept maps, locks, scopes, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from scipy import ndimage

from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_labels_path, sample_path
from napari_unet.ui.correct.step import CorrectStep
from napari_unet.ui.correct.tools.grid import FREQUENT, MORE
from napari_unet.ui.session.kept_maps import KeptMaps
from napari_unet.ui.session.session import get_session


@pytest.fixture
def open_step(qtbot):
    steps, viewers = [], []  # a session does not keep its viewer alive

    def make(image, labels):
        viewer = ViewerModel()
        viewers.append(viewer)
        session = get_session(viewer)
        work = session.work_on(viewer.add_image(image, name="cells"))
        steps.append(CorrectStep(session))
        session.add_layer(work, "labels", labels.copy())
        work.prediction = labels.copy()
        viewer.layers.selection.active = work.labels_layer
        return steps[-1], work

    yield make
    for step in steps:
        step.session.close()
        step.deleteLater()


def test_without_kept_maps_the_network_is_asked(open_step, qtbot):
    image = read_image(sample_path("nuclei_2d"))
    truth = read_labels(sample_labels_path("nuclei_2d"), image)[128:384, 128:384]
    missed = int(truth[100:160, 100:160].max())
    at = np.unravel_index(ndimage.distance_transform_edt(truth == missed).argmax(), truth.shape)
    labels = np.where(truth == missed, 0, truth)
    step, work = open_step(np.asarray(image.plane(()))[128:384, 128:384], labels)
    step.buttons["add"].click()
    step.tools.use_stroke([tuple(int(i) for i in at)])
    assert step.session.job is not None
    qtbot.waitUntil(lambda: step.session.job is None, timeout=60_000)
    added = work.labels == work.labels[at]
    assert work.labels[at] not in labels
    assert (added & (truth == missed)).sum() / (added | (truth == missed)).sum() > 0.6


def squares():
    labels = np.zeros((40, 60), np.int32)
    labels[5:15, 5:15], labels[5:15, 20:30], labels[25:35, 5:15] = 1, 2, 3
    return labels


def use(step, tool, *stroke):
    if step.tools.tool != tool:
        step.buttons[tool].click()
    step.tools.use_stroke(list(stroke))


def test_locked_objects_are_left_by_every_tool(open_step):
    step, work = open_step(np.zeros((40, 60), np.uint8), squares())
    use(step, "lock", (10, 10), (10, 25))
    assert work.locked == {1, 2}
    for tool in ("delete", "grow", "new_id", "swap", "merge", "split"):
        use(step, tool, (10, 2), (10, 40))
        assert "locked" in step.message.text, tool
        step.clear_message()
    use(step, "erase_inside", (0, 0), (0, 59), (39, 59), (39, 0))
    np.testing.assert_array_equal(work.labels, np.where(squares() == 3, 0, squares()))
    work.labels_layer.undo()
    use(step, "lock", (10, 10))
    use(step, "delete", (10, 10))
    assert not (work.labels == 1).any()


def test_what_cannot_be_done_is_said_and_changes_nothing(open_step):
    step, work = open_step(np.zeros((40, 60), np.uint8), squares())
    work.maps = KeptMaps(np.zeros((2, 40, 60), np.float16), np.ones((), bool))
    for tool, stroke, sentence in (
        ("fill_holes", [(10, 10)], "no holes"), ("keep_largest", [(10, 10)], "one piece"),
        ("delete", [(20, 50)], ""), ("add", [(10, 10)], "already"), ("add", [(20, 50)], "sees no object"),
        ("copy_next", [(10, 10)], "one slice"), ("split", [(20, 1), (20, 50)], "across"),
    ):  # fmt: skip
        use(step, tool, *stroke)
        assert sentence in step.message.text, tool
        np.testing.assert_array_equal(work.labels, squares())
        step.clear_message()


def test_free_ids_go_on_after_painting_and_splitting(open_step):
    step, work = open_step(np.zeros((40, 60), np.uint8), squares())
    use(step, "split", (3, 10), (17, 10))
    use(step, "new_id", (30, 10))
    assert set(np.unique(work.labels)) == {0, 1, 2, 4, 5}


def test_the_buttons_fit_the_panel(open_step):
    step, _ = open_step(np.zeros((40, 60), np.uint8), squares())
    step.set_open(True)
    step.grid.more_button.click()
    assert step.grid.more.isVisibleTo(step)
    assert step.minimumSizeHint().width() <= 320
    assert all(step.buttons[name].parent() is not None for name in (*FREQUENT, *MORE))


def test_a_first_click_is_of_its_own_image(open_step, qtbot):
    image = np.zeros((30, 30), np.uint8)
    labels = np.zeros((30, 30), np.int32)
    labels[5:10, 5:10], labels[5:10, 20:25] = 1, 2
    step, _ = open_step(image, labels)
    step.tools.run("merge")
    step.tools.use_stroke([(7, 7)])
    step.tools.hand.hover((7, 7))
    assert step.tools.hand.first == (7, 7)
    assert "Here: object 1" in step.tools.hint
    session = step.session
    other = session.work_on(session.viewer.add_image(np.zeros((3, 30, 30), np.uint8), name="stack"))
    session.add_layer(other, "labels", np.stack([labels] * 3))
    session.viewer.layers.selection.active = other.labels_layer
    assert step.tools.tool == "merge"
    assert step.tools.hand.first is None
    assert "Here" not in step.tools.hint
    step.tools.use_stroke([(1, 7, 22)])
    assert np.array_equal(other.labels[1], labels), "the first click was in another image"
    assert step.tools.hand.first == (1, 7, 22)
