"""Files that were read wrongly without a word: order of axes, missing planes, inverted greys, half a pixel size."""

import itertools
from xml.sax.saxutils import quoteattr

import imagecodecs
import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.errors import UserError
from napari_unet.images import lazy
from napari_unet.images.axes import guess_axes
from napari_unet.images.channels import model_input
from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.tiff import opening as tiff
from napari_unet.images.files.tiff import planes as tiff_planes
from napari_unet.images.files.writing import write_labels
from napari_unet.images.image import Image

SIZES = {"T": 2, "C": 2, "Z": 3, "Y": 20, "X": 30}


def pixels(axes, dtype="u2"):
    """Values that are known by their place, whatever the order of axes."""
    grid = np.indices([SIZES[letter] for letter in axes])
    weights = {"X": 1, "Y": 30, "Z": 600, "C": 1800, "T": 3600}
    return sum(weights[letter] * grid[number] for number, letter in enumerate(axes)).astype(dtype)


def write_ome(path, data, axes, photometric="minisblack", counted=None, **attributes):
    """An OME-TIFF of which the header says the order of `axes` (the last two are Y and X)."""
    sizes = {**dict.fromkeys("XYZCT", 1), **dict(zip(axes, data.shape, strict=True)), **(counted or {})}
    order = "".join(reversed(axes)) + "".join(letter for letter in "ZCT" if letter not in axes)
    told = " ".join(f"{name}={quoteattr(str(value))}" for name, value in attributes.items())
    size = " ".join(f'Size{letter}="{value}"' for letter, value in sizes.items())
    xml = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0"><Pixels ID="Pixels:0" '
        f'DimensionOrder="{order}" Type="uint16" {size} {told}><TiffData/></Pixels></Image></OME>'
    )
    planes = data.reshape(-1, *data.shape[-2:])
    tifffile.imwrite(path, planes, photometric=photometric, metadata=None, description=xml, contiguous=False)


@pytest.mark.parametrize("leading", ["".join(order) for order in itertools.permutations("TZC")])
def test_planes_in_any_order_are_the_same_image(tmp_path, leading):
    write_ome(tmp_path / "a.ome.tif", pixels(f"{leading}YX"), f"{leading}YX")
    image = read_image(tmp_path / "a.ome.tif")
    for channel in (0, 1):
        grey = image.select_channel(channel)
        assert grey.axes == "TZYX"
        np.testing.assert_array_equal(grey.data, pixels("TCZYX")[:, channel])


@given(st.sampled_from(["YX", "ZYX", "TYX", "TZYX"]).flatmap(st.permutations))
def test_any_order_of_axes_is_segmented_in_the_usual_one(axes):
    usual = "".join(letter for letter in "TZYX" if letter in axes)
    image = model_input(Image(pixels("".join(axes)), "".join(axes), {"Y": 0.5}), 1)
    assert image.axes == usual
    np.testing.assert_array_equal(image.data, pixels(usual))


@pytest.mark.parametrize("axes", ["YXZ", "XYZ", "YXT", "XYTZ", "ZTYX", "XY"])
def test_files_with_named_axes_come_in_the_usual_order(tmp_path, axes):
    tifffile.imwrite(tmp_path / "a.tif", pixels(axes), photometric="minisblack")
    image = read_image(tmp_path / "a.tif", axes)
    usual = "".join(letter for letter in "TZYX" if letter in axes)
    assert (image.axes, image.stored_axes) == (usual, axes)
    np.testing.assert_array_equal(image.data, pixels(usual))
    labels = read_labels(write_labels(tmp_path / "l.tif", pixels(usual), image), image)
    np.testing.assert_array_equal(labels, pixels(usual))


# -- planes that are missing -------------------------------------------------------------------------------------------


def write_cut_imagej(path, axes, whole, extra=7):
    """An ImageJ stack described by one directory, as it writes more than 4 GB, that ends after `whole` planes."""
    data = pixels(axes, ">u2")
    tifffile.imwrite(path, data, imagej=True, metadata={"axes": axes}, byteorder=">")
    with tifffile.TiffFile(path) as tif:
        start, size = tif.pages[0].dataoffsets[0], data[(0,) * (data.ndim - 2)].nbytes
        description = tif.pages[0].description
    header = tmp = path.with_suffix(".head")
    tifffile.imwrite(tmp, data[(0,) * (data.ndim - 2)], byteorder=">", description=description, metadata=None)
    head = header.read_bytes()
    with tifffile.TiffFile(header) as tif:
        start_one = tif.pages[0].dataoffsets[0]
    body = path.read_bytes()[start : start + whole * size + extra]
    path.write_bytes(head[:start_one] + body)
    tmp.unlink()


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(
    ("axes", "whole", "read", "shape"),
    [("ZYX", 2, "ZYX", (2, 20, 30)), ("TZYX", 4, "TZYX", (1, 3, 20, 30)), ("TZYX", 2, "ZYX", (2, 20, 30))],
)
def test_a_stack_that_is_cut_off_says_so(tmp_path, monkeypatch, axes, whole, read, shape, lazy):
    monkeypatch.setattr(tiff_planes, "_LAZY_BYTES", 0 if lazy else 2**28)
    write_cut_imagej(tmp_path / "a.tif", axes, whole)
    promised = pixels(axes)[..., 0, 0].size
    with pytest.raises(UserError, match=rf"promises {promised} planes, and {whole} are there"):
        read_image(tmp_path / "a.tif")
    image = read_image(tmp_path / "a.tif", incomplete=True)
    squeezed = [(letter, size) for letter, size in zip(read, shape, strict=True) if size > 1]
    assert [*zip(image.axes, image.shape, strict=True)] == squeezed
    np.testing.assert_array_equal(np.asarray(image.data).ravel(), pixels("TZYX").ravel()[: np.prod(shape)])
    assert any("are missing" in note for note in image.notes)


def test_planes_that_the_header_does_not_count_are_told(tmp_path):
    data = pixels("CYX")
    write_ome(tmp_path / "a.ome.tif", data, "CYX", counted={"C": 1})
    with pytest.raises(UserError, match=r"tells of 1 plane, and 2 are there"):
        read_image(tmp_path / "a.ome.tif")
    image = read_image(tmp_path / "a.ome.tif", incomplete=True)
    assert image.axes == "YX"
    np.testing.assert_array_equal(image.data, data[0])


def test_planes_that_ome_promises_and_are_not_there(tmp_path):
    data = pixels("TZYX")
    write_ome(tmp_path / "a.ome.tif", data[:, :2].reshape(4, 20, 30)[:, None], "TZYX", counted={"T": 2, "Z": 3})
    with pytest.raises(UserError, match="2 of the 6 planes"):
        read_image(tmp_path / "a.ome.tif")
    assert read_image(tmp_path / "a.ome.tif", incomplete=True).shape == (3, 20, 30)


def test_pixels_that_end_early(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", pixels("ZYX"), photometric="minisblack", metadata=None)
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        end = tif.pages[2].dataoffsets[0] + 10
    (tmp_path / "a.tif").write_bytes((tmp_path / "a.tif").read_bytes()[:end])
    with pytest.raises(UserError, match="--incomplete"):
        read_image(tmp_path / "a.tif")


# -- channel last, thumbnails, photometry, pixel size ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((256, 320, 2), "YXC"),
        ((30, 256, 320, 2), "ZYXC"),
        ((2, 256, 320), "ZYX"),
        ((12, 320, 2), "ZYX"),
        ((3, 30, 256, 320, 4), "TZYXC"),
    ],
)
def test_a_last_axis_too_short_for_columns_is_the_channel(shape, axes):
    assert guess_axes(shape) == axes


@pytest.mark.parametrize("options", [{}, {"imagej": True}, {"metadata": None}])
def test_channels_saved_as_pages_of_two_columns(tmp_path, options):
    data = np.random.default_rng(0).integers(0, 99, (40, 50, 2)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", data, photometric="minisblack", **options)
    image = read_image(tmp_path / "a.tif")
    assert image.axes == "YXC"
    np.testing.assert_array_equal(image.select_channel(1).data, data[..., 1])
    assert read_image(tmp_path / "a.tif", "ZYX").axes == "ZYX"


def test_a_thumbnail_before_the_image_is_not_taken_for_it(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(pixels("YX")[::2, ::2])
        tif.write(pixels("YX"))
    image = read_image(tmp_path / "a.tif")
    assert image.shape == (20, 30)
    assert "largest" in image.notes[0]


@pytest.mark.parametrize("eager", [2**28, 0])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_white_is_zero(tmp_path, monkeypatch, compression, eager):
    monkeypatch.setattr(tiff, "EAGER_BYTES", eager)
    data = pixels("ZYX")
    tifffile.imwrite(tmp_path / "a.tif", 65535 - data, photometric="miniswhite", compression=compression)
    np.testing.assert_array_equal(np.asarray(read_image(tmp_path / "a.tif").data), data)
    tifffile.imwrite(tmp_path / "l.tif", data, photometric="miniswhite", compression=compression)
    like = Image(data, "ZYX")
    np.testing.assert_array_equal(read_labels(tmp_path / "l.tif", like), data)  # ids are what is stored


RAMP = np.arange(256, dtype=np.uint16) * 257


@pytest.mark.parametrize("eager", [2**28, 0])
@pytest.mark.parametrize(
    ("palette", "shown"),
    [
        (np.stack([RAMP, RAMP, RAMP]), lambda index: index),
        (np.stack([0 * RAMP, RAMP, 0 * RAMP]), lambda index: index),
        (np.stack([RAMP, RAMP, RAMP])[:, ::-1], lambda index: 255 - index),
        (np.stack([RAMP, np.roll(RAMP, 128), RAMP]), lambda index: np.stack([index, index ^ 128, index], axis=-1)),
    ],
)
def test_palettes_are_looked_up(tmp_path, monkeypatch, palette, shown, eager):
    monkeypatch.setattr(tiff, "EAGER_BYTES", eager)
    index = np.arange(20 * 12, dtype=np.uint8).reshape(20, 12)
    tifffile.imwrite(tmp_path / "a.tif", index, photometric="palette", colormap=palette)
    image = read_image(tmp_path / "a.tif")
    assert image.axes in ("YX", "YXS")
    np.testing.assert_array_equal(np.asarray(image.data), shown(index))
    np.testing.assert_array_equal(read_labels(tmp_path / "a.tif", Image(index, "YX")), index)


@pytest.mark.parametrize("letter", "XY")
def test_half_a_pixel_size(tmp_path, letter):
    write_ome(tmp_path / "a.ome.tif", pixels("YX"), "YX", **{f"PhysicalSize{letter}": 0.5})
    image = read_image(tmp_path / "a.ome.tif")
    assert image.scale_of("YX") == (0.5, 0.5)
    assert image.units_of("YX") == ("micrometer", "micrometer")


def test_a_unit_of_its_own_along_z(tmp_path):
    told = {"axes": "ZYX", "unit": "micron", "zunit": "nm", "spacing": 300.0}
    tifffile.imwrite(tmp_path / "a.tif", pixels("ZYX"), imagej=True, resolution=(4, 4), metadata=told)
    assert read_image(tmp_path / "a.tif").scale == pytest.approx({"Z": 0.3, "Y": 0.25, "X": 0.25})


def test_distance_of_slices_unknown_is_told_and_not_written(tmp_path):
    write_ome(tmp_path / "a.ome.tif", pixels("ZYX"), "ZYX", PhysicalSizeX=0.5, PhysicalSizeY=0.5)
    image = read_image(tmp_path / "a.ome.tif")
    assert set(image.units_of("ZYX")) == {"micrometer"}
    assert "how far apart" in image.notes[0]
    written = read_image(write_labels(tmp_path / "l.tif", pixels("ZYX"), image))
    assert written.assumed == "Z"


def test_png_of_a_claimed_size_is_not_unpacked(tmp_path):
    whole = bytearray(imagecodecs.png_encode(np.zeros((20, 30), np.uint8)))
    whole[16:24] = (60000).to_bytes(4, "big") * 2
    (tmp_path / "a.png").write_bytes(whole)
    with pytest.raises(UserError):
        read_image(tmp_path / "a.png")


def test_strips_that_are_not_listed_are_missing(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", pixels("YX"), compression="zlib", rowsperstrip=4, metadata=None)
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        at = tif.pages[0].tags["ImageLength"].valueoffset
    whole = bytearray((tmp_path / "a.tif").read_bytes())
    whole[at : at + 2] = (40000).to_bytes(2, "little")
    (tmp_path / "a.tif").write_bytes(whole)
    with pytest.raises(UserError, match="in the middle of its pixels"):
        read_image(tmp_path / "a.tif")


def test_a_graph_of_many_strips_stays_small(monkeypatch):
    monkeypatch.setattr(lazy, "_MOST_CHUNKS", 10)
    data = zarr.create_array({}, shape=(3, 20, 30), chunks=(1, 1, 30), dtype="u2")
    data[:] = pixels("ZYX")
    found = lazy.lazy_array(data)
    assert found.npartitions <= 10
    np.testing.assert_array_equal(found.compute(), pixels("ZYX"))


def test_three_slices_of_labels_that_were_written_as_one_colour_picture_are_slices(tmp_path):
    labels = np.zeros((3, 20, 30), np.uint16)
    labels[0, 2:8, 3:9], labels[1, 2:8, 3:9], labels[2, 10:15, 20:29] = 1, 1, 2
    tifffile.imwrite(tmp_path / "a.tif", labels, photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(read_labels(tmp_path / "a.tif", Image(np.zeros(labels.shape), "ZYX")), labels)


def test_labels_in_half_precision_are_whole_numbers(tmp_path):
    labels = np.arange(20, dtype=np.float16).reshape(4, 5)
    np.save(tmp_path / "a.npy", labels)
    np.testing.assert_array_equal(read_labels(tmp_path / "a.npy", Image(np.zeros((4, 5)), "YX")), labels)
