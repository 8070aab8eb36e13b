"""Projects in the panel: what is painted is saved, and comes back with its undo history."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from qtpy.QtWidgets import QApplication

from napari_unet.project import recovery
from napari_unet.project.opening import open_project
from napari_unet.project.project import LABELS
from napari_unet.project.storage import writer
from napari_unet.project.storage.state import Saving
from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.project.menu import RECOVERED
from napari_unet.ui.session.keeping.keeper import ProjectKeeper, get_keeper
from napari_unet.ui.session.keeping.undo import get_undo
from napari_unet.ui.session.layers import image_to_layer
from napari_unet.ui.session.session import Session, get_session
from napari_unet.ui.session.trackers import get_trackers


@pytest.fixture(autouse=True)
def user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder of this test alone."""
    folder = tmp_path / "user"
    monkeypatch.setattr(recovery.platformdirs, "user_data_path", lambda name: folder / name)
    return folder


@pytest.fixture
def image_file(tmp_path: Path) -> Path:
    stack = np.random.default_rng(0).integers(0, 255, (3, 64, 80)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "cells.tif", stack, imagej=True, metadata={"axes": "ZYX"})
    return tmp_path / "cells.tif"


def open_image(session: Session, path: Path) -> Any:
    """Open an image, with labels that a model might have drawn."""
    from napari_unet.images.files.reading import read_image

    data, options, _ = image_to_layer(read_image(path))
    work = session.work_on(session.viewer.add_image(data, **options))
    labels = np.zeros(work.shape, np.int32)
    for number, corner in enumerate([(5, 5), (30, 20), (40, 60)], start=1):
        labels[:, corner[0] : corner[0] + 12, corner[1] : corner[1] + 12] = number
    session.add_layer(work, "labels", labels.copy())
    work.prediction = labels
    return work


def dab(session: Session, work: Any, row: int, column: int, value: int) -> None:
    work.labels_layer.paint((1, row, column), value)
    get_keeper(session).finish()


@pytest.fixture
def second_window(make_napari_viewer: Callable[..., Any]) -> Any:
    viewer = make_napari_viewer()
    panel = UNetPanel(viewer)
    viewer.window.add_dock_widget(panel, name="U-Net")
    yield panel
    get_session(viewer).close()


def test_a_project_brings_back_labels_reviewed_locks_and_undo(
    session: Session, panel: UNetPanel, second_window: UNetPanel, image_file: Path, tmp_path: Path
) -> None:
    work = open_image(session, image_file)
    panel.project_bar.new_at(tmp_path / "mine")
    original = work.labels.copy()
    dab(session, work, 20, 50, 9)
    once = work.labels.copy()
    dab(session, work, 50, 30, 10)
    twice = work.labels.copy()
    panel.correct_step.tools.run("review_slice")
    dab(session, work, 60, 70, 11)
    work.labels_layer.undo()
    get_trackers(session).of(work).finish()
    get_keeper(session).finish()
    reviewed = work.reviewed.copy()
    session.viewer.dims.set_current_step(0, 2)
    project = get_keeper(session).user_project
    assert project.path == tmp_path / "mine.unetproj"
    session.close()

    second = second_window
    second.project_bar.open_at(tmp_path / "mine.unetproj")
    assert second.project_bar.message.text == (
        "Restored cells: labels, reviewed regions and 2 steps that can be undone."
    )
    again = second.session.current
    np.testing.assert_array_equal(again.labels, twice)
    np.testing.assert_array_equal(again.prediction, original)
    np.testing.assert_array_equal(again.reviewed, reviewed)
    assert second.session.viewer.dims.current_step[0] == 2
    layer = again.labels_layer
    layer.redo()
    assert again.labels[1, 60, 70] == 11
    for _ in range(2):
        layer.undo()
    np.testing.assert_array_equal(again.labels, once)
    layer.undo()
    np.testing.assert_array_equal(again.labels, original)
    layer.redo()
    get_trackers(second.session).finish()
    get_keeper(second.session).finish()
    second.session.close()
    found = open_project(tmp_path / "mine.unetproj", write=False)
    np.testing.assert_array_equal(found.read_array(1, LABELS), once)
    history = found.read_history(1, LABELS)
    found.close()
    assert (len(history.done), len(history.undone)) == (1, 2)


@pytest.mark.parametrize("late", [False, True])  # the project is made before, or after all of it
def test_after_a_restart_labels_and_marks_are_undone_in_the_order_in_which_they_were_made(
    late: bool,
    session: Session,
    panel: UNetPanel,
    second_window: UNetPanel,
    image_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def state(work: Any) -> tuple[bytes, bytes]:
        return work.labels.tobytes(), (work.reviewed > 0).tobytes()

    work = open_image(session, image_file)
    session.viewer.dims.set_current_step(0, 1)
    if not late:
        panel.project_bar.new_at(tmp_path / "mine")
    else:  # nor is there a recovery file that would become the project
        monkeypatch.setattr(ProjectKeeper, "_begin_recovery", lambda keeper: None)
    tracker = get_trackers(session).of(work)
    tracker.set_marks_corrections(False)
    overlay = tracker.overlay
    overlay.ensure_layer()
    states = [state(work)]
    for act in (
        lambda: dab(session, work, 20, 50, 9),
        lambda: overlay.mark((1,), (slice(0, 20), slice(0, 20))),
        lambda: dab(session, work, 50, 30, 10),
        lambda: overlay.mark((1,), (slice(30, 40), slice(0, 20))),
        lambda: overlay.mark((1,), (slice(50, 60), slice(0, 20))),
    ):
        act()
        get_keeper(session).finish()
        states.append(state(work))
    if late:
        panel.project_bar.new_at(tmp_path / "mine")
    get_undo(session).undo()
    get_keeper(session).finish()
    session.close()

    second_window.project_bar.open_at(tmp_path / "mine.unetproj")
    again, undo = second_window.session.current, get_undo(second_window.session)
    get_trackers(second_window.session).of(again).set_marks_corrections(False)
    assert state(again) == states[4]
    assert undo.redo()
    assert state(again) == states[5]
    for expected in states[4::-1]:
        assert undo.undo()
        assert state(again) == expected
    assert not undo.undo()
    assert undo.redo()
    assert state(again) == states[1]


def test_without_a_project_a_recovery_file_is_kept_and_offered(
    session: Session, panel: UNetPanel, make_napari_viewer: Callable[..., Any], image_file: Path
) -> None:
    assert not panel.project_bar.offer.isVisibleTo(panel)
    work = open_image(session, image_file)
    original = work.labels.copy()
    dab(session, work, 20, 50, 9)
    dab(session, work, 50, 30, 10)
    painted = work.labels.copy()
    assert get_keeper(session).user_project is None
    session.close()

    viewer = make_napari_viewer()
    second = UNetPanel(viewer)
    offer = second.project_bar.offer
    assert "Corrections of cells" in offer.text.text()
    offer.restore_button.click()
    again = second.session.current
    np.testing.assert_array_equal(again.labels, painted)
    np.testing.assert_array_equal(again.prediction, original)
    for _ in range(2):
        again.labels_layer.undo()
    np.testing.assert_array_equal(again.labels, original)
    second.session.close()
    assert [path.name for path in recovery.find_recoveries()] == [offer.path.name]


def test_a_long_name_does_not_widen_the_window_where_its_recovery_is_offered(
    session: Session, panel: UNetPanel, make_napari_viewer: Callable[..., Any], image_file: Path
) -> None:
    name = 8 * "0123abcd"
    work = open_image(session, image_file.rename(image_file.with_stem(name)))
    dab(session, work, 20, 50, 9)
    session.close()
    second = UNetPanel(make_napari_viewer())
    offer = second.project_bar.offer
    assert "were not kept" in offer.text.text()
    assert all(len(word) <= 24 for word in offer.text.text().split())
    assert offer.text.toolTip() == name
    second.session.close()


def test_a_recovery_file_becomes_the_project_with_its_history(
    session: Session, panel: UNetPanel, image_file: Path, tmp_path: Path
) -> None:
    work = open_image(session, image_file)
    dab(session, work, 20, 50, 9)
    recovered = get_keeper(session).project.path
    panel.project_bar.new_at(tmp_path / "mine.unetproj")
    assert not recovered.exists()
    dab(session, work, 50, 30, 10)
    session.close()
    found = open_project(tmp_path / "mine.unetproj", write=False)
    np.testing.assert_array_equal(found.read_array(1, LABELS), work.labels)
    assert len(found.read_history(1, LABELS).done) == 2
    found.close()


def test_bad_places_and_files_get_a_sentence(session: Session, panel: UNetPanel, tmp_path: Path) -> None:
    bar = panel.project_bar
    bar.new_at(tmp_path / "nowhere" / "a.unetproj")
    assert "Choose another folder" in bar.message.text
    (tmp_path / "bad.unetproj").write_text("nonsense " * 500)
    bar.open_at(tmp_path / "bad.unetproj")
    assert "no project file" in bar.message.text
    assert get_keeper(session).project is None


def test_a_project_that_cannot_be_made_leaves_the_recovery_file_as_it_was(
    session: Session, panel: UNetPanel, image_file: Path, tmp_path: Path
) -> None:
    work = open_image(session, image_file)
    dab(session, work, 20, 50, 9)
    keeper = get_keeper(session)
    panel.project_bar.new_at(tmp_path / "nowhere" / "a.unetproj")
    assert "Choose another folder" in panel.project_bar.message.text
    dab(session, work, 50, 30, 10)
    assert keeper.is_recovery
    assert keeper.state.saving is not Saving.READ_ONLY
    assert keeper.project.flush()
    np.testing.assert_array_equal(keeper.project.read_array(1, LABELS), work.labels)


@pytest.mark.parametrize("why", ["a log beside it", "no copy"])
def test_a_recovery_file_that_is_not_whole_is_not_copied_and_goes_on(
    session: Session, panel: UNetPanel, image_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    """What came last may lie in a log beside the file: it would be missing in the project, and be deleted."""
    work = open_image(session, image_file)
    dab(session, work, 20, 50, 9)
    keeper, path = get_keeper(session), tmp_path / "mine.unetproj"
    with monkeypatch.context() as patch:
        if why == "no copy":
            patch.setattr(shutil, "copyfile", lambda *paths: os.open(tmp_path / "nowhere", 0))
        else:
            patch.setattr("napari_unet.project.project._tidy", lambda connection: bool(connection.close()))
        panel.project_bar.new_at(path)
    assert panel.project_bar.message.text
    assert keeper.is_recovery
    dab(session, work, 50, 30, 10)
    assert keeper.project.flush()
    np.testing.assert_array_equal(keeper.project.read_array(1, LABELS), work.labels)
    panel.project_bar.new_at(path)
    assert keeper.user_project is not None, panel.project_bar.message.text
    np.testing.assert_array_equal(keeper.project.read_array(1, LABELS), work.labels)


def test_a_second_window_says_that_it_only_reads(
    session: Session, panel: UNetPanel, second_window: UNetPanel, image_file: Path, tmp_path: Path
) -> None:
    work = open_image(session, image_file)
    panel.project_bar.new_at(tmp_path / "mine.unetproj")
    dab(session, work, 20, 50, 9)
    get_keeper(session).project.flush()
    second_window.project_bar.open_at(tmp_path / "mine.unetproj")
    assert "open in another window" in second_window.project_bar.trouble.text
    assert second_window.session.current.labels[1, 20, 50] == 9
    assert "read-only" in second_window.project_bar.state_label.text()


def fill_disk(project: Any, full: bool) -> None:
    """SQLite's own way to a full disk; one more than the pages there are, as it takes no fewer."""
    connection = project._writer.connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0] if full else 1_000_000
    connection.execute(f"PRAGMA max_page_count = {pages}")


def paint_noise(session: Session, work: Any, seed: int) -> None:
    """A step that does not compress, and so needs room on the disk."""
    noise = np.random.default_rng(seed).integers(1, 2**31 - 1, work.shape[-2:])
    rows, columns = np.indices(work.shape[-2:]).reshape(2, -1)
    work.labels_layer.data_setitem((np.full_like(rows, 1), rows, columns), noise.ravel())
    get_keeper(session).finish()


def test_a_full_disk_is_told_at_once_and_so_is_its_end(
    session: Session, panel: UNetPanel, image_file: Path, tmp_path: Path, qtbot: Any
) -> None:
    work, bar = open_image(session, image_file), panel.project_bar
    bar.new_at(tmp_path / "mine.unetproj")
    project = get_keeper(session).project
    project.flush()
    project._writer._retry_seconds = 0.5
    assert "now keeps all that you do here" in bar.message.text
    fill_disk(project, True)
    paint_noise(session, work, 0)
    qtbot.waitUntil(lambda: "disk is full" in bar.trouble.text, timeout=10_000)
    assert not bar.message.text, "it says that all is kept"
    assert "not saved" in bar.state_label.full_text
    dab(session, work, 20, 50, 9)  # painting goes on
    fill_disk(project, False)
    qtbot.waitUntil(lambda: bar.message.text == RECOVERED, timeout=20_000)
    assert not bar.trouble.text
    assert project.flush(20)
    np.testing.assert_array_equal(project.read_array(1, LABELS), work.labels)


def test_a_disk_that_does_not_answer_is_told(
    session: Session, panel: UNetPanel, image_file: Path, tmp_path: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LATE_SECONDS", 0.5)
    work, bar, free = open_image(session, image_file), panel.project_bar, threading.Event()
    bar.new_at(tmp_path / "mine.unetproj")
    project = get_keeper(session).project
    project.flush()
    project._writer.put(lambda connection: free.wait(20) and None)  # as a write to a drive that hangs
    dab(session, work, 20, 50, 9)
    qtbot.waitUntil(lambda: "takes long" in bar.trouble.text, timeout=10_000)
    free.set()
    qtbot.waitUntil(lambda: not bar.trouble.text, timeout=20_000)
    assert project.flush()


@pytest.mark.parametrize("window", [False, True], ids=["project closed", "window closed"])
def test_what_the_project_did_not_take_goes_into_a_recovery_file(
    session: Session, panel: UNetPanel, image_file: Path, tmp_path: Path, window: bool
) -> None:
    work, bar = open_image(session, image_file), panel.project_bar
    bar.new_at(tmp_path / "mine.unetproj")
    project = get_keeper(session).project
    project.flush()
    saved = work.labels.copy()
    fill_disk(project, True)
    paint_noise(session, work, 1)
    if window:
        session.close()
    else:
        bar.close_project()
        assert "recovery file" in bar.message.text
        assert not bar.trouble.text
    kept = open_project(recovery.find_recoveries()[0], write=False)
    np.testing.assert_array_equal(kept.read_array(1, LABELS), work.labels)
    kept.close()
    before = open_project(tmp_path / "mine.unetproj", write=False)
    np.testing.assert_array_equal(before.read_array(1, LABELS), saved)
    before.close()


def test_a_moved_image_is_asked_for_and_a_changed_one_noticed(
    session: Session, panel: UNetPanel, second_window: UNetPanel, image_file: Path, tmp_path: Path, qtbot: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    work = open_image(session, image_file)
    panel.project_bar.new_at(tmp_path / "mine.unetproj")
    dab(session, work, 20, 50, 9)
    keeper = get_keeper(session)
    qtbot.waitUntil(lambda: keeper._teller._images[1].hash is not None, timeout=10_000)
    session.close()
    (tmp_path / "elsewhere").mkdir()
    image_file.rename(tmp_path / "elsewhere" / "other name.tif")
    bar = second_window.project_bar
    monkeypatch.setattr(bar, "_ask_for", lambda reference: None)
    bar.open_at(tmp_path / "mine.unetproj")
    bar_problem = bar.message.text
    monkeypatch.setattr(bar, "_ask_for", lambda reference: tmp_path / "elsewhere" / "other name.tif")
    bar.close_project()
    bar.open_at(tmp_path / "mine.unetproj")
    assert "not at" in bar_problem
    assert second_window.session.current.labels[1, 20, 50] == 9
    second_window.session.viewer.layers.clear()
    bar.close_project()
    data = tifffile.imread(tmp_path / "elsewhere" / "other name.tif")
    tifffile.imwrite(tmp_path / "elsewhere" / "other name.tif", 255 - data, imagej=True, metadata={"axes": "ZYX"})
    bar.open_at(tmp_path / "mine.unetproj")
    qtbot.waitUntil(lambda: "have changed" in bar.message.text, timeout=10_000)


def test_what_a_model_draws_is_saved_too(session: Session, panel: UNetPanel, image_file: Path, tmp_path: Path) -> None:
    work = open_image(session, image_file)
    panel.project_bar.new_at(tmp_path / "mine.unetproj")
    work.labels[0] = 5  # as a segmentation writes: past the history
    work.note_written()
    get_keeper(session).finish()
    session.viewer.layers.remove(work.labels_layer)
    work2 = session.current
    session.add_layer(work2, "labels", np.full(work2.shape, 3, np.int32))
    get_keeper(session).finish()
    session.close()
    found = open_project(tmp_path / "mine.unetproj", write=False)
    assert (found.read_array(1, LABELS) == 3).all()
    found.close()


def test_what_was_restored_is_news_of_that_image_only(
    session: Session, panel: UNetPanel, image_file: Path, tmp_path: Path
) -> None:
    open_image(session, image_file)
    panel.project_bar.new_at(tmp_path / "mine")
    panel.project_bar.close_project()
    session.viewer.layers.clear()
    panel.project_bar.open_at(tmp_path / "mine.unetproj")
    assert panel.project_bar.message.text.startswith("Restored cells")
    session.work_on(session.viewer.add_image(np.zeros((20, 20)), name="next"))
    assert panel.project_bar.message.text == ""


def test_the_methods_of_a_project_are_shown_to_be_copied(
    session: Session, panel: UNetPanel, image_file: Path, tmp_path: Path
) -> None:
    open_image(session, image_file)
    panel.project_bar.new_at(tmp_path / "mine")
    panel.project_bar.show_methods()
    panel.project_bar.methods.copy_button.click()
    assert "3 objects were labelled in 1 image" in QApplication.clipboard().text()
