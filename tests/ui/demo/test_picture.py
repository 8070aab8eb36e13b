"""The picture of the demo, pixel by pixel: grey values, colours of labels, the scale bar, and where panels lie."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.ui.demo.picture import (
    FOOT,
    MARGIN,
    SCALE,
    TITLE,
    draw_labels,
    draw_reviewed,
    draw_scale_bar,
    grey_to_rgb,
    join_panels,
)


class Blue:
    """Colours every object blue."""

    def map(self, values: np.ndarray) -> np.ndarray:
        return np.broadcast_to([0.0, 0.0, 1.0, 1.0], (*values.shape, 4))


def test_grey_runs_from_black_to_white_whatever_the_unit_and_a_hot_pixel_changes_nothing() -> None:
    plane = np.repeat(np.linspace(1000, 3000, 40), 40).reshape(40, 40)
    plane[20, 20] = 60000
    grey = grey_to_rgb(plane)
    assert grey.shape == (40 * SCALE, 40 * SCALE, 3)
    assert (grey[..., 0] == grey[..., 2]).all()
    assert grey[0, 0, 0] == 0
    assert grey[-1, 0, 0] == 255
    assert grey[20 * SCALE, 0, 0] == pytest.approx(130, abs=6)
    assert (grey_to_rgb(np.full((5, 5), 7)) == 0).all(), "an even plane has no contrast"


def test_labels_are_half_seen_through_with_a_full_outline() -> None:
    ground = np.full((20 * SCALE, 20 * SCALE, 3), 100, np.uint8)
    labels = np.zeros((20, 20), np.int32)
    labels[5:15, 5:15] = 4
    drawn = draw_labels(ground, labels, Blue())
    assert drawn[10 * SCALE, 10 * SCALE].tolist() == [50, 50, 177]
    assert drawn[5 * SCALE, 10 * SCALE].tolist() == [0, 0, 255]
    assert drawn[5 * SCALE - 1, 10 * SCALE].tolist() == [100, 100, 100]


def test_what_is_reviewed_is_tinted_within_its_frame() -> None:
    ground = np.zeros((20 * SCALE, 20 * SCALE, 3), np.uint8)
    reviewed = np.zeros((20, 20), bool)
    reviewed[2:18, 2:18] = True
    drawn = draw_reviewed(ground, reviewed, fill=0.5)
    assert drawn[2 * SCALE, 10 * SCALE].tolist() == [51, 217, 255]
    assert drawn[10 * SCALE, 10 * SCALE].tolist() == [25, 108, 127]
    assert not drawn[: 2 * SCALE].any()


@pytest.mark.parametrize(("pixel_um", "width"), [(0.5, 40 * SCALE), (0.25, 80 * SCALE)])
def test_the_scale_bar_is_as_long_as_it_says(pixel_um: float, width: int) -> None:
    drawn = draw_scale_bar(np.full((120, 240, 3), 90, np.uint8), pixel_um)
    bar = np.flatnonzero((drawn[120 - 18] == 255).all(axis=-1))
    assert (bar[0], bar[-1] - bar[0]) == (22, width)


@pytest.mark.parametrize(("n", "rows"), [(1, 1), (2, 1), (3, 2), (4, 2)])
def test_panels_stand_two_a_row_below_their_titles(n: int, rows: int) -> None:
    panels = {f"panel {i}": np.full((50, 70, 3), 10 * (i + 1), np.uint8) for i in range(n)}
    sheet = np.asarray(join_panels(panels, "A sentence."))
    assert sheet.shape[:2] == (MARGIN + rows * (50 + TITLE + MARGIN) + FOOT, MARGIN + 2 * (70 + MARGIN))
    for i in range(n):
        top = MARGIN + i // 2 * (50 + TITLE + MARGIN) + TITLE
        left = MARGIN + i % 2 * (70 + MARGIN)
        assert (sheet[top : top + 50, left : left + 70] == 10 * (i + 1)).all()
        assert (sheet[top - TITLE : top, left : left + 70] < 255).any(), "its title"
    assert (sheet[-FOOT - 6 :] < 255).any()
