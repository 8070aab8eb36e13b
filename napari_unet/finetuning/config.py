"""The parameters of fine-tuning, each defined once: window, command line and model record read them here."""

from __future__ import annotations

from pydantic import Field

from napari_unet.learning.config import LearningConfig, OptimizationConfig

_SCRATCH = 2.0  # times the learning rate
_PATCHES = 4


class FinetuneConfig(LearningConfig):
    """How a model is adapted to corrections."""

    learning_rate: float = Field(3e-3, gt=0, le=0.1, title="Learning rate")
    weight_decay: float = Field(1e-4, ge=0, le=1, title="Weight decay")
    batch_size: int | None = Field(
        None,
        ge=1,
        le=64,
        title="Patches a step",
        description="Empty: 4, and fewer where the processor is so slow that the time would be over after a few steps.",
    )
    patch: int = Field(192, ge=64, le=1024, title="Patch size", description="Pixels at the model's object size.")
    held_out: float = Field(
        0.25,
        ge=0,
        le=0.5,
        title="Held out",
        description="Share of the reviewed objects that only score the model; of fifteen or more at least five.",
    )
    replay: float | None = Field(
        None,
        ge=0,
        le=0.75,
        title="Replay",
        description="Share of the patches that are of images that the base model learned from; empty: the more, the "
        "more the images resemble those.",
    )
    channels: str = Field(
        "auto",
        pattern="^(auto|one|all)$",
        title="Channels",
        description="What the model sees of colour images and those of several channels: one (of colour, its "
        "brightness), all together, or what tells the reviewed objects better (auto).",
        json_schema_extra={"choices": ["auto", "one", "all"]},
    )
    dimensions: str = Field(
        "2",
        pattern="^(2|3)$",
        title="Dimensions",
        description="3: z-stacks teach a network of volumes that is made of the one of planes; 2: their slices teach "
        "that one. A model of volumes stays one.",
        json_schema_extra={"choices": ["2", "3"]},
    )
    preview_seconds: float = Field(5.0, ge=1, title="Preview", description="Seconds between two live previews.")

    @property
    def patches(self) -> int:
        """Patches of the first steps; all of them, where a number was said."""
        return self.batch_size or _PATCHES

    def optimization(self, scratch: bool = False) -> OptimizationConfig:
        """How steps are made; from `scratch` there is nothing yet to lose, and the rate is higher."""
        rate = self.learning_rate * (_SCRATCH if scratch else 1.0)
        return OptimizationConfig(learning_rate=rate, weight_decay=self.weight_decay)
