"""Planes of what was reviewed: some to learn from, some to score on. What they mean is the head's to say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.images.normalization import AnyLimits
from napari_unet.images.view import Thresholds
from napari_unet.models.record import ModelRecord

CORRECTED_WEIGHT = 3.0
"""How much more a corrected object counts than a confirmed one, in the loss and in where patches are cut."""


@dataclass(eq=False)
class TrainingPlane:
    """One plane (Y, X), or (C, Y, X) of several channels, at the model's object size, and what was reviewed in it.

    Of a network of volumes it is one volume (Z, Y, X), of which a voxel is `flatness` times as long along z as along y.

    `pixels` are normalized; `learn` is where the loss counts, `changed` where a correction was made. `predicted` says
    whether the labels were a prediction before; `unsure` is where their background is not to be believed (None:
    nowhere). `class_weights` are how much a pixel of each value counts (empty: all the same).
    """

    pixels: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int32]
    reviewed: npt.NDArray[np.bool_]
    learn: npt.NDArray[np.bool_]
    changed: npt.NDArray[np.bool_]
    predicted: bool = field(default=False, kw_only=True)
    unsure: npt.NDArray[np.bool_] | None = field(default=None, kw_only=True)
    class_weights: tuple[float, ...] = field(default=(), kw_only=True)
    flatness: float = field(default=1.0, kw_only=True)

    @property
    def channels(self) -> npt.NDArray[np.float32]:
        """The pixels as (C, (Z,) Y, X)."""
        return self.pixels if self.pixels.ndim > self.labels.ndim else self.pixels[None]

    def slice_at(self, z: int) -> TrainingPlane:
        """One plane of a volume."""
        parts = self.pixels[z], self.labels[z], self.reviewed[z], self.learn[z], self.changed[z]
        unsure = None if self.unsure is None else self.unsure[z]
        return TrainingPlane(*parts, predicted=self.predicted, unsure=unsure, class_weights=self.class_weights)


@dataclass(eq=False)
class HeldOutPlane:
    """One plane (Y, X) as it is in the image: `pixels`, and `labels` to find where `region` is True.

    For a network of volumes it is one volume (Z, Y, X), with its `flatness` (None: it is a plane).

    `limits` are the grey values of the whole image that become 0 and 1, `diameter` is that of the objects in pixels,
    `image` the number of the image: objects of one number and label are one object, in several planes. `thresholds`
    are what the user chose for the decoding.
    Where `pixels` are several channels (C, Y, X), `grey` is what a model of one channel sees, with its limits.
    """

    pixels: npt.NDArray[Any]
    labels: npt.NDArray[np.int32]
    region: npt.NDArray[np.bool_]
    limits: AnyLimits
    diameter: float
    image: int = 0
    grey: tuple[npt.NDArray[Any], AnyLimits] | None = None
    thresholds: Thresholds = Thresholds()
    flatness: float | None = None
    memo: dict[str, Any] = field(default_factory=dict, repr=False)  # what a head works out of the plane once

    @property
    def slices(self) -> list[tuple[int, HeldOutPlane]]:
        """The planes of a volume in which something is to be found, with where they are in it."""
        if "slices" not in self.memo:
            self.memo["slices"] = [(int(z), self._slice(int(z))) for z in np.flatnonzero(self.region.any(axis=(1, 2)))]
        return self.memo["slices"]  # type: ignore[no-any-return]

    def _slice(self, z: int) -> HeldOutPlane:
        parts = self.pixels[z], self.labels[z], self.region[z]
        return HeldOutPlane(*parts, self.limits, self.diameter, self.image, thresholds=self.thresholds)

    def input_of(self, record: ModelRecord) -> tuple[npt.NDArray[Any], AnyLimits]:
        """Pixels and limits for the model of `record`: one that sees one channel gets the grey ones."""
        if self.grey is not None and record.architecture.in_channels == 1:
            return self.grey
        return self.pixels, self.limits
