"""The parameters of restoration, each defined once."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from napari_unet.learning.optimization import OptimizationConfig
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.running.engine import DeviceName, Engine

TaskName = Literal["denoise", "upscale", "synthesize"]
"""What is restored; "upscale" doubles rows and columns, "synthesize" makes one channel of another."""
StructureName = Literal["none", "rows", "columns"]


class RestoreConfig(BaseModel):
    """How a network learns to restore."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seconds: float = Field(60.0, ge=2, le=86_400, title="Time", description="Seconds for learning.")
    structure: StructureName = Field(
        "none",
        title="Structured noise",
        description="Whether noise goes along rows or columns, as of a line scanner or of a camera's columns.",
        json_schema_extra={"choices": list(get_args(StructureName))},
    )
    blind: Literal["median", "uniform"] = Field(
        "median",
        title="Blind spots",
        description="What stands in the place of a pixel that is to be foretold: the median of its neighbours, or one "
        "of them at random.",
        json_schema_extra={"choices": ["median", "uniform"]},
    )
    patch: int = Field(64, ge=16, le=512, multiple_of=16, title="Patch size", description="In pixels.")
    batch_size: int = Field(16, ge=1, le=128, title="Patches a step")
    learning_rate: float = Field(1e-3, gt=0, le=0.1, title="Learning rate")
    base_channels: int = Field(16, ge=4, le=128, title="Base channels", description="Of the network.")
    depth: int = Field(2, ge=1, le=4, title="Depth", description="Number of poolings of the network.")
    held_out: float = Field(
        0.2, ge=0, le=0.5, title="Held out", description="Share of pairs that only score the network."
    )
    max_steps: int | None = Field(None, ge=1, title="Steps at most", description="Empty: as many as the time allows.")
    seed: int = Field(0, ge=0, title="Seed")
    device: DeviceName = Field(
        "auto",
        title="Device",
        description="What computes: the processor (cpu) or a graphics card; auto asks the machine.",
        json_schema_extra={"choices": list(get_args(DeviceName))},
    )

    @property
    def engine(self) -> Engine:
        """What it learns on."""
        return Engine(self.device)

    @property
    def optimization(self) -> OptimizationConfig:
        return OptimizationConfig(learning_rate=self.learning_rate, weight_decay=1e-5, average=0.99)

    @property
    def architecture(self) -> UNetConfig:
        """Without normalization layers: grey values are to stay what they are."""
        return UNetConfig(
            in_channels=1, out_channels=1, depth=self.depth, base_channels=self.base_channels, normalization="none"
        )
