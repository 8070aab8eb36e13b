from __future__ import annotations

import numpy as np
import pandas as pd

from napari_unet.images.image import Image
from napari_unet.results.measurements.config import MeasureConfig
from napari_unet.results.measurements.limits import describe_limits, remove_rows, rows_within
from napari_unet.results.measurements.located import LocatedTable, with_places
from napari_unet.results.measurements.measure import measure_objects


def test_all_limits_hold_and_what_is_not_known_is_outside() -> None:
    table = pd.DataFrame({"area": [1, 2, 3, 4], "solidity": [0.9, np.nan, 0.8, 0.7]})
    assert rows_within(table, {}).all()
    assert rows_within(table, {"area": (2, None)}).tolist() == [False, True, True, True]
    assert rows_within(table, {"area": (None, 3), "solidity": (0.8, 1.0)}).tolist() == [True, False, True, False]
    words = describe_limits({"area": (2, None), "solidity": (0.8, 1.0)}, {"area": "Area"})
    assert words == "Area from 2, solidity 0.8 to 1"


def test_objects_are_removed_in_their_own_frame_and_locked_ones_stay() -> None:
    labels = np.zeros((2, 3, 8, 8), np.int32)
    labels[:, 0:2, 1:3, 1:3] = 4
    labels[1, 1, 1, 3] = 9  # within the box of none, beside object 4
    labels[1, 2, 5:7, 5:7] = 6
    config = MeasureConfig(columns=("area",))
    table = measure_objects(Image(labels, "TZYX"), config=with_places(config))
    located = LocatedTable.of(table, "TZYX", config.columns)
    rows = np.array([located.find((1, 0), 4), located.find((1, 0), 6)])
    change = remove_rows(located, rows, labels, locked={6})
    after = labels.copy()
    change.apply(after)
    expected = labels.copy()
    expected[1][expected[1] == 4] = 0
    np.testing.assert_array_equal(after, expected)
    assert len(remove_rows(located, np.zeros(0, np.intp), labels)) == 0
