"""Making and opening project files: what is refused, and with which sentence; nothing that was there is harmed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_unet.errors import UserError
from napari_unet.project import opening
from napari_unet.project.opening import create_project, open_project
from napari_unet.project.project import LABELS, Project
from napari_unet.project.storage.lock import ProjectLock, lock_path


def test_a_file_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    path = tmp_path / "a.unetproj"
    path.write_bytes(b"something else")
    with pytest.raises(UserError, match=r"a\.unetproj exists already: open it, or choose another name\."):
        create_project(path)
    assert path.read_bytes() == b"something else"
    assert not lock_path(path).exists()


def test_a_project_cannot_be_made_where_there_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^The project cannot be made: .*cannot be reached any more\. Choose another"):
        create_project(tmp_path / "none" / "a.unetproj")


def test_what_was_begun_goes_when_making_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        connection.close()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(opening, "create_tables", fail)
    with pytest.raises(UserError, match=r"^The project cannot be made: the disk is full\. Choose another folder\.$"):
        create_project(tmp_path / "a.unetproj")
    assert not (tmp_path / "a.unetproj").exists()
    assert not lock_path(tmp_path / "a.unetproj").exists()


def test_a_name_that_another_window_has_open_is_not_taken(project: Project) -> None:
    with pytest.raises(UserError, match=r"cells\.unetproj is open in another window \(.* \(process \d+\)\): choose"):
        create_project(project.path)
    assert project.writable


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, r"^There is no project .*a\.unetproj: check its name and folder\.$"),
        (b"", r"^a\.unetproj cannot be opened: it is (empty|a database, but not a project): choose a file"),
        (b"no database" * 200, r"^a\.unetproj is no project file, or it is damaged: choose another one"),
    ],
)
@pytest.mark.parametrize("write", [True, False])
def test_what_is_no_project_is_told_and_no_lock_is_left(
    tmp_path: Path, content: bytes | None, sentence: str, write: bool
) -> None:
    path = tmp_path / "a.unetproj"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=sentence):
        open_project(path, write=write)
    assert not lock_path(path).exists()
    assert content is None or path.read_bytes() == content


def test_a_database_of_another_program_and_a_newer_project_are_left_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.unetproj"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE songs (title)")
    connection.close()
    for sentence in ("it is a database, but not a project", "it was made by a newer version of this program"):
        before = path.read_bytes()
        for write in (True, False):
            with pytest.raises(UserError, match=rf"^a\.unetproj cannot be opened: {sentence}"):
                open_project(path, write=write)
        assert path.read_bytes() == before
        assert [one.name for one in tmp_path.iterdir()] == [path.name]
        path.unlink()
        create_project(path).close()
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 99")
            connection.execute("PRAGMA journal_mode = DELETE")
        connection.close()


def test_a_second_window_reads_and_says_why_it_does_not_write(
    project: Project, image: int, labels: np.ndarray, reopen: Callable[[Path], Project]
) -> None:
    project.flush()
    second = reopen(project.path)
    assert not second.writable
    assert "is open in another window" in second.state.sentence
    assert "Close it there and open it again." in second.state.sentence
    np.testing.assert_array_equal(second.read_array(image, LABELS), labels)
    assert (second.n_given, second.n_saved, second.n_failures, second.n_untidied) == (0, 0, 0, 0)
    assert second.flush()
    second.listen(lambda: None)
    second.close()
    assert ProjectLock.take(project.path) is None, "the first still has it"


@pytest.mark.parametrize("fault", ["folder", "file"])
def test_what_may_not_be_written_is_opened_to_be_looked_at(
    project: Project, image: int, labels: np.ndarray, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    project.close()

    def refuse(path: Path) -> object:
        if fault == "folder":
            raise PermissionError(13, "Permission denied")
        error = sqlite3.OperationalError("attempt to write a readonly database")
        error.sqlite_errorname = "SQLITE_READONLY"
        raise error

    if fault == "folder":
        monkeypatch.setattr(ProjectLock, "take", refuse)
    else:
        monkeypatch.setattr(opening, "open_connection", refuse)
    found = open_project(project.path)
    assert not found.writable
    assert found.state.sentence.startswith(
        "cells.unetproj or its folder may not be written to: what you change here is"
    )
    np.testing.assert_array_equal(found.read_array(image, LABELS), labels)
    found.close()
    assert not lock_path(project.path).exists()


def test_a_fault_that_is_no_question_of_rights_is_told_and_gives_the_lock_back(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.close()

    def fail(path: Path) -> object:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(opening, "open_connection", fail)
    with pytest.raises(UserError, match=r"^cells\.unetproj cannot be opened: disk I/O error\. Check the file and its"):
        open_project(project.path)
    assert not lock_path(project.path).exists()


def test_a_project_that_is_looked_at_has_no_array_and_no_edit_that_it_lacks(project: Project, image: int) -> None:
    project.flush()
    assert project.read_array(image, "prediction") is None
    assert project.read_array_at(image, "prediction", 0.0) is None
    assert not project.read_history(image, "prediction").done
    assert project.read_step_order(image) == ([], [])
    assert project.get_property("window") is None
    assert project.count_edits() == 0


def test_the_older_labels_of_an_image_that_were_replaced_are_told_to_be_gone(
    project: Project, image: int, labels: np.ndarray
) -> None:
    project.set_array(image, LABELS, labels[:, :20].copy())
    project.flush()
    with pytest.raises(UserError, match="The labels of cells were replaced since, and the project has only the new"):
        project.read_array_at(image, LABELS, 0.0)


@pytest.mark.parametrize("table", ["image", "model", "training"])
def test_a_row_that_cannot_be_understood_is_told_as_damage(project: Project, image: int, table: str) -> None:
    project.add_model("c" * 64, "Mine", None, None, {})
    project.add_training("c" * 64, {})
    project.close()
    connection = sqlite3.connect(project.path)
    column = {"image": "shape", "model": "record", "training": "record"}[table]
    columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    connection.execute(f"UPDATE {table} SET {column if column in columns else sorted(columns)[0]} = '[nonsense'")
    connection.commit()
    connection.close()
    with pytest.raises(UserError, match=r"cells\.unetproj is (no project file, or it is )?damaged"):  # noqa: PT012
        opened = open_project(project.path, write=False)
        try:
            getattr(opened, f"{table}s")()
        finally:
            opened.close()
