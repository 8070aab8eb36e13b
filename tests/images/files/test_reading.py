import logging
import struct

import imagecodecs
import numpy as np
import pytest
import tifffile
import zarr

from napari_unet.errors import UserError
from napari_unet.images.files.reading import image_name, is_image_path, list_images, read_image
from napari_unet.images.files.tiff import opening as reading_tiff

DTYPES = ["u1", "u2", "i2", "u4", "f4", "f8", "?", ">u2", ">i2", ">f4"]


def pixels(shape, dtype="u2", seed=0):
    values = np.random.default_rng(seed).integers(0, 100, shape)
    return (values % 2 if dtype == "?" else values).astype(dtype)


def write_big_or_little(path, data, **options):
    order = ">" if data.dtype.byteorder == ">" else "<"
    tifffile.imwrite(path, data, byteorder=order, **options)


@pytest.fixture(params=[2**28, 0], ids=["in memory", "lazy"])
def eager_bytes(request, monkeypatch):
    monkeypatch.setattr(reading_tiff, "EAGER_BYTES", request.param)


@pytest.mark.usefixtures("eager_bytes")
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_kind_of_number(tmp_path, dtype, compression):
    data = pixels((5, 20, 30), dtype)
    write_big_or_little(tmp_path / "a.tif", data, photometric="minisblack", compression=compression)
    image = read_image(tmp_path / "a.tif")
    assert image.axes == "ZYX"
    assert image.dtype == data.dtype.newbyteorder("=")
    assert image.dtype.isnative
    np.testing.assert_array_equal(np.asarray(image.data), data)
    np.testing.assert_array_equal(image.plane((3,)), data[3])


@pytest.mark.usefixtures("eager_bytes")
@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        ("YX", (20, 30)),
        ("ZYX", (4, 20, 30)),
        ("TCYX", (3, 2, 20, 30)),
        ("TZCYX", (2, 3, 2, 20, 30)),
        ("CYX", (2, 20, 30)),
    ],
)
def test_ome_tiff(tmp_path, axes, shape):
    data = pixels(shape, ">u2")
    metadata = {
        "axes": axes, "PhysicalSizeX": 250, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.25, "PhysicalSizeYUnit": "µm",
        "PhysicalSizeZ": 0.002, "PhysicalSizeZUnit": "mm", "TimeIncrement": 2, "TimeIncrementUnit": "min",
    }  # fmt: skip
    if "C" in axes:
        metadata["Channel"] = {"Name": ["DAPI", "GFP"]}
    tifffile.imwrite(tmp_path / "a.ome.tif", data, metadata=metadata, compression="zlib")
    image = read_image(tmp_path / "a.ome.tif")
    assert (image.axes, image.name) == (axes, "a")
    np.testing.assert_array_equal(np.asarray(image.data), data)
    known = {"X": 0.25, "Y": 0.25, "Z": 2.0, "T": 120.0}
    assert image.scale == {letter: known[letter] for letter in axes if letter != "C"}
    assert image.units_of("X") == ("micrometer",)
    assert image.channel_names == (("DAPI", "GFP") if "C" in axes else ())


@pytest.mark.parametrize("unit", ["micron", "um", "\\u00B5m"])
@pytest.mark.parametrize(
    ("axes", "shape"), [("ZCYX", (4, 2, 20, 30)), ("TYX", (4, 20, 30)), ("YX", (20, 30)), ("TZCYX", (2, 3, 2, 20, 30))]
)
def test_imagej_hyperstack(tmp_path, axes, shape, unit):
    data = pixels(shape)
    metadata = {"axes": axes, "spacing": 0.8, "unit": unit, "finterval": 15.0}
    tifffile.imwrite(tmp_path / "a.tif", data, imagej=True, metadata=metadata, resolution=(4, 5))
    image = read_image(tmp_path / "a.tif")
    assert image.axes == axes
    np.testing.assert_array_equal(image.data, data)
    known = {"X": 0.25, "Y": 0.2, "Z": 0.8, "T": 15.0}
    assert image.scale == {letter: known[letter] for letter in axes if letter != "C"}
    assert image.units_of("YX") == ("micrometer", "micrometer")


def test_imagej_without_calibration(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", pixels((4, 20, 30)), imagej=True, metadata={"axes": "ZYX"})
    assert read_image(tmp_path / "a.tif").scale_of("ZYX") == (1, 1, 1)


def lsm_info(z, c, t, y, x):
    """The start of the block in which Zeiss' files keep their sizes (metres, seconds)."""
    head = struct.pack("<Ii5i", 0x0400494C, 512, x, y, z, c, t)
    head += struct.pack("<3i", 2, 0, 0)  # uint16, no thumbnail
    head += struct.pack("<3d", 2.5e-7, 2.5e-7, 1e-6) + struct.pack("<3d", 0, 0, 0)
    head += struct.pack("<HHHH", 0, 0, 0, 0)  # scan type and what follows
    head += struct.pack("<4I", 0, 0, 0, 0) + struct.pack("<d", 7.5)
    return head.ljust(512, b"\0")


def test_lsm(tmp_path):
    data = pixels((4, 3, 20, 30))
    with tifffile.TiffWriter(tmp_path / "a.lsm", byteorder="<") as tif:
        for number, plane in enumerate(data):  # each plane is followed by its thumbnail
            info = [(34412, 7, 512, lsm_info(4, 3, 1, 20, 30), True)] if number == 0 else []
            options = {"photometric": "minisblack", "planarconfig": "separate", "metadata": None}
            tif.write(plane, extratags=info, **options)
            tif.write(plane[:, ::2, ::2], subfiletype=1, **options)
    image = read_image(tmp_path / "a.lsm")
    assert image.axes == "ZCYX"
    np.testing.assert_array_equal(image.data, data)
    assert image.scale_of("ZYX") == (1.0, 0.25, 0.25)


@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("planar", [False, True])
def test_rgb_tiff(tmp_path, dtype, planar):
    data = pixels((20, 30, 3), dtype)
    stored = np.moveaxis(data, 2, 0) if planar else data
    options = {"planarconfig": "separate"} if planar else {}
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", metadata=None, **options)
    image = read_image(tmp_path / "a.tif")
    assert image.axes == "YXS"
    np.testing.assert_array_equal(image.data, data)


@pytest.mark.parametrize(("leading", "axes"), [((4,), "ZYXS"), ((2, 2), "TZYXS")])
def test_stacks_of_colours_that_lie_one_after_another(tmp_path, leading, axes):
    stored = pixels((*leading, 3, 20, 30), "u2")
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", planarconfig="separate")
    image = read_image(tmp_path / "a.tif")
    assert image.axes == axes
    np.testing.assert_array_equal(image.data, np.moveaxis(stored, -3, -1))


@pytest.mark.parametrize(
    ("resolution", "unit", "known"),
    [((40000, 40000), 3, True), ((72, 72), 2, False), ((300, 300), 2, False), ((4, 4), 1, False), ((0, 0), 3, False)],
)
def test_plain_tiff_has_a_pixel_size_only_if_it_is_sane(tmp_path, resolution, unit, known):
    tifffile.imwrite(tmp_path / "a.tif", pixels((20, 30)), metadata=None, resolution=resolution, resolutionunit=unit)
    assert read_image(tmp_path / "a.tif").scale == ({"X": 0.25, "Y": 0.25} if known else {})


def test_singleton_axes_go(tmp_path):
    data = pixels((1, 4, 1, 20, 30))
    tifffile.imwrite(tmp_path / "a.ome.tif", data, metadata={"axes": "TZCYX", "PhysicalSizeX": 2, "TimeIncrement": 3})
    image = read_image(tmp_path / "a.ome.tif")
    assert (image.axes, image.shape, dict(image.scale)) == ("ZYX", (4, 20, 30), {"X": 2, "Y": 2, "Z": 2})


def test_first_of_several_images(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(pixels((20, 30)))
        tif.write(pixels((10, 15)))
    image = read_image(tmp_path / "a.tif")
    assert image.shape == (20, 30)
    assert "2 images" in image.notes[0]


def test_big_files_are_not_read_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(reading_tiff, "EAGER_BYTES", 0)
    tifffile.imwrite(tmp_path / "plain.tif", pixels((4, 20, 30)), photometric="minisblack")
    tifffile.imwrite(tmp_path / "packed.tif", pixels((4, 20, 30)), photometric="minisblack", compression="zlib")
    assert isinstance(read_image(tmp_path / "plain.tif").data, np.memmap)
    assert hasattr(read_image(tmp_path / "packed.tif").data, "__dask_graph__")


@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize(("samples", "axes"), [(1, "YX"), (3, "YXS"), (4, "YXS")])
def test_png(tmp_path, dtype, samples, axes):
    data = pixels((20, 30, samples), dtype, seed=1) * (600 if dtype == "u2" else 1)
    data = data.astype(dtype)[..., 0] if samples == 1 else data.astype(dtype)
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(data))
    image = read_image(tmp_path / "a.png")
    assert (image.axes, image.dtype) == (axes, np.dtype(dtype))
    np.testing.assert_array_equal(image.data, data)


@pytest.mark.parametrize(("shape", "axes"), [((20, 30), "YX"), ((20, 30, 3), "YXS")])
def test_jpeg(tmp_path, shape, axes):
    (tmp_path / "a.jpg").write_bytes(imagecodecs.jpeg_encode(np.full(shape, 90, np.uint8)))
    image = read_image(tmp_path / "a.jpg")
    assert image.axes == axes
    np.testing.assert_allclose(image.data, 90, atol=2)


def write_ome_zarr(path, data, version, axes="CZYX", scale=(1, 0.9, 250, 250)):
    group = zarr.open_group(path, mode="w", zarr_format=2 if version == "0.4" else 3)
    array = group.create_array("0", shape=data.shape, dtype=data.dtype, chunks=(1,) * (data.ndim - 2) + (16, 16))
    array[:] = data
    types = {"T": "time", "C": "channel"}
    units = {"Z": "micrometer", "Y": "nanometer", "X": "nanometer", "T": "second"}
    named = [{"name": letter.lower(), "type": types.get(letter, "space")} for letter in axes]
    for axis, letter in zip(named, axes, strict=True):
        if letter in units:
            axis["unit"] = units[letter]
    dataset = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": list(scale)}]}
    metadata = {
        "multiscales": [{"axes": named, "datasets": [dataset], "version": version}],
        "omero": {"channels": [{"label": "DNA"}, {"label": "actin"}]},
    }
    group.attrs.update(metadata if version == "0.4" else {"ome": {"version": version, **metadata}})


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("dtype", ["u1", ">u2", "f4"])
def test_ome_zarr(tmp_path, version, dtype):
    data = pixels((2, 4, 20, 30), dtype)
    write_ome_zarr(tmp_path / "a.ome.zarr", data, version)
    image = read_image(tmp_path / "a.ome.zarr")
    assert (image.axes, image.name, image.channel_names) == ("CZYX", "a", ("DNA", "actin"))
    assert image.scale == {"Z": 0.9, "Y": 0.25, "X": 0.25}
    assert hasattr(image.data, "__dask_graph__")
    assert image.dtype.isnative
    np.testing.assert_array_equal(np.asarray(image.data), data)


def test_ome_zarr_of_several_images_and_plain_arrays(tmp_path):
    zarr.open_group(tmp_path / "many.zarr", mode="w").attrs["ome"] = {"bioformats2raw.layout": 3}
    for number in (0, 1):
        write_ome_zarr(tmp_path / "many.zarr" / str(number), pixels((2, 4, 20, 30)), "0.5")
    image = read_image(tmp_path / "many.zarr")
    assert image.axes == "CZYX"
    assert image.notes
    zarr.save_array(str(tmp_path / "plain.zarr"), pixels((4, 20, 30)))
    assert read_image(tmp_path / "plain.zarr").axes == "ZYX"


def test_user_corrects_the_axes(tmp_path):
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, pixels((1, 4, 20, 30)), metadata={"axes": "CZYX", "PhysicalSizeX": 0.5})
    for axes in ("TYX", "tyx"):
        image = read_image(path, axes)
        assert (image.axes, image.scale_of("X")) == ("TYX", (0.5,))


@pytest.mark.parametrize("axes", ["YX", "QYX", "YYX", "ZTC", "TZCYX", ""])
def test_axes_that_make_no_sense(tmp_path, axes):
    tifffile.imwrite(tmp_path / "a.tif", pixels((4, 20, 30)), photometric="minisblack")
    with pytest.raises(UserError, match=r"a\.tif"):
        read_image(tmp_path / "a.tif", axes)


def bad_files(folder):
    (folder / "text.tif").write_text("these are not pixels")
    (folder / "nothing.tif").write_bytes(b"")
    (folder / "head.tif").write_bytes(b"II*\0")
    (folder / "empty.zarr").mkdir()
    (folder / "plain_folder").mkdir()
    zarr.open_group(folder / "group.zarr", mode="w")
    tifffile.imwrite(folder / "complex.tif", np.ones((8, 8), np.complex64))
    tifffile.imwrite(folder / "whole.tif", pixels((4, 64, 64)), photometric="minisblack")
    tifffile.imwrite(folder / "packed.tif", pixels((4, 64, 64)), photometric="minisblack", compression="zlib")
    tifffile.imwrite(folder / "imagej.tif", pixels((4, 64, 64)), imagej=True)
    (folder / "whole.png").write_bytes(imagecodecs.png_encode(pixels((64, 64), "u1")))
    (folder / "whole.jpg").write_bytes(imagecodecs.jpeg_encode(pixels((64, 64), "u1")))
    for name in ("whole.tif", "packed.tif", "imagej.tif", "whole.png", "whole.jpg"):
        whole = (folder / name).read_bytes()
        (folder / f"cut_{name}").write_bytes(whole[: len(whole) // 2])
    damaged = bytearray((folder / "packed.tif").read_bytes())
    damaged[len(damaged) // 2 : len(damaged) // 2 + 400] = b"\xff" * 400
    (folder / "damaged.tif").write_bytes(damaged)


BAD = [
    "missing.tif", "text.tif", "nothing.tif", "head.tif", "empty.zarr", "plain_folder", "group.zarr", "complex.tif",
    "cut_whole.tif", "cut_packed.tif", "cut_imagej.tif", "cut_whole.png", "cut_whole.jpg", "damaged.tif",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_gets_one_sentence_that_names_it(tmp_path, name, capfd):
    bad_files(tmp_path)
    with pytest.raises(UserError) as caught:
        read_image(tmp_path / name)
    message = str(caught.value)
    assert name in message
    assert "\n" not in message
    assert capfd.readouterr() == ("", "")


def test_grumbling_of_the_library_stays_out_of_the_terminal(capfd):
    logging.getLogger("tifffile").warning("some tag is odd")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("file", "name"), [("a.tif", "a"), ("a.ome.tiff", "a"), ("a.b.png", "a.b"), ("a.ome.zarr", "a"), ("x.LSM", "x")]
)
def test_image_name(file, name):
    assert image_name(file) == name


def test_images_of_a_folder(tmp_path):
    for name in ("b.tif", "a.png", "notes.txt", ".hidden.tif", "c.JPG"):
        (tmp_path / name).touch()
    (tmp_path / "d.zarr").mkdir()
    (tmp_path / "e.tif").mkdir()
    assert [path.name for path in list_images(tmp_path)] == ["a.png", "b.tif", "c.JPG", "d.zarr"]
    assert not is_image_path(tmp_path / "notes.txt")
    with pytest.raises(UserError, match="no folder"):
        list_images(tmp_path / "missing")
