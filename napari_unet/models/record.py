"""What a model file says of itself beside its weights. No torch here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from napari_unet.errors import UserError
from napari_unet.images.normalization import NormalizationConfig
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.recorded.foreign import ForeignNetwork
from napari_unet.models.taught import TaughtSizes


class TrainingRecord(BaseModel):
    """What made the weights: enough to say where a model came from, and to make it again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    images: tuple[str, ...] = ()
    n_objects: int = 0
    n_corrected: int = 0
    seconds: float = 0.0
    steps: int = 0
    settings: dict[str, Any] = Field(default_factory=dict)
    views: tuple[dict[str, Any], ...] = Field((), description="How each of the images was looked at, in their order.")
    learned: tuple[tuple[str, tuple[int, ...], int, int], ...] = Field(
        (), description="Image, plane and centre (y, x) of objects that the model or its ancestors learned from."
    )
    decisions: dict[str, str] = Field(
        default_factory=dict, description="What the clock decided, for the same training to be done again."
    )


Kernels = tuple[tuple[float, ...], ...]
HoleName = Literal["none", "pixel", "rows", "columns"]
TaskName = Literal["denoise", "upscale", "synthesize", "isotropic"]
"""What is restored; "upscale" doubles rows and columns, "synthesize" makes one channel of another, "isotropic" makes
voxels as long along z as across."""


class GreyOutput(BaseModel):
    """What the grey values are that a network for restoration says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: TaskName = "denoise"
    residual: bool = Field(False, description="What it says is added to the image, smoothed.")
    sigma: float = Field(0.0, ge=0, le=20, description="Width of that smoothing in pixels; 0: none.")
    spread: float = Field(1.0, gt=0, description="What an output of 1 adds, in normalized grey values.")
    hole: HoleName = Field("none", description="What around a pixel does not count in the smoothing.")
    kernels: Kernels = Field(
        (), description="Linear filters that add to the start; of several, one for each place in a pixel."
    )
    gain: float = Field(1.0, description="Grey values of the output for one of the image.")
    offset: float = Field(0.0, description="What is added to the output, in grey values.")
    dtype: str = Field("", description="Type of the output's values; empty: that of the image.")
    ratio: float = Field(
        1.0, gt=0, description="How many times as long along z as across voxels were; isotropic alone."
    )
    ratio_given: bool = Field(False, description="A person said so, and not the image.")
    limits: tuple[float, float] | None = Field(
        None, description="Grey values that the output calls 0 and 1; None: those of the image, by gain and offset."
    )


class ModelRecord(BaseModel):
    """Architecture, input and output conventions, ancestry and scores of a model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format_version: Literal[1] = 1
    name: str = "unnamed"
    description: str = ""
    architecture: UNetConfig = UNetConfig()
    task: str = Field("instances", description="The head: what the outputs mean.")
    outputs: tuple[str, ...] = ("foreground", "distance")
    class_names: tuple[str, ...] = ("background", "object")
    axes: str = "YX"
    normalization: NormalizationConfig = NormalizationConfig()
    diameter: float = Field(24.0, gt=0, description="Object diameter in pixels that the model was trained at.")
    diameter_range: tuple[float, float] = Field(
        (12.0, 48.0), description="Diameters, in pixels, that need no resampling."
    )
    foreground_threshold: float = Field(0.5, gt=0, lt=1)
    seed_threshold: float = Field(0.5, gt=0, lt=1)
    object_threshold: float = Field(0.0, ge=0, lt=1, description="Mean foreground probability below which none is.")
    parent: str | None = Field(None, description="SHA-256 of the parent model's file.")
    parent_name: str | None = None
    created: datetime = Field(default_factory=lambda: datetime.now(UTC))
    training: TrainingRecord = TrainingRecord()
    scores: dict[str, float] = Field(default_factory=dict)
    licence: str = ""
    untrained: bool = Field(False, description="Made from scratch, and has learned nothing yet.")
    replay: str | None = Field(
        None,
        pattern=r"^\w[\w-]*$",
        description="Replay set that keeps children from forgetting; they inherit its name.",
    )
    kind: str = Field("", description="What its own images are called; empty: as the model.")
    sizes: TaughtSizes | None = Field(None, description="Sizes of the objects that it was taught; None: as it ships.")
    outline: float = Field(0.0, ge=-20, le=20, description="Pixels by which what it finds is to grow.")
    foreign: ForeignNetwork | None = Field(None, description="Of a network of another program: how it is run.")
    grey: GreyOutput | None = Field(None, description="Of a model for restoration: what its output is.")
    kinds: tuple[ModelRecord, ...] = Field(
        (), description="Other kinds of image that the file has weights for, each with what that kind needs."
    )

    @property
    def kind_name(self) -> str:
        """What its own kind of image is called."""
        return self.kind or self.name

    @property
    def kind_names(self) -> tuple[str, ...]:
        """All kinds of image that it knows, its own first."""
        return (self.kind_name, *(one.kind_name for one in self.kinds))

    @property
    def channel_counts(self) -> tuple[int, ...]:
        """How many channels its kinds look at, the most first."""
        counts = {self.architecture.in_channels, *(one.architecture.in_channels for one in self.kinds)}
        return tuple(sorted(counts, reverse=True))


def check_class_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names without stray blanks; raises `UserError` if they are too few, empty or not all different."""
    cleaned = tuple(" ".join(name.split()) for name in names)
    if len(cleaned) < 2:
        raise UserError("Classes need at least two names, the background first: for example background, nucleus.")
    if not all(cleaned) or len({name.casefold() for name in cleaned}) < len(cleaned):
        raise UserError("Every class needs a name of its own: for example background, nucleus, debris.")
    return cleaned


def resampling_factor(record: ModelRecord, diameter: float) -> float:
    """How much to enlarge an image with objects of `diameter` pixels, so that the model knows their size.

    1 within the model's `diameter_range`; beyond, just enough to come into it.
    """
    low, high = record.diameter_range
    return min(max(diameter, low), high) / diameter
