"""The parameters of restoration, each defined once."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from napari_unet.learning.config import LearningConfig, OptimizationConfig
from napari_unet.models.architecture import UNetConfig

StructureName = Literal["none", "rows", "columns"]


class RestoreConfig(LearningConfig):
    """How a network learns to restore."""

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
    uncertainty: bool = Field(
        False, title="Show where it is unsure",
        description="Two networks learn, for half of the time each: where they disagree, what is shown is invented.",
    )  # fmt: skip
    voxel_ratio: float = Field(
        0.0, ge=0, le=16, title="Voxel ratio",
        description="How many times as long along z as across a voxel is; 0: as the image says.",
    )  # fmt: skip
    patch: int = Field(64, ge=16, le=512, multiple_of=16, title="Patch size", description="In pixels.")
    batch_size: int = Field(16, ge=1, le=128, title="Patches a step")
    learning_rate: float = Field(2e-3, gt=0, le=0.1, title="Learning rate")
    base_channels: int = Field(16, ge=4, le=128, title="Base channels", description="Of the network.")
    depth: int = Field(2, ge=1, le=4, title="Depth", description="Number of poolings of the network.")
    held_out: float = Field(
        0.2, ge=0, le=0.5, title="Held out", description="Share of pairs that only score the network."
    )

    @property
    def optimization(self) -> OptimizationConfig:
        return OptimizationConfig(learning_rate=self.learning_rate, weight_decay=1e-5, average=0.99)

    def architecture(self, factor: int) -> UNetConfig:
        """Without normalization layers: grey values are to stay what they are.

        An output for each of the `factor` ** 2 pixels that one becomes: all else is done on the few pixels there are
        (Shi et al., Real-time single image and video super-resolution, CVPR 2016).
        """
        return UNetConfig(
            in_channels=1, out_channels=factor**2, depth=self.depth, base_channels=self.base_channels,
            normalization="none",
        )  # fmt: skip
