"""Fine-tuning a network of volumes on a few reviewed slices of a stack: it learns, keeps what it knew, and is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.errors import UserError
from napari_unet.events import drain
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.events import PreviewDone, PreviewRequest
from napari_unet.finetuning.finetune import finetune_steps
from napari_unet.finetuning.material.volume_reading import deepen
from napari_unet.heads.registry import head_named
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.model import Model
from napari_unet.models.model_file import load_model_file, save_model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.segment import segment_steps

CONFIG = FinetuneConfig(seconds=600, max_steps=12, dimensions="3", patch=64, learning_rate=0.01, device="cpu")
SHAPE = (10, 64, 64)


def model(**fields) -> Model:
    torch.manual_seed(0)
    architecture = UNetConfig(depth=2, base_channels=4, **fields)
    network = UNet(architecture)
    with torch.no_grad():
        network.train()(torch.rand(8, architecture.in_channels, 32, 32))
        head_named("instances").quieten(network.final)
    return Model(network.eval(), ModelRecord(architecture=architecture, diameter_range=(8, 48)))


@pytest.fixture
def stack() -> CorrectedImage:
    """Nine bright balls, voxels twice as long along z; three slices are reviewed."""
    z, y, x = np.ogrid[:10, :64, :64]
    labels = np.zeros(SHAPE, np.int32)
    for number, (row, column) in enumerate(np.ndindex(3, 3), start=1):
        where = (2 * (z - 5)) ** 2 + (y - 12 - 20 * row) ** 2 + (x - 12 - 20 * column) ** 2 <= 49
        labels[where] = number
    pixels = 100 + 900 * (labels > 0) + np.random.default_rng(0).normal(0, 20, SHAPE)
    image = Image(pixels.astype(np.float32), "ZYX", {"Z": 2.0, "Y": 1.0, "X": 1.0}, dict.fromkeys("ZYX", "micrometer"))
    reviewed = np.zeros(SHAPE, bool)
    reviewed[[3, 5, 7]] = True
    return CorrectedImage(image, labels, reviewed, labels.copy(), "balls")


def test_a_stack_teaches_a_network_of_volumes_that_is_kept(stack: CorrectedImage, tmp_path: Path) -> None:
    parent = model()
    asked = [PreviewRequest(stack.image, (5,), (slice(0, 64), slice(0, 64)))]
    events = list(finetune_steps(parent, [stack], CONFIG, preview=lambda: asked.pop() if asked else None))
    result = events[-1].result
    child = result.model
    assert child.record.architecture.ndim == 3
    assert child.record.architecture.flat_stages == 1
    assert child.record.axes == "ZYX"
    assert parent.record.architecture.ndim == 2
    shown = next(event for event in events if isinstance(event, PreviewDone))
    assert shown.labels.shape == (64, 64)
    assert result.before is not None
    assert result.after is not None
    losses = [event.loss for event in events if hasattr(event, "loss")]
    assert losses[-1] < 0.8 * losses[0]
    kept = load_model_file(save_model(child, tmp_path / "child.safetensors").path)
    found = drain(segment_steps(stack.image, kept, SegmentConfig(diameter=14, device="cpu")))
    assert found.labels.shape == SHAPE
    again = list(finetune_steps(kept, [stack], CONFIG.model_copy(update={"dimensions": "2", "max_steps": 1})))[-1]
    assert again.result.model.record.architecture.ndim == 3  # a model of volumes stays one


def test_labels_beyond_the_reviewed_slices_teach_no_foreground(stack: CorrectedImage) -> None:
    wrong = stack.labels.copy()
    wrong[[0, 1, 2, 4, 6, 8, 9]] = 0
    right = replace(stack, prediction=None, view=View(14.0, "given"))  # how large objects are is seen in all slices
    results = [
        list(finetune_steps(model(), [replace(right, labels=labels)], CONFIG.model_copy(update={"max_steps": 2})))[-1]
        for labels in (stack.labels, wrong)
    ]
    first, second = (one.result.model.network.state_dict() for one in results)
    assert all(torch.equal(a, b) for a, b in zip(first.values(), second.values(), strict=True))


def test_it_begins_with_all_that_the_model_of_slices_knew(stack: CorrectedImage) -> None:
    parent = model()
    deep, volume = deepen(parent, [stack]).network, torch.rand(1, 1, 5, 16, 16)
    with torch.inference_mode():
        slices = [parent.network(volume[:, :, z]) for z in range(5)]
        torch.testing.assert_close(deep(volume), torch.stack(slices, dim=2), rtol=1e-4, atol=1e-5)


def test_stages_follow_the_voxels(stack: CorrectedImage) -> None:
    longer = replace(stack, image=replace(stack.image, scale={"Z": 4.0, "Y": 1.0, "X": 1.0}))
    assert deepen(model(), [stack]).record.architecture.flat_stages == 1
    assert deepen(model(), [longer]).record.architecture.flat_stages == 2


def test_what_is_no_stack_of_objects_is_refused_in_a_sentence(stack: CorrectedImage) -> None:
    flat = CorrectedImage(
        Image.from_array(stack.image.plane((5,)), "YX"), stack.labels[5], stack.reviewed[5], name="plane"
    )
    with pytest.raises(UserError, match="plane is no z-stack"):
        list(finetune_steps(model(), [flat], CONFIG))
    classes = replace(model(), record=model().record.model_copy(update={"task": "semantic"}))
    with pytest.raises(UserError, match="objects learn in 3D"):
        deepen(classes, [stack])
