"""What a model remembers of the objects it was taught: how large they were. No torch here."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict, Field


class TaughtSizes(BaseModel):
    """Diameters, in pixels of their images, of the objects that a model learned from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    median: float = Field(gt=0, description="Of images: what one of them is segmented at.")
    spread: float = Field(0.0, ge=0, description="Standard deviation of the logarithm of the size, between images.")
    low: float = Field(gt=0, description="5 of 100 objects are smaller.")
    high: float = Field(gt=0, description="5 of 100 objects are larger.")
    n_objects: int = Field(1, ge=1)
    n_images: int = Field(1, ge=1)

    @classmethod
    def measure(cls, images: Sequence[float], objects: Sequence[float]) -> TaughtSizes:
        """Of the typical diameters of `images`, and the diameters of their `objects` (none: as the images')."""
        logs = np.log(np.asarray(images, float))
        low, high = np.quantile(np.asarray(objects if len(objects) else images, float), [0.05, 0.95])
        return cls(
            median=round(float(np.exp(np.median(logs))), 2), spread=round(float(logs.std()), 4),
            low=round(float(low), 2), high=round(float(high), 2), n_objects=max(1, len(objects)), n_images=len(logs),
        )  # fmt: skip

    def joined(self, earlier: TaughtSizes | None) -> TaughtSizes:
        """What is remembered of both teachings, each image counted once."""
        if earlier is None:
            return self
        n, m = self.n_images, earlier.n_images
        new, old = math.log(self.median), math.log(earlier.median)
        mean = (n * new + m * old) / (n + m)
        variance = (n * (self.spread**2 + (new - mean) ** 2) + m * (earlier.spread**2 + (old - mean) ** 2)) / (n + m)
        return TaughtSizes(
            median=round(math.exp(mean), 2), spread=round(math.sqrt(variance), 4), low=min(self.low, earlier.low),
            high=max(self.high, earlier.high), n_objects=self.n_objects + earlier.n_objects, n_images=n + m,
        )  # fmt: skip
