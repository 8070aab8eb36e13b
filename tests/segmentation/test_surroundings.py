"""The model's view of the surroundings of a place is what it says of the whole plane there."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet import load_model, segment
from napari_unet.events import drain
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_path
from napari_unet.images.view import View
from napari_unet.models.running.engine import Engine
from napari_unet.segmentation.surroundings import _look_through, map_surroundings, surroundings_region


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


def test_through_a_stack_slices_are_looked_at_as_far_as_something_is_there():
    planes = []

    def look(plane: tuple[int, ...]) -> np.ndarray:
        planes.append(plane[-1])
        maps = np.zeros((2, 40, 40), np.float32)
        maps[0, 20:24, 20:24] = 0.5 if 3 <= plane[-1] <= 6 else 0.01
        return maps

    first, maps = _look_through(look, (1, 5), 30, 10, (18, 18))
    assert planes == [5, 4, 3, 2, 6, 7]
    assert first == 2
    assert maps.shape == (2, 6, 40, 40)
    np.testing.assert_allclose(maps[0, :, 21, 21], [0.01, 0.5, 0.5, 0.5, 0.5, 0.01])
    assert _look_through(look, (1, 5), 30, 1, (18, 18))[0] == 4
    assert _look_through(look, (1, 5), 6, 10, (18, 18))[1].shape[1] == 4, "there are no more slices"


def test_the_surroundings_in_a_stack_are_those_of_its_planes():
    image, model = read_image(sample_path("nuclei_3d")), load_model("nuclei-2d")
    view, engine = View(24.0, "given"), Engine(precision="float32")
    found = drain(map_surroundings(image, lambda: model, (5,), (100, 120), view, engine, slices=1))
    one = drain(map_surroundings(image, lambda: model, (found.corner[0],), (100, 120), view, engine))
    assert found.corner[1:] == one.corner
    np.testing.assert_array_equal(found.maps[:, 0], one.maps)
