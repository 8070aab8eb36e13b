"""`napari-unet evaluate` scores labels against ground truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile

Run = Callable[..., Any]


def test_scores_are_those_of_the_same_labels_compared_by_hand(run: Run, folders: Path, model_file: Path) -> None:
    """The model's own labels as ground truth: everything agrees, at every threshold."""
    segmented = run("segment", folders / "images", "--output", folders / "own", "--model", model_file, "--json")
    assert sum(row["objects"] for row in segmented.answer["images"]) > 0
    ran = run("evaluate", "--images", folders / "images", "--labels", folders / "own", "--model", model_file, "--json")
    assert ran.code == 0, ran.err
    answer = ran.answer
    assert list(answer["ap"]) == ["0.50", "0.55", "0.60", "0.65", "0.70", "0.75", "0.80", "0.85", "0.90"]
    assert set(answer["ap"].values()) == {1.0}
    assert answer["objects"] == answer["predicted"] == sum(row["objects"] for row in segmented.answer["images"])
    assert answer["ap50_by_image"] == {"a": 1.0, "b": 1.0}


def test_table_shows_every_threshold_and_the_mean(run: Run, folders: Path, model_file: Path) -> None:
    ran = run("evaluate", "--images", folders / "images", "--labels", folders / "labels", "--model", model_file, "-q")
    assert ran.code == 0, ran.err
    firsts = [line.split()[0] for line in ran.out.splitlines()]
    assert firsts[-10:-1] == ["0.50", "0.55", "0.60", "0.65", "0.70", "0.75", "0.80", "0.85", "0.90"]
    assert firsts[-1] == "mean"


def test_image_without_labels_is_named(run: Run, folders: Path, model_file: Path) -> None:
    tifffile.imwrite(folders / "images" / "c.tif", tifffile.imread(folders / "images" / "a.tif"))
    ran = run("evaluate", "--images", folders / "images", "--labels", folders / "labels", "--model", model_file)
    assert ran.code == 2
    assert "c.tif" in ran.sentence


def test_labels_without_an_image_are_left_out(run: Run, folders: Path, model_file: Path) -> None:
    tifffile.imwrite(folders / "labels" / "c.tif", tifffile.imread(folders / "labels" / "a.tif"))
    arguments = ("--images", folders / "images", "--labels", folders / "labels", "--model", model_file, "--json")
    assert run("evaluate", *arguments).answer["images"] == 2


def write_labels(folder: Path, name: str, change: Callable[[Any], Any]) -> None:
    path = folder / "labels" / name
    tifffile.imwrite(path, change(tifffile.imread(path)))


def evaluate(run: Run, folders: Path, model_file: Path) -> Any:
    return run(
        "evaluate", "--images", folders / "images", "--labels", folders / "labels", "--model", model_file, "--json"
    )


def test_masks_are_no_labels(run: Run, folders: Path, model_file: Path) -> None:
    write_labels(folders, "a.tif", lambda labels: ((labels > 0) * 255).astype("u1"))
    ran = evaluate(run, folders, model_file)
    assert ran.code == 2
    assert "a.tif" in ran.sentence
    assert "mask" in ran.sentence


def test_a_grey_image_is_no_labels(run: Run, folders: Path, model_file: Path) -> None:
    write_labels(folders, "a.tif", lambda labels: tifffile.imread(folders / "images" / "a.tif"))
    ran = evaluate(run, folders, model_file)
    assert (ran.code, "a grey image and not labels" in ran.sentence) == (2, True)


def test_jpeg_labels_are_refused(run: Run, folders: Path, model_file: Path) -> None:
    labels = tifffile.imread(folders / "labels" / "a.tif").astype("u1")
    (folders / "labels" / "a.tif").unlink()
    (folders / "labels" / "a.jpg").write_bytes(imagecodecs.jpeg_encode(labels * 9))
    ran = evaluate(run, folders, model_file)
    assert ran.code == 2
    assert "JPEG" in ran.sentence


def test_an_id_in_many_places_is_told(run: Run, folders: Path, model_file: Path) -> None:
    write_labels(folders, "a.tif", lambda labels: np.where(labels > 8, 5, labels))
    ran = evaluate(run, folders, model_file)
    assert ran.code == 0, ran.err
    (problem,) = ran.answer["problems"]
    assert "id 5 in 9" in problem


def test_large_ids_score_as_small_ones(run: Run, folders: Path, model_file: Path) -> None:
    before = evaluate(run, folders, model_file).answer
    write_labels(folders, "a.tif", lambda labels: np.where(labels > 0, labels.astype("u4") + 2_000_000_000, 0))
    after = evaluate(run, folders, model_file).answer
    assert {key: before[key] for key in ("ap", "objects")} == {key: after[key] for key in ("ap", "objects")}
