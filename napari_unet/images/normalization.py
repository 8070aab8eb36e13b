"""Percentile normalization with limits taken from the image, never from a tile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

_SAMPLES = 2_000_000  # values looked at: percentiles of more than this do not move


class NormalizationConfig(BaseModel):
    """Which grey values become 0 and 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: float = Field(1.0, ge=0, lt=50, title="Black", description="Percentile of the image that becomes 0.")
    high: float = Field(99.8, gt=50, le=100, title="White", description="Percentile of the image that becomes 1.")
    clip: float = Field(3.0, gt=1, description="Values are limited to [-clip, clip] after scaling.")


@dataclass(frozen=True)
class Limits:
    """Grey values that become 0 and 1."""

    low: float
    high: float


def measure_limits(data: npt.NDArray[Any], config: NormalizationConfig | None = None) -> Limits:
    """Grey-value limits of `data` (any shape, real dtype), from its finite values only.

    A constant, empty or all-NaN image gets limits that map every value to 0.
    """
    config = config or NormalizationConfig()
    values = np.ravel(np.asarray(data))
    if values.size > _SAMPLES:
        values = values[:: -(-values.size // _SAMPLES)]
    values = values.astype(np.float64 if values.dtype == np.float64 else np.float32)
    values = values[np.isfinite(values)]
    if values.size == 0:
        return Limits(0.0, 1.0)
    low, high = (float(v) for v in np.percentile(values, [config.low, config.high]))
    if high <= low:  # nearly empty image: fall back on its extremes
        low, high = float(values.min()), float(values.max())
    return Limits(low, high) if high > low else Limits(low, low + 1.0)


def normalize(
    data: npt.NDArray[Any], limits: Limits, config: NormalizationConfig | None = None
) -> npt.NDArray[np.float32]:
    """Scale `data` (any shape, real dtype) to float32 with `limits` at 0 and 1; NaN becomes 0, the rest is clipped."""
    config = config or NormalizationConfig()
    scaled = np.asarray(data).astype(np.float32)
    scaled -= np.float32(limits.low)
    scaled *= np.float32(1.0 / (limits.high - limits.low))
    np.nan_to_num(scaled, copy=False, nan=0.0, posinf=config.clip, neginf=-config.clip)
    return np.clip(scaled, -config.clip, config.clip, out=scaled)
