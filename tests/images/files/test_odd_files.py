"""Files that are odd, but usual somewhere: the right pixels, or one sentence that says what to do."""

from __future__ import annotations

import itertools
import pickle
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image as Picture

from napari_unet.errors import UserError
from napari_unet.images.files.reading import read_image
from napari_unet.images.normalization import measure_limits, normalize

GREY = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
Write = Callable[[Path], Any]


def picture(mode: str, **options: Any) -> Write:
    return lambda path: Picture.fromarray(GREY).convert(mode).save(path, **options)


def inverted_palette(path: Path) -> None:
    shown = Picture.fromarray(255 - GREY, mode="P")
    shown.putpalette([255 - index // 3 for index in range(768)])
    shown.save(path)


def array(values: Any, **options: Any) -> Write:
    return lambda path: np.save(path, values, **options)


def cut(path: Path) -> None:
    np.save(path, GREY)
    path.write_bytes(path.read_bytes()[:-9])


def grey_and_alpha(path: Path) -> None:
    both = np.stack([GREY, np.full_like(GREY, 200)], axis=2)
    tifffile.imwrite(path, both, photometric="minisblack", planarconfig="contig", extrasamples=["unassalpha"])


def zarr_of(datasets: list[dict[str, str]]) -> Write:
    def write(path: Path) -> None:
        group = zarr.open_group(path, mode="w", zarr_format=2)
        group.attrs["multiscales"] = [{"version": "0.4", "datasets": datasets}]

    return write


@pytest.mark.parametrize(
    ("name", "write", "shown"),
    [
        ("grey.png", picture("L"), GREY),
        ("interlaced.png", picture("L", interlace=1), GREY),
        ("alpha.png", picture("LA"), GREY),
        ("palette.png", picture("P"), GREY),
        ("inverted.png", inverted_palette, GREY),
        ("bits.png", picture("1"), None),
        ("print.jpg", picture("CMYK"), None),
        ("fortran.npy", array(np.asfortranarray(GREY)), GREY),
        ("opaque.tif", grey_and_alpha, GREY),
        ("UPPER.TIF", lambda path: tifffile.imwrite(path, GREY), GREY),
        ("a b.c.d%20[x]{y}'.ome.tif", lambda path: tifffile.imwrite(path, GREY), GREY),
        (unicodedata.normalize("NFD", "\u00fc\u65e5.tif"), lambda path: tifffile.imwrite(path, GREY), GREY),
        ("x" * 200 + ".tif", lambda path: tifffile.imwrite(path, GREY), GREY),
    ],
)
def test_what_is_shown_is_read(tmp_path: Path, name: str, write: Write, shown: Any) -> None:
    write(tmp_path / name)
    image = read_image(tmp_path / name).select_channel()
    assert image.axes == "YX"
    assert image.shape == GREY.shape
    if shown is not None:
        np.testing.assert_allclose(np.asarray(image.data, float), shown, atol=0.01)


@pytest.mark.parametrize(
    ("name", "write", "told"),
    [
        ("row.npy", array(GREY[0]), "two to five axes"),
        ("one.npy", array(np.float32(3)), "of one number"),
        ("none.npy", array(np.zeros((0, 8))), "no pixels.*save it again"),
        ("cut.npy", cut, "copy or save it again"),
        ("records.npy", array(np.zeros((6, 8), [("a", "i4")])), "save it as numbers"),
        ("times.npy", array(np.zeros((6, 8), "M8[s]")), "save it as numbers"),
        ("complex.tif", lambda path: tifffile.imwrite(path, GREY.astype(complex)), "save its magnitude"),
        ("objects.npy", array(np.array({"masks": GREY}, object), allow_pickle=True), "Save masks"),
        ("web.png", lambda path: Picture.fromarray(GREY).save(path, format="webp"), "give a TIFF"),
        ("empty.tif", lambda path: path.write_bytes(b""), "is empty"),
        ("inks.tif", lambda path: Picture.fromarray(GREY).convert("CMYK").save(path), "amounts of ink"),
        ("bare.zarr", zarr_of([]), "no array that is there"),
        ("lost.zarr", zarr_of([{"path": "7"}]), "no array that is there"),
    ],
)
def test_one_sentence_says_what_to_do(tmp_path: Path, name: str, write: Write, told: str) -> None:
    write(tmp_path / name)
    with pytest.raises(UserError, match=told) as raised:
        read_image(tmp_path / name)
    assert name in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("axes", ["".join(order) for order in itertools.permutations("TCYX")][::3])
@pytest.mark.parametrize("version", [2, 3])
def test_an_ome_zarr_in_any_order_of_axes(tmp_path: Path, axes: str, version: int) -> None:
    usual = np.random.default_rng(0).integers(0, 99, (2, 3, 4, 5))
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=version)
    group.create_array("0", data=usual.transpose(["TCYX".index(letter) for letter in axes]))
    kinds = {"T": "time", "C": "channel"}
    told = [{"name": letter.lower(), "type": kinds.get(letter, "space")} for letter in axes]
    described = {"multiscales": [{"axes": told, "datasets": [{"path": "0"}]}]}
    group.attrs.update(described if version == 2 else {"ome": described})
    grey = read_image(tmp_path / "a.zarr").select_channel(2)
    assert grey.axes == "TYX"
    np.testing.assert_array_equal(np.asarray(grey.data), usual[:, 2])


@pytest.mark.parametrize(
    "dtype", ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", ">i2", ">u4", ">f8"]
)
def test_grey_values_of_any_type_look_alike(tmp_path: Path, dtype: str) -> None:
    values = (GREY > 90) if dtype == "?" else (GREY // 2)
    tifffile.imwrite(tmp_path / "a.tif", values.astype(dtype), photometric="minisblack")
    read = np.asarray(read_image(tmp_path / "a.tif").data)
    expected = normalize(values, measure_limits(values))
    np.testing.assert_allclose(normalize(read, measure_limits(read)), expected, atol=2e-3)


def test_an_array_that_is_written_anew_while_it_is_open_stays_as_it_was(tmp_path: Path) -> None:
    """A mapping of a file that somebody makes shorter ends the whole program when it is looked at."""
    np.save(tmp_path / "a.npy", GREY)
    image = read_image(tmp_path / "a.npy")
    np.save(tmp_path / "a.npy", GREY + 1)
    np.testing.assert_array_equal(image.data, GREY)
    with (tmp_path / "a.npy").open("r+b") as file:
        file.truncate(0)
    np.testing.assert_array_equal(image.data, GREY)


@pytest.mark.parametrize("ending", ["0", ""], ids=["level", "group"])
def test_a_zarr_whose_folder_has_gone_is_told_and_not_read_as_zeros(tmp_path: Path, ending: str) -> None:
    """A drive was unplugged, or somebody tidied up: an image of zeros would be segmented, and nothing found."""
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w")
    array = group.create_array("0", shape=(64, 96), chunks=(32, 32), dtype=np.uint16)
    array[...] = 7
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": ["y", "x"], "datasets": [{"path": "0"}]}]}
    image = read_image(tmp_path / "a.zarr" / ending)
    assert (image.part((), (slice(3, 40), slice(0, 96))) == 7).all()
    assert (np.asarray(pickle.loads(pickle.dumps(image.data))) == 7).all()
    (tmp_path / "a.zarr").rename(tmp_path / "b.zarr")
    for read in (lambda: image.part((), (slice(3, 40), slice(0, 96))), lambda: np.asarray(image.data)):
        with pytest.raises(UserError, match="is not there any more: connect its drive"):
            read()
    (tmp_path / "b.zarr").rename(tmp_path / "a.zarr")
    assert (np.asarray(image.data) == 7).all()
