"""From an image to labels: a generator of events that plans, predicts tile by tile, and assembles."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from napari_unet.events import Finished, StopFlag
from napari_unet.images.channels import ModelInput
from napari_unet.images.view import View
from napari_unet.labels.types import Labels, PlaneIndex
from napari_unet.models.model import Model
from napari_unet.models.running.aside import Aside, Stopped
from napari_unet.segmentation.assembly import Formed, ImageAssembly, form, form_part
from napari_unet.segmentation.beginning import Begun, begin_segmenting
from napari_unet.segmentation.config import Scope, SegmentConfig
from napari_unet.segmentation.dim.adding import add_dim_objects
from napari_unet.segmentation.dim.spreading import may_hide_objects, spread_light
from napari_unet.segmentation.events import Estimated, PlaneDone, Segmentation, TileDone
from napari_unet.segmentation.plan import Plan
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.tiles.maps import PlaneMaps
from napari_unet.segmentation.tiles.queue import TileQueue
from napari_unet.segmentation.tiles.tile import TileAnswer
from napari_unet.segmentation.volumes.events import SideDone
from napari_unet.segmentation.volumes.forming import VolumeForming

SegmentEvent = Estimated | TileDone | PlaneDone | SideDone | Finished[Segmentation]

_QUICKLY_FORMED = 2**22  # pixels of a plane whose objects are formed in less than a second, even after a stop


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
    config, scope, stop = config or SegmentConfig(), scope or Scope(), stop or StopFlag()
    clock = _Clock()
    with Aside(stop, used=provisional) as aside:  # who watches does not want to wait for the tile at hand
        try:
            with clock.measuring("estimate"):
                begun = aside.do(lambda: begin_segmenting(image, model, config, scope, current))
        except Stopped:
            yield Finished(_nothing(image, config, clock), stopped=True)
            return
        plan = begun.plan
        yield Estimated(
            plan.view, len(plan.units), config.engine.note, begun.found.unusual, begun.stack, begun.found.other
        )
        run = _Segmenting(begun, ImageAssembly(begun.image, plan), stop, aside, clock, view, provisional)
        sliced = None if plan.deep else begun.stack
        volumes = VolumeForming(begun.image, begun.predictor, sliced, run.assembly, aside, begun.sides)
        for number, unit in enumerate(plan.units):
            if stop.requested:
                break
            plan = yield from run.segment(plan, unit, number, begun.maps if number == 0 else None, volumes)
            with clock.measuring("volume"):
                yield from volumes.steps(plan, unit[:-1])
        run.assembly.finish(plan)
    clock.timing["total"] = clock.spent
    yield Finished(_result(run.assembly, plan, clock, begun), stop.requested)


def _nothing(image: ModelInput, config: SegmentConfig, clock: _Clock) -> Segmentation:
    """Of an image that nobody has looked at yet."""
    done = np.zeros(image.shape[:-2], np.bool_)
    view = View(config.diameter, "given", config.invert == "yes", config.thresholds)
    return Segmentation(np.zeros(image.shape, np.int32), image.axes, view, done, None, dict(clock.timing))


def _result(assembly: ImageAssembly, plan: Plan, clock: _Clock, begun: Begun) -> Segmentation:
    parts = assembly.labels, assembly.axes, plan.view, assembly.done, assembly.probability
    return Segmentation(*parts, dict(clock.timing), begun.stack, begun.found.other)


class _Clock:
    """Seconds by stage, and how long the rest will take."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self.timing = dict.fromkeys(("estimate", "network", "decode", "dim", "volume", "total"), 0.0)

    @property
    def spent(self) -> float:
        return time.perf_counter() - self._started

    @contextmanager
    def measuring(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.timing[stage] += time.perf_counter() - start

    def left(self, part: float) -> float | None:
        """Seconds left when `part` of the work is done."""
        return self.spent * (1 - part) / part if part > 0 else None


@dataclass(frozen=True, eq=False)
class _Segmenting:
    """What the units of one segmentation share."""

    begun: Begun
    assembly: ImageAssembly
    stop: StopFlag
    aside: Aside
    clock: _Clock
    screen: tuple[slice, slice] | None
    provisional: bool

    @property
    def image(self) -> ModelInput:
        return self.begun.image

    @property
    def predictor(self) -> Predictor:
        return self.begun.predictor

    def segment(
        self, plan: Plan, unit: PlaneIndex, number: int, made: PlaneMaps | None, volumes: VolumeForming
    ) -> Generator[SegmentEvent, None, Plan]:
        """Predict the tiles of a unit, unless its maps were `made`, and form its labels; returns what is known then."""
        try:
            plan = self.aside.do(lambda: plan.measured(self.image, unit))
            maps = made or (yield from self._predict(plan, unit, number / len(plan.units)))
            if made is not None:
                yield self._tile_done(maps, unit, number, len(plan.units))
            with self.clock.measuring("decode"):
                formed = self._form(maps, plan)
        except Stopped:
            return plan
        if may_hide_objects(self.image, plan) and not self.begun.as_volume:
            formed = yield from self._look_for_dim(formed, plan, unit, number / len(plan.units))
        self.assembly.take(unit, formed)
        volumes.take(unit, formed)
        done, n_units = number + 1, len(plan.units)
        for plane in self.assembly.planes_of(unit):
            labels = self.assembly.labels[plane].copy()
            yield PlaneDone(done, n_units, plane, labels, self.clock.left(done / n_units))
        return plan

    def _form(self, maps: PlaneMaps, plan: Plan) -> Formed:
        """The labels of a unit; a small one is formed to its end even after a stop."""
        if math.prod(maps.shape) <= _QUICKLY_FORMED:
            return form(maps, plan)
        return self.aside.do(lambda: form(maps, plan))

    def _tile_done(self, maps: PlaneMaps, unit: PlaneIndex, number: int, n_units: int) -> TileDone:
        whole = tuple(slice(0, size) for size in maps.maps.shape[1:])
        return TileDone(1, 1, unit, maps.region_of(whole), None, self.clock.left((number + 1) / n_units))

    def _predict(self, plan: Plan, unit: PlaneIndex, before: float) -> Generator[TileDone, None, PlaneMaps]:
        """Tile by tile, until it is stopped; what somebody watches is written to the labels as it is shown.

        Raises `Stopped` if that was before the first tile was done.
        """
        seen = self.aside.do(lambda: plan.see(self.image, unit))
        maps = PlaneMaps(seen, plan.record.architecture.out_channels)
        queue = TileQueue(self.predictor, seen, plan.config.tile, self.screen)
        watched, shown, done = self.provisional and not plan.deep and len(queue) > 1, 0, 0
        while queue and not self.stop.requested:
            try:
                with self.clock.measuring("network"):
                    answer = self.aside.do(queue.answer)
                maps.put(answer)
                done, region, labels = done + 1, maps.region_of(answer.core), None
                if watched:
                    labels = self._show(answer, unit, region, plan, shown)
                    shown = max(shown, int(labels.max(initial=0)))
            except Stopped:
                break
            left = self.clock.left(before + queue.done / queue.total / len(plan.units))
            yield TileDone(queue.done, queue.total, unit, region, labels, left)
        if not done:
            raise Stopped
        return maps

    def _look_for_dim(
        self, formed: Formed, plan: Plan, unit: PlaneIndex, before: float
    ) -> Generator[TileDone, None, Formed]:
        """What was formed of a unit, with the dim objects that a second look finds; without them if it is stopped."""
        try:
            with self.clock.measuring("dim"):
                spread = self.aside.do(lambda: spread_light(self.image, plan, unit))
            if spread is None:
                return formed
            maps = PlaneMaps(spread.seen, plan.record.architecture.out_channels)
            queue = TileQueue(self.predictor, spread.seen, plan.config.tile)
            while queue:
                if self.stop.requested:
                    return formed
                with self.clock.measuring("dim"):
                    answer = self.aside.do(queue.answer)
                maps.put(answer)
                left = self.clock.left(before + queue.done / queue.total / len(plan.units))
                yield TileDone(queue.done, queue.total, unit, maps.region_of(answer.core), None, left, again=True)
            with self.clock.measuring("dim"):
                again = self.aside.do(lambda: form(maps, plan)).labels
                asked = plan.config.dim_objects == "yes"
                labels = add_dim_objects(formed.labels, again, spread.pixels, plan.diameter, alone=asked)
        except Stopped:
            return formed
        return replace(formed, labels=labels)

    def _show(
        self, answer: TileAnswer, unit: PlaneIndex, region: tuple[slice, slice], plan: Plan, first: int
    ) -> Labels:
        """The labels of a tile, ids after `first`, which stay where nobody waits for those of the whole plane."""
        part = self.aside.do(lambda: form_part(answer, region, plan))
        labels = self.assembly.numbered(part.labels, first)
        self.assembly.put(unit, region, part.probability, labels)
        self.assembly.done[unit] = True
        return labels
