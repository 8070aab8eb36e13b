import numpy as np
import pytest
import tifffile
import zarr

from napari_unet.errors import UserError
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.writing import write_labels
from napari_unet.images.image import Image

SCALE = {"T": 30.0, "Z": 1.2, "Y": 0.25, "X": 0.125}
UNITS = {"T": "second", "Z": "micrometer", "Y": "micrometer", "X": "micrometer"}


def like(axes, shape):
    scale = {letter: SCALE[letter] for letter in axes if letter in SCALE}
    return Image(np.zeros(shape, np.uint8), axes, scale, {letter: UNITS[letter] for letter in scale}, name="cells")


@pytest.mark.parametrize(
    ("axes", "shape", "label_axes", "label_shape"),
    [
        ("YX", (20, 30), "YX", (20, 30)),
        ("YXS", (20, 30, 3), "YX", (20, 30)),
        ("ZYX", (4, 20, 30), "ZYX", (4, 20, 30)),
        ("TYX", (4, 20, 30), "TYX", (4, 20, 30)),
        ("CYX", (2, 20, 30), "YX", (20, 30)),
        ("TZCYX", (2, 3, 2, 20, 30), "TZYX", (2, 3, 20, 30)),
    ],
)
@pytest.mark.parametrize(("dtype", "highest"), [(np.int32, 300), (np.int64, 70000), (bool, 1)])
def test_labels_come_back_as_they_were(tmp_path, axes, shape, label_axes, label_shape, dtype, highest):
    labels = np.random.default_rng(0).integers(0, highest + 1, label_shape).astype(dtype)
    image = like(axes, shape)
    path = write_labels(tmp_path / "cells_labels.tif", labels, image)
    back = read_image(path)
    np.testing.assert_array_equal(back.data, labels)
    assert back.dtype == (np.uint32 if highest > 65535 else np.uint16)
    assert back.axes == label_axes
    assert back.scale_of(label_axes) == image.scale_of(label_axes)
    assert back.units_of(label_axes) == image.units_of(label_axes)
    assert [file.name for file in tmp_path.iterdir()] == ["cells_labels.tif"]


def test_unknown_pixel_size_stays_unknown(tmp_path):
    path = write_labels(tmp_path / "a.tif", np.ones((20, 30), int), Image(np.zeros((20, 30)), "YX"))
    assert not read_image(path).scale


def test_lazy_labels(tmp_path):
    labels = np.random.default_rng(0).integers(0, 99, (4, 20, 30))
    path = write_labels(tmp_path / "a.tif", zarr.array(labels, chunks=(1, 20, 30)), like("ZYX", (4, 20, 30)))
    np.testing.assert_array_equal(tifffile.imread(path), labels)


@pytest.mark.parametrize(
    "labels", [np.zeros((20, 31), int), np.full((20, 30), -1), np.full((20, 30), 2**33), np.zeros((20, 30))]
)
def test_what_is_no_label_image_is_refused(tmp_path, labels):
    with pytest.raises(UserError):
        write_labels(tmp_path / "a.tif", labels, like("YX", (20, 30)))
    assert not list(tmp_path.iterdir())


def test_folder_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match="cannot be written"):
        write_labels(tmp_path / "no" / "a.tif", np.zeros((20, 30), int), like("YX", (20, 30)))


def test_failure_leaves_the_old_file(tmp_path, monkeypatch):
    path = write_labels(tmp_path / "a.tif", np.full((20, 30), 5), like("YX", (20, 30)))

    def fail(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tifffile, "imwrite", fail)
    with pytest.raises(UserError, match="No space left"):
        write_labels(path, np.full((20, 30), 6), like("YX", (20, 30)))
    assert (tifffile.imread(path) == 5).all()
    assert [file.name for file in tmp_path.iterdir()] == ["a.tif"]
