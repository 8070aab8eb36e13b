"""The step *Restore*: a new image over the old one, in its units, on a corner at once or all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_unet.restoration.config import RestoreConfig
from napari_unet.ui.restore.placing import middle_of, over
from napari_unet.ui.restore.step import RestoreStep


@pytest.fixture
def step(viewer: Any, panel: Any, monkeypatch: pytest.MonkeyPatch) -> RestoreStep:
    """The step, with a noisy film of two frames in which half a micrometer is a pixel; learning takes few steps."""
    quick = RestoreConfig(max_steps=4, seconds=300, base_channels=4, depth=1, patch=32, batch_size=4, device="cpu")
    monkeypatch.setattr(RestoreStep, "_config", lambda self: quick)
    random = np.random.default_rng(0)
    y, x = np.mgrid[:48, :64]
    clean = 1000 + 400 * np.sin(y / 7) * np.cos(x / 9)
    film = np.rint(clean + random.normal(0, 100, (2, 48, 64))).astype(np.uint16)
    layer = viewer.add_image(film, name="cells", scale=(1, 0.5, 0.5), translate=(0, 3, 4), axis_labels=("t", "y", "x"))
    viewer.add_image(np.rint(clean).astype(np.uint16)[None].repeat(2, 0), name="clean", axis_labels=("t", "y", "x"))
    panel.session.work_on(layer)
    return panel.restore_step


def test_a_restored_film_lies_over_the_noisy_one(step: RestoreStep, viewer: Any, wait_until_idle: Any) -> None:
    step.restore_button.click()
    assert not step.try_button.isEnabled()
    wait_until_idle(step.session)
    assert step.message.text == ""
    noisy, made, clean = viewer.layers["cells"], viewer.layers["cells denoised"], viewer.layers["clean"]
    assert (made.data.shape, made.data.dtype) == (noisy.data.shape, np.uint16)
    np.testing.assert_allclose(made.extent.world, noisy.extent.world)
    error, before = (np.std(layer.data.astype(float) - clean.data) for layer in (made, noisy))
    assert error < 0.6 * before
    assert "a guess" in step.told.text()
    assert step.session.current.layer is noisy


def test_a_try_shows_a_part_of_the_plane_in_view(step: RestoreStep, viewer: Any, wait_until_idle: Any) -> None:
    step.try_here()
    wait_until_idle(step.session)
    made = viewer.layers["cells denoised (try)"]
    assert made.data.shape == (48, 64)
    np.testing.assert_allclose(made.translate, (3, 4))
    assert viewer.layers[-1] is made
    assert made not in step.session.image_layers()
    assert middle_of((slice(10, 30), slice(0, 64)), (500, 64)) == (slice(0, 256), slice(0, 64))


def test_pairs_twice_the_size_and_saved_models(
    step: RestoreStep, viewer: Any, wait_until_idle: Any, tmp_path: Path
) -> None:
    step.pair_box.setCurrentText("clean")
    step.restore()
    wait_until_idle(step.session)
    assert "dB on held-out parts" in step.told.text()
    step.save(tmp_path / "m.safetensors")
    first = viewer.layers["cells denoised"].data.copy()
    step.pair_box.setCurrentIndex(0)
    step.use(tmp_path / "m.safetensors")
    wait_until_idle(step.session)
    np.testing.assert_array_equal(viewer.layers["cells denoised"].data, first)
    step.task_box.setCurrentText("Twice the rows and columns")
    step.restore()
    wait_until_idle(step.session)
    made = viewer.layers["cells enlarged"]
    assert made.data.shape == (2, 96, 128)
    # Of the centres of pixels: those of half the size lie further out, so that their edges are where the old ones are.
    further = made.extent.world - viewer.layers["cells"].extent.world
    np.testing.assert_allclose(further, [[0, -0.125, -0.125], [0, 0.125, 0.125]])


def test_another_channel_of_the_same_image_is_a_pair(step: RestoreStep, viewer: Any, wait_until_idle: Any) -> None:
    noisy = viewer.layers["cells"].data[0]
    both = viewer.add_image(np.stack([noisy, 3000 - noisy]), name="both", axis_labels=("c", "y", "x"))
    step.session.work_on(both)
    step.task_box.setCurrentText("Another channel")
    assert not step.restore_button.isEnabled()
    assert [step.pair_box.itemText(i) for i in range(2)] == ["this image alone", "channel 2"]
    step.pair_box.setCurrentIndex(1)
    np.testing.assert_array_equal(np.asarray(step.pair.read().data), 3000 - noisy)
    step.restore()
    wait_until_idle(step.session)
    assert step.message.text == ""
    made = viewer.layers["both synthesized"]
    assert made.data.shape == (48, 64)
    assert viewer.layers.index(made) > viewer.layers.index(both), [layer.name for layer in viewer.layers]
    assert step.pair_box.currentText() == "channel 2"
    step.session.set_channel(1)
    assert [step.pair_box.itemText(i) for i in range(2)] == ["this image alone", "channel 1"]


def test_slices_come_closer_and_the_unsure_is_shown(
    step: RestoreStep, viewer: Any, wait_until_idle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = step._config().model_copy(update={"uncertainty": True})
    monkeypatch.setattr(RestoreStep, "_config", lambda self: quick)
    step.task_box.setCurrentText("Voxels as long as wide")
    assert "no z-stack" in step.restore_button.toolTip()
    stack = np.tile(viewer.layers["cells"].data, (3, 1, 1))
    layer = viewer.add_image(stack, name="stack", scale=(1, 0.5, 0.5), axis_labels=("z", "y", "x"), units="um")
    step.session.work_on(layer)
    for press, ending in ((step.restore, ""), (step.try_here, " (try)")):
        press()
        wait_until_idle(step.session)
        assert step.message.text == ""
        for name in (f"stack isotropic{ending}", f"stack isotropic{ending}, unsure"):
            made = viewer.layers[name]
            assert made.data.shape == (11, 48, 64)
            np.testing.assert_allclose(made.extent.world, layer.extent.world)
    assert "invented" in step.told.text()


def test_what_cannot_be_done_says_why(step: RestoreStep, wait_until_idle: Any, tiny_model: Any, tmp_path: Path) -> None:
    from napari_unet.models.model_file import save_model

    step.task_box.setCurrentText("Another channel")
    assert not step.restore_button.isEnabled()
    assert "pairs" in step.restore_button.toolTip()
    step.use(Path(save_model(tiny_model, tmp_path / "tiny.safetensors").path))
    assert "makes labels" in step.message.text


@pytest.mark.parametrize("try_here", [True, False])
def test_what_is_restored_has_the_units_of_its_image(viewer: Any, panel: Any, try_here: bool) -> None:
    """Else napari warns of inconsistent units, and uses none."""
    image = viewer.add_image(np.zeros((3, 20, 30)), scale=(2, 0.5, 0.5), units=("um", "um", "um"))
    work = panel.session.work_on(image)
    shape, where = ((8, 8), ((1,), (slice(4, 12), slice(4, 12)))) if try_here else ((3, 20, 30), None)
    made = np.zeros(shape)
    viewer.add_image(made, **over(work, where, made, 1, None))
    assert viewer.layers.extent.units is not None
