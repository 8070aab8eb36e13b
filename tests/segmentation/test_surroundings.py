"""The model's view of the surroundings of a place is what it says of the whole plane there."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet import load_model, segment
from napari_unet.events import drain
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_path
from napari_unet.models.running.engine import Engine
from napari_unet.segmentation.surroundings import map_surroundings, surroundings_region


def test_surroundings_agree_with_the_whole_plane():
    image, model = read_image(sample_path("nuclei_2d")), load_model("nuclei-2d")
    whole = segment(image, model, keep_probability=True)
    found = drain(map_surroundings(image, lambda: model, (), (200, 300), whole.view, Engine(precision="float32")))
    row, column = 200 - found.corner[0], 300 - found.corner[1]
    near = found.maps[:, row - 20 : row + 20, column - 20 : column + 20]
    expected = whole.probability[:, 180:220, 280:320].astype(np.float32)
    assert np.abs(near - expected).mean() < 0.03


@pytest.mark.parametrize("at", [(0, 0), (50, 60), (99, 119)])
def test_surroundings_end_at_the_edge_of_the_plane(at):
    rows, columns = surroundings_region(at, (3, 100, 120), 8.0)
    assert 0 <= rows.start <= at[0] < rows.stop <= 100
    assert 0 <= columns.start <= at[1] < columns.stop <= 120
