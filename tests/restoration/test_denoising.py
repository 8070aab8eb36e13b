"""Noise is taken away without clean data and with it, in the image's own units, tile by tile."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_unet.errors import UserError
from napari_unet.events import StopFlag, drain
from napari_unet.images.image import Image
from napari_unet.models.model import Model
from napari_unet.models.model_file import load_model_file, save_model
from napari_unet.restoration.applying import grey_of, restore_steps
from napari_unet.restoration.blind_spots import blind_spots
from napari_unet.restoration.config import RestoreConfig
from napari_unet.restoration.material import gather
from napari_unet.restoration.starts.enlarging import enlarge, shrink
from napari_unet.restoration.starts.smoothing import smooth
from napari_unet.restoration.tasks import TASKS
from napari_unet.restoration.teaching import teach_steps

QUICK = RestoreConfig(
    max_steps=12, seconds=300, base_channels=8, depth=1, patch=32, batch_size=8, learning_rate=5e-3, device="cpu"
)


def draw(seed: int = 0, noise: float = 40.0, shape: tuple[int, int] = (96, 120), sigma: float = 3.0):
    """Smooth structure (Y, X) uint16 around 1000, and the same with noise."""
    random = np.random.default_rng(seed)
    clean = smooth(random.normal(0, 1, shape), sigma, "none")
    clean = 1000 + 150 * clean / clean.std()
    noisy = clean + random.normal(0, noise, shape)
    return Image(np.rint(clean).astype(np.uint16), "YX", name="clean"), Image(
        np.rint(noisy).astype(np.uint16), "YX", {"Y": 0.2, "X": 0.2}, name="noisy"
    )


def error(image: Image, clean: Image) -> float:
    return float(np.sqrt(np.mean((np.asarray(image.data, float) - clean.data) ** 2)))


@pytest.mark.parametrize("pairs", [False, True])
def test_a_noisy_image_comes_nearer_to_the_clean_one(pairs: bool) -> None:
    clean, noisy = draw()
    taught = drain(teach_steps(gather([noisy], [clean] if pairs else None, TASKS["denoise"]), QUICK, "quick"))
    restored = drain(restore_steps(noisy, taught.model))
    assert error(restored, clean) < 0.5 * error(noisy, clean)
    assert (restored.dtype, restored.axes, dict(restored.scale)) == (np.uint16, "YX", {"Y": 0.2, "X": 0.2})
    assert (taught.gain_db is not None) == pairs
    if pairs:
        assert taught.better
        assert taught.gain_db == pytest.approx(20 * np.log10(error(noisy, clean) / error(restored, clean)), abs=2)


def test_detail_as_fine_as_a_pixel_stays() -> None:
    """No neighbour tells of it: what a blind network foretells there is worse than the image as it was."""
    detail = np.zeros((96, 120))
    detail[:, 70:] = np.random.default_rng(2).choice([-200, 200], (96, 50))
    clean, noisy = draw(noise=20)
    fine = Image(np.rint(noisy.data + detail).astype(np.uint16), "YX", name="fine")
    taught = drain(teach_steps(gather([fine], None, TASKS["denoise"]), QUICK, "quick"))
    restored = np.asarray(drain(restore_steps(fine, taught.model)).data, float)
    missed = (restored - clean.data - detail) ** 2
    assert missed[:, 80:].mean() < 0.05 * 200**2
    assert missed[:, :60].mean() < 20**2  # and noise is taken away elsewhere


def test_a_blind_network_learns_nothing_from_noise_alone() -> None:
    """What cannot be foretold is taken away: of pure noise its mean is left."""
    noise = Image(np.random.default_rng(1).normal(500, 20, (96, 96)).astype(np.float32), "YX")
    taught = drain(teach_steps(gather([noise], None, TASKS["denoise"]), QUICK, "quick"))
    restored = np.asarray(drain(restore_steps(noise, taught.model)).data)
    assert restored.std() < 0.35 * noise.data.std()
    assert restored.mean() == pytest.approx(500, abs=3)


def test_blind_spots_do_not_see_their_pixel_and_nothing_else_changes() -> None:
    image = torch.randn(2, 1, 20, 24)
    for replacement in ("median", "uniform"):
        seen, spots = blind_spots(image, replacement, "none", torch.Generator().manual_seed(0))
        assert spots.mean() == pytest.approx(1 / 16, abs=1e-6)
        assert torch.equal(seen[spots == 0], image[spots == 0])
        other = image + 1000 * spots  # whatever stands in the blind spots
        again, _ = blind_spots(other, replacement, "none", torch.Generator().manual_seed(0))
        lone = (torch.nn.functional.max_pool2d(spots, 5, 1, 2) > 0) & (spots > 0)
        near = torch.nn.functional.conv2d(spots, torch.ones(1, 1, 5, 5), padding=2)
        alone = lone & (near == 1)
        alone[..., [0, 1, -2, -1]] = alone[..., [0, 1, -2, -1], :] = False
        assert alone.any()
        assert torch.equal(again[alone], seen[alone])


@pytest.mark.parametrize("structure", ["rows", "columns"])
def test_structured_noise_is_hidden_along_its_line(structure: str) -> None:
    image = torch.randn(1, 1, 40, 40)
    seen, spots = blind_spots(image, "median", structure, torch.Generator().manual_seed(0))
    y, x = (int(i) for i in torch.nonzero(spots[0, 0])[40])
    line = [(y, x + d) if structure == "rows" else (y + d, x) for d in (-3, 0, 3)]
    for at in line:
        if 0 <= at[0] < 40 and 0 <= at[1] < 40:
            assert seen[0, 0][at] != image[0, 0][at]


@pytest.mark.parametrize("hole", ["pixel", "rows", "columns"])
def test_smoothing_with_a_hole_does_not_see_what_is_in_it(hole: str) -> None:
    plane = np.zeros((31, 31), np.float32)
    plane[15, 15] = 1
    spread = smooth(plane, 2.0, hole)
    assert spread[15, 15] == 0
    assert (spread[15, 18] == 0) == (hole == "rows")
    assert (spread[18, 15] == 0) == (hole == "columns")
    assert spread.sum() == pytest.approx(1, abs=1e-5)


def test_tiles_and_planes_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    _, noisy = draw()
    taught = drain(teach_steps(gather([noisy], None, TASKS["denoise"]), QUICK, "quick"))
    whole = drain(restore_steps(noisy, taught.model))
    monkeypatch.setattr("napari_unet.restoration.predicting.TILE", 32)
    stack = Image(np.stack([noisy.data, noisy.data]), "TYX")
    tiled = drain(restore_steps(stack, taught.model))
    for plane in tiled.data:
        np.testing.assert_allclose(plane.astype(int), whole.data.astype(int), atol=1)


def test_pairs_of_another_exposure_are_restored_in_the_units_of_the_clean_one() -> None:
    clean, noisy = draw()
    bright = Image((clean.data * 5).astype(np.uint16), "YX", name="bright")
    taught = drain(teach_steps(gather([noisy], [bright], TASKS["denoise"]), QUICK, "quick"))
    restored = drain(restore_steps(noisy, taught.model))
    assert error(restored, bright) < 0.6 * 5 * error(noisy, clean)


def test_values_beyond_what_the_image_can_say_are_kept_and_saturation_is_told() -> None:
    clean, noisy = draw()
    dim = Image(np.clip((noisy.data.astype(float) - 500) / 4, 0, 140).astype(np.uint8), "YX", name="dim")
    material = gather([dim], [clean], TASKS["denoise"])
    assert "dim is saturated" in material.notes[0]
    assert not gather([noisy], [clean], TASKS["denoise"]).notes
    taught = drain(teach_steps(material, QUICK, "quick"))
    restored = drain(restore_steps(dim, taught.model))
    assert restored.dtype == np.uint16
    assert restored.data.mean() == pytest.approx(clean.data.mean(), rel=0.02)


def test_a_shifted_pair_is_mended_and_told_and_a_strange_one_refused() -> None:
    clean, noisy = draw(noise=20)
    moved = Image(np.roll(clean.data, (3, -5), (0, 1)), "YX", name="moved")
    material = gather([noisy], [moved], TASKS["denoise"])
    assert "shifted by" in material.notes[0]
    (example,) = material.examples
    assert example.seen.shape == (93, 115)
    other, _ = draw(seed=7)
    with pytest.raises(UserError, match="nothing in common"):
        gather([noisy], [other], TASKS["denoise"])
    with pytest.raises(UserError, match="must agree"):
        gather([noisy], [Image(clean.data[:-1], "YX")], TASKS["denoise"])
    with pytest.raises(UserError, match="pairs are needed"):
        gather([noisy], None, TASKS["synthesize"])


def test_twice_the_rows_and_columns(tmp_path) -> None:
    clean, _ = draw(noise=0, sigma=1.4)
    config = QUICK.model_copy(update={"max_steps": 60})
    small = Image(np.rint(shrink(clean.data)).astype(np.uint16), "YX", {"Y": 0.4, "X": 0.4})
    for wanted in (None, [clean]):
        taught = drain(teach_steps(gather([small], wanted, TASKS["upscale"]), config, "quick"))
        restored = drain(restore_steps(small, taught.model))
        assert restored.shape == clean.shape
        assert dict(restored.scale) == {"Y": 0.2, "X": 0.2}
        assert error(restored, clean) < 0.95 * error(Image(enlarge(small.data), "YX"), clean)


def test_one_channel_is_made_of_another_in_its_own_units() -> None:
    clean, noisy = draw(noise=5)
    other = Image((20000 - 8.0 * clean.data).astype(np.float32), "YX", name="other")
    config = QUICK.model_copy(update={"max_steps": 60})
    taught = drain(teach_steps(gather([noisy], [other], TASKS["synthesize"]), config, "quick"))
    made = np.asarray(drain(restore_steps(Image(noisy.data.astype(np.float32), "YX"), taught.model)).data)
    assert np.corrcoef(made.ravel(), other.data.ravel())[0, 1] > 0.8
    assert abs(made.mean() - other.data.mean()) < other.data.std()


def test_a_model_is_kept_in_a_file_and_labels_are_not_asked_of_it(tmp_path, tiny_model) -> None:
    from napari_unet.workflows.segmenting import segment

    _, noisy = draw()
    taught = drain(teach_steps(gather([noisy], None, TASKS["denoise"]), QUICK, "quick", ("noisy.tif",)))
    loaded = load_model_file(save_model(taught.model, tmp_path / "m.safetensors").path)
    first, second = (drain(restore_steps(noisy, model)).data for model in (taught.model, loaded))
    np.testing.assert_array_equal(first, second)
    with pytest.raises(UserError, match="grey values, not labels"):
        segment(noisy, loaded)
    with pytest.raises(UserError, match="makes labels"):
        grey_of(tiny_model)
    earlier = taught.model.record.grey.model_copy(update={"task": "upscale"})
    with pytest.raises(UserError, match="teach it anew"):
        grey_of(Model(taught.model.network, taught.model.record.model_copy(update={"grey": earlier})))


def test_stopping_and_useless_images_are_told() -> None:
    _, noisy = draw()
    stop = StopFlag()
    stop.request()
    taught = drain(teach_steps(gather([noisy], None, TASKS["denoise"]), QUICK, "quick", stop=stop))
    assert taught.model.record.training.steps == 0
    assert drain(restore_steps(noisy, taught.model, stop=stop)) is None
    flat = Image(np.full((64, 64), 7, np.uint8), "YX")
    with pytest.raises(UserError, match="one grey value"):
        drain(teach_steps(gather([flat], None, TASKS["denoise"]), QUICK, "quick"))
    with pytest.raises(UserError, match="too little"):
        drain(teach_steps(gather([Image(noisy.data[:20], "YX")], None, TASKS["denoise"]), QUICK, "quick"))
