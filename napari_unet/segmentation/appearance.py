"""How an image looks to the network: the size of its objects, and whether they are darker than their background.

Both are asked of the network itself: it looks at the middle of one plane at a few magnifications, and at its negative.
A model that was taught starts from the sizes that it was taught, and weighs them against what it finds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.heads.registry import find_head
from napari_unet.images.channels import ModelInput, model_input
from napari_unet.images.limits import volume_limits
from napari_unet.images.normalization import AnyLimits
from napari_unet.images.view import View
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord, resampling_factor
from napari_unet.models.taught import TaughtSizes
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.tiles.maps import PlaneMaps
from napari_unet.segmentation.tiles.plane import see_plane
from napari_unet.segmentation.tiles.queue import predict_plane

_WINDOW = 512  # pixels of the image looked at, at its own size; more where it is shrunk, fewer where enlarged
_WINDOW_DEEP, _SLICES = 256, 8  # the same of volumes, and slices before and behind the plane that are looked at too
_SMALLEST, _SMALLER, _LARGE, _LARGER = 0.12, 0.35, 1.6, 2.5
# Read off the validation images at a third, once and four times their size: at the right size conviction is 0.55 to
# 0.8, at the wrong one mostly below 0.5; what looks smaller than this at the wrong size is too small, not too large.
_CONVINCED = 0.6
_DOUBTFUL = 0.5  # below this, what seems small may be specks in something large
_NOTHING = 0.15  # less than in any image with objects, at some magnification; noise is far below
_SMALL_OBJECT = 16.0
_AGREE = 0.47  # of the logarithm: sizes that two magnifications found are the same within that
_MORE_FOR_SURE = 1.5  # power of a conviction where several are added up: two that are sure outweigh three that guess
_RATHER_LARGE = 0.67  # of the largest size that a model knows: what looks like that may be a part of something larger
# Read off training images of large nuclei at four times their size, whose grain looks like small ones, and embryos.
_NEGATIVE_FACTOR = 1.1  # how much more than the image its negative must convince: 1.05 to 1.6 where it is right

_SAME_SIZE = 0.35  # of the logarithm: what is found within that of what was taught is of the size that was taught
_SPREADS = 2.0  # or within so many standard deviations between the images that were taught
_MUCH_MORE = 1.5  # times as convincing has another size to be
_SEEN = 0.3  # conviction, where at the size that was taught there is nothing
# Read off the training images that three children were not taught, at 0.6, 1 and 1.7 times their size.
_ONE_IMAGE = 0.3  # standard deviation of the logarithm of the size, as far as one taught image can tell
_FOUND_WRONG = 0.08  # and of what a model finds whose score is 1
_USUAL_SCORE = 0.5


@dataclass(frozen=True, eq=False)
class Appearance:
    """How to look at an image, its `diameter` an estimate unless it was known, and how `conviction` fared.

    `maps` are those of the whole plane, at its own size, if they came about on the way: then nobody need make them
    again. So are `limits`, the grey values that were scaled by. `unusual` says that objects are of quite another size
    than the model was taught.
    """

    diameter: float
    inverted: bool = False
    conviction: float = 0.0
    maps: PlaneMaps | None = None
    limits: AnyLimits | None = None
    unusual: bool = False


def measure_appearance(
    image: ModelInput, predictor: Predictor, plane: tuple[int, ...], diameter: float | None = None, invert: str = "auto"
) -> Appearance:
    """Look at one plane (index over the axes before YX; missing ones: the middle) of a grey `image`.

    Parameters
    ----------
    diameter : float, optional
        Pixels, where it is known: then nothing is estimated.
    invert : str
        "no" or "yes" where it is known, or "auto": of an image that is mostly bright, the negative is taken if it
        convinces more.
    """
    record = predictor.record
    blind = record.architecture.ndim == 3 and "Z" not in image.axes  # what is no stack it cannot see
    if not find_head(record).has_size or blind:
        return Appearance(diameter or record.diameter, invert == "yes")
    if diameter is not None and invert != "auto":
        return Appearance(diameter, invert == "yes")
    if len(plane) < len(image.shape) - 2:
        plane = (*plane, *(size // 2 for size in image.shape[len(plane) : -2]))
    if record.foreign is not None:  # nobody knows which sizes it was taught: images are shown to it as they are
        found = _Viewer(image, predictor, plane, diameter).look(1.0, invert == "yes")
        return found if diameter is None else replace(found, diameter=diameter)
    viewer = _Viewer(image, predictor, plane, diameter)
    if record.sizes is not None and diameter is None:  # taught kinds are taken as they were taught: never inverted
        return viewer.best_as_taught(record.sizes, invert == "yes")
    best = viewer.best(invert == "yes")
    if invert == "auto" and viewer.is_bright():
        negative = viewer.best(True)
        if negative.conviction > max(_NOTHING, _NEGATIVE_FACTOR * best.conviction):
            best = negative
    if diameter is None and best.conviction < _NOTHING:
        diameter = record.diameter
    return best if diameter is None else replace(best, diameter=diameter)


def decide_view(image: ModelInput, model: Model, config: SegmentConfig) -> View:
    """How to look at `image` by what `config` says; whether it is dark is found out by a look if that is "auto".

    A diameter that is not given stays unknown: who has labels knows it better than a look.
    """
    inverted = config.invert == "yes"
    if config.invert == "auto":
        seen = model_input(image, model.record.architecture.in_channels)
        inverted = measure_appearance(seen, Predictor(model, config.engine), (), config.diameter).inverted
    return View(config.diameter, "given", inverted, config.thresholds)


class _Viewer:
    """Looks at one plane."""

    def __init__(self, image: ModelInput, predictor: Predictor, plane: tuple[int, ...], diameter: float | None) -> None:
        self._image, self._predictor, self._plane, self._diameter = image, predictor, plane, diameter
        self._limits: dict[bool, AnyLimits] = {}  # of the image, and of its negative: of large ones they take a while

    def best(self, inverted: bool) -> Appearance:
        """The most convincing of the magnifications worth trying; if none convinces, one of those that agree most.

        A glow around many small objects is one large object at the smallest magnification alone, however convincing;
        the small ones are found at several.
        """
        if self._diameter is not None:
            return self.look(resampling_factor(self._predictor.record, self._diameter), inverted)
        found = [self.look(1.0, inverted)]
        if found[0].conviction < _CONVINCED:
            found += [self.look(factor, inverted) for factor in _other_factors(found[0])]
        best = max(found, key=lambda one: one.conviction)
        large = len(found) > 1 and self._seems_large(found[1])
        if best.conviction >= _CONVINCED and not (large and best is found[-1]):  # grain of something large, perhaps
            return best
        if large:
            found.append(self.look(_SMALLEST, inverted))
            best = max(found, key=lambda one: one.conviction)
        if found[0].conviction < _DOUBTFUL:
            found.append(self.look(_LARGE, inverted))
        agreed = _agreed(found)
        return best if best in agreed else max(agreed, key=lambda one: one.conviction)

    def _seems_large(self, shrunk: Appearance) -> bool:
        """Whether what is found in the shrunk image is so large there that it may be a part of something larger."""
        return shrunk.diameter * _SMALLER > _RATHER_LARGE * self._predictor.record.diameter_range[1]

    def best_as_taught(self, sizes: TaughtSizes, inverted: bool) -> Appearance:
        """What is found at the size that was taught, unless another convinces, and far more."""
        record = self._predictor.record
        factor = resampling_factor(record, sizes.median)
        found = self.look(factor, inverted)
        tolerance = max(_SAME_SIZE, _SPREADS * sizes.spread)
        if found.conviction < _CONVINCED:
            others = [self.look(factor * other, inverted) for other in (_SMALLER, _LARGER)]
            best = max(others, key=lambda one: one.conviction)
            enough = _SEEN if found.conviction < _NOTHING else _CONVINCED
            needed = max(enough, _MUCH_MORE * found.conviction)
            if best.conviction >= needed and _apart(best.diameter, sizes.median) > tolerance:
                return replace(best, unusual=True)
        if found.conviction < _NOTHING:
            return replace(found, diameter=sizes.median)
        diameter = weigh_sizes(sizes, found.diameter, record.scores.get("ap50", _USUAL_SCORE))
        return replace(found, diameter=diameter, unusual=_apart(diameter, sizes.median) > 2 * tolerance)

    def is_bright(self) -> bool:
        """Whether most of the plane is nearer to white than to black; only then objects may be darker than the rest."""
        limits = self._limits_of(False)
        return bool(np.nanmedian(self._middle(_WINDOW)) > (limits.low + limits.high) / 2)

    def look(self, factor: float, inverted: bool) -> Appearance:
        """What the network finds in the plane's middle, enlarged by `factor`: nothing where all is of one value."""
        record = self._predictor.record
        deep = record.architecture.ndim == 3
        part = (self._slab if deep else self._middle)(int((_WINDOW_DEEP if deep else _WINDOW) / factor**0.75))
        limits = self._limits_of(inverted)
        if part.size and part.min() == part.max():
            return Appearance(record.diameter / factor, inverted, limits=limits)
        maps = predict_plane(self._predictor, see_plane(part, limits, record, factor))
        diameter, conviction = _judge(maps.maps[:, len(part) // 2] if deep else maps.maps, record)
        whole = not deep and factor == 1 and part.shape[-2:] == self._image.shape[-2:]
        return Appearance(diameter / factor, inverted, conviction, maps if whole else None, limits)

    def _limits_of(self, inverted: bool) -> AnyLimits:
        """The grey values that are scaled by."""
        if inverted not in self._limits:
            config = self._predictor.record.normalization
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


def weigh_sizes(sizes: TaughtSizes, found: float, score: float) -> float:
    """The likeliest object diameter, in pixels, between those taught and the one `found` by a model.

    The mean of their logarithms, each weighted by how little it may be wrong (as of two normal distributions): the
    taught sizes differ between images, of which few were seen, and more of one that turns out far from them; what is
    found is as sure as the model is good, by its `score` (AP@0.5) on objects held out.
    """
    taught = max(np.hypot(sizes.spread, _ONE_IMAGE / np.sqrt(sizes.n_images)), _apart(found, sizes.median) / 2)
    looked = _FOUND_WRONG / max(score, 0.05)
    share = taught**2 / (taught**2 + looked**2)
    return float(sizes.median * (found / sizes.median) ** share)


def _apart(one: float, other: float) -> float:
    """How far two sizes are from one another, as the logarithm of their ratio."""
    return abs(float(np.log(one / other)))


def _agreed(looks: list[Appearance]) -> list[Appearance]:
    """Those `looks` that found one size and, together, convince most."""
    same = [[one for one in looks if _apart(one.diameter, look.diameter) < _AGREE] for look in looks]
    return max(same, key=lambda group: sum(one.conviction**_MORE_FOR_SURE for one in group))


def _other_factors(first: Appearance) -> tuple[float, ...]:
    """Which magnifications to try where the image's own did not convince: smaller where objects seem large."""
    if first.conviction < _DOUBTFUL:
        return _SMALLER, _LARGER
    return (_LARGER,) if first.diameter < _SMALL_OBJECT else (_SMALLER,)


def _judge(maps: npt.NDArray[np.float32], record: ModelRecord) -> tuple[float, float]:
    """(median diameter of what is found in `maps`, in their pixels, conviction from 0 to 1)."""
    smallest = np.pi / 4 * (0.5 * record.diameter_range[0]) ** 2
    labels = find_head(record).decode(maps, record, smallest)
    sizes = np.bincount(labels.ravel())[1:]
    if sizes.size == 0:
        return record.diameter, 0.0
    diameters = 2 * np.sqrt(sizes / np.pi)
    return float(np.median(diameters)), _conviction(maps, labels, diameters, record.diameter_range)


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
