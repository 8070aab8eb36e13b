"""How long a network learns, how fast, and how the rate goes over a training: each parameter defined once."""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict, Field

from napari_unet.models.running.engine import DeviceChoice, Engine

_START = 1e-3  # of the training: the first step has some rate, too


class LearningConfig(BaseModel):
    """What every learning that a user waits for is told: how long, on what, and from which random numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seconds: float = Field(
        60.0,
        ge=2,
        le=86_400,
        title="Time",
        description="Seconds for the whole learning, scores included.",
        json_schema_extra={"unit": "s"},
    )
    max_steps: int | None = Field(None, ge=1, title="Steps at most", description="Empty: as many as the time allows.")
    seed: int = Field(0, ge=0, title="Seed")
    device: DeviceChoice = "auto"

    @property
    def engine(self) -> Engine:
        """What it runs on."""
        return Engine(self.device)


class OptimizationConfig(BaseModel):
    """What a step does with a gradient (AdamW; Loshchilov and Hutter, Decoupled weight decay regularization, 2019)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    learning_rate: float = Field(2e-3, gt=0, title="Learning rate")
    weight_decay: float = Field(1e-4, ge=0, title="Weight decay")
    warm_up: float = Field(
        0.03, ge=0, le=0.5, description="Share of the training in which the rate rises to its full size."
    )
    clip: float = Field(1.0, gt=0, description="Longest gradient; longer ones are shortened to it.")
    average: float = Field(0.97, ge=0, lt=1, description="Decay of the running average of the weights.")

    def rate_at(self, progress: float) -> float:
        """The learning rate at `progress` (0 to 1) of the training: a warm-up, then a cosine down to zero."""
        warm = min(1.0, (progress + _START) / self.warm_up) if self.warm_up > 0 else 1.0
        return self.learning_rate * (warm * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))
