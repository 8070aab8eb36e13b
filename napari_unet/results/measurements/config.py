"""What to measure: the parameters, each defined once."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class MeasureConfig(BaseModel):
    """Which columns, and the few things that they ask."""

    model_config = ConfigDict(frozen=True)

    columns: tuple[str, ...] = Field(
        ("default",), title="Columns", description="Names of measurements; default or all for many"
    )
    neighbor_distance: float | None = Field(
        None, gt=0, title="Neighbour distance",
        description="Counts other objects with their centre within this distance, in the unit of the pixel size",
    )  # fmt: skip
    slices: bool = Field(
        False, title="Slice by slice", description="Measure each slice of a z-stack by itself, not objects in 3D"
    )
    tile_pixels: int = Field(
        2**22, ge=64, title="Pixels at a time",
        description="How much of the image is in memory at once; the numbers are the same",
    )  # fmt: skip
