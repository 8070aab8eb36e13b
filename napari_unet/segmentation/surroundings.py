"""What the model says of the surroundings of one place, without segmenting the whole plane."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.events import Finished
from napari_unet.heads.registry import find_head
from napari_unet.images.channels import ModelInput
from napari_unet.images.view import View
from napari_unet.labels.types import Place, PlaneIndex
from napari_unet.models.model import Model
from napari_unet.models.record import resampling_factor
from napari_unet.models.running.engine import Engine
from napari_unet.segmentation.appearance import measure_appearance
from napari_unet.segmentation.kinds import AUTO, choose_kind
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.tiles.plane import see_plane
from napari_unet.segmentation.tiles.queue import predict_plane

REACH = 6.0
"""Half the side of the surroundings, in object diameters: several times what the network sees of one object."""
_SMALLEST_HALF, _LARGEST_HALF = 96, 512  # pixels
_NEAR, _FAINT = 8, 0.04  # through a stack it looks on while something is as probable within so many pixels


@dataclass(frozen=True, eq=False)
class Surroundings:
    """`maps` is float32 (outputs, (Z,) Y, X), `corner` its first (slice,) row and column in its plane, or its stack."""

    maps: npt.NDArray[np.float32]
    corner: Place
    foreground_threshold: float = 0.5
    seed_threshold: float = 0.5


def surroundings_region(
    at: tuple[int, int], shape: tuple[int, ...], diameter: float, reach: float = REACH
) -> tuple[slice, slice]:
    """Rows and columns within `reach` diameters of a place of a plane (`shape` ends in Y, X), cut at its edges."""
    half = int(np.clip(reach * diameter, _SMALLEST_HALF, _LARGEST_HALF))
    rows, columns = (slice(max(0, i - half), min(n, i + half)) for i, n in zip(at, shape[-2:], strict=True))
    return rows, columns


def map_surroundings(
    image: ModelInput,
    load: Callable[[], Model],
    plane: tuple[int, ...],
    at: tuple[int, int],
    view: View | None = None,
    engine: Engine = Engine(),
    slices: int = 0,
) -> Iterator[Finished[Surroundings]]:
    """Run the model on the surroundings of row and column `at` of a plane of a grey image (axes out of "TZYX").

    It is looked at by `view`, as when it was segmented (None, or one without a diameter: after a look at it). With
    `slices` it sees as many before and after the plane, too, as long as there is something at `at`. Raises `UserError`
    for a 3D model and for one that does not find objects.
    """  # fmt: skip
    wanted = (view.kind if view is not None else "") or AUTO
    invert = "auto" if view is None else _said(view.inverted)
    choice = choose_kind(image, load(), wanted, plane, engine, invert, None if view is None else view.diameter)
    image, model, record = choice.image, choice.model, choice.model.record
    if record.architecture.ndim == 3 or find_head(record).keeps_values:
        raise UserError(f"The model '{model.name}' does not draw single objects: draw the outline, or paint.")
    predictor = Predictor(model, engine)
    if view is None or view.diameter is None:
        found = measure_appearance(image, predictor, plane, None, invert)
        view = View(found.diameter, "estimated", found.inverted, View().thresholds if view is None else view.thresholds)
    diameter = view.diameter or record.diameter
    region = surroundings_region(at, image.shape, diameter)

    def look(plane: PlaneIndex) -> npt.NDArray[np.float32]:
        pixels: npt.NDArray[Any] = np.asarray(image.plane(plane))
        limits = view.limits_of(image, plane, record.normalization)
        seen = see_plane(pixels[(..., *region)], limits, record, resampling_factor(record, diameter))
        return predict_plane(predictor, seen).at_image_size()

    corner: Place = region[0].start, region[1].start
    if slices:
        first, maps = _look_through(look, plane, image.shape[-3], slices, (at[0] - corner[0], at[1] - corner[1]))
        corner = first, *corner
    else:
        maps = look(plane)
    record = record.model_copy(update=view.thresholds.chosen())
    yield Finished(Surroundings(maps, corner, record.foreground_threshold, record.seed_threshold))


def _look_through(
    look: Callable[[PlaneIndex], npt.NDArray[np.float32]], plane: PlaneIndex, depth: int, reach: int, at: Place
) -> tuple[int, npt.NDArray[np.float32]]:
    """The first slice that was looked at, and the maps (outputs, Z, Y, X) of it and those that follow.

    From `plane` on up and down, at most `reach` slices far, until one holds next to nothing around row and column `at`.
    """
    maps = {plane[-1]: look(plane)}
    rows, columns = (slice(max(0, i - _NEAR), i + _NEAR + 1) for i in at)
    for step in (-1, 1):
        z = plane[-1]
        while abs(z - plane[-1]) < reach and 0 <= z + step < depth and maps[z][0, rows, columns].max() >= _FAINT:
            z += step
            maps[z] = look((*plane[:-1], z))
    return min(maps), np.stack([maps[z] for z in sorted(maps)], axis=1)


def _said(inverted: bool) -> str:
    return "yes" if inverted else "no"
