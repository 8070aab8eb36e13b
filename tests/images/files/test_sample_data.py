import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from napari_unet.errors import UserError
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import SAMPLES, sample_data_dir, sample_labels_path, sample_path


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_has_pixel_size_and_labels_that_fit(name):
    image, labels = read_image(sample_path(name)), read_image(sample_labels_path(name))
    grey = image.select_channel()
    assert (labels.axes, labels.shape) == (grey.axes, grey.shape)
    assert labels.scale == grey.scale
    assert image.units_of("YX") == ("micrometer", "micrometer")
    assert len(np.unique(labels.data)) > 50
    if name == "membranes":  # there the cells are dark and cover everything
        assert np.mean(labels.data > 0) > 0.99
    else:
        assert np.median(grey.data[labels.data > 0]) > 1.3 * np.median(grey.data[labels.data == 0])


def test_timelapse_keeps_ids_through_time():
    labels = read_image(sample_labels_path("nuclei_timelapse")).data
    kept = set(np.unique(labels[0])) & set(np.unique(labels[1])) - {0}
    assert len(kept) > 40
    for number in kept:
        first, second = (np.argwhere(frame == number).mean(axis=0) for frame in labels[:2])
        assert np.linalg.norm(first - second) < 15
    assert set(np.unique(labels[-1])) - set(np.unique(labels[0]))


def test_two_channels_are_named():
    assert read_image(sample_path("two_channel")).channel_names == ("DNA", "membrane")


def test_unknown_sample():
    with pytest.raises(UserError, match="membranes"):
        sample_path("nonsense")


def test_generator_makes_the_same_pixels_again(tmp_path):
    generator = sample_data_dir() / "generate.py"
    subprocess.run([sys.executable, "-B", str(generator), "two_channel", "--output", str(tmp_path)], check=True)
    for path in (sample_path("two_channel"), sample_labels_path("two_channel")):
        again, stored = read_image(tmp_path / path.name).data, read_image(path).data
        # another processor may round the last bit differently, which moves a photon here and there
        assert np.mean(again == stored) > 0.99


@pytest.mark.skipif(find_spec("napari") is None, reason="napari is not installed")
@pytest.mark.parametrize("name", SAMPLES)
def test_open_sample_gives_a_layer(name):
    from napari.layers import Layer

    from napari_unet.ui.images import samples

    (data,) = getattr(samples, name)()
    layer = Layer.create(*data)
    assert layer.metadata["napari_unet"]["path"] == str(sample_path(name))
    assert str(layer.units[-1]) == "micrometer"
    assert layer.scale[-1] < 1
