"""Files are there when they are whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from napari_unet.errors import UserError
from napari_unet.new_files import new_file, replacing


def test_a_new_file_is_there_when_it_is_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_text("old")

    def fail_halfway() -> None:
        with new_file(path) as partial:
            partial.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["m.safetensors"]
    with new_file(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert [one.name for one in tmp_path.iterdir()] == ["m.safetensors"]


def test_folders_are_made_and_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    with new_file(tmp_path / "a" / "b" / "t.csv") as partial:
        partial.write_text("x")
    assert (tmp_path / "a" / "b" / "t.csv").read_text() == "x"
    with (
        pytest.raises(UserError, match=r"u\.csv cannot be written: .*\. Choose another folder\."),
        new_file(tmp_path / "a" / "b" / "t.csv" / "u.csv"),
    ):
        pass
    with pytest.raises(UserError, match="No such file"), new_file(tmp_path / "c" / "t.csv", folders=False) as partial:
        partial.write_text("x")
    assert not (tmp_path / "c").exists()
    with pytest.raises(OSError), replacing(tmp_path / "none" / "t.csv") as partial:  # noqa: PT011  (of any kind)
        partial.write_text("x")


def test_two_that_write_the_same_file_do_not_write_into_each_other(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with new_file(path) as one:
        one.write_text("first")
        with new_file(path) as other:
            other.write_text("second")
        assert path.read_text() == "second"
    assert path.read_text() == "first"


def test_names_that_are_as_long_as_they_may_be_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / f"{'n' * 250}.csv"
    with new_file(path) as partial:
        partial.write_text("x")
    assert path.read_text() == "x"


def test_only_who_asks_for_it_gets_the_ending_by_which_others_find_files(tmp_path: Path) -> None:
    """A model that is half written is not to be in the list of models."""
    with new_file(tmp_path / "t.png") as partial:
        partial.write_text("x")
        assert partial.suffix == ".partial"
    with new_file(tmp_path / "t.png", ending=".png") as partial:
        partial.write_text("x")
        assert (partial.suffix, partial.name[0]) == (".png", ".")


def test_what_has_to_stay_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append((tmp_path / "m").exists()))
    with new_file(tmp_path / "m", sync=True) as partial:
        partial.write_text("x")
    assert synced == [False]
    with new_file(tmp_path / "n") as partial:
        partial.write_text("x")
    assert synced == [False]
