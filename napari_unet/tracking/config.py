"""The parameters of tracking, each defined once: window, command line and records read them here."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class TrackConfig(BaseModel):
    """How objects of neighbouring frames are linked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_step: float = Field(
        1.0,
        gt=0,
        le=20,
        title="Largest step",
        description="How far an object can move from one frame to the next, in typical object diameters.",
    )
    overlap_weight: float = Field(
        0.5,
        ge=0,
        le=1,
        title="Weight of overlap",
        description="1: only the overlap of outlines counts; 0: only the distance of centres.",
    )
    gap_frames: int = Field(
        2,
        ge=0,
        le=20,
        title="Gaps",
        description="Frames in a row in which an object may be missing and keep its track.",
    )
    divisions: bool = Field(True, title="Divisions", description="Whether objects divide, so that tracks may branch.")
