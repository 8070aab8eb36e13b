"""A model from scratch: the product's network, untrained, which finds nothing until it has learned something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch

from napari_unet.models.architecture import UNetConfig
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord, check_class_names
from napari_unet.models.unet import UNet

_NOTHING = 4.0  # logit of "nothing here": early steps are not spent on unlearning objects everywhere
_QUIET = 0.02  # of the last layer's usual weights


def new_model(
    name: str, task: Literal["instances", "semantic"] = "instances", class_names: Sequence[str] = (),
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
    record = ModelRecord(name=name, architecture=UNetConfig(in_channels=channels), untrained=True)
    if task == "semantic":
        names = check_class_names(class_names)
        # Classes have no size of their own, so nothing is resampled.
        update = {"task": task, "class_names": names, "outputs": names, "diameter_range": (1.0, 10_000.0)}
        architecture = record.architecture.model_copy(update={"out_channels": len(names)})
        record = record.model_copy(update=update | {"architecture": architecture})
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = UNet(record.architecture)
    with torch.no_grad():
        network.final.weight.mul_(_QUIET)
        network.final.bias.zero_()
        network.final.bias[0] = _NOTHING if task == "semantic" else -_NOTHING
    return Model(network.eval(), record)
