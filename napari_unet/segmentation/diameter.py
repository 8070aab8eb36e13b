"""How large the objects are, asked of the network itself at a few magnifications."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.images.image import Image
from napari_unet.images.normalization import Limits
from napari_unet.models.model import Model
from napari_unet.segmentation.instances import label_instances
from napari_unet.segmentation.plane import PlaneMaps
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.preparation import volume_limits

_WINDOW = 512  # pixels of the image looked at, at its own size; more where it is shrunk, fewer where enlarged
_SMALLER, _LARGER = 0.35, 2.5
# Read off the validation images at a third, once and four times their size: at the right size conviction is 0.55 to
# 0.8, at the wrong one mostly below 0.5; what looks smaller than this at the wrong size is too small, not too large.
_CONVINCED = 0.6
_SMALL_OBJECT = 16.0


def estimate_diameter(image: Image, model: Model, plane: tuple[int, ...] | None = None, device: str = "auto") -> float:
    """Typical object diameter in pixels of a grey `image`, from one plane (index over the axes before YX).

    Without `plane` the middle one is taken. An image in which nothing is found gets the model's own object size.
    """
    if not image.is_grey:
        image = image.select_channel(None)
    index = plane if plane is not None else tuple(size // 2 for size in image.shape[:-2])
    return measure_diameter(image, Predictor(model, device), index)


def measure_diameter(image: Image, predictor: Predictor, plane: tuple[int, ...]) -> float:
    """As `estimate_diameter`, with a network that is ready to predict."""
    record = predictor.record
    if record.task == "semantic" or record.architecture.ndim == 3:
        return record.diameter
    if len(plane) < len(image.shape) - 2:
        plane = (*plane, *(size // 2 for size in image.shape[len(plane) : -2]))
    pixels = image.plane(plane)
    limits = volume_limits(image, plane, record.normalization)
    found = [look(predictor, pixels, limits, 1.0)]
    if found[0][0] < _CONVINCED:
        found += [look(predictor, pixels, limits, factor) for factor in _other_factors(*found[0])]
    best = max(found, key=lambda one: one[0])
    return best[1] if best[0] > 0 else record.diameter


def _other_factors(conviction: float, diameter: float) -> tuple[float, ...]:
    """Which magnifications to try where the image's own did not convince: smaller where objects seem large."""
    if conviction == 0:
        return _SMALLER, _LARGER
    return (_LARGER,) if diameter < _SMALL_OBJECT else (_SMALLER,)


def look(predictor: Predictor, pixels: npt.NDArray[Any], limits: Limits, factor: float) -> tuple[float, float]:
    """(how convincing, diameter in image pixels) of what the network finds in `pixels` (Y, X) enlarged by `factor`."""
    record = predictor.record
    part = _middle(pixels, int(_WINDOW / factor**0.75))
    maps = PlaneMaps(predictor, part, limits, factor)
    for _ in maps.tiles():
        pass
    smallest = np.pi / 4 * (0.5 * record.diameter_range[0]) ** 2
    labels = label_instances(maps.maps, record.foreground_threshold, record.seed_threshold, smallest)
    sizes = np.bincount(labels.ravel())[1:]
    if sizes.size == 0:
        return 0.0, record.diameter
    diameters = 2 * np.sqrt(sizes / np.pi)
    return _conviction(maps.maps, labels, diameters, record.diameter_range), float(np.median(diameters)) / factor


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


def _middle(pixels: npt.NDArray[Any], side: int) -> npt.NDArray[Any]:
    starts = [max(0, (size - side) // 2) for size in pixels.shape]
    return pixels[tuple(slice(start, start + side) for start in starts)]
