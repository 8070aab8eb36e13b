"""What a network runs on: processor and precision, carried as one thing to whatever predicts or trains.

Nothing here loads torch before it is used: configs, window and command line know engines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import Field

if TYPE_CHECKING:
    import torch

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
"""Which processor is asked for; "auto" takes an accelerator that agrees with the CPU, else the CPU."""
PrecisionName = Literal["auto", "float32", "bfloat16", "int8"]
"""How exactly it computes; "auto" takes the quickest that gives the same labels, "int8" may give slightly others.

Integers are for labels from 2D networks on the CPU alone; whatever else is computed is as with "auto".
"""
RuntimeName = Literal["auto", "torch", "onnx", "openvino"]
"""Which program runs the network where labels are made; "auto" is torch. The others are optional."""
DeviceChoice = Annotated[
    DeviceName,
    Field(
        title="Device",
        description="What computes: the processor (cpu) or a graphics card; auto asks the machine.",
        json_schema_extra={"choices": list(get_args(DeviceName))},
    ),
]
"""The parameter of every config that says what to compute on."""


@dataclass(frozen=True)
class Engine:
    """A processor, a precision and a program. Picklable: each process finds out by itself what "auto" is there.

    What learns always runs on torch.
    """

    device: DeviceName = "auto"
    precision: PrecisionName = "auto"
    runtime: RuntimeName = "auto"

    @property
    def torch_device(self) -> torch.device:
        """The processor; raises `UserError` if this computer has none of that name."""
        from napari_unet.models.running.trust import choose_trusted

        return choose_trusted(self.device).device

    @property
    def dtype(self) -> torch.dtype:
        from napari_unet.models.running.device import choose_dtype

        return choose_dtype(self.torch_device, self.precision)

    @property
    def note(self) -> str:
        """A sentence for the user if an accelerator is there and is not used, since it computes wrongly; or empty."""
        from napari_unet.models.running.trust import choose_trusted

        return choose_trusted(self.device).note

    def describe(self) -> str:
        """On what it computes, in plain words: "the processor (2 cores)"."""
        from napari_unet.models.running.device import describe_device

        return describe_device(self.torch_device)
