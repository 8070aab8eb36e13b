"""From an image to labels: a generator of events that plans, predicts tile by tile, and assembles."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from napari_unet.events import Finished, StopFlag
from napari_unet.images.channels import ModelInput
from napari_unet.images.limits import volume_of
from napari_unet.images.view import Origin, View
from napari_unet.labels.types import PlaneIndex
from napari_unet.models.model import Model
from napari_unet.segmentation.appearance import Appearance, measure_appearance
from napari_unet.segmentation.assembly import ImageAssembly
from napari_unet.segmentation.config import Scope, SegmentConfig
from napari_unet.segmentation.events import Estimated, PlaneDone, Segmentation, TileDone
from napari_unet.segmentation.kinds import KindChoice, choose_kind
from napari_unet.segmentation.plan import (
    Plan,
    make_plan,
    plan_units,
)
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.tiles.maps import PlaneMaps
from napari_unet.segmentation.tiles.queue import TileQueue

SegmentEvent = Estimated | TileDone | PlaneDone | Finished[Segmentation]

_QUICKLY_DECODED = 2**22  # pixels of a plane whose objects are formed in less than a second, even after a stop


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
    image, stop, clock = choice.image, stop or StopFlag(), _Clock()
    units = plan_units(image, choice.model, scope, current)
    predictor = Predictor(choice.model, config.engine)
    with clock.measuring("estimate"):
        plan, found = look(choice, config, units, predictor)
    yield Estimated(plan.view, len(units), config.engine.note, found.unusual)
    made = found.maps if config.tile is None and plan.factor == 1 else None
    run = _Segmenting(image, predictor, ImageAssembly(image, plan), stop, clock, view, provisional)
    for number, unit in enumerate(units):
        if stop.requested:
            break
        plan = plan.measured(image, unit)
        yield from run.segment(plan, unit, number, made if number == 0 else None)
    run.assembly.link(plan)
    clock.timing["total"] = clock.spent
    yield Finished(_result(run.assembly, plan, clock), stop.requested)


def look(
    choice: KindChoice, config: SegmentConfig, units: tuple[PlaneIndex, ...], predictor: Predictor
) -> tuple[Plan, Appearance]:
    """Learn from the first unit what is not known of the image; its maps may be done with that."""
    image, record = choice.image, choice.model.record
    found = measure_appearance(image, predictor, units[0], config.diameter, config.invert)
    origin: Origin = "estimated" if config.diameter is None else "given"
    view = View(found.diameter, origin, found.inverted, config.thresholds, choice.name)
    if found.limits is not None and record.architecture.ndim == 2:
        limits = ((volume_of(image.axes, units[0]), found.limits),)
        view = replace(view, limits=limits, normalization=record.normalization)
    return make_plan(units, view, record, config), found


def _result(assembly: ImageAssembly, plan: Plan, clock: _Clock) -> Segmentation:
    parts = assembly.labels, assembly.axes, plan.view, assembly.done, assembly.probability
    return Segmentation(*parts, dict(clock.timing))


class _Clock:
    """Seconds by stage, and how long the rest will take."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self.timing = dict.fromkeys(("estimate", "network", "decode", "total"), 0.0)

    @property
    def spent(self) -> float:
        return time.perf_counter() - self._started

    @contextmanager
    def measuring(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.timing[stage] += time.perf_counter() - start

    def left(self, part: float) -> float | None:
        """Seconds left when `part` of the work is done."""
        return self.spent * (1 - part) / part if part > 0 else None


@dataclass(frozen=True, eq=False)
class _Segmenting:
    """What the units of one segmentation share."""

    image: ModelInput
    predictor: Predictor
    assembly: ImageAssembly
    stop: StopFlag
    clock: _Clock
    screen: tuple[slice, slice] | None
    provisional: bool

    def segment(self, plan: Plan, unit: PlaneIndex, number: int, made: PlaneMaps | None) -> Iterator[SegmentEvent]:
        """Predict the tiles of a unit, unless its maps were `made`, and form its labels."""
        maps, n_units = made, len(plan.units)
        if maps is None:
            seen = plan.see(self.image, unit)
            maps = PlaneMaps(seen, plan.record.architecture.out_channels)
            queue = TileQueue(self.predictor, seen, plan.config.tile, self.screen)
            yield from self._predict(plan, unit, maps, queue, number / n_units)
            if queue and self._stays_as_shown(plan, maps):
                self.assembly.keep(unit, maps.at_image_size())
                self.assembly.done[unit] = True
                return
        else:
            whole = tuple(slice(0, size) for size in maps.maps.shape[1:])
            left = self.clock.left((number + 1) / n_units)
            yield TileDone(1, 1, unit, maps.region_of(whole), None, left)
        with self.clock.measuring("decode"):
            self.assembly.take(unit, maps, plan)
        done = number + 1
        for plane in self.assembly.planes_of(unit):
            labels = self.assembly.labels[plane].copy()
            yield PlaneDone(done, n_units, plane, labels, self.clock.left(done / n_units))

    def _predict(
        self, plan: Plan, unit: PlaneIndex, maps: PlaneMaps, queue: TileQueue, before: float
    ) -> Iterator[TileDone]:
        """Tile by tile, until it is stopped; what somebody watches is written to the labels as it is shown."""
        shown = 0
        while queue:
            with self.clock.measuring("network"):
                answer = queue.answer()
                maps.put(answer)
            region, labels = maps.region_of(answer.core), None
            if self.provisional and queue.total > 1 and not plan.deep:
                labels = self.assembly.shown(maps, answer.core, shown, plan)
                shown = max(shown, int(labels.max(initial=0)))
                self.assembly.labels[unit][region] = labels
            part = before + queue.done / queue.total / len(plan.units)
            yield TileDone(queue.done, queue.total, unit, region, labels, self.clock.left(part))
            if self.stop.requested:
                return

    def _stays_as_shown(self, plan: Plan, maps: PlaneMaps) -> bool:
        """Whether a unit that was stopped halfway keeps the labels of its tiles: who stops does not want to wait."""
        watched = self.provisional and not plan.deep
        return watched and math.prod(maps.shape) > _QUICKLY_DECODED
