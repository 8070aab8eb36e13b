"""Percentile normalization with limits taken from the image, never from a tile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

_SAMPLES = 2_000_000  # values looked at: percentiles of more than this do not move
_PLANES = 32  # of a long stack this many planes are looked at, evenly spread
HUGE_PLANE = 2**26  # of a larger plane only a grid of blocks is read
_BLOCK = 256
_FARTHEST = 8e307  # the difference of two such numbers of float64 still is one
_BLOCKS_PER_SIDE = 8


class NormalizationConfig(BaseModel):
    """Which grey values become 0 and 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: float = Field(1.0, ge=0, lt=50, title="Black", description="Percentile of the image that becomes 0.")
    high: float = Field(99.8, gt=50, le=100, title="White", description="Percentile of the image that becomes 1.")
    method: Literal["percentiles", "mean", "fixed"] = Field(
        "percentiles",
        title="Scaling",
        description="By percentiles of the image; by its mean and standard deviation, which become 0 and 1; or fixed.",
    )
    black: float = Field(0.0, description="Grey value that becomes 0, where it is fixed.")
    white: float = Field(1.0, description="Grey value that becomes 1, where it is fixed.")
    clip: float = Field(3.0, gt=1, description="Values are limited to [-clip, clip] after scaling.")


@dataclass(frozen=True)
class Limits:
    """Grey values that become 0 and 1."""

    low: float
    high: float


@dataclass(frozen=True)
class ChannelLimits:
    """Limits of each channel by itself, so that a dim one counts as much as a bright one."""

    channels: tuple[Limits, ...]

    @property
    def low(self) -> float:
        """Mean of what becomes 0."""
        return float(np.mean([one.low for one in self.channels]))

    @property
    def high(self) -> float:
        """Mean of what becomes 1."""
        return float(np.mean([one.high for one in self.channels]))


AnyLimits = Limits | ChannelLimits


def measure_limits(data: Any, config: NormalizationConfig | None = None) -> Limits:
    """Grey-value limits of `data` (any shape and real dtype, numpy or lazy), from its finite values only.

    Large data is sampled evenly and read plane by plane. A constant, empty or all-NaN image gets limits that map every
    value to 0.
    """
    config = config or NormalizationConfig()
    if config.method == "fixed":
        return Limits(config.black, config.white)
    values = _sample(data)
    values = values.astype(_working_dtype(values.dtype))
    values = _bounded(values[np.isfinite(values)])
    if values.size == 0:
        return Limits(0.0, 1.0)
    if config.method == "mean":
        mean, deviation = float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64))
        return Limits(mean, mean + max(deviation, 1e-6))
    with np.errstate(over="ignore", invalid="ignore"):  # interpolation between values near the ends of the type
        low, high = (float(v) for v in np.percentile(values, [config.low, config.high]))
    if not low < high:  # nearly empty image: fall back on its extremes
        low, high = float(values.min()), float(values.max())
    return Limits(low, high) if high > low else Limits(low, low + max(1.0, abs(low)))


def normalize(
    data: npt.NDArray[Any], limits: AnyLimits, config: NormalizationConfig | None = None
) -> npt.NDArray[np.float32]:
    """Scale `data` (any shape, real dtype) to float32 with `limits` at 0 and 1; NaN becomes 0, the rest is clipped.

    With `ChannelLimits` the first axis is channels.
    """
    config = config or NormalizationConfig()
    if isinstance(limits, ChannelLimits):
        return np.stack([normalize(one, each, config) for one, each in zip(data, limits.channels, strict=True)])
    data = np.asarray(data)
    scaled = _bounded(data.astype(_working_dtype(data.dtype)))
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        scaled -= scaled.dtype.type(limits.low)
        scaled /= scaled.dtype.type(limits.high - limits.low)
    if data.dtype.kind == "f" and not np.isfinite(data).any():
        return np.zeros(data.shape, np.float32)  # nothing was measured, so there is nothing to see
    np.nan_to_num(scaled, copy=False, nan=0.0, posinf=config.clip, neginf=-config.clip)
    np.clip(scaled, -config.clip, config.clip, out=scaled)
    return scaled.astype(np.float32, copy=False)


def _bounded(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Finite values of float64 kept so far from its ends that a difference of two is finite; others as they are."""
    if values.dtype != np.float64:
        return values
    infinite = np.isinf(values)
    return np.where(infinite, values, np.clip(values, -_FARTHEST, _FARTHEST))


def _working_dtype(dtype: np.dtype[Any]) -> type[np.floating[Any]]:
    """float32 if it holds every value of `dtype` exactly; float64 if a large offset would swallow the grey values."""
    return np.float32 if np.can_cast(dtype, np.float32, casting="safe") else np.float64


def _sample(data: Any) -> npt.NDArray[Any]:
    """At most about `_SAMPLES` values of `data`, evenly spread, with no more than one plane in memory at a time."""
    if not hasattr(data, "shape"):
        data = np.asarray(data)
    size = int(np.prod(data.shape, dtype=np.int64))
    if size <= _SAMPLES or len(data.shape) < 2:
        values = np.ravel(np.asarray(data))
        return values[:: max(1, -(-values.size // _SAMPLES))]
    leading = data.shape[:-2]
    count = int(np.prod(leading, dtype=np.int64))
    chosen = np.unique(np.linspace(0, count - 1, min(count, _PLANES)).round().astype(int))
    planes = (data[tuple(int(i) for i in np.unravel_index(at, leading))] if leading else data for at in chosen)
    return np.concatenate([_sample_plane(plane, _SAMPLES // len(chosen)) for plane in planes])


def _sample_plane(plane: Any, wanted: int) -> npt.NDArray[Any]:
    """About `wanted` values of `plane` (Y, X): every n-th, of a huge plane those of a grid of blocks."""
    rows, columns = plane.shape
    if rows * columns > HUGE_PLANE:
        corners = [np.linspace(0, max(0, size - _BLOCK), _BLOCKS_PER_SIDE).astype(int) for size in plane.shape]
        blocks = [plane[y : y + _BLOCK, x : x + _BLOCK] for y in corners[0] for x in corners[1]]
        values = np.concatenate([np.ravel(np.asarray(block)) for block in blocks])
    else:
        values = np.ravel(np.asarray(plane))
    step = max(1, values.size // wanted)
    # An even step that divides the row length would look at the same few columns of every row.
    return values[:: step + (step % 2 == 0)]
