"""How a base model is trained: each parameter defined once."""

from __future__ import annotations

from itertools import count

from pydantic import Field, ValidationInfo, field_validator

from napari_unet.learning.augmentation import AugmentationConfig
from napari_unet.learning.config import OptimizationConfig
from napari_unet.models.architecture import UNetConfig


class BaseTrainingConfig(OptimizationConfig):
    """How a base model is trained."""

    learning_rate: float = Field(3e-3, gt=0, title="Learning rate")
    weight_decay: float = Field(1e-3, ge=0, title="Weight decay")
    warm_up: float = Field(
        0.04, ge=0, le=0.5, description="Share of the steps in which the rate rises to its full size."
    )
    average: float = Field(0.995, ge=0, lt=1, description="Decay of the running average of the weights.")
    architecture: UNetConfig = UNetConfig(depth=4, base_channels=16)
    augmentation: AugmentationConfig = AugmentationConfig()
    steps: int = Field(4000, ge=1)
    batch_size: int = Field(8, ge=1)
    patch: int = Field(192, ge=32, description="Pixels.")
    diameters: tuple[float, float] = Field((11.0, 56.0), description="Object sizes shown to the network, in pixels.")
    any_size: float = Field(0.35, ge=0, le=1, description="Share of patches with a size from the whole range.")
    border_weight: float = Field(2.0, ge=0, description="w0 of the paper's border weight map.")
    weigh_inside: bool = Field(True, description="Whether these weights hold inside objects too, next to a neighbour.")
    seams: bool = Field(
        True, description="Whether the seams between objects are learned too, in an output that is dropped in the end."
    )
    checkpoint_every: int = Field(250, ge=1)
    validate_every: int = Field(500, ge=1)
    seed: int = 0

    @field_validator("patch")
    @classmethod
    def _can_be_halved(cls, patch: int, info: ValidationInfo) -> int:
        """Told before images are read: the first step would fail."""
        if "architecture" not in info.data:  # which is at fault itself
            return patch
        axis = info.data["architecture"].axes[-1]
        if not axis.fits(patch):
            fitting = next(size for size in count(patch) if axis.fits(size))
            raise ValueError(f"the network cannot halve {patch} pixels as often as it has to: take {fitting}")
        return patch
