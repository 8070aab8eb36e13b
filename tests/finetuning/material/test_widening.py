from __future__ import annotations

import numpy as np
import pytest
import torch
from discs import draw_discs
from scipy.ndimage import gaussian_filter

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.errors import UserError
from napari_unet.events import drain
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.finetune import finetune_steps
from napari_unet.finetuning.material.widening import fit_to_images, training_input, widen_model
from napari_unet.images.image import Image
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.model import Model
from napari_unet.models.unet import UNet
from napari_unet.workflows.segmenting import segment

FEW = FinetuneConfig(seconds=120, max_steps=4, patch=64, batch_size=2, device="cpu")


def coloured(channels: str, model: Model, n: int = 3) -> CorrectedImage:
    """Discs in `n` channels, a different brightness in each."""
    grey, labels = draw_discs()
    pixels = np.stack([grey * (i + 1) + 50 * i for i in range(n)])
    image = Image(pixels, "CYX", name="colour")
    seen = training_input(image, model.record, channels)
    return CorrectedImage(seen, labels, np.ones(labels.shape, bool), name="colour")


def test_a_widened_model_says_of_a_grey_image_what_it_said(tiny_model: Model) -> None:
    grey = torch.rand(1, 1, 32, 32)
    wide = widen_model(tiny_model, 3)
    with torch.inference_mode():
        torch.testing.assert_close(wide.network(grey.expand(-1, 3, -1, -1)), tiny_model.network(grey))
    assert wide.record.architecture.in_channels == 3
    assert tiny_model.record.architecture.in_channels == 1


@pytest.mark.parametrize("residual", [False, True])
def test_a_widened_model_with_a_stem_says_of_a_grey_image_what_it_said(tiny_model: Model, residual: bool) -> None:
    architecture = UNetConfig(depth=1, base_channels=4, stem=2, residual=residual)
    narrow = Model(UNet(architecture).eval(), tiny_model.record.model_copy(update={"architecture": architecture}))
    grey, wide = torch.rand(1, 1, 32, 32), widen_model(narrow, 3)
    with torch.inference_mode():
        torch.testing.assert_close(wide.network(grey.expand(-1, 3, -1, -1)), narrow.network(grey))


def test_a_child_of_all_channels_segments_such_images_and_no_others(tiny_model: Model) -> None:
    corrected = coloured("all", tiny_model)
    result = drain(finetune_steps(tiny_model, [corrected], FEW.model_copy(update={"channels": "all"})))
    assert result.model.record.architecture.in_channels == 3
    assert result.before is not None
    found = segment(np.stack([part.plane() for part in corrected.image.parts]), result.model, axes="CYX", diameter=18)
    assert found.labels.shape == corrected.labels.shape
    with pytest.raises(UserError, match="looks at 3 channels together, and image has 2 channels"):
        segment(np.zeros((2, 64, 64)), result.model, axes="CYX")


def test_the_parent_is_scored_as_it_was(tiny_model: Model) -> None:
    """What is shown as before does not depend on whether the child sees colour."""
    scores = [drain(finetune_steps(tiny_model, [coloured(how, tiny_model)], FEW)).before for how in ("one", "all")]
    assert scores[0] == scores[1]


def test_colour_alone_can_be_learned(tiny_model: Model) -> None:
    """Discs that no single channel shows: each is noise, but their difference is not."""
    _, labels = draw_discs()
    noise = gaussian_filter(np.random.default_rng(0).normal(size=labels.shape), 4)  # blobs as large as discs
    noise *= 60 / noise.std()
    pixels = np.stack([noise + 30 * (labels > 0), noise - 30 * (labels > 0)]).astype(np.float32)
    image = Image(pixels, "CYX")
    config = FinetuneConfig(seconds=120, max_steps=120, learning_rate=1e-2, patch=96, batch_size=2, device="cpu")
    after = []
    for how in ("one", "all"):
        seen = training_input(image, tiny_model.record, how)
        corrected = CorrectedImage(seen, labels, np.ones(labels.shape, bool))
        after.append(drain(finetune_steps(tiny_model, [corrected], config)).after.ap50)
    assert after[1] > after[0] + 0.2


def test_images_of_different_numbers_of_channels_are_not_mixed(tiny_model: Model) -> None:
    with pytest.raises(UserError, match="2 and 3 channels"):
        fit_to_images(tiny_model, [coloured("all", tiny_model, n) for n in (2, 3)])


def test_a_model_of_so_many_channels_is_taken_as_it_is(tiny_model: Model) -> None:
    wide = widen_model(tiny_model, 3)
    assert fit_to_images(wide, [coloured("all", wide)]) is wide
    assert fit_to_images(tiny_model, []) is tiny_model
