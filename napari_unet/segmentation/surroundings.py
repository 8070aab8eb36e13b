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


@dataclass(frozen=True, eq=False)
class Surroundings:
    """`maps` is float32 (outputs, Y, X), `corner` its first row and column in its plane."""

    maps: npt.NDArray[np.float32]
    corner: tuple[int, int]
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
) -> Iterator[Finished[Surroundings]]:
    """Run the model on the surroundings of row and column `at` of a plane of a grey image (axes out of "TZYX").

    It is looked at by `view`, as when it was segmented (None, or one without a diameter: after a look at it). Raises
    `UserError` for a 3D model and for one that does not find objects.
    """  # fmt: skip
    wanted = (view.kind if view is not None else "") or AUTO
    invert = "auto" if view is None else _said(view.inverted)
    choice = choose_kind(image, load(), wanted, plane, engine, invert)
    image, model, record = choice.image, choice.model, choice.model.record
    if record.architecture.ndim == 3 or find_head(record).keeps_values:
        raise UserError(f"The model '{model.name}' does not draw single objects: draw the outline, or paint.")
    predictor = Predictor(model, engine)
    if view is None or view.diameter is None:
        found = measure_appearance(image, predictor, plane, None, invert)
        view = View(found.diameter, "estimated", found.inverted, View().thresholds if view is None else view.thresholds)
    diameter = view.diameter or record.diameter
    pixels: npt.NDArray[Any] = np.asarray(image.plane(plane))
    region = surroundings_region(at, pixels.shape, diameter)
    limits = view.limits_of(image, plane, record.normalization)
    seen = see_plane(pixels[(..., *region)], limits, record, resampling_factor(record, diameter))
    maps = predict_plane(predictor, seen)
    corner = region[0].start, region[1].start
    record = record.model_copy(update=view.thresholds.chosen())
    yield Finished(Surroundings(maps.at_image_size(), corner, record.foreground_threshold, record.seed_threshold))


def _said(inverted: bool) -> str:
    return "yes" if inverted else "no"
