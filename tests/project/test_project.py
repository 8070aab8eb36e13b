"""The project file: what is handed over is there again, whatever happens in between."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_unet.errors import UserError
from napari_unet.project.opening import create_project, open_project
from napari_unet.project.project import LABELS, PREDICTION, REVIEWED, Project
from napari_unet.project.references import ImageReference
from napari_unet.project.storage import rows, schema
from napari_unet.project.storage.journal import Edit, Kind
from napari_unet.project.storage.lock import ProjectLock, lock_path
from napari_unet.project.storage.state import Saving
from napari_unet.project.storage.tiles import all_tiles, apply_changes, find_changes

Reopen = Callable[[Path], Project]


def paint(project: Project, image: int, labels: np.ndarray, row: int, value: int) -> int:
    """Paint a row of `labels`, and hand it over."""
    before = labels.copy()
    labels[0, row, 10:60] = value
    return project.add_edit(
        image, LABELS, Edit(Kind.EDIT, tuple(find_changes(before, labels, all_tiles(labels.shape))))
    )


def test_all_that_is_handed_over_comes_back(project: Project, image: int, labels: np.ndarray, reopen: Reopen) -> None:
    project.set_array(image, PREDICTION, labels.copy())
    project.set_array(image, REVIEWED, (labels > 2).astype(np.uint8))
    project.set_locked(image, [2, 3])
    project.set_locked(image, [3, 4])
    project.set_property("window", {"slice": [1], "model": "tuned"})
    project.add_model("abc", "tuned", "parent", "/m/tuned.safetensors", {"objects": 3})
    project.add_training("abc", {"name": "tuned", "seconds": 60})
    paint(project, image, labels, 50, 9)
    reference = project.images()[image] if project.flush() else None
    assert project.close()
    assert [path.name for path in project.path.parent.iterdir()] == ["cells.unetproj"], "one file, once it is closed"
    again = reopen(project.path)
    assert again.images() == {image: reference}
    np.testing.assert_array_equal(again.read_array(image, LABELS), labels)
    assert again.read_array(image, PREDICTION)[0, 50, 20] == 0
    assert again.read_array(image, REVIEWED).dtype == np.uint8
    assert again.locked(image) == {3, 4}
    assert again.get_property("window") == {"slice": [1], "model": "tuned"}
    assert again.models()[0]["parent"] == "parent"
    assert again.trainings()[0]["record"] == {"name": "tuned", "seconds": 60}


def test_strokes_are_saved_within_a_second(project: Project, image: int, labels: np.ndarray) -> None:
    number = paint(project, image, labels, 50, 9)
    assert project.state.saving is Saving.PENDING
    until = time.monotonic() + 60
    while project.n_saved < number and time.monotonic() < until:
        time.sleep(0.01)
    assert project.state.saving is Saving.SAVED
    seen = open_project(project.path, write=False)
    np.testing.assert_array_equal(seen.read_array(image, LABELS), labels)
    seen.close()


def test_a_long_journal_is_folded_and_says_the_same(
    project: Project, image: int, labels: np.ndarray, reopen: Reopen
) -> None:
    for number in range(150):
        paint(project, image, labels, number, number + 1)
        if number % 70 == 0:
            project.flush()
    np.testing.assert_array_equal(project.read_array(image, LABELS) if project.flush() else None, labels)
    project.close()
    again = reopen(project.path)
    np.testing.assert_array_equal(again.read_array(image, LABELS), labels)
    history = again.read_history(image, LABELS)
    assert len(history.done) == 100
    for edit in reversed(history.done):
        apply_changes(labels, edit.reversed())
    assert labels[0, 60, 20] == 0
    assert labels[0, 49, 20] == 50


def test_a_second_window_reads_only_and_says_so(project: Project, image: int, labels: np.ndarray) -> None:
    project.flush()
    second = open_project(project.path)
    assert not second.writable
    assert second.state.saving is Saving.READ_ONLY
    assert str(os.getpid()) in second.state.sentence
    np.testing.assert_array_equal(second.read_array(image, LABELS), labels)
    second.set_locked(image, [1])  # goes nowhere, and harms nothing
    second.close()
    assert project.locked(image) == frozenset()


def _hold_and_die(path: Path) -> None:
    open_project(path)
    os._exit(1)


def test_a_lock_of_a_dead_process_is_no_lock(project: Project, image: int, reopen: Reopen) -> None:
    project.close()
    child = multiprocessing.get_context("fork").Process(target=_hold_and_die, args=(project.path,))
    child.start()
    child.join(20)
    assert lock_path(project.path).exists()
    assert reopen(project.path).writable


def test_a_full_disk_keeps_edits_in_memory_until_there_is_room(
    project: Project, image: int, labels: np.ndarray, reopen: Reopen
) -> None:
    project.flush()
    project._writer._retry_seconds = 0.02
    limit = project._writer.connection
    pages = limit.execute("PRAGMA page_count").fetchone()[0]
    limit.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own way to a full disk
    rng = np.random.default_rng(0)
    before = labels.copy()
    labels[:] = rng.integers(0, 2**31 - 1, labels.shape)  # does not compress: does not fit
    project.add_edit(image, LABELS, Edit(Kind.EDIT, tuple(find_changes(before, labels, all_tiles(labels.shape)))))
    assert not project.flush(5)
    assert project.state.failed
    assert "disk is full" in project.state.sentence
    np.testing.assert_array_equal(project.read_array(image, LABELS), before)
    paint(project, image, labels, 50, 9)  # painting goes on
    limit.execute("PRAGMA max_page_count = 1000000")
    until = time.monotonic() + 60
    while project.state.saving is not Saving.SAVED and time.monotonic() < until:
        time.sleep(0.01)
    np.testing.assert_array_equal(project.read_array(image, LABELS), labels)


def test_an_error_of_any_kind_is_told_and_tried_again(project: Project, image: int, labels: np.ndarray) -> None:
    """If the thread ended with it, nothing would be saved from then on, and nobody would know."""
    project.flush()
    project._writer._retry_seconds = 0.02
    failing = [True]

    def fail(connection: sqlite3.Connection) -> None:
        if failing[0]:
            raise MemoryError("no room")

    project._writer.put(fail)
    number = paint(project, image, labels, 50, 9)
    assert not project.flush(5)
    assert project.state.failed
    assert project.n_failures
    failing[0] = False
    until = time.monotonic() + 60
    while project.n_saved < number and time.monotonic() < until:
        time.sleep(0.01)
    np.testing.assert_array_equal(project.read_array(image, LABELS), labels)


def test_a_log_that_cannot_be_taken_in_at_the_end_is_told(
    project: Project, image: int, labels: np.ndarray, monkeypatch: pytest.MonkeyPatch, reopen: Reopen
) -> None:
    paint(project, image, labels, 50, 9)
    project.flush()

    def fail(connection: sqlite3.Connection, least: int) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(rows, "fold", fail)
    assert project.close()  # all is saved
    assert not project.in_one_file
    monkeypatch.undo()
    np.testing.assert_array_equal(reopen(project.path).read_array(image, LABELS), labels)


def test_closing_does_not_wait_for_a_disk_that_does_not_answer(
    project: Project, image: int, labels: np.ndarray
) -> None:
    project.flush()
    free = threading.Event()
    project._writer.put(lambda connection: free.wait(60) and None)
    paint(project, image, labels, 50, 9)
    start = time.monotonic()
    assert not project.close(0.2)
    assert time.monotonic() - start < 50  # the disk answers after 60
    assert not project.in_one_file
    assert lock_path(project.path).exists(), "another window might write at the same time"
    free.set()
    project._writer._thread.join(20)
    project._lock.release()  # as the end of the program does
    project._writer.connection.close()


def test_a_drive_that_goes_and_comes_back(project: Project, image: int, labels: np.ndarray, tmp_path: Path) -> None:
    project.flush()
    project._writer._retry_seconds = 0.02
    away = tmp_path / "away"
    away.mkdir()
    names = [project.path.name + end for end in ("", "-wal", "-shm")]
    for name in names:
        os.rename(tmp_path / name, away / name)
    paint(project, image, labels, 50, 9)
    assert not project.flush(5)
    assert "cannot be reached" in project.state.sentence
    for name in names:
        if (away / name).exists() and not (tmp_path / name).exists():
            os.rename(away / name, tmp_path / name)
    assert project.flush(10) or project.flush(10)
    project.close()
    again = open_project(project.path)
    np.testing.assert_array_equal(again.read_array(image, LABELS), labels)
    again.close()


def test_another_file_in_its_place_is_left_alone(
    project: Project, image: int, labels: np.ndarray, tmp_path: Path
) -> None:
    project.flush()
    project._writer._retry_seconds = 0.02
    other = create_project(tmp_path / "other.unetproj")
    other.close()
    theirs = other.path.read_bytes()
    os.replace(other.path, project.path)
    paint(project, image, labels, 50, 9)
    assert not project.flush(5)
    assert "another file" in project.state.sentence
    project.close(0.1)
    assert project.path.read_bytes() == theirs


def test_a_project_left_behind_in_a_read_only_folder_is_read_with_its_last_strokes(
    project: Project, image: int, labels: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint(project, image, labels, 50, 9)
    project.flush()
    kept = tmp_path / "kept"
    kept.mkdir()
    for end in ("", "-wal"):  # as a kill leaves them
        shutil.copy(tmp_path / (project.path.name + end), kept)

    def refuse(path: Path) -> ProjectLock:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(ProjectLock, "take", refuse)
    found = open_project(kept / project.path.name)
    assert "may not be written" in found.state.sentence
    np.testing.assert_array_equal(found.read_array(image, LABELS), labels)
    found.close()


def test_an_older_file_is_brought_up_to_date_and_kept(
    project: Project, image: int, labels: np.ndarray, monkeypatch: pytest.MonkeyPatch, reopen: Reopen
) -> None:
    project.close()
    monkeypatch.setattr(schema, "VERSION", 2)
    monkeypatch.setattr("napari_unet.project.opening.VERSION", 2)
    monkeypatch.setitem(schema.MIGRATIONS, 1, lambda found: found.execute("ALTER TABLE image ADD COLUMN note TEXT"))
    again = reopen(project.path)
    np.testing.assert_array_equal(again.read_array(image, LABELS), labels)
    assert again.reader.execute("PRAGMA user_version").fetchone() == (2,)
    again.reader.execute("SELECT note FROM image")
    copy = project.path.with_name(project.path.name + ".version-1")
    with sqlite3.connect(copy) as old:
        assert old.execute("PRAGMA user_version").fetchone() == (1,)
    old.close()


def test_a_failed_migration_changes_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.close()
    monkeypatch.setattr(schema, "VERSION", 2)
    monkeypatch.setattr("napari_unet.project.opening.VERSION", 2)

    def break_off(found: sqlite3.Connection) -> None:
        found.execute("ALTER TABLE image ADD COLUMN note TEXT")
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setitem(schema.MIGRATIONS, 1, break_off)
    with pytest.raises(UserError, match="cannot be opened"):
        open_project(project.path)
    with sqlite3.connect(project.path) as found:
        assert found.execute("PRAGMA user_version").fetchone() == (1,)
        assert "note" not in [row[1] for row in found.execute("PRAGMA table_info(image)")]
    found.close()


def test_bad_files_get_a_sentence(tmp_path: Path, project: Project) -> None:
    text = tmp_path / "text.unetproj"
    text.write_text("not a database at all, but long enough to be read as one " * 100)
    with pytest.raises(UserError, match="no project file, or it is damaged"):
        open_project(text)
    with pytest.raises(UserError, match="There is no project"):
        open_project(tmp_path / "none.unetproj")
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE a (b)")
    other.close()
    with pytest.raises(UserError, match="not a project"):
        open_project(tmp_path / "other.db")
    with pytest.raises(UserError, match=r"exists already|open in another window"):
        create_project(project.path)
    project.close()
    with sqlite3.connect(project.path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(UserError, match="newer version"):
        open_project(project.path)


def test_an_array_can_be_taken_out_and_replaced(project: Project, image: int, labels: np.ndarray) -> None:
    project.set_array(image, PREDICTION, labels.copy())
    project.set_array(image, PREDICTION, None)
    paint(project, image, labels, 3, 3)
    project.set_array(image, LABELS, np.ones((1, 70, 70), np.uint16))
    project.flush()
    assert project.read_array(image, PREDICTION) is None
    assert project.read_array(image, LABELS).shape == (1, 70, 70)
    assert project.read_history(image, LABELS).done == []


def test_references_without_a_file_are_kept(project: Project) -> None:
    number = project.add_image(ImageReference("screen", "YX", (3, 4), details={"channel": 1}))
    project.flush()
    assert project.images()[number].details == {"channel": 1}


def read_in_vain(project: Project, image: int, failed: list[Exception]) -> None:
    """Read labels of a project that is closed meanwhile, and keep why that failed."""
    try:
        project.read_array(image, LABELS)
    except Exception as error:
        failed.append(error)


def test_a_project_is_closed_when_nobody_reads_it_any_more(
    project: Project, image: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert project.flush()
    reading, go_on = threading.Event(), threading.Event()
    unpack, failed = rows.unpack_tile, []

    def unpack_slowly(*arguments: object) -> np.ndarray:
        reading.set()
        assert go_on.wait(60)
        return unpack(*arguments)

    monkeypatch.setattr(rows, "unpack_tile", unpack_slowly)
    reader, closer = (
        threading.Thread(target=read_in_vain, args=(project, image, failed)),
        threading.Thread(target=project.close),
    )
    reader.start()
    assert reading.wait(60)
    closer.start()
    closer.join(0.3)
    assert closer.is_alive(), "closed under a read: the memory that it reads is gone"
    go_on.set()
    reader.join(60)
    closer.join(60)
    assert isinstance(failed[0], sqlite3.OperationalError), "what was left of the read is not waited for"


def test_a_read_that_begins_while_the_project_is_closed_ends_soon(
    project: Project, image: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interruption ends the statement that runs, and the thread was between two of them."""
    assert project.flush()
    found, go_on, failed, n_tiles = threading.Event(), threading.Event(), [], []
    find, unpack = rows.find_array, rows.unpack_tile

    def find_slowly(*arguments: object) -> object:
        row = find(*arguments)
        found.set()
        assert go_on.wait(60)
        return row

    def unpack_until_interrupted(*arguments: object) -> np.ndarray:
        n_tiles.append(1)
        closer.join(0.3)
        return unpack(*arguments)

    monkeypatch.setattr(rows, "find_array", find_slowly)
    monkeypatch.setattr(rows, "unpack_tile", unpack_until_interrupted)
    reader, closer = (
        threading.Thread(target=read_in_vain, args=(project, image, failed)),
        threading.Thread(target=project.close),
    )
    reader.start()
    assert found.wait(60)
    closer.start()
    closer.join(0.2)
    go_on.set()
    reader.join(60)
    closer.join(60)
    assert isinstance(failed[0], sqlite3.OperationalError)
    assert len(n_tiles) < 2
