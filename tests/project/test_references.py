"""Image files are found again, and known to be others by their contents."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_unet.images.files.reading import read_image
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
