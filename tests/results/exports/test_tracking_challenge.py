"""Folders of the Cell Tracking Challenge: ids, gaps, frames that are missing or of another size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_unet.errors import UserError
from napari_unet.images.image import Image
from napari_unet.results.exports.tracks import read_tracks, write_tracks


def film(*frames: list[int]) -> Image:
    """A row of pixels a frame."""
    return Image(np.array(frames, np.int32)[:, None], "TYX", name="film")


def listing(folder: Path) -> list[str]:
    return (folder / "man_track.txt").read_text().splitlines()


def test_each_gap_begins_a_track_whose_parent_is_the_part_before(tmp_path: Path) -> None:
    labels = film([5, 2], [0, 2], [5, 0], [0, 0], [5, 2], [5, 2])
    exported = write_tracks(labels, tmp_path / "new" / "out")
    assert listing(tmp_path / "new" / "out") == ["2 0 1 0", "5 0 0 0", "6 2 2 5", "7 4 5 2", "8 4 5 6"]
    assert exported.objects == 5
    assert exported.differences == ("3 gaps in tracks: the part after each is a track of its own there.",)
    read = read_tracks(tmp_path / "new" / "out", labels).labels[:, 0]
    assert read.tolist() == [[5, 2], [0, 2], [6, 0], [0, 0], [8, 7], [8, 7]]


def test_pictures_hold_16_bits_are_numbered_and_may_be_volumes(tmp_path: Path) -> None:
    labels = np.zeros((11, 2, 3, 4), np.int32)
    labels[:, 1, 2, 3] = 65_535
    exported = write_tracks(Image(labels, "TZYX", name="film"), tmp_path / "out")
    assert [path.name for path in exported.paths][::10] == ["man_track000.tif", "man_track010.tif"]
    picture = tifffile.imread(exported.paths[10])
    assert (picture.dtype, picture.shape, picture.max()) == (np.uint16, (2, 3, 4), 65_535)
    assert listing(tmp_path / "out") == ["65535 0 10 0"]


@pytest.mark.parametrize(
    ("frames", "highest"), [(([65_536],), 65_536), (([65_535], [0], [65_535]), 65_536), (([70_000], [1]), 70_000)]
)
def test_ids_that_16_bits_do_not_hold_are_refused_before_anything_is_written(
    tmp_path: Path, frames: tuple[list[int], ...], highest: int
) -> None:
    with pytest.raises(UserError, match=f"holds ids up to 65535, and these go to {highest}"):
        write_tracks(film(*frames), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_empty_film_has_an_empty_list(tmp_path: Path) -> None:
    exported = write_tracks(film([0, 0], [0, 0]), tmp_path / "out")
    assert (exported.objects, listing(tmp_path / "out")) == (0, [])


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a is no time-lapse: the Cell Tracking Challenge's format needs frames"):
        write_tracks(Image(np.zeros((2, 2), int), "YX", name="a"), tmp_path / "out")
    with pytest.raises(UserError, match="exists already: choose another folder"):
        write_tracks(film([1]), tmp_path)


@pytest.mark.parametrize(
    ("files", "wanted", "told"),
    [
        (3, [[1], [2], [3]], ()),
        (2, [[1], [2], [0]], ("1 frame of the image without labels.",)),
        (5, [[1], [2], [3]], ("2 frames more than the image has, left out.",)),
    ],
)
def test_fewer_or_more_pictures_than_frames_are_told(
    tmp_path: Path, files: int, wanted: list[list[int]], told: tuple[str, ...]
) -> None:
    for t in range(files):
        tifffile.imwrite(tmp_path / f"mask{t:03}.tif", np.array([[t + 1]], np.uint16))
    found = read_tracks(tmp_path, film([0], [0], [0]))
    assert found.labels[:, 0].tolist() == wanted
    assert found.differences == told


def test_the_reference_goes_before_results_in_the_same_folder(tmp_path: Path) -> None:
    for name, label in (("mask000", 4), ("man_track000", 7), ("other", 9)):
        tifffile.imwrite(tmp_path / f"{name}.tif", np.array([[label]], np.uint16))
    assert read_tracks(tmp_path, film([0])).labels.tolist() == [[[7]]]


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="none is no folder of frames"):
        read_tracks(tmp_path / "none", film([0]))
    with pytest.raises(UserError, match=r"has no man_track\*\.tif or mask\*\.tif: choose the folder of the frames"):
        read_tracks(tmp_path, film([0]))
    tifffile.imwrite(tmp_path / "mask000.tif", np.zeros((2, 3), np.uint16))
    with pytest.raises(UserError, match=r"mask000\.tif is \(2, 3\), and a frame of film \(1, 1\)\."):
        read_tracks(tmp_path, film([0]))
    with pytest.raises(UserError, match=r"a is no time-lapse, and .* is a folder of frames"):
        read_tracks(tmp_path, Image(np.zeros((2, 3), int), "YX", name="a"))


@pytest.mark.parametrize("content", [b"", b"II*", b"not a picture"])
def test_a_damaged_picture_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mask000.tif").write_bytes(content)
    with pytest.raises(UserError, match=r"mask000\.tif is damaged and cannot be read \(.*\): copy the folder again\."):
        read_tracks(tmp_path, film([0]))


def test_a_picture_of_shares_is_no_picture_of_ids(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "mask000.tif", np.array([[0.5]], np.float32))
    with pytest.raises(UserError, match=r"mask000\.tif is no picture of ids: they are whole numbers, not float32\."):
        read_tracks(tmp_path, film([0]))
