"""A model of one channel made to look at several: colour, or stains side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.errors import UserError
from napari_unet.images.channels import ModelInput, count_channels, model_input, stack_channels
from napari_unet.images.image import Image
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet


def widen_model(model: Model, n_channels: int) -> Model:
    """The same model with `n_channels` inputs; of an image that is the same in all of them it says the same.

    The first convolution's weights are copied to each channel and divided by their number.
    """
    record = model.record
    if record.architecture.in_channels == n_channels:
        return model
    architecture = record.architecture.model_copy(update={"in_channels": n_channels})
    network = UNet(architecture)
    weights = dict(model.network.state_dict())
    for name, wanted in network.state_dict().items():
        if weights[name].shape != wanted.shape:  # the first convolution, and its shortcut if it has one
            # with a stem, the pixels of a square of one channel lie beside each other
            weights[name] = weights[name].repeat(1, n_channels, *[1] * (wanted.ndim - 2)) / n_channels
    network.load_state_dict(weights)
    network.train(model.network.training)
    return replace(model, body=network, record=record.model_copy(update={"architecture": architecture}))


def fit_to_images(model: Model, images: Sequence[CorrectedImage]) -> Model:
    """`model` as it is to learn from `images`: widened if they show more channels than it has seen.

    Raises
    ------
    UserError
        If the images differ in their number of channels, or the model looks at another number of them.
    """
    wanted = model.record.architecture.in_channels
    counts = {count_channels(one.image) for one in images}
    if wanted > 1 or not counts:
        for one in images:
            model_input(one.image, wanted)
        return model
    if len(counts) > 1:
        found = " and ".join(str(count) for count in sorted(counts))
        raise UserError(f"The images have {found} channels: learn from images with as many each, or from one channel.")
    return widen_model(model, counts.pop())


def training_input(image: Image, record: ModelRecord, channels: str = "auto", channel: int | None = None) -> ModelInput:
    """What the model of `record` is to learn from of `image`.

    `channels` is that of `FinetuneConfig`; with "auto" all channels are at hand until it is known what they tell. A
    model that looks at several channels gets all of them in any case.
    """
    counts = record.channel_counts
    if channels == "one" or (counts[0] > 1 and len(counts) == 1):
        return model_input(image, 1 if 1 in counts else counts, channel)
    return stack_channels(image, channel)
