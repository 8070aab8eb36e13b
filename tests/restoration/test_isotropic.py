"""Slices of a stack come as close as its rows, sharper than by interpolation, and at their places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from napari_unet.errors import UserError
from napari_unet.events import StopFlag, drain
from napari_unet.images.image import Image
from napari_unet.restoration.applying import Unsure, restore_steps
from napari_unet.restoration.config import RestoreConfig
from napari_unet.restoration.material import gather
from napari_unet.restoration.side_views import choose_blur, coarsen, stretch, thin
from napari_unet.restoration.tasks import TASKS
from napari_unet.restoration.teaching import teach_steps

QUICK = RestoreConfig(
    max_steps=60, seconds=300, base_channels=8, depth=1, patch=32, batch_size=8, learning_rate=5e-3, device="cpu"
)
TASK = TASKS["isotropic"]


def draw(side: int = 49) -> np.ndarray:
    """Structure (Z, Y, X) that looks alike from all sides, with sharp borders, around 1000."""
    field = ndimage.gaussian_filter(np.random.default_rng(0).normal(0, 1, (side,) * 3), 3)
    return np.rint(1000 + 400 * np.tanh(4 * field / field.std())).astype(np.uint16)


def thinned(whole: np.ndarray, every: int = 4) -> Image:
    return Image(whole[::every], "ZYX", {"Z": every * 0.5, "Y": 0.5, "X": 0.5}, dict.fromkeys("ZYX", "micrometer"))


def error(found: np.ndarray, whole: np.ndarray) -> float:
    return float(np.sqrt(np.mean((found[: len(whole)].astype(float) - whole) ** 2)))


def test_missing_slices_come_nearer_than_by_interpolation() -> None:
    whole = draw()
    stack = thinned(whole)
    taught = drain(teach_steps(gather([stack], None, TASK), QUICK, "quick"))
    events = list(restore_steps(stack, taught.model, unsure=True))
    made, [unsure] = events[-1].result, [event.image for event in events if isinstance(event, Unsure)]
    assert (made.shape, made.dtype, made.axes) == (whole.shape, np.uint16, "ZYX")
    assert dict(made.scale) == dict.fromkeys("ZYX", 0.5)
    cubic = stretch(np.asarray(stack.data).reshape(len(stack.data), -1), 4).reshape(whole.shape)
    assert error(np.asarray(made.data), whole) < 0.95 * error(cubic, whole)
    # Slices that are there are known from both sides: nobody disagrees.
    assert unsure.data[::4].mean() < 0.95 * unsure.data[2::4].mean()


def test_what_is_thinned_is_stretched_back_to_its_places() -> None:
    ramp = np.arange(25, dtype=np.float32)[:, None] * np.ones(3, np.float32)
    np.testing.assert_allclose(thin(ramp, 2.5, 0)[:, 0], np.arange(0, 25, 2.5), atol=1e-4)
    back = coarsen(ramp, 2.5, 0)
    np.testing.assert_allclose(back[3:-3], ramp[3 : len(back) - 3], atol=1e-3)
    assert len(stretch(ramp, 2.5)) == 61


def test_the_blur_is_that_of_the_slices() -> None:
    planes = [plane.astype(np.float32) for plane in draw()[::6]]
    for blur in (0.0, 0.55, 1.0):
        sides = [thin(plane, 4, blur) for plane in draw()[3::6]]
        assert choose_blur(planes, sides, 4) == pytest.approx(blur, abs=0.16)


def test_what_cannot_be_is_told_and_a_stop_ends_it() -> None:
    stack = thinned(draw(41))
    for image, ratio, what in (
        (replace(stack, data=stack.data[:2]), 0, "at least 4"), (replace(stack, scale={}), 0, "voxel ratio"),
        (replace(stack, scale=dict.fromkeys("ZYX", 1.0)), 0, "something to mend"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=what):
            gather([image], None, TASK, ratio=ratio)
    with pytest.raises(UserError, match="leave the pairs out"):
        gather([stack], [stack], TASK)
    unknown = replace(stack, scale={})
    config = QUICK.model_copy(update={"max_steps": 1})
    taught = drain(teach_steps(gather([unknown], None, TASK, ratio=4), config, "quick"))
    assert drain(restore_steps(unknown, taught.model)).shape == (41, 41, 41)
    longer = replace(stack, scale={"Z": 5, "Y": 0.5, "X": 0.5})
    measured = drain(teach_steps(gather([stack], None, TASK), config, "quick"))
    with pytest.raises(UserError, match="10 times as long"):
        drain(restore_steps(longer, measured.model))
    stop = StopFlag()
    stop.request()
    assert drain(restore_steps(stack, measured.model, stop=stop)) is None
