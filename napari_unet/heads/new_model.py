"""A model from scratch: the product's network, untrained, which finds nothing until it has learned something."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from napari_unet.heads.registry import head_named
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet

_QUIET = 0.02  # of the last layer's usual weights


def new_model(
    name: str, task: str = "instances", class_names: Sequence[str] = (),
    channels: int = 1, seed: int = 0,
) -> Model:  # fmt: skip
    """An untrained model, not yet saved.

    Parameters
    ----------
    task : str
        "instances": objects, each on its own; "semantic": every painted value is a class.
    class_names : sequence of str
        For classes: the name of each value from 0, which is the background. At least two.
    channels : int
        How many channels it looks at together.

    Raises
    ------
    UserError
        If the classes cannot be told apart by name.
    """
    head = head_named(task)
    record = ModelRecord(name=name, task=task, architecture=UNetConfig(in_channels=channels), untrained=True)
    record = head.begin(record, class_names)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = UNet(record.architecture)
    with torch.no_grad():
        network.final.weight.mul_(_QUIET)
        network.final.bias.zero_()
        head.quieten(network.final, record.architecture.together)
    return Model(network.eval(), record)
