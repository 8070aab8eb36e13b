"""What is measured of objects in a plane, against the same from masks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from napari_unet.labels.stacks.sections import Sections, measure_disagreement, measure_sections


def two_squares() -> np.ndarray:
    plane = np.zeros((30, 50), np.int32)
    plane[5:15, 5:15], plane[5:15, 20:40] = 8, 3
    return plane


@settings(max_examples=40)
@given(arrays.arrays(np.int32, (7, 6), elements=st.integers(0, 3)))
def test_area_centre_and_box_are_those_of_the_mask(plane: np.ndarray) -> None:
    found = measure_sections(plane, number=4)
    assert found.ids.tolist() == np.unique(plane[plane > 0]).tolist()
    assert set(found.planes.tolist()) <= {4}
    for row, one in enumerate(found.ids):
        rows, columns = np.nonzero(plane == one)
        assert found.area[row] == rows.size
        np.testing.assert_allclose(found.centres[row], (rows.mean(), columns.mean()))
        assert found.boxes[row].tolist() == [rows.min(), rows.max() + 1, columns.min(), columns.max() + 1]
        assert found.elongation[row] >= 1


def test_a_square_is_as_long_as_wide_and_a_bar_twice() -> None:
    found = measure_sections(two_squares())
    assert found.ids.tolist() == [3, 8]
    assert found.elongation.tolist() == pytest.approx([2.0, 1.0])
    assert found.fill.tolist() == pytest.approx([3 / np.pi] * 2)  # any rectangle by the ellipse of its moments


def test_elongation_does_not_depend_on_the_direction() -> None:
    rows, columns = np.mgrid[:80, :80] - 40.0
    for angle in (0.0, 0.5, 1.2):
        along, across = (
            columns * np.cos(angle) + rows * np.sin(angle),
            rows * np.cos(angle) - columns * np.sin(angle),
        )
        ellipse = ((along / 30) ** 2 + (across / 10) ** 2 <= 1).astype(np.int32)
        found = measure_sections(ellipse)
        assert found.elongation[0] == pytest.approx(3, rel=0.03)
        assert found.fill[0] == pytest.approx(1, rel=0.02)


@pytest.mark.parametrize(
    ("row", "column", "border"),
    [(0, 10, True), (26, 10, True), (10, 0, True), (10, 46, True), (1, 1, False), (25, 45, False)],
)
def test_what_the_border_of_the_plane_cuts_is_known_on_each_side(row: int, column: int, border: bool) -> None:
    plane = np.zeros((30, 50), np.int32)
    plane[row : row + 4, column : column + 4] = 1
    assert measure_sections(plane).on_border.tolist() == [border]


def test_a_part_of_a_plane_says_where_it_lies_and_its_edges_are_no_border() -> None:
    plane = two_squares()
    part = measure_sections(plane[5:15, 5:40], origin=(5, 5), shape=plane.shape)
    whole = measure_sections(plane)
    np.testing.assert_array_equal(part.boxes, whole.boxes)
    np.testing.assert_allclose(part.centres, whole.centres)
    np.testing.assert_array_equal(part.probes, whole.probes)
    assert not part.on_border.any()
    assert measure_sections(plane[5:15, 5:40]).on_border.all()


def test_without_maps_nothing_is_known_of_what_the_network_said() -> None:
    found = measure_sections(two_squares())
    for name in ("foreground", "core", "weakness", "disagreement"):
        assert np.isnan(getattr(found, name)).all(), name
    assert not found.broken.any()


def test_the_maps_give_the_mean_of_the_foreground_and_the_peak_away_from_seams() -> None:
    plane = two_squares()
    foreground, core, seam = np.full(plane.shape, 0.5), np.full(plane.shape, 0.8), np.zeros(plane.shape)
    foreground[5:10, 5:15] = 1.0
    core[7, 25], seam[7, 25] = 1.0, 0.9
    found = measure_sections(plane, maps=np.stack([foreground, core, seam]))
    assert found.foreground.tolist() == pytest.approx([0.5, 0.75])
    assert found.core.tolist() == pytest.approx([0.8, 0.8]), "there is no core on a seam"
    found = measure_sections(plane, maps=np.stack([foreground, core]))
    assert found.core.tolist() == pytest.approx([1.0, 0.8])


def test_a_second_opinion_disagrees_as_far_as_its_best_object_does_not_cover() -> None:
    plane = two_squares()
    second = np.zeros_like(plane)
    second[5:15, 5:10] = 70
    second[5:15, 10:12] = 71
    found = measure_sections(plane, second=second)
    assert found.disagreement.tolist() == pytest.approx([1.0, 0.5])
    ids, area = np.array([3, 8]), np.array([200.0, 100.0])
    assert measure_disagreement(plane, plane, ids, area).tolist() == [0.0, 0.0]
    assert measure_disagreement(plane, np.zeros_like(plane), ids, area).tolist() == [1.0, 1.0]


def test_tables_are_joined_by_plane_and_then_id() -> None:
    first, second = measure_sections(two_squares(), number=1), measure_sections(two_squares(), number=0)
    joined = Sections.join([first, second])
    assert joined.planes.tolist() == [0, 0, 1, 1]
    assert joined.ids.tolist() == [3, 8, 3, 8]
    assert len(joined) == 4
    assert joined.take(joined.ids == 8).planes.tolist() == [0, 1]
    assert len(Sections.join([])) == 0
