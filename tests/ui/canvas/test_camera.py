"""The camera goes to an object in whichever axes are shown, whatever other images are open."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_unet.ui.canvas.camera import ReviewCamera
from napari_unet.ui.session.session import get_session


def with_labels(viewer: Any, shape: tuple[int, ...], name: str) -> Any:
    session = get_session(viewer)
    work = session.work_on(viewer.add_image(np.zeros(shape, np.uint8), name=name))
    session.add_layer(work, "labels", np.zeros(shape, np.int32))
    return work


def test_a_plane_beside_a_stack_that_is_seen_from_the_side(viewer: Any) -> None:
    with_labels(viewer, (5, 40, 60), "stack")
    plane = with_labels(viewer, (40, 60), "plane")
    viewer.dims.order = (1, 0, 2)  # z and columns are shown, rows are not
    camera = ReviewCamera(get_session(viewer))
    viewer.scene.camera.center = (0.0, 2.0, 1.0)
    camera.go_to(plane, (), (10, 21, 30, 41))
    assert viewer.scene.camera.center == pytest.approx((0.0, 2.0, 35.0)), "a plane has no z to go to"
    assert viewer.dims.current_step[1] == 15


def test_an_object_of_a_stack_that_is_seen_from_the_side(viewer: Any) -> None:
    stack = with_labels(viewer, (5, 40, 60), "stack")
    viewer.dims.order = (1, 0, 2)
    ReviewCamera(get_session(viewer)).go_to(stack, (3,), (10, 21, 30, 41))
    assert viewer.scene.camera.center == pytest.approx((0.0, 3.0, 35.0))
    assert viewer.dims.current_step[1] == 15
    viewer.dims.order = (0, 1, 2)
    ReviewCamera(get_session(viewer)).go_to(stack, (1,), (0, 5, 50, 55))
    assert viewer.scene.camera.center == pytest.approx((0.0, 2.0, 52.0))
    assert viewer.dims.current_step[0] == 1
