"""`napari-unet segment` writes labels, goes on after a bad file, and says one sentence about it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_path
from napari_unet.segmentation import beginning
from napari_unet.segmentation import segment as segmentation
from napari_unet.segmentation.blocks import joining
from napari_unet.segmentation.sizes.viewer import Appearance

Run = Callable[..., Any]


def test_labels_are_written_beside_each_image_and_described(run: Run, folders: Path, model_file: Path) -> None:
    ran = run("segment", folders / "images", "--model", model_file, "--json", "--diameter", 12)
    assert ran.code == 0
    rows = ran.answer["images"]
    assert [Path(row["output"]).name for row in rows] == ["a_labels.tif", "b_labels.tif"]
    assert ran.answer["model"]["name"] == "Small"
    for row in rows:
        labels = tifffile.imread(row["output"])
        assert labels.shape == tuple(row["shape"]) == (96, 96)
        assert labels.dtype.kind == "u"
        assert len(np.unique(labels[labels > 0])) == row["objects"] == 16
        assert (row["diameter"], row["diameter_estimated"]) == (12, False)


def test_another_size_that_is_convincing_is_told_with_the_option_that_takes_it(
    run: Run, folders: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = folders / "images" / "a.tif"
    ran = run("segment", image, "--model", model_file, "--json", "--diameter", 12)
    assert ran.answer["images"][0]["other_diameter"] is None
    seen = Appearance(12.0, conviction=0.6, other=27.64)
    monkeypatch.setattr(beginning, "measure_appearance", lambda *args: seen)
    [row] = run("segment", image, "--model", model_file, "--json").answer["images"]
    assert (row["diameter"], row["other_diameter"]) == (12.0, 27.64)
    told = run("segment", image, "--model", model_file).out
    assert "diameter 12.0 px (estimated; 28 px is convincing too: --diameter 28)," in told
    whole = ("--blocks", "--output", folders / "large.ome.zarr")
    [row] = run("segment", image, "--model", model_file, "--json", *whole).answer["images"]
    assert row["other_diameter"] == 27.64


def test_folder_is_segmented_again_without_its_own_labels(run: Run, folders: Path, model_file: Path) -> None:
    for _ in range(2):
        ran = run("segment", folders / "images", "--model", model_file, "--json")
        assert len(ran.answer["images"]) == 2


def test_output_folder_is_made_and_stack_keeps_axes_and_pixel_size(run: Run, tmp_path: Path, model_file: Path) -> None:
    stack = np.random.default_rng(0).integers(0, 500, (3, 2, 40, 50), np.uint16)
    metadata = {"axes": "ZCYX", "spacing": 0.8, "unit": "um"}
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, stack, imagej=True, resolution=(4, 4), metadata=metadata)
    ran = run("segment", path, "--output", tmp_path / "new" / "out", "--model", model_file, "--channel", 2, "--json")
    [row] = ran.answer["images"]
    assert row["axes"] == "ZYX"
    labels = read_image(row["output"])
    assert (labels.axes, labels.shape) == ("ZYX", (3, 40, 50))
    np.testing.assert_allclose(labels.scale_of("ZYX"), (0.8, 0.25, 0.25))


def test_axes_can_be_told(run: Run, tmp_path: Path, model_file: Path) -> None:
    tifffile.imwrite(tmp_path / "x.tif", np.zeros((5, 40, 50), np.uint8), photometric="minisblack")
    for axes in ("TYX", "ZYX"):
        ran = run("segment", tmp_path / "x.tif", "--axes", axes, "--model", model_file, "--json")
        assert ran.answer["images"][0]["axes"] == axes
    ran = run("segment", tmp_path / "x.tif", "--axes", "QYX", "--model", model_file)
    assert ran.code == 2
    assert ran.sentence


def test_a_stack_is_segmented_as_told_and_says_so(run: Run, tmp_path: Path, model_file: Path) -> None:
    stack = np.random.default_rng(0).integers(0, 500, (8, 40, 36), np.uint16)
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, stack, imagej=True, resolution=(4, 4), metadata={"axes": "ZYX", "spacing": 1, "unit": "um"})
    for way, words in (("slices", "slice by slice"), ("volume", "as a volume")):
        ran = run("segment", path, "--as", way, "--model", model_file, "--json")
        assert ran.answer["images"][0]["stack"] == words
    ran = run("segment", path, "--as", "sideways", "--model", model_file)
    assert ran.code == 2
    assert "--as sideways" in ran.sentence
    assert "slices or volume" in ran.sentence


def test_bad_file_is_named_and_the_others_are_segmented(run: Run, folders: Path, model_file: Path) -> None:
    bad = folders / "bad.tif"
    bad.write_text("not an image")
    good = folders / "images" / "a.tif"
    ran = run("segment", bad, good, "--model", model_file, "--output", folders)
    assert ran.code == 2
    assert "bad.tif" in ran.sentence
    assert str(good) in ran.out
    assert (folders / "a_labels.tif").is_file()
    assert not (folders / "bad_labels.tif").exists()


def test_json_holds_errors_beside_results(run: Run, folders: Path, model_file: Path) -> None:
    ran = run("segment", folders / "missing.tif", folders / "images", "--model", model_file, "--json")
    assert ran.code == 2
    assert len(ran.answer["images"]) == 2
    assert [Path(error["input"]).name for error in ran.answer["errors"]] == ["missing.tif"]
    assert "missing.tif" in ran.answer["error"]


@pytest.mark.parametrize(
    "wrong",
    [
        ("--diameter", "wide"),
        ("--diameter", "0"),
        ("--diameter", "nan"),
        ("--precision", "half"),
        ("--device", "abacus"),
        ("--channel", "2"),
        ("--channel", "0"),
        ("--model", "No such model"),
        ("--model", "no/such.safetensors"),
        ("--tile", "7"),
        ("--no-such-option",),
    ],
)
def test_bad_option_is_one_sentence_and_exit_code_2(
    run: Run, folders: Path, model_file: Path, wrong: tuple[str, ...]
) -> None:
    ran = run("segment", folders / "images" / "a.tif", "--model", model_file, "--output", folders, *wrong)
    assert ran.code == 2
    assert ran.sentence.startswith("napari-unet")
    assert not (folders / "a_labels.tif").exists()


def test_two_images_with_the_same_labels_file_are_refused_before_work(
    run: Run, folders: Path, model_file: Path
) -> None:
    (folders / "images" / "a.png").write_bytes(b"")
    ran = run("segment", folders / "images", "--model", model_file)
    assert ran.code == 2
    assert "a_labels.tif" in ran.sentence
    assert not list(folders.glob("images/*_labels.tif"))


def test_unexpected_failure_of_one_file_does_not_keep_the_others_from_it(
    run: Run, folders: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = segmentation.segment_steps

    def failing(image: Any, *args: Any, **kwargs: Any) -> Any:
        if image.name == "a":
            raise RuntimeError("the disk came off")
        yield from real(image, *args, **kwargs)

    monkeypatch.setattr(segmentation, "segment_steps", failing)
    ran = run("segment", folders / "images", "--model", model_file, "--json")
    assert ran.code == 2
    assert [Path(row["input"]).name for row in ran.answer["images"]] == ["b.tif"]
    assert "the disk came off" in ran.sentence


def test_quiet_says_nothing(run: Run, folders: Path, model_file: Path) -> None:
    ran = run("segment", folders / "images", "--model", model_file, "-q")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_interrupt_keeps_what_is_done(
    run: Run, tmp_path: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C after the first of several slices: its labels are written, and the exit code says so."""
    tifffile.imwrite(tmp_path / "x.tif", np.zeros((6, 40, 50), np.uint8), photometric="minisblack")
    real = segmentation.segment_steps

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        for event in real(*args, **kwargs):
            yield event
            if isinstance(event, segmentation.PlaneDone) and event.done == 1:
                os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(segmentation, "segment_steps", interrupted)
    before = signal.getsignal(signal.SIGINT)
    ran = run("segment", tmp_path / "x.tif", tmp_path / "next.tif", "--axes", "ZYX", "--model", model_file, "--json")
    assert ran.code == 130
    assert signal.getsignal(signal.SIGINT) is before
    [row] = ran.answer["images"]
    assert 1 <= row["planes_done"] < row["planes"] == 6
    assert tifffile.imread(row["output"]).shape == (6, 40, 50)
    assert ran.answer["stopped"] is True


def test_the_kind_that_answers_is_told_and_can_be_chosen_and_outlines_moved(run: Run, tmp_path: Path) -> None:
    path, known = sample_path("nuclei_2d"), ("--diameter", 25, "--device", "cpu", "--output")
    [told] = run("segment", path, *known, tmp_path / "a", "--json").answer["images"]
    assert told["kind"] == "nuclei"
    wider = run("segment", path, *known, tmp_path / "b", "--kind", "nuclei", "--outline", 3)
    assert "answered by nuclei" in wider.out
    before, after = (tifffile.imread(next((tmp_path / name).glob("*.tif"))) for name in "ab")
    assert (after > 0).mean() > 1.1 * (before > 0).mean()
    assert "answered by cells" in run("segment", path, *known, tmp_path / "c", "--kind", "cells").out
    wrong = run("segment", path, *known, tmp_path / "d", "--kind", "leaves")
    assert wrong.code == 2
    assert "choose one of: cells, histology, nuclei" in wrong.sentence


def test_a_movie_in_blocks_that_is_stopped_between_its_stages_says_that_it_goes_on(
    run: Run, tmp_path: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = np.random.default_rng(0).integers(0, 500, (3, 64, 80), np.uint16)
    tifffile.imwrite(tmp_path / "movie.tif", frames, imagej=True, metadata={"axes": "TYX"})
    command = "segment", tmp_path / "movie.tif", "--output", tmp_path / "a.ome.zarr", "--model", model_file
    part = joining.part_merged_frames

    def interrupted(frames: Any) -> Any:
        for more in part(frames):
            os.kill(os.getpid(), signal.SIGINT)
            yield more

    monkeypatch.setattr(joining, "part_merged_frames", interrupted)
    ran = run(*command)
    assert ran.code == 130
    assert "stopped after 3 of 3 blocks, which are kept; the same command goes on with the rest" in ran.out
    assert not (tmp_path / "a.ome.zarr").exists()
    monkeypatch.setattr(joining, "part_merged_frames", part)
    assert run(*command).code == 0
    assert (tmp_path / "a.ome.zarr").exists()
