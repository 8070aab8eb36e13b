"""Recovery files are found, unless a window still writes to them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from napari_unet.errors import UserError
from napari_unet.project import recovery
from napari_unet.project.recovery import create_recovery, find_recoveries, remove_recovery


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NAPARI_UNET_RECOVERY", raising=False)
    monkeypatch.setattr(recovery.platformdirs, "user_data_path", lambda name: tmp_path / name)


def test_an_open_recovery_file_is_not_offered_and_a_left_one_is() -> None:
    project = create_recovery()
    assert find_recoveries() == []
    project.close()
    assert find_recoveries() == [project.path]
    remove_recovery(project.path)
    assert find_recoveries() == []


def test_one_that_another_window_restored_is_not_discarded() -> None:
    """The offer stays in sight while another window takes it up."""
    project = create_recovery()
    remove_recovery(project.path)
    assert project.path.exists()
    assert project.close()
    remove_recovery(project.path)
    assert not project.path.exists()


def test_old_ones_are_removed() -> None:
    project = create_recovery()
    project.close()
    long_ago = time.time() - 40 * 86400
    os.utime(project.path, (long_ago, long_ago))
    assert find_recoveries() == []
    assert not project.path.exists()


def leave(name: str, days: float) -> Path:
    path = recovery.recovery_dir() / f"{name}{recovery.SUFFIX}"
    path.write_bytes(b"")
    then = time.time() - days * 86400
    os.utime(path, (then, then))
    return path


def test_the_five_newest_are_kept_and_the_newest_comes_first() -> None:
    paths = [leave(f"{number}", days=number + 1) for number in (3, 0, 5, 1, 6, 2, 4)]
    found = find_recoveries()
    assert [path.stem for path in found] == ["0", "1", "2", "3", "4"]
    assert {path for path in paths if path.exists()} == set(found)


def test_one_of_twenty_nine_days_is_kept_and_one_of_thirty_one_is_not() -> None:
    kept, gone = leave("a", 29), leave("b", 31)
    assert find_recoveries() == [kept]
    assert not gone.exists()


def test_removing_takes_what_lies_beside_it_and_no_other(tmp_path: Path) -> None:
    path, other = leave("a", 1), leave("ab", 1)
    beside = [path.with_name(path.name + end) for end in ("-wal", "-shm")]
    for one in beside:
        one.write_bytes(b"")
    remove_recovery(path)
    remove_recovery(path)
    assert other.exists()
    assert not any(one.exists() for one in (path, *beside))


def test_the_folder_is_the_one_that_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert recovery.recovery_dir() == tmp_path / "napari-unet" / "recovery"
    monkeypatch.setenv("NAPARI_UNET_RECOVERY", str(tmp_path / "else" / "where"))
    assert recovery.recovery_dir() == tmp_path / "else" / "where"
    assert (tmp_path / "else" / "where").is_dir()


def test_without_a_folder_none_is_found_and_making_one_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("NAPARI_UNET_RECOVERY", str(tmp_path / "file" / "in"))
    assert find_recoveries() == []
    with pytest.raises(UserError, match=r"No recovery file can be kept: .*Make a project, so that your corrections"):
        create_recovery()
