"""`napari-unet track` and `napari-unet segment --track`: ids that stay, and sentences where they cannot."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from movies import draw_movie, renumber, straight, tracks_through

from napari_unet import track
from napari_unet.images.files.reading import read_image
from napari_unet.tracking.exchange.ctc import read_ctc
from napari_unet.tracking.exchange.geff import read_geff
from napari_unet.tracking.tracks import tracks_of_labels

Run = Callable[..., Any]
TRUTH = draw_movie(
    {
        1: dict.fromkeys(range(3), (40, 40)),
        2: {t: (34 - 2 * (t - 3), 40) for t in range(3, 6)},
        3: {t: (46 + 2 * (t - 3), 40) for t in range(3, 6)},
        4: straight((15, 60), (0, -4), range(6)),
    },
    radius={1: 8, 2: 5, 3: 5, 4: 6},
)


@pytest.fixture
def movie(tmp_path: Path) -> Path:
    """Labels of six frames, numbered anew in each, without a word about their axes."""
    path = tmp_path / "a_labels.tif"
    tifffile.imwrite(path, renumber(TRUTH).astype(np.uint16), photometric="minisblack")
    return path


def table_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_labels_and_a_table_of_tracks(run: Run, movie: Path, tmp_path: Path) -> None:
    ran = run("track", movie, "--axes", "TYX", "--output", tmp_path / "new" / "out", "--json")
    assert ran.code == 0
    [row] = ran.answer["movies"]
    assert (row["tracks"], row["divisions"], row["frames"], row["frames_done"]) == (4, 1, 6, 6)
    assert [Path(path).name for path in row["output"]] == ["a_tracked.tif", "a_tracks.csv"]
    labels = read_image(row["output"][0])
    assert labels.axes == "TYX"
    assert len(set(tracks_through(np.asarray(labels.data), TRUTH, 4))) == 1
    table = table_of(Path(row["output"][1]))
    mother = tracks_through(np.asarray(labels.data), TRUTH, 1)[0]
    daughters = [line for line in table if line["parent"]]
    assert [(int(d["parent"]), d["first_frame"], d["last_frame"], d["frames"]) for d in daughters] == [
        (mother, "3", "5", "3")
    ] * 2


def test_every_format_holds_the_same_lineage(run: Run, movie: Path, tmp_path: Path) -> None:
    expected = sorted(track(TRUTH).tracks.links().tolist())
    for form in ("ctc", "geff"):
        ran = run("track", movie, "--axes", "TYX", "--output", tmp_path / "out", "--format", form, "--json")
        assert ran.code == 0
    labels, tracks = read_ctc(tmp_path / "out" / "a_RES")
    assert np.array_equal(labels > 0, TRUTH > 0)
    assert sorted(tracks.links().tolist()) == sorted(tracks_of_labels(labels, tracks.parents).links().tolist())
    assert len(tracks.links()) == len(expected)
    graph = read_geff(tmp_path / "out" / "a.geff")
    assert sorted(graph.links().tolist()) == sorted(tracks.links().tolist())
    assert np.array_equal(read_image(tmp_path / "out" / "a_tracked.tif", "TYX").data, labels)


def test_axes_and_pixel_size_come_from_the_image(run: Run, movie: Path, tmp_path: Path) -> None:
    image = tmp_path / "a.tif"
    metadata = {"axes": "TYX", "unit": "um", "finterval": 60}
    tifffile.imwrite(image, TRUTH.astype(np.uint16), imagej=True, resolution=(4, 4), metadata=metadata)
    assert run("track", movie, "--image", image, "--output", tmp_path).code == 0
    labels = read_image(tmp_path / "a_tracked.tif")
    assert (labels.axes, labels.scale["X"], labels.scale["T"]) == ("TYX", 0.25, 60.0)


def test_parameters_are_those_of_the_config(run: Run, movie: Path, tmp_path: Path) -> None:
    ran = run("track", movie, "--axes", "TYX", "--output", tmp_path, "--divisions", "no", "--json")
    assert ran.answer["movies"][0]["divisions"] == 0
    assert "it must be more than 0" in run("track", movie, "--output", tmp_path, "--max-step", 0).sentence
    assert "it must be yes or no" in run("track", movie, "--output", tmp_path, "--divisions", "often").sentence


def test_what_is_no_time_lapse_is_told_what_to_do(run: Run, movie: Path, tmp_path: Path) -> None:
    ran = run("track", movie, "--output", tmp_path / "out")
    assert ran.code == 2
    assert "is no time-lapse (its axes are ZYX): if Z is time, give --axes TYX." in ran.sentence
    single = tmp_path / "single.tif"
    tifffile.imwrite(single, TRUTH[0].astype(np.uint16))
    assert "is a single picture" in run("track", single, "--output", tmp_path).sentence
    grey = tmp_path / "grey.tif"
    tifffile.imwrite(grey, np.full((3, 20, 20), 0.5, np.float32), photometric="minisblack")
    assert "fractions" in run("track", grey, "--axes", "TYX", "--output", tmp_path).sentence
    assert not (tmp_path / "out").exists()
    good = run("track", single, movie, "--axes", "TYX", "--output", tmp_path / "out", "--json")
    assert good.code == 2
    assert [Path(row["input"]).name for row in good.answer["movies"]] == ["a_labels.tif"]


def test_segmenting_a_time_lapse_gives_ids_that_stay(run: Run, model_file: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    image = 400 + 2000 * (TRUTH > 0) + random.normal(0, 60, TRUTH.shape)
    path = tmp_path / "cells.tif"
    tifffile.imwrite(path, image.astype(np.uint16), imagej=True, metadata={"axes": "TYX"})
    ran = run("segment", path, "--track", "--model", model_file, "--diameter", 12, "--json")
    [row] = ran.answer["images"]
    assert row["tracks"] == row["objects"]
    labels = tifffile.imread(row["output"])
    centre = [int(labels[t, 15, 60 - 4 * t]) for t in range(6)]
    assert len(set(centre)) == 1
    assert centre[0] > 0
    table = table_of(tmp_path / "cells_tracks.csv")
    assert len(table) == row["tracks"]
    assert int(table[centre[0] - 1]["frames"]) == 6


def test_segmenting_what_is_no_time_lapse_with_track(run: Run, folders: Path, model_file: Path) -> None:
    ran = run("segment", folders / "images" / "a.tif", "--track", "--model", model_file)
    assert ran.code == 2
    assert "is a single picture" in ran.sentence
    assert not list((folders / "images").glob("*_labels.tif"))
