"""Labels that are edited where they lie on the disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import zarr

from napari_unet.errors import UserError
from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.mapped_labels import create_mapped_labels
from napari_unet.images.image import Image

LIKE = Image(np.zeros((3, 20, 30), np.uint8), "ZYX", {"Z": 2.0, "Y": 0.5, "X": 0.5}, dict.fromkeys("ZYX", "micrometer"))


def test_what_is_written_to_the_array_others_read_in_the_store(tmp_path: Path) -> None:
    labels = create_mapped_labels(tmp_path / "labels.ome.zarr", LIKE, np.int32)
    assert labels.shape == (3, 20, 30)
    assert not labels.any()
    labels[1, 4:9, 5:8] = 70000
    array = zarr.open_group(str(tmp_path / "labels.ome.zarr"), mode="r")["0"]
    np.testing.assert_array_equal(np.asarray(array), labels)
    labels[1, 4, 5] = 3
    assert array[1, 4, 5] == 3
    np.testing.assert_array_equal(read_labels(tmp_path / "labels.ome.zarr", LIKE), labels)


def test_the_store_says_axes_and_pixel_size(tmp_path: Path) -> None:
    create_mapped_labels(tmp_path / "labels.ome.zarr", LIKE, np.uint8)
    (told,) = zarr.open_group(str(tmp_path / "labels.ome.zarr"), mode="r").attrs["ome"]["multiscales"]
    assert [axis["name"] for axis in told["axes"]] == ["z", "y", "x"]
    assert told["datasets"][0]["coordinateTransformations"][0]["scale"] == [2.0, 0.5, 0.5]


def test_a_disk_without_room_for_all_of_them_is_told_and_not_met_while_somebody_paints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store takes no room until it is written to, and what is mapped cannot fail then but by ending the program."""
    usage = type(shutil.disk_usage(tmp_path))
    n_bytes = 4 * 3 * 20 * 30
    for free, fits in ((n_bytes, True), (n_bytes - 1, False)):
        monkeypatch.setattr(shutil, "disk_usage", lambda folder, free=free: usage(10**9, 10**9 - free, free))
        folder = tmp_path / f"{free}.ome.zarr"
        if fits:
            create_mapped_labels(folder, LIKE, np.int32)
            continue
        with pytest.raises(UserError, match="Make room, or set TMPDIR"):
            create_mapped_labels(folder, LIKE, np.int32)
        assert not folder.exists()


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    first = create_mapped_labels(tmp_path / "labels.ome.zarr", LIKE, np.int32)
    first[0, 0, 0] = 5
    with pytest.raises(UserError, match="cannot be kept"):
        create_mapped_labels(tmp_path / "labels.ome.zarr", LIKE, np.int32)
    assert first[0, 0, 0] == 5
