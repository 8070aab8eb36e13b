"""Damage is found and told; export gives back what is there."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_unet.classification.example_table import read_examples
from napari_unet.cli import main
from napari_unet.project.checking import check_project
from napari_unet.project.opening import open_project
from napari_unet.project.project import LABELS, Project
from napari_unet.project.storage.journal import Edit, Kind
from napari_unet.project.storage.tiles import all_tiles, find_changes


@pytest.fixture
def saved(project: Project, image: int, labels: np.ndarray) -> Path:
    """A closed project with one stroke."""
    before = labels.copy()
    labels[0, 50, 10:60] = 9
    project.add_edit(image, LABELS, Edit(Kind.EDIT, tuple(find_changes(before, labels, all_tiles(labels.shape)))))
    project.set_locked(image, [2])
    project.close()
    return project.path


def problems(path: Path) -> list[str]:
    project = open_project(path, write=False)
    try:
        return check_project(project)
    finally:
        project.close()


def test_a_sound_project_has_no_problems(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert problems(saved) == []
    assert main(["project", "check", str(saved)]) == 0
    assert "is sound" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE tile SET data = x'00' WHERE row = 0", "cannot be read"),
        ("UPDATE change SET data = x'00'", "cannot be read"),
        ("UPDATE tile SET plane = 7 WHERE plane = 1", "outside the image"),
        ("UPDATE edit SET kind = 'dance' WHERE kind = 'edit'", "unknown kind"),
        ("UPDATE image SET path = '/nowhere/a.tif'", "not at /nowhere/a.tif any more"),
        ("UPDATE array SET folded = 1", "does not fit"),
    ],
)
def test_each_kind_of_damage_is_told(
    saved: Path, statement: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite3.connect(saved) as database:
        database.execute(statement)
    database.close()
    assert any(told in problem for problem in problems(saved))
    assert main(["project", "check", str(saved), "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert any(told in problem for problem in answer["problems"])


def test_a_file_with_a_hole_is_damaged(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = bytearray(saved.read_bytes())
    data[8192:16384] = bytes(8192)
    saved.write_bytes(data)
    assert main(["project", "check", str(saved)]) == 2
    captured = capsys.readouterr()
    assert "damaged" in captured.out + captured.err


def test_info_and_export(saved: Path, labels: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["project", "info", str(saved)]) == 0
    told = capsys.readouterr().out
    assert "1 image, 1 edit" in told
    assert "ZYX 2 x 300 x 400" in told
    assert "1 locked" in told
    output = tmp_path / "out"
    assert main(["project", "export", str(saved), "--output", str(output)]) == 0
    np.testing.assert_array_equal(tifffile.imread(output / "cells.labels.ome.tif"), labels)
    about = json.loads((output / "project.json").read_text())
    assert about["images"][0]["files"] == {"labels": "cells.labels.ome.tif"}
    assert about["images"][0]["objects"] == 5
    assert main(["project", "export", str(saved), "--output", str(output)]) == 2
    assert "--force" in capsys.readouterr().err
    assert main(["project", "export", str(saved), "--output", str(output), "--force"]) == 0


def test_export_has_the_objects_that_were_given_a_class(saved: Path, labels: np.ndarray, tmp_path: Path) -> None:
    at = tuple(int(i) for i in np.argwhere(labels == 3)[5])
    outside = tuple(int(i) for i in np.argwhere(labels == 0)[0])
    project = open_project(saved)
    ((number, reference),) = project.images().items()
    marked = {"names": ["round", "flat"], "colors": ["#000000", "#ffffff"], "places": [[at, 1], [outside, 0]]}
    project.update_image(number, replace(reference, details={**reference.details, "marked": marked}))
    project.close()
    assert main(["project", "export", str(saved), "--output", str(tmp_path / "out")]) == 0
    examples = read_examples(tmp_path / "out" / "cells.examples.csv")
    assert examples.names == ("flat",)
    assert examples.of("cells.tif") == {(0, 3): 0}
