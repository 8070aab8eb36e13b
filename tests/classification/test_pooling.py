"""Maps are pooled over objects as counting pixel by pixel says, in one part or in many."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.classification.pooling import Pool
from napari_unet.classification.texture import inside_of

LABELS = np.zeros((16, 24), np.int32)
LABELS[1:9, 2:7], LABELS[5:14, 9:20], LABELS[15, 23] = 4, 9, 11
IDS = np.array([4, 9, 11])
MAPS = np.random.default_rng(0).normal(size=(3, 16, 24)).astype(np.float32)


def test_means_and_spreads_of_parts_are_those_of_the_whole() -> None:
    pool = Pool(IDS, 3, spread=True)
    for columns in (slice(0, 10), slice(10, 24)):
        pool.add(LABELS[:, columns], MAPS[..., columns])
    true = [[*MAPS[:, i == LABELS].mean(axis=1), *MAPS[:, i == LABELS].std(axis=1)] for i in IDS]
    np.testing.assert_allclose(pool.values(), true, atol=1e-4)


def test_a_coarse_map_counts_by_the_pixels_of_the_object_in_each_of_its_cells() -> None:
    coarse = MAPS[:, :4, :6]
    pool = Pool(IDS, 3, spread=False)
    pool.add_coarse(LABELS, coarse, 4)
    fine = coarse.repeat(4, axis=1).repeat(4, axis=2)
    np.testing.assert_allclose(pool.values(), [fine[:, i == LABELS].mean(axis=1) for i in IDS], atol=1e-5)


@pytest.mark.parametrize(("label", "area"), [(4, 4 * 1), (9, 5 * 7), (11, 1)])
def test_the_rim_is_left_out_but_of_what_is_all_rim(label: int, area: int) -> None:
    assert (inside_of(LABELS) == label).sum() == area
