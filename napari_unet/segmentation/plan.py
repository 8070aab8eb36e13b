"""What is to be segmented, in which order, and how it is looked at: a value that can be sent where it is worked on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.heads.registry import find_head
from napari_unet.images.channels import ModelInput
from napari_unet.images.view import Thresholds, View
from napari_unet.labels.growing import move_outlines
from napari_unet.labels.stacks.scraps import drop_scraps
from napari_unet.labels.types import PlaneIndex
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord, resampling_factor
from napari_unet.segmentation.config import Scope, SegmentConfig
from napari_unet.segmentation.tiles.plane import SeenPlane, see_plane

_ENOUGH_OBJECTS = 20  # that were taught: of fewer the smallest says little
_OF_THE_SMALLEST = 0.8  # of the diameter that 5 of 100 taught objects are below
_MOST_OF_TYPICAL = 0.7


@dataclass(frozen=True)
class Plan:
    """`units` go through the network one by one, the first first: planes, or volumes for a 3D network.

    They are indices over the axes before YX, or before ZYX. `record` is the model's, with the thresholds that the user
    chose; `view` grows by what was measured on the way. `flatness` is how many times as long along z as along y a voxel
    of a volume is.
    """

    units: tuple[PlaneIndex, ...]
    view: View
    record: ModelRecord
    config: SegmentConfig
    flatness: float = 1.0

    @property
    def deep(self) -> bool:
        """Whether a unit is a volume."""
        return self.record.architecture.ndim == 3

    @property
    def factor(self) -> float:
        """Enlargement in Y and X before the network sees it."""
        return resampling_factor(self.record, self.diameter)

    @property
    def diameter(self) -> float:
        """Typical object diameter in pixels of the image."""
        return self.view.diameter or self.record.diameter

    def measured(self, image: ModelInput, unit: PlaneIndex) -> Plan:
        """The plan that knows the grey-value limits of the volume that `unit` belongs to."""
        view = self.view.with_limits_of(image, self.first_plane(unit), self.record.normalization)
        return self if view is self.view else replace(self, view=view)

    def first_plane(self, unit: PlaneIndex) -> PlaneIndex:
        return (*unit, 0) if self.deep else unit

    def see(self, image: ModelInput, unit: PlaneIndex, mirrored: bool = False) -> SeenPlane:
        """What the network sees of a unit, or of it as in a mirror (left is right)."""
        first = self.first_plane(unit)
        limits = self.view.limits_of(image, first, self.record.normalization)
        pixels = image.plane(first)
        if self.deep:
            pixels = np.stack([image.plane((*unit, z)) for z in range(image.shape[-3])])
        return see_plane(
            np.ascontiguousarray(pixels[..., ::-1]) if mirrored else pixels, limits, self.record, self.factor
        )

    def decode(self, maps: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
        """Labels ((Z,) Y, X) of maps (outputs, (Z,) Y, X) at the size of the image."""
        return decode(maps, self.record, self.config, self.diameter, self.flatness if self.deep else None)

    def decode_volume(self, maps: npt.NDArray[np.float32], flatness: float) -> npt.NDArray[np.int32]:
        """Labels (Z, Y, X) of maps (outputs, Z, Y, X); a voxel is `flatness` times as long along z as along y."""
        return decode(maps, self.record, self.config, self.diameter, flatness)


def make_plan(units: tuple[PlaneIndex, ...], view: View, record: ModelRecord, config: SegmentConfig) -> Plan:
    """The plan to look at `units` by `view`, with the thresholds that it has in place of the model's own."""
    return Plan(units, view, decoding_record(record, view.thresholds), config)


def plan_units(
    image: ModelInput, model: Model, scope: Scope | None = None, current: PlaneIndex | None = None
) -> tuple[PlaneIndex, ...]:
    """Indices of what goes through the network at once, the `current` plane first; raises `UserError`.

    Where nobody looks at one, the middle of a stack is first: its ends show little.
    """
    scope, outer, volumetric = scope or Scope(), image.shape[:-2], model.record.architecture.ndim == 3
    if volumetric and "Z" not in image.axes:
        raise UserError(f"The model '{model.name}' needs a z-stack; choose a 2D model for this image.")
    keep = len(outer) if scope.kind == "plane" else max(0, len(outer) - 1) if scope.kind == "volume" else 0
    if scope.kind == "volume" and "Z" not in image.axes:
        keep = len(outer)
    planes = list(product(*[[i] for i in scope.index[:keep]], *(range(size) for size in outer[keep:])))
    here = np.array(current if current is not None and len(current) == len(outer) else planes[0])
    if current is None and "Z" in image.axes and keep < len(outer):
        here[-1] = outer[-1] // 2
    planes.sort(key=lambda plane: int(np.abs(np.array(plane) - here).sum()) if plane else 0)
    return units_of(planes, model.record)


def units_of(planes: Sequence[PlaneIndex], record: ModelRecord) -> tuple[PlaneIndex, ...]:
    """The units that `planes` belong to, in their order: for a 3D network, volumes."""
    return tuple(dict.fromkeys(plane[:-1] if record.architecture.ndim == 3 else plane for plane in planes))


def decoding_record(record: ModelRecord, thresholds: Thresholds) -> ModelRecord:
    """The model's record with the thresholds that the user chose in place of its own."""
    return record.model_copy(update=thresholds.chosen())


def decode(
    probability: npt.NDArray[np.float32],
    record: ModelRecord,
    config: SegmentConfig,
    diameter: float,
    flatness: float | None = None,
) -> npt.NDArray[np.int32]:
    """Labels ((Z,) Y, X) from maps (outputs, (Z,) Y, X), as the head of the model means them.

    With `flatness` (how many times as long along z as along y a voxel is) an object has the size of a ball.
    """
    head, across = find_head(record), smallest_share(record, config) * diameter
    smallest = np.pi / 4 * across**2
    if flatness is not None:
        smallest = max(smallest, np.pi / 6 * across**3 / flatness)
    found = head.decode(probability, record, smallest)
    if flatness is not None:  # a volume shows all of an object: what has so little of the usual size is none
        found = drop_scraps(found, smallest_share(record, config) ** 2 * np.pi / 6 * diameter**3 / flatness)
    return move_outlines(found, record.outline + config.outline) if head.draws_objects else found


def smallest_share(record: ModelRecord, config: SegmentConfig) -> float:
    """How large an object has to be, as a share of the typical diameter.

    A model that was taught objects drops what is smaller than nearly all of them, unless somebody asked for less.
    """
    usual = SegmentConfig.model_fields["min_diameter"].default
    if record.sizes is None or record.sizes.n_objects < _ENOUGH_OBJECTS or config.min_diameter < usual:
        return config.min_diameter
    taught = _OF_THE_SMALLEST * record.sizes.low / record.sizes.median
    return max(config.min_diameter, min(taught, _MOST_OF_TYPICAL))
