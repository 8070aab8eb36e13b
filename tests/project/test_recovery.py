"""Recovery files are found, unless a window still writes to them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from napari_unet.project import recovery
from napari_unet.project.recovery import create_recovery, find_recoveries, remove_recovery


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery.platformdirs, "user_data_path", lambda name: tmp_path / name)


def test_an_open_recovery_file_is_not_offered_and_a_left_one_is() -> None:
    project = create_recovery()
    assert find_recoveries() == []
    project.close()
    assert find_recoveries() == [project.path]
    remove_recovery(project.path)
    assert find_recoveries() == []


def test_old_ones_are_removed() -> None:
    project = create_recovery()
    project.close()
    long_ago = time.time() - 40 * 86400
    os.utime(project.path, (long_ago, long_ago))
    assert find_recoveries() == []
    assert not project.path.exists()
