"""Side views of a z-stack: they show what lies at the cursor, in the colours of the labels, and lead to a slice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_unet.ui.correct.side_views import SideViews, compose_side
from napari_unet.ui.session.session import Session


@pytest.fixture
def views(viewer: Any, session: Session, qtbot: Any) -> SideViews:
    image = np.zeros((6, 20, 30), np.uint8)
    image[2:4, 5:10, 12:20] = 200
    labels = np.zeros(image.shape, np.int32)
    labels[1:5, 4:11, 11:21] = 7
    viewer.add_image(image, scale=(3, 1, 1), contrast_limits=(0, 200))
    work = session.current
    session.add_layer(work, "labels", labels)
    views = SideViews(session)
    qtbot.addWidget(views)
    views.resize(200, 300)
    views.show()
    return views


def test_they_follow_the_cursor_and_show_image_and_outline(viewer: Any, session: Session, views: SideViews) -> None:
    work = session.current
    views.follow((6, 7, 15))
    views.draw()
    assert views.place == (2, 7, 15)
    front, side = views.front.image, views.side.image
    assert front is not None
    assert side is not None
    assert front.shape == (6, 30, 3)
    assert side.shape == (6, 20, 3)
    colour = np.asarray(work.labels_layer.colormap.map(np.array([7])))[0, :3]
    np.testing.assert_array_equal(front[1, 15], (255 * colour).astype(np.uint8))
    np.testing.assert_array_equal(front[2, 15], [255, 255, 255])
    np.testing.assert_array_equal(side[2, 7], [255, 255, 255])
    np.testing.assert_array_equal(front[0, 0], [0, 0, 0])
    views.follow((6, 70, 15))  # outside: they stay
    assert views.place == (2, 7, 15)
    np.testing.assert_array_equal(compose_side(work, work.image.data, (2, 0, 0), -2)[:, :5], 0)


def test_a_click_goes_to_the_slice(viewer: Any, views: SideViews, qtbot: Any) -> None:
    from qtpy.QtCore import QPoint, Qt

    views.follow((6, 7, 15))
    views.draw()
    height = views.front.area.height()
    qtbot.mouseClick(views.front, Qt.MouseButton.LeftButton, pos=QPoint(5, int(height * 4.5 / 6)))
    assert viewer.dims.current_step[0] == 4
    assert views.place == (4, 7, 15)
