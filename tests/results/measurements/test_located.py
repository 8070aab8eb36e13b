from __future__ import annotations

import numpy as np

from napari_unet.images.image import Image
from napari_unet.results.measurements.config import MeasureConfig
from napari_unet.results.measurements.headings import heading_of
from napari_unet.results.measurements.located import LocatedTable, with_places
from napari_unet.results.measurements.measure import measure_objects


def located(labels: np.ndarray, axes: str, **options: object) -> LocatedTable:
    config = MeasureConfig(columns=("area",), **options)
    table = measure_objects(Image(labels, axes), config=with_places(config))
    return LocatedTable.of(table, axes, config.columns)


def test_an_object_in_3d_is_shown_where_it_is_largest() -> None:
    labels = np.zeros((4, 9, 9), np.int32)
    labels[1, 2:4, 2:4] = labels[2, 1:5, 2:6] = labels[3, 3, 3] = 7
    found = located(labels, "ZYX")
    assert found.space == "ZYX"
    assert list(found.table.columns) == ["label", "unit", "area"]
    row = found.find((0,), 7)  # whatever slice is in view
    assert row == 0
    assert found.place_of(row, labels) == ((2,), (1, 5, 2, 6))


def test_each_frame_and_with_slices_each_slice_has_its_own_objects() -> None:
    labels = np.zeros((2, 3, 6, 6), np.int32)
    labels[0, 1, 1, 1] = labels[1, 2, 4, 3:5] = 5
    found = located(labels, "TZYX")
    assert [found.find((t, 0), 5) for t in (0, 1)] == [0, 1]
    assert found.find((0, 0), 6) is None
    assert found.place_of(1, labels) == ((1, 2), (4, 5, 3, 5))
    flat = located(labels, "TZYX", slices=True)
    assert flat.frames == "TZ"
    assert flat.find((1, 2), 5) == 1
    assert flat.find((1, 1), 5) is None
    assert flat.place_of(0, labels) == ((0, 1), (1, 2, 1, 2))
    assert flat.place_of(0, np.zeros_like(labels)) is None


def test_headings_have_words_units_axes_and_channels() -> None:
    units = {"area": "um^3", "centroid-0": "um", "intensity_mean-1": "grey value"}
    assert heading_of("area", units, "ZYX") == "Volume (µm³)"
    assert heading_of("centroid-0", units, "ZYX") == "Centre Z (µm)"
    assert heading_of("intensity_mean-1", units, channels=("a", "DAPI")) == "Mean intensity of DAPI (grey value)"
    assert heading_of("intensity_mean-1", {}) == "Mean intensity of channel 2"
    assert heading_of("bbox-2", {"bbox-2": "px"}) == "Bounding box to Y (px)"
    assert heading_of("label", units) == "Object"
