"""From an image to labels: a generator of events that prepares, predicts, decodes and links."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag
from napari_unet.heads.registry import find_head
from napari_unet.images.channels import ModelInput
from napari_unet.images.limits import volume_limits, volume_of
from napari_unet.images.normalization import AnyLimits
from napari_unet.images.resampling import resample
from napari_unet.images.view import Origin, Thresholds, View
from napari_unet.labels.growing import move_outlines
from napari_unet.labels.linking import link_planes
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord, resampling_factor
from napari_unet.segmentation.appearance import measure_appearance
from napari_unet.segmentation.config import Scope, SegmentConfig
from napari_unet.segmentation.events import Estimated, PlaneDone, Segmentation, TileDone
from napari_unet.segmentation.kinds import KindChoice, choose_kind
from napari_unet.segmentation.plane import PlaneMaps, Progress
from napari_unet.segmentation.predictor import Predictor

SegmentEvent = Estimated | TileDone | PlaneDone | Finished[Segmentation]


def segment_steps(
    image: ModelInput,
    model: Model,
    config: SegmentConfig | None = None,
    scope: Scope | None = None,
    stop: StopFlag | None = None,
    view: tuple[slice, slice] | None = None,
    current: tuple[int, ...] | None = None,
    provisional: bool = False,
) -> Iterator[SegmentEvent]:
    """Segment `image`, saying what is done as it goes; the last event is `Finished` with a `Segmentation`.

    Parameters
    ----------
    image : Image or ChannelStack
        Axes out of "TZYX"; of an image with channels a model of one channel takes the first.
    scope : Scope, optional
        Which planes; all by default.
    stop : StopFlag, optional
        When set, what is done is kept and returned.
    view : tuple of slice, optional
        Rows and columns on the screen: their tiles come first.
    current : tuple of int, optional
        The plane on the screen (index over the axes before YX): it comes first, its neighbours next.
    provisional : bool
        Whether somebody watches: then each finished tile comes with labels of its own (`TileDone.labels`), which costs
        forming its objects twice.
    """
    config, scope = config or SegmentConfig(), scope or Scope()
    choice = choose_kind(image, model, config.kind, current or scope.index, config.engine)
    run = _Run(choice, config, stop or StopFlag(), view, provisional)
    yield from run.events(scope, current)


class _Run:
    """One segmentation: what its steps share."""

    def __init__(
        self,
        choice: KindChoice,
        config: SegmentConfig,
        stop: StopFlag,
        view: tuple[slice, slice] | None,
        provisional: bool,
    ) -> None:
        self.image, self.model, self.config, self.stop, self.view = choice.image, choice.model, config, stop, view
        self.kind, self.provisional = choice.name, provisional
        image, model = choice.image, choice.model
        self.record, self.head = decoding_record(model.record, config.thresholds), find_head(model.record)
        self.volumetric = model.record.architecture.ndim == 3
        if self.volumetric and "Z" not in image.axes:
            raise UserError(f"The model '{model.name}' needs a z-stack; choose a 2D model for this image.")
        self.started = time.perf_counter()
        self.timing = dict.fromkeys(("estimate", "network", "decode", "total"), 0.0)
        self.predictor = Predictor(model, config.engine)
        self._limits: dict[tuple[int, ...], AnyLimits] = {}
        self.labels = np.zeros(image.shape, np.int32)
        self.done = np.zeros(image.shape[:-2], np.bool_)
        self.probability: npt.NDArray[Any] | None = None
        if config.keep_probability:
            self.probability = np.zeros((model.record.architecture.out_channels, *image.shape), np.float16)

    def events(self, scope: Scope, current: tuple[int, ...] | None) -> Iterator[SegmentEvent]:
        units = self._units(scope, current)
        self._look(units[0])
        yield Estimated(self.look_of(), len(units), self.config.engine.note, self.unusual)
        for number, unit in enumerate(units):
            if self.stop.requested:
                break
            yield from self._segment_unit(unit, number, len(units))
        self._link()
        self.timing["total"] = time.perf_counter() - self.started
        result = Segmentation(
            self.labels,
            self.image.axes,
            self.look_of(),
            self.done,
            self.probability,
            dict(self.timing),
        )
        yield Finished(result, self.stop.requested)

    def _look(self, unit: tuple[int, ...]) -> None:
        """Learn from the first plane what is not known of the image; its maps may be done with that."""
        clock = time.perf_counter()
        found = measure_appearance(self.image, self.predictor, unit, self.config.diameter, self.config.invert)
        self.diameter, self.inverted, self.unusual = found.diameter, found.inverted, found.unusual
        if found.limits is not None and not self.volumetric:
            self._limits[self._volume_of(unit)] = found.limits
        reusable = self.config.tile is None and resampling_factor(self.record, self.diameter) == 1
        self._made = {unit: found.maps} if reusable and found.maps is not None else {}
        self.timing["estimate"] = time.perf_counter() - clock

    def look_of(self) -> View:
        """How the image is looked at, as far as it was decided by now."""
        origin: Origin = "estimated" if self.config.diameter is None else "given"
        known = tuple(sorted(self._limits.items(), key=lambda item: item[0]))
        looked = self.diameter, origin, self.inverted, self.config.thresholds, self.kind
        return View(*looked, known, self.record.normalization)

    def _units(self, scope: Scope, current: tuple[int, ...] | None) -> list[tuple[int, ...]]:
        """Indices of what goes through the network at once (planes, or volumes), the current one first."""
        outer = self.image.shape[:-2]
        keep = len(outer) if scope.kind == "plane" else max(0, len(outer) - 1) if scope.kind == "volume" else 0
        if scope.kind == "volume" and "Z" not in self.image.axes:
            keep = len(outer)
        planes = list(product(*[[i] for i in scope.index[:keep]], *(range(size) for size in outer[keep:])))
        here = np.array(current if current is not None and len(current) == len(outer) else planes[0])
        planes.sort(key=lambda plane: int(np.abs(np.array(plane) - here).sum()) if plane else 0)
        if self.volumetric:
            return list(dict.fromkeys(plane[:-1] for plane in planes))
        return planes

    def _segment_unit(self, unit: tuple[int, ...], number: int, total: int) -> Iterator[SegmentEvent]:
        maps = self._prepare(unit)
        shown = 0
        clock = time.perf_counter()
        for progress in maps.tiles(self.config.tile, self.view):
            self.timing["network"] += time.perf_counter() - clock
            wanted = self.provisional and progress.total > 1 and not self.volumetric
            labels = self._provisional(maps, progress, shown) if wanted else None
            shown = max(shown, int(labels.max(initial=0))) if labels is not None else shown
            part = (number + progress.done / progress.total) / total
            region = _unscale(progress.core, maps)
            yield TileDone(progress.done, progress.total, unit, region, labels, self._left(part))
            if self.stop.requested:
                break
            clock = time.perf_counter()
        yield from self._decode_unit(unit, maps, number + 1, total)

    def _prepare(self, unit: tuple[int, ...]) -> PlaneMaps:
        if unit in self._made:
            return self._made.pop(unit)
        factor = resampling_factor(self.record, self.diameter)
        if not self.volumetric:
            return PlaneMaps(self.predictor, self.image.plane(unit), self._limits_of(unit), factor)
        depth = self.image.shape[-3]
        volume = np.stack([self.image.plane((*unit, z)) for z in range(depth)])
        return PlaneMaps(self.predictor, volume, self._limits_of((*unit, 0)), factor)

    def _limits_of(self, plane: tuple[int, ...]) -> AnyLimits:
        """Grey-value limits for a plane, measured once a volume."""
        volume = self._volume_of(plane)
        if volume not in self._limits:
            self._limits[volume] = volume_limits(self.image, plane, self.record.normalization, self.inverted)
        return self._limits[volume]

    def _volume_of(self, plane: tuple[int, ...]) -> tuple[int, ...]:
        return volume_of(self.image.axes, plane)

    def _decode_unit(self, unit: tuple[int, ...], maps: PlaneMaps, done: int, total: int) -> Iterator[PlaneDone]:
        clock = time.perf_counter()
        probability = maps.at_image_size()
        if self.probability is not None:
            for kept, map_ in zip(self.probability, probability, strict=True):
                kept[unit] = map_
        self.labels[unit] = decode(probability, self.record, self.config, self.diameter)
        self.done[unit] = True
        self.timing["decode"] += time.perf_counter() - clock
        for plane in np.ndindex(*self.image.shape[len(unit) : -2]):
            index: tuple[int, ...] = (*unit, *plane)
            yield PlaneDone(done, total, index, self.labels[index].copy(), self._left(done / total))

    def _provisional(self, maps: PlaneMaps, progress: Progress, shown: int) -> npt.NDArray[np.int32]:
        """Labels of a finished tile on its own, for the eye; the plane's final labels come from all of its maps."""
        region = _unscale(progress.core, maps)
        size = (region[0].stop - region[0].start, region[1].stop - region[1].start)
        part = resample(maps.maps[(slice(None), *progress.core)], size)
        labels = decode(part, self.record, self.config, self.diameter)
        if not self.head.keeps_values:
            labels[labels > 0] += shown
        return labels

    def _left(self, part: float) -> float | None:
        spent = time.perf_counter() - self.started
        return spent * (1 - part) / part if part > 0 else None

    def _link(self) -> None:
        """Give objects one id through z, or ids of their own in each frame, as the axes ask."""
        if "Z" not in self.image.axes or self.volumetric or self.head.keeps_values:
            return
        for index in np.ndindex(*self.image.shape[:-3]):
            if self.done[index].sum() > 1:
                self.labels[index] = link_planes(self.labels[index], self.config.link_overlap)


def decoding_record(record: ModelRecord, thresholds: Thresholds) -> ModelRecord:
    """The model's record with the thresholds that the user chose in place of its own."""
    return record.model_copy(update=thresholds.chosen())


def decode(
    probability: npt.NDArray[Any], record: ModelRecord, config: SegmentConfig, diameter: float
) -> npt.NDArray[np.int32]:
    """Labels ((Z,) Y, X) from maps (outputs, (Z,) Y, X), as the head of the model means them."""
    head = find_head(record)
    found = head.decode(probability, record, np.pi / 4 * (config.min_diameter * diameter) ** 2)
    return move_outlines(found, record.outline + config.outline) if head.draws_objects else found


def _unscale(core: tuple[slice, ...], maps: PlaneMaps) -> tuple[slice, ...]:
    """The image's rows and columns that a tile of the (resampled) maps stands for."""
    region = []
    for part, size, mapped in zip(core[-2:], maps.shape[-2:], maps.maps.shape[-2:], strict=True):
        region.append(slice(round(part.start * size / mapped), round(part.stop * size / mapped)))
    return tuple(region)
