"""Labels larger than memory are written part by part, and all levels say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import zarr

from napari_unet.errors import UserError
from napari_unet.images.files import ome_labels
from napari_unet.images.image import Image
from napari_unet.results.exports import ome_zarr
from napari_unet.results.exports.ome_zarr import write_ome_zarr

BLOCK = 64


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ome_zarr, "_PART", BLOCK)
    monkeypatch.setattr(ome_zarr, "_CHUNK", BLOCK)
    monkeypatch.setattr(ome_labels, "_SMALLEST", 50)


class CountedReads:
    """An array that knows the parts that were read of it, and has other pixels after so many of them."""

    def __init__(self, pixels: npt.NDArray[np.int32], changes_after: int = 10**9) -> None:
        self._pixels, self._changes_after = pixels, changes_after
        self.shape, self.dtype, self.ndim = pixels.shape, pixels.dtype, pixels.ndim
        self.sizes: list[int] = []

    def __getitem__(self, index: tuple[Any, ...]) -> npt.NDArray[np.int32]:
        part = self._pixels[index]
        self.sizes.append(part.size)
        return part if len(self.sizes) <= self._changes_after else np.where(part > 0, part + 10**6, 0).astype(np.int32)


def squares() -> npt.NDArray[np.int32]:
    """(2, 150, 205) with an id for each 10 x 10 pixels."""
    rows, columns = np.ogrid[:150, :205]
    plane = (rows // 10 * 21 + columns // 10).astype(np.int32)
    return np.stack([plane, plane[::-1]])


def test_no_more_is_read_at_once_than_a_part_and_each_pixel_twice(tmp_path: Path) -> None:
    counted = CountedReads(squares())
    found = write_ome_zarr(Image(counted, "ZYX"), tmp_path / "a.zarr")
    assert max(counted.sizes) <= BLOCK**2
    assert sum(counted.sizes) == 2 * squares().size
    assert found.objects == squares().max()
    group: Any = zarr.open_group(str(tmp_path / "a.zarr"), mode="r")
    expected = squares()
    for level in ("0", "1", "2"):
        np.testing.assert_array_equal(np.asarray(group[level]), expected)
        expected = expected[:, ::2, ::2]


def test_what_changes_meanwhile_so_that_it_cannot_be_written_is_told(tmp_path: Path) -> None:
    counted = CountedReads(squares(), changes_after=2 * 3 * 4 + 2)
    with pytest.raises(UserError, match="export them again"):
        write_ome_zarr(Image(counted, "ZYX"), tmp_path / "a.zarr")
    assert list(tmp_path.iterdir()) == []


def test_of_very_many_ids_colours_are_left_to_the_viewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ome_labels, "_MOST_COLOURS", 100)
    write_ome_zarr(Image(squares(), "ZYX"), tmp_path / "a.zarr", names={7: "ring"})
    told: Any = zarr.open_group(str(tmp_path / "a.zarr"), mode="r").attrs["ome"]
    assert "colors" not in told["image-label"]
    assert told["image-label"]["properties"] == [{"label-value": 7, "name": "ring"}]
