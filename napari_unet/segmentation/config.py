"""The parameters of segmentation, each defined once: window, command line and records read them here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from napari_unet.images.view import Thresholds
from napari_unet.models.running.engine import DeviceChoice, Engine, PrecisionName, RuntimeName

StackName = Literal["auto", "slices", "volume"]
QualityName = Literal["fast", "normal", "careful"]
DimName = Literal["auto", "no", "yes"]


@dataclass(frozen=True)
class Scope:
    """What to segment: one "plane", one "volume" (all z at one time) or "all"; `index` over the axes before YX."""

    kind: Literal["plane", "volume", "all"] = "all"
    index: tuple[int, ...] = ()


class SegmentConfig(BaseModel):
    """How an image is segmented."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    diameter: float | None = Field(
        None,
        gt=1,
        le=2000,
        title="Diameter",
        description="Typical object diameter in pixels; empty: estimated from the image.",
    )
    foreground_threshold: float | None = Field(
        None,
        gt=0,
        lt=1,
        title="Object threshold",
        description="Lower finds more and larger objects; empty: what the model was trained for.",
    )
    seed_threshold: float | None = Field(
        None,
        gt=0,
        lt=1,
        title="Splitting threshold",
        description="Higher splits touching objects more readily; empty: what the model was trained for.",
    )
    object_threshold: float | None = Field(
        None,
        ge=0,
        lt=1,
        title="Certainty",
        description="Objects that the model is less sure of are dropped; 0 keeps all; empty: as for the model.",
    )
    min_diameter: float = Field(
        0.35, ge=0, le=1, title="Smallest object", description="As a share of the typical diameter; smaller is dropped."
    )
    stack: StackName = Field(
        "auto",
        title="Z-stacks",
        description="slices: each by itself, then linked; volume: seen from three sides, objects formed in 3D; auto: "
        "what suits the stack.",
        json_schema_extra={"choices": list(get_args(StackName))},
    )
    link_overlap: float = Field(
        0.25,
        gt=0,
        le=1,
        title="Linking through z",
        description="Overlap (IoU) at which objects of neighbouring slices become one 3D object.",
    )
    tile: int | None = Field(
        None, ge=64, le=16384, title="Tile size", description="In pixels; empty: as large as memory allows."
    )
    kind: str = Field(
        "auto",
        min_length=1,
        title="Answered by",
        description="Which of the kinds of image that the model knows it takes this one for: a name, or auto, the kind "
        "whose images it resembles.",
    )
    outline: float = Field(
        0.0,
        ge=-20,
        le=20,
        title="Outline",
        description="Pixels by which outlines are moved: wider above 0, tighter below.",
    )
    invert: str = Field(
        "no",
        pattern="^(auto|no|yes)$",
        title="Dark objects",
        description="Whether objects are darker than their background; auto looks which of the two the model knows.",
        json_schema_extra={"choices": ["auto", "no", "yes"]},
    )
    dim_objects: DimName = Field(
        "auto",
        title="Dim objects",
        description="Whether to look a second time, with the light spread, for objects that are much dimmer than their "
        "neighbours; auto does so in images of up to four megapixels, with models as they ship.",
        json_schema_extra={"choices": list(get_args(DimName))},
    )
    quality: QualityName = Field(
        "normal",
        title="Quality",
        description="fast: the network in 8-bit integers, in about half its time, with slightly other outlines; "
        "careful: the average of what it says of the image turned and mirrored, eight times as long.",
        json_schema_extra={"choices": list(get_args(QualityName))},
    )
    keep_probability: bool = Field(False, title="Probability maps", description="Keep what the network said.")
    device: DeviceChoice = "auto"
    precision: PrecisionName = Field(
        "auto",
        title="Precision",
        description="bfloat16 is faster where the processor has it, int8 (2D, on the processor) faster still and less "
        "exact; auto asks the machine.",
        json_schema_extra={"choices": list(get_args(PrecisionName))},
    )
    runtime: RuntimeName = Field(
        "auto",
        title="Engine",
        description="The program that runs the network: torch, or onnx (ONNX Runtime) or openvino where they are "
        "installed; auto takes torch.",
        json_schema_extra={"choices": list(get_args(RuntimeName))},
    )

    @property
    def thresholds(self) -> Thresholds:
        """What was chosen in place of the model's own."""
        return Thresholds(self.foreground_threshold, self.seed_threshold, self.object_threshold)

    @property
    def engine(self) -> Engine:
        """What it runs on."""
        integers = self.quality == "fast" and self.precision == "auto"
        return Engine(self.device, "int8" if integers else self.precision, self.runtime)

    @property
    def every_way(self) -> bool:
        """Whether the network looks at everything turned and mirrored, too."""
        return self.quality == "careful"
