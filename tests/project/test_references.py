"""Image files are found again, and known to be others by their contents."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_unet.images.files.reading import read_image
from napari_unet.images.image import Image
from napari_unet.project import references
from napari_unet.project.references import (
    ImageReference,
    find_image,
    hash_file,
    is_changed,
    refer_to,
    with_hash,
)


@pytest.fixture
def reference(tmp_path: Path) -> ImageReference:
    (tmp_path / "images").mkdir()
    tifffile.imwrite(tmp_path / "images" / "a.tif", np.arange(600, dtype=np.uint16).reshape(20, 30))
    return with_hash(refer_to(read_image(tmp_path / "images" / "a.tif"), tmp_path / "p.unetproj", channel=None))


def test_a_project_that_moves_with_its_images_finds_them(reference: ImageReference, tmp_path: Path) -> None:
    assert reference.relative_path == "images/a.tif"
    (tmp_path / "new").mkdir()
    (tmp_path / "images").rename(tmp_path / "new" / "images")
    assert find_image(reference, tmp_path / "new" / "p.unetproj") == tmp_path / "new" / "images" / "a.tif"


def test_an_image_beside_the_project_is_found_and_a_lost_one_is_not(reference: ImageReference, tmp_path: Path) -> None:
    assert find_image(reference, tmp_path / "p.unetproj") == tmp_path / "images" / "a.tif"
    (tmp_path / "images" / "a.tif").rename(tmp_path / "a.tif")
    assert find_image(reference, tmp_path / "p.unetproj") == tmp_path / "a.tif"
    windows = replace(reference, path="C:\\data\\a.tif", relative_path=None)
    assert find_image(windows, tmp_path / "p.unetproj") == tmp_path / "a.tif"
    (tmp_path / "a.tif").unlink()
    assert find_image(reference, tmp_path / "p.unetproj") is None


def test_a_changed_file_is_noticed_also_if_its_size_is_the_same(reference: ImageReference, tmp_path: Path) -> None:
    path = tmp_path / "images" / "a.tif"
    assert not is_changed(reference, path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert is_changed(reference, path)


def test_large_files_are_hashed_in_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "_WHOLE", 4096)
    monkeypatch.setattr(references, "_SAMPLE", 1024)
    path = tmp_path / "big"
    path.write_bytes(bytes(20_000))
    before, n_bytes = hash_file(path)
    assert n_bytes == 20_000
    path.write_bytes(bytes(19_999) + b"x")
    assert hash_file(path)[0] != before


def test_a_folder_is_hashed_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "0").write_bytes(b"one")
    before, _ = hash_file(tmp_path / "a.zarr")
    (tmp_path / "a.zarr" / "1").write_bytes(b"two")
    assert hash_file(tmp_path / "a.zarr")[0] != before


def test_another_file_of_that_name_beside_the_project_is_not_taken(reference: ImageReference, tmp_path: Path) -> None:
    (tmp_path / "images" / "a.tif").unlink()
    tifffile.imwrite(tmp_path / "a.tif", np.ones((20, 30), np.uint16))
    assert find_image(reference, tmp_path / "p.unetproj") is None


@pytest.mark.parametrize(
    ("axes", "shape", "same"),
    [("YX", (20, 30), True), ("XY", (30, 20), True), ("YX", (30, 20), False), ("ZYX", (1, 20, 30), False)],
)
def test_axes_may_have_another_order_but_no_other_sizes(
    reference: ImageReference, axes: str, shape: tuple[int, ...], same: bool
) -> None:
    assert reference.is_understood_as(Image(np.zeros(shape), axes)) is same


def test_the_place_beside_the_project_comes_before_the_old_one(reference: ImageReference, tmp_path: Path) -> None:
    copy = tmp_path / "new" / "images" / "a.tif"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"of its own")
    assert find_image(reference, tmp_path / "new" / "p.unetproj") == copy
    copy.unlink()
    assert find_image(reference, tmp_path / "new" / "p.unetproj") == tmp_path / "images" / "a.tif"


def test_pixels_of_no_file_are_nowhere_and_without_a_hash_nothing_is_changed(tmp_path: Path) -> None:
    own = with_hash(refer_to(Image(np.zeros((4, 5)), "YX"), tmp_path / "p.unetproj", channel=2))
    assert (own.path, own.relative_path, own.hash, own.details) == (None, None, None, {"channel": 2})
    assert find_image(own, tmp_path / "p.unetproj") is None
    assert is_changed(own, tmp_path / "gone") is False


def test_a_file_that_cannot_be_read_leaves_the_reference_as_it_was(reference: ImageReference, tmp_path: Path) -> None:
    gone = replace(reference, path=str(tmp_path / "gone.tif"), hash=None, n_bytes=None)
    assert with_hash(gone) == gone


@pytest.mark.parametrize(
    ("place", "noticed"),
    [(0, True), (999, True), (1000, False), (3095, False), (3096, True), (4095, True), (4096, False), (10287, True)],
)
def test_a_file_at_the_limit_is_read_wholly_and_a_larger_one_at_four_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int, noticed: bool
) -> None:
    monkeypatch.setattr(references, "_WHOLE", 4000)
    monkeypatch.setattr(references, "_SAMPLE", 1000)
    path = tmp_path / "a"

    def is_seen(size: int, at: int) -> bool:
        data = bytearray(size)
        path.write_bytes(data)
        before = hash_file(path)
        data[at] = 1
        path.write_bytes(data)
        return hash_file(path)[0] != before[0]

    assert is_seen(10_288, place) is noticed  # samples begin at 0, 3096, 6192 and 9288
    assert is_seen(4000, min(place, 3999))


def test_a_file_of_a_folder_that_is_called_otherwise_is_a_change(tmp_path: Path) -> None:
    (tmp_path / "a.zarr" / "0").mkdir(parents=True)
    (tmp_path / "a.zarr" / "0" / "1").write_bytes(b"one")
    before = hash_file(tmp_path / "a.zarr")
    (tmp_path / "a.zarr" / "0" / "1").rename(tmp_path / "a.zarr" / "0" / "2")
    after = hash_file(tmp_path / "a.zarr")
    assert before[1] == after[1] == 3
    assert before[0] != after[0]
