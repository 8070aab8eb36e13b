"""What is written to a layer is recorded, whoever wrote it, and whatever happens while it is looked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QCoreApplication

from napari_unet.project.storage.tiles import copy_array
from napari_unet.ui.session.history.label_stores import get_label_stores
from napari_unet.ui.session.keeping import recorder as recorder_module
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.session.keeping.recorder import Recorder
from napari_unet.ui.session.trackers import get_trackers


def test_a_copy_is_equal_and_its_own() -> None:
    array = np.zeros((2, 700, 600), np.int32)
    array[1, 300:500, 20:] = 4
    copied = copy_array(array.transpose(0, 2, 1))
    np.testing.assert_array_equal(copied, array.transpose(0, 2, 1))
    assert copied.flags.c_contiguous
    assert not np.shares_memory(copied, array)


@pytest.fixture
def recorder(viewer: Any, session: Any, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Follows labels of nine tiles, of which more than two that a model wrote count as all of them."""
    monkeypatch.setattr(recorder_module, "_MOST_TILES", 2)
    viewer.add_image(np.zeros((600, 600), np.uint8))
    work = session.current
    session.add_layer(work, "labels", np.zeros((600, 600), np.int32), empty=True)
    recorder = Recorder(work, "labels", get_label_stores(session))
    yield recorder
    recorder.close()


def settle(recorder: Recorder) -> None:
    while recorder._scanning or recorder._quiet.waiting:
        QCoreApplication.processEvents()


def test_all_that_a_model_wrote_is_handed_over_as_a_copy(recorder: Recorder) -> None:
    copies: list[Any] = []
    recorder.rewritten.connect(lambda: copies.append(recorder.copy()))
    recorder.layer.data[:] = 3
    recorder.look_again()
    settle(recorder)
    assert len(copies) == 1
    assert (copies[0] == 3).all()
    assert (recorder.saved == 3).all()
    recorder.layer.paint((5, 5), 9)
    QCoreApplication.processEvents()
    assert (recorder.saved == 9).any()
    assert (copies[0] == 3).all(), "what was handed over does not change"


def test_a_stroke_during_the_search_is_not_lost(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that was made before the stroke, and comes after it, would take it back."""
    errands: list[Any] = []
    monkeypatch.setattr(recorder_module, "run_errand", lambda *given: errands.append(given))
    recorder.layer.data[:] = 3
    recorder._scan()
    work, done, *context = errands.pop()
    found = work()
    recorder.layer.paint((300, 300), 9)
    recorder._soon.finish()
    done(found, *context)
    recorder.finish()
    np.testing.assert_array_equal(recorder.saved, recorder.layer.data)
    assert (recorder.saved == 9).any()


def test_what_a_thread_still_looks_for_is_recorded_before_the_end(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "run_errand", lambda *given: None)  # it would come after the window is closed
    recorder.layer.data[10:20, 10:20] = 3
    recorder.look_again()
    recorder._quiet.finish()
    assert recorder._scanning
    recorder.finish()
    np.testing.assert_array_equal(recorder.saved, recorder.layer.data)


def test_labels_that_are_known_to_be_empty_are_not_read(
    viewer: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    get_keeper(session)
    work = session.work_on(viewer.add_image(np.zeros((20, 30))))
    with monkeypatch.context() as patched:
        patched.setattr(recorder_module, "copy_array", lambda *arrays: pytest.fail("all of it was read"))
        session.add_layer(work, "labels", np.zeros((20, 30), np.int32), empty=True)
    work.labels_layer.data_setitem((np.array([3]), np.array([4])), 7)
    keeper = get_keeper(session)
    QCoreApplication.processEvents()
    keeper.finish()
    assert keeper.project.flush(30)
    kept = keeper.project.read_array(keeper.number_of(work), "labels")
    assert (kept[3, 4], kept.sum()) == (7, 7)


@pytest.mark.parametrize("visible", [True, False])
def test_marks_that_follow_a_correction_are_kept_where_they_are_hidden(
    viewer: Any, session: Any, visible: bool
) -> None:
    viewer.add_image(np.zeros((60, 60), np.uint8))
    work, labels = session.current, np.zeros((60, 60), np.int32)
    labels[10:20, 10:20] = 1
    session.add_layer(work, "labels", labels.copy())
    work.prediction = labels.copy()
    tracker, keeper = get_trackers(session).of(work), get_keeper(session)
    tracker.overlay.ensure_layer().visible = visible
    keeper.open_store()
    work.labels_layer.data_setitem((np.array([15]), np.array([15])), 0)
    tracker.finish()
    keeper.finish()
    assert keeper.project.flush(30)
    assert work.reviewed.any()
    np.testing.assert_array_equal(keeper.project.read_array(keeper.number_of(work), "reviewed"), work.reviewed)
