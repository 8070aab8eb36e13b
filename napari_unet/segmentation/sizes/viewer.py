"""What the network finds in one plane at a magnification, and how sure it is of that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.heads.registry import find_head
from napari_unet.images.channels import ModelInput
from napari_unet.images.limits import volume_limits
from napari_unet.images.normalization import AnyLimits
from napari_unet.models.record import ModelRecord
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.tiles.maps import PlaneMaps
from napari_unet.segmentation.tiles.plane import see_plane
from napari_unet.segmentation.tiles.queue import predict_plane

_WINDOW = 512  # pixels of the image looked at, at its own size; more where it is shrunk, fewer where enlarged
_WINDOW_DEEP, _SLICES = 256, 8  # the same of volumes, and slices before and behind the plane that are looked at too


@dataclass(frozen=True, eq=False)
class Appearance:
    """How to look at an image, its `diameter` an estimate unless it was known, and how `conviction` fared.

    `maps` are those of the whole plane, at its own size, if they came about on the way: then nobody need make them
    again. So are `limits`, the grey values that were scaled by. `unusual` says that objects are of quite another size
    than the model was taught. `n_objects` were found. `other` is a diameter that is convincing too, if one is;
    `looked` is what every look found on which the estimate rests, without maps and limits.
    """

    diameter: float
    inverted: bool = False
    conviction: float = 0.0
    maps: PlaneMaps | None = None
    limits: AnyLimits | None = None
    unusual: bool = False
    n_objects: int = 0
    other: float | None = None
    looked: tuple[Appearance, ...] = ()


class Viewer:
    """Looks at one plane of an image; `looked` is what was found so far."""

    def __init__(self, image: ModelInput, predictor: Predictor, plane: tuple[int, ...]) -> None:
        self._image, self._predictor, self._plane = image, predictor, plane
        self._limits: dict[bool, AnyLimits] = {}  # of the image, and of its negative: of large ones they take a while
        self.looked: list[Appearance] = []

    @property
    def record(self) -> ModelRecord:
        return self._predictor.record

    def look(self, factor: float, inverted: bool) -> Appearance:
        """What the network finds in the plane's middle, enlarged by `factor`: nothing where all is of one value."""
        found = self._find(factor, inverted)
        self.looked.append(replace(found, maps=None, limits=None))
        return found

    def is_bright(self) -> bool:
        """Whether most of the plane is nearer to white than to black; only then objects may be darker than the rest."""
        limits = self._limits_of(False)
        return bool(np.nanmedian(self._middle(_WINDOW)) > (limits.low + limits.high) / 2)

    def _find(self, factor: float, inverted: bool) -> Appearance:
        record = self.record
        deep = record.architecture.ndim == 3
        part = (self._slab if deep else self._middle)(int((_WINDOW_DEEP if deep else _WINDOW) / factor**0.75))
        limits = self._limits_of(inverted)
        if part.size and part.min() == part.max():
            return Appearance(record.diameter / factor, inverted, limits=limits)
        maps = predict_plane(self._predictor, see_plane(part, limits, record, factor))
        diameter, conviction, n_objects = _judge(maps.maps[:, len(part) // 2] if deep else maps.maps, record)
        whole = not deep and factor == 1 and part.shape[-2:] == self._image.shape[-2:]
        return Appearance(diameter / factor, inverted, conviction, maps if whole else None, limits, n_objects=n_objects)

    def _limits_of(self, inverted: bool) -> AnyLimits:
        """The grey values that are scaled by."""
        if inverted not in self._limits:
            config = self.record.normalization
            self._limits[inverted] = volume_limits(self._image, self._plane, config, inverted)
        return self._limits[inverted]

    def _slab(self, side: int) -> npt.NDArray[Any]:
        """Pixels (Z, Y, X) of the same part of the slices around the plane, as many before it as behind it."""
        *outer, z = self._plane
        reach = min(_SLICES, z, self._image.shape[-3] - 1 - z)
        around = range(z - reach, z + reach + 1)
        return np.stack([self._image.part((*outer, one), self._rows(side)) for one in around])

    def _middle(self, side: int) -> npt.NDArray[Any]:
        """Pixels ((C,) Y, X) of the middle of the plane, at most `side` a side: no more is read."""
        return self._image.part(self._plane, self._rows(side))

    def _rows(self, side: int) -> tuple[slice, slice]:
        starts = [max(0, (size - side) // 2) for size in self._image.shape[-2:]]
        rows, columns = (slice(start, start + side) for start in starts)
        return rows, columns


def _judge(maps: npt.NDArray[np.float32], record: ModelRecord) -> tuple[float, float, int]:
    """(median diameter of what is found in `maps`, in their pixels, conviction from 0 to 1, number of objects)."""
    smallest = np.pi / 4 * (0.5 * record.diameter_range[0]) ** 2
    labels = find_head(record).decode(maps, record, smallest)
    sizes = np.bincount(labels.ravel())[1:]
    if sizes.size == 0:
        return record.diameter, 0.0, 0
    diameters = 2 * np.sqrt(sizes / np.pi)
    return float(np.median(diameters)), _conviction(maps, labels, diameters, record.diameter_range), int(sizes.size)


def _conviction(
    maps: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int32],
    diameters: npt.NDArray[np.float64],
    comfortable: tuple[float, float],
) -> float:
    """How sure the network is, weighted by how many objects have a size that it knows."""
    inside = labels > 0
    sure = float(np.mean(np.abs(maps[0] - 0.5)[inside])) * 2
    covered = float(maps[0][inside].sum() / max(1.0, maps[0].sum()))
    peaks = np.zeros(diameters.size + 1)
    np.maximum.at(peaks, labels[inside], maps[1][inside])
    known = np.mean((diameters > 0.8 * comfortable[0]) & (diameters < 1.2 * comfortable[1]))
    return sure * covered * float(peaks[1:].mean()) * float(known)
