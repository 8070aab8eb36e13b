"""What commands ask before they remove, how they end when they are interrupted, and which files a folder stands for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napari_unet.models.library import list_models
from napari_unet.project.opening import create_project
from napari_unet.project.references import ImageReference

Run = Callable[..., Any]


@pytest.mark.parametrize(
    ("said", "removed"), [("y", True), (" YES ", True), ("n", False), ("", False), ("yess", False)]
)
def test_a_model_is_removed_at_a_terminal_only_on_a_yes(
    run: Run, model_file: Path, monkeypatch: pytest.MonkeyPatch, said: str, removed: bool
) -> None:
    assert run("models", "import", model_file).code == 0
    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda: said)
    ran = run("models", "remove", "Small")
    assert "Remove Small for good? [y/N]" in ran.err
    assert ran.code == (0 if removed else 2)
    assert ("Nothing was removed." in ran.err) != removed
    assert ("Small" in [entry.name for entry in list_models()]) != removed


def test_a_command_that_is_interrupted_says_so_and_ends_as_such(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_unet.models.library.list_models", interrupt)
    ran = run("models", "list")
    assert ran.code == 130
    assert ran.sentence.endswith("Stopped.")


def test_the_log_and_the_methods_of_a_project_are_printed(run: Run, tmp_path: Path) -> None:
    project = create_project(tmp_path / "a.unetproj")
    project.add_image(ImageReference("cells", "YX", (4, 5)))
    project.close()
    ran = run("project", "log", project.path)
    assert (ran.code, ran.out.strip()) == (0, "Image 1: cells, YX 4 x 5")
    [entry] = run("project", "log", project.path, "--json").answer["log"]
    assert (entry["what"], entry["name"]) == ("image", "cells")
    told = run("methods", project.path)
    assert told.code == 0
    assert "0 objects were labelled in 0 images." in told.out
    assert run("methods", project.path, "--json").answer["text"].strip() == told.out.strip()


def test_a_folder_stands_for_its_label_images_or_if_none_is_called_so_for_all(run: Run, folders: Path) -> None:
    ran = run("export", folders / "labels", "--format", "geojson", "--output", folders / "one", "--json")
    assert [Path(row["output"]).name for row in ran.answer["files"]] == ["b.geojson"]
    (folders / "labels" / "b_labels.tif").rename(folders / "labels" / "b.tif")
    ran = run("export", folders / "labels", "--format", "geojson", "--output", folders / "two", "--json")
    assert [Path(row["output"]).name for row in ran.answer["files"]] == ["a.geojson", "b.geojson"]
    (folders / "empty").mkdir()
    ran = run("export", folders / "empty", "--format", "geojson", "--output", folders / "two")
    assert (ran.code, "There are no label images in" in ran.sentence) == (2, True)


def test_a_picture_finds_labels_beside_its_image_or_says_where_to_name_them(run: Run, folders: Path) -> None:
    image, target = folders / "images" / "a.tif", folders / "p.png"
    ran = run("picture", image, "--output", target)
    assert (ran.code, "say with --labels where they are" in ran.sentence) == (2, True)
    (folders / "labels" / "a.tif").rename(folders / "images" / "a_labels.tif")
    ran = run("picture", image, "--output", target, "--json")
    assert (ran.answer["panels"], ran.answer["outlined"]) == (1, 16)
    ran = run("picture", image, folders / "images" / "b.tif", "--labels", folders / "labels" / "b_labels.tif",
              "--output", target)  # fmt: skip
    assert (ran.code, "is one label image for 2 images: give a folder" in ran.sentence) == (2, True)
