"""One plane in pieces, so that a correction costs what a piece costs, however large the plane is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.finetuning.material.doubt import find_doubt
from napari_unet.heads.planes import TrainingPlane
from napari_unet.heads.registry import find_head
from napari_unet.images.normalization import AnyLimits, Limits, normalize
from napari_unet.images.resampling import pick_nearest, resample, resampled_shape
from napari_unet.labels.types import Floats, Mask, PlaneBox
from napari_unet.models.record import resampling_factor
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.tiles.plane import see_plane
from napari_unet.segmentation.tiles.queue import predict_plane

SIDE = 384
"""Pixels a side of a piece at the model's object size, what patches need around it not counted."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A plane (Y, X) as a person left it: labels, where it is reviewed, where corrected, and where it is new.

    `predicted` says whether a model had drawn it before.
    """

    labels: npt.NDArray[Any]
    reviewed: Mask
    changed: Mask
    fresh: Mask
    predicted: bool
    class_weights: tuple[float, ...] = ()


@dataclass(eq=False)
class _LivePiece:
    """`core` is learned from, `box` is that with its surroundings; `pixels` of it never change."""

    core: PlaneBox
    box: PlaneBox
    pixels: Floats
    foreground: Floats | None = None  # what the old model says of it, as soon as it was asked
    plane: TrainingPlane | None = None
    fresh: Mask = field(default_factory=lambda: np.zeros((0, 0), bool))


class LivePieces:
    """The pieces of one plane in which something is reviewed, as `predictor`'s model learns from them.

    Parameters
    ----------
    pixels : array (Y, X) or (C, Y, X)
        Of all of the plane.
    limits : limits
        Of its grey values.
    diameter : float
        Of the objects, in pixels.
    patch : int
        Side of the patches that are cut, in pixels at the model's object size.
    """

    def __init__(
        self, pixels: npt.NDArray[Any], limits: AnyLimits, diameter: float, patch: int, predictor: Predictor
    ) -> None:
        self.diameter = diameter
        self._pixels, self._limits, self._predictor = pixels, limits, predictor
        self._zoom = resampling_factor(predictor.record, diameter)
        self._margin = round(0.75 * patch / self._zoom)
        self._side = max(1, round(SIDE / self._zoom))
        self._pieces: dict[tuple[int, int], _LivePiece] = {}

    def draw(self, drawn: Drawn, sure: bool = False) -> None:
        """Make anew the pieces that are new. If `sure`, background is taken at its word without asking the model."""
        for key, core, box in self._places(drawn.labels.shape):
            known = self._pieces.get(key)
            if not drawn.reviewed[core].any():
                self._pieces.pop(key, None)
            elif known is None or drawn.fresh[box].any():
                piece = known or _LivePiece(core, box, self._see(box))
                self._fill(piece, drawn, sure)
                self._pieces[key] = piece

    def settle(self) -> None:
        """What was new is known by now."""
        for piece in self._pieces.values():
            piece.fresh = np.zeros_like(piece.fresh)

    @property
    def planes(self) -> list[TrainingPlane]:
        return [piece.plane for piece in self._pieces.values() if piece.plane is not None]

    @property
    def fresh(self) -> list[Mask]:
        """Where each of `planes` is new."""
        return [piece.fresh for piece in self._pieces.values() if piece.plane is not None]

    def _places(self, shape: tuple[int, ...]) -> Iterator[tuple[tuple[int, int], PlaneBox, PlaneBox]]:
        for row in range(-(-shape[0] // self._side)):
            for column in range(-(-shape[1] // self._side)):
                starts = row * self._side, column * self._side
                core = tuple(slice(at, min(size, at + self._side)) for at, size in zip(starts, shape, strict=True))
                box = tuple(
                    slice(max(0, part.start - self._margin), min(size, part.stop + self._margin))
                    for part, size in zip(core, shape, strict=True)
                )
                yield (row, column), (core[0], core[1]), (box[0], box[1])

    def _see(self, box: PlaneBox) -> Floats:
        values = normalize(self._pixels[(..., *box)], self._limits, self._predictor.record.normalization)
        planes = values.reshape(-1, *values.shape[-2:])
        resized: Floats = resample(planes, resampled_shape(values.shape, self._zoom))
        return resized if values.ndim == 3 else resized[0]

    def _fill(self, piece: _LivePiece, drawn: Drawn, sure: bool) -> None:
        inside = np.zeros_like(drawn.reviewed)
        inside[piece.core] = drawn.reviewed[piece.core]
        labels = pick_nearest(drawn.labels[piece.box], self._zoom).astype(np.int32)
        masks = (self._shrink(mask, piece.box) for mask in (drawn.reviewed, inside, drawn.changed))
        piece.plane = TrainingPlane(
            piece.pixels, labels, *masks, predicted=drawn.predicted, class_weights=drawn.class_weights
        )
        piece.fresh = self._shrink(drawn.fresh, piece.box)
        record = self._predictor.record
        if drawn.predicted and find_head(record).doubts and not record.untrained:
            if piece.foreground is None and not sure:
                seen = see_plane(piece.pixels, Limits(0.0, 1.0), record)
                piece.foreground = predict_plane(self._predictor, seen).maps[0]
            if piece.foreground is not None:
                piece.plane.unsure = find_doubt(piece.plane, piece.foreground)

    def _shrink(self, mask: Mask, box: PlaneBox) -> Mask:
        return pick_nearest(mask[box], self._zoom)
