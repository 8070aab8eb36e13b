"""How a picture looks: the parameters, each defined once."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Colour = Literal["objects", "yellow", "cyan", "magenta", "lime", "red", "white"]


class PictureConfig(BaseModel):
    """Outlines, scale bar and size of a picture."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    colour: Colour = Field("objects", title="Outlines", description="Each object in a colour of its own, or all in one")
    line_width: float = Field(1.0, ge=0.1, le=10, title="Line width", description="Of the outlines, in points")
    scale_bar: bool = Field(
        True, title="Scale bar", description="With its length, where the file says how large a pixel is"
    )
    low: float = Field(0.5, ge=0, lt=50, title="Black", description="Percentile of the grey values that is drawn black")
    high: float = Field(99.8, gt=50, le=100, title="White", description="Percentile that is drawn white")
    width: int = Field(
        1200,
        ge=100,
        le=20000,
        title="Width",
        description="Of the picture in pixels; PDF and SVG stay sharp at any size",
    )
