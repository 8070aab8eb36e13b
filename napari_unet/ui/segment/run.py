"""One segmentation in the window: from arrays of the layers, through the background job, back into the layers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from napari_unet.events import Failed, Finished, StopFlag
from napari_unet.heads.semantic.shares import value_shares
from napari_unet.images.channels import model_input
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import Estimated, PlaneDone, Segmentation, TileDone
from napari_unet.ui.canvas.classes import class_names_of
from napari_unet.ui.canvas.live_labels import (
    LiveLabels,
    PredictionUndo,
    apply_replacement,
)
from napari_unet.ui.session.image_work import ImageWork
from napari_unet.ui.session.jobs import SEGMENT
from napari_unet.ui.session.kept_maps import KeptMaps, maps_fit
from napari_unet.ui.session.present import present
from napari_unet.ui.session.session import Session
from napari_unet.workflows.replacement import replacement_steps

if TYPE_CHECKING:
    from napari_unet.images.channels import ModelInput
    from napari_unet.models.model import Model

OWNER = SEGMENT
BAND_PIXELS = 2**20  # of labels that are written at one go: a few milliseconds
LATE_SECONDS = 0.3
WHOLE = (slice(None), slice(None))


def segment_in_background(
    load: Callable[[], Model], image: ModelInput, config: SegmentConfig, scope: Any, stop: StopFlag,
    class_names: tuple[str, ...] = (), **first: Any,
) -> Iterator[Any]:  # fmt: skip
    """The events of a segmentation, for the worker thread: torch and the model are loaded there."""
    from napari_unet.segmentation.segment import segment_steps

    for event in segment_steps(image, load(), config, scope, stop, provisional=True, **first):
        if isinstance(event, Finished):
            if "Z" in event.result.axes:
                for plane in _final_planes(event.result):
                    yield from bands_of(plane)
                    yield plane
            yield Counted(_count_objects(event.result), _shares(event.result, class_names))
        elif isinstance(event, PlaneDone):
            yield from bands_of(event)
        yield event


def estimate_in_background(
    load: Callable[[], Model], image: ModelInput, plane: tuple[int, ...], config: SegmentConfig
) -> Iterator[Finished[float]]:
    """The typical object diameter in pixels, for the worker thread."""
    from napari_unet.segmentation.diameter import estimate_diameter

    yield Finished(estimate_diameter(image, load(), plane, config.engine, config.invert))


@dataclass(frozen=True, eq=False)
class Band:
    """Some rows of a plane that is done: all of a large one at once would hold up the window."""

    plane: tuple[int, ...]
    region: tuple[slice, ...]
    labels: npt.NDArray[np.int32]


def bands_of(event: PlaneDone) -> Iterator[Band]:
    """The rows of a large plane in pieces of `BAND_PIXELS`; none of a small one, which is written as it is."""
    height, width = event.labels.shape
    if event.labels.size <= BAND_PIXELS:
        return
    rows = max(1, BAND_PIXELS // width)
    for top in range(0, height, rows):
        yield Band(event.plane, (slice(top, top + rows), slice(None)), event.labels[top : top + rows])


@dataclass(frozen=True)
class Counted:
    """How many objects were found, or how much of the pixels each class covers."""

    n_objects: int
    shares: dict[str, float] = field(default_factory=dict)


def _shares(result: Segmentation, class_names: tuple[str, ...]) -> dict[str, float]:
    return value_shares(result.labels[result.done], class_names) if class_names else {}


def _count_objects(result: Segmentation) -> int:
    """An id is one object through Z and another one in each frame."""
    frames = result.labels if result.axes.startswith("T") else result.labels[np.newaxis]
    count = 0
    for frame in frames:
        seen = np.zeros(int(frame.max(initial=0)) + 1, bool)
        for rows in frame:  # not all at once, which for a large image would take as much memory again, and seconds
            seen[rows] = True
        count += int(np.count_nonzero(seen[1:]))
    return count


def _final_planes(result: Segmentation) -> Iterator[PlaneDone]:
    """All planes once more: linking through z has renumbered them."""
    planes = [tuple(int(i) for i in index) for index in np.argwhere(result.done)]
    for number, plane in enumerate(planes):
        yield PlaneDone(number + 1, len(planes), plane, result.labels[plane], None)


class SegmentRun:
    """Segments one image of the session and shows the labels as they come. Says how it goes by signals."""

    advanced = Signal(object)  # Estimated | TileDone | PlaneDone
    ended = Signal(object)  # a sentence, or Failed

    def __init__(self, session: Session, work: ImageWork) -> None:
        self.session, self.work = session, work
        self._live: LiveLabels | None = None
        self._stop = StopFlag()
        self._before = work.prediction
        self._merges = False
        self._keep = True
        self._made_layer = False
        self._stopped: float | None = None  # when the first tile came after the user had clicked Stop
        self.replaced = False  # corrections, because the user wanted it so
        self._shows_maps = False

    def start(self, config: SegmentConfig, scope: Any, keep: bool | None) -> bool:
        """Begin; `keep` says what becomes of corrections: kept, replaced, or (None) there are none."""
        session, work = self.session, self.work
        load = session.model_loader()
        self._shows_maps = config.keep_probability
        if maps_fit(work.shape):  # for the tool that adds an object where it is clicked
            config = config.model_copy(update={"keep_probability": True})
        self._merges, self._keep = keep is not None, bool(keep)
        dims = session.viewer.dims
        current = work.plane_at(dims.point)
        view = work.visible_region() if dims.ndisplay == 2 else None
        entry = present(session.model_entry)
        record = entry.record
        names = class_names_of(record)
        seen = model_input(work.seen, record.channel_counts)
        events = segment_in_background(load, seen, config, scope, self._stop, names, view=view, current=current)
        if session.job is not None:
            return False
        work.segmented_by, work.task, work.class_names = entry.name, record.task, names
        self._prepare(partial=scope.kind != "all")
        return session.jobs.start(
            events, self._stop, self._on_event, self._on_finished, f"Segmenting {work.name}", OWNER, [work]
        )

    def _prepare(self, partial: bool) -> None:
        """Find the layer in which labels appear: the labels themselves, or a preview if these were corrected."""
        session, work = self.session, self.work
        if self._merges:
            session.add_layer(work, "preview", np.zeros(work.shape, np.int32), opacity=0.5)
            self._live = LiveLabels(work, "preview", np.zeros(work.shape, np.int32), 0)
            return
        self._made_layer = work.labels_layer is None
        if work.labels_layer is None:
            session.add_layer(work, "labels", np.zeros(work.shape, np.int32))
        written = np.zeros(work.shape, np.int32) if self._before is None else self._before.copy()
        offset = int(written.max(initial=0)) if partial and "Z" in work.axes and not work.head.keeps_values else 0
        self._live = LiveLabels(work, "labels", written, offset)
        work.prediction = None

    def _on_event(self, event: Any) -> None:
        if not self._alive:
            self._stop.request()
            return
        if self._is_late(event):
            return
        if isinstance(event, Estimated):
            origin = "estimated" if event.estimated else self.work.view.origin
            self.work.view = replace(event.view, origin=origin)
        elif isinstance(event, TileDone) and event.labels is not None:
            present(self._live).write(event.plane, event.region, event.labels)
        elif isinstance(event, Band):
            present(self._live).write(event.plane, event.region, event.labels)
            return
        elif isinstance(event, PlaneDone) and event.labels.size <= BAND_PIXELS:
            present(self._live).write(event.plane, WHOLE, event.labels)
        elif isinstance(event, Counted):
            self.work.n_objects, self.work.class_shares = event.n_objects, event.shares
        self.advanced.emit(event)

    def _is_late(self, event: Any) -> bool:
        """Whether a tile has waited for so long after *Stop* that it is left out: nobody waits for a queue of them."""
        if not self._stop.requested or not isinstance(event, TileDone):
            return False
        self._stopped = self._stopped or time.monotonic()
        return time.monotonic() - self._stopped > LATE_SECONDS

    @property
    def _alive(self) -> bool:
        """Whether there still is something to write to: the user may have removed the image or its labels."""
        return self.work in self.session.works and present(self._live).alive

    def _on_finished(self, outcome: Any) -> None:
        if self.work not in self.session.works:
            self._end(outcome)
            return
        present(self._live).refresh(thumbnail=True)
        result = outcome.result if isinstance(outcome, Finished) else None
        if result is not None:
            self.work.seconds = result.timing.get("total")
        if self._merges:
            self._merge(outcome)
        else:
            self._accept()
            self._end(outcome)
        if result is not None and result.probability is not None:
            self._keep_maps(result)
            if self._shows_maps:
                self._show_probability(result)

    def _keep_maps(self, result: Segmentation) -> None:
        maps = KeptMaps(result.probability, result.done)
        self.work.maps = maps if self.work.maps is None else self.work.maps.update(maps)

    def _accept(self) -> None:
        """What was written is the prediction now, all of it or as far as the work came."""
        if not self._alive:
            return
        if present(self._live).anything:
            with self.work.change():
                self.work.prediction = present(self._live).written
                self.work.note_written()
        elif self._made_layer:
            self.session.remove_layer(self.work, "labels")
        else:
            self.work.prediction = self._before

    def _merge(self, outcome: Any) -> None:
        self.session.remove_layer(self.work, "preview")
        labels = self.work.labels
        if not isinstance(outcome, Finished) or labels is None or not outcome.result.done.any():
            self._end(outcome)
            return
        before = np.zeros(self.work.shape, np.int32) if self._before is None else self._before
        steps = replacement_steps(labels.copy(), before, self._spared(labels), outcome.result, self._keep)

        def on_merged(merged: Any) -> None:
            if isinstance(merged, Finished) and self.work in self.session.works and self.work.labels is not None:
                self._apply(merged.result)
            self._end(outcome if isinstance(merged, Finished) else merged)

        self.session.jobs.start(steps, StopFlag(), None, on_merged, f"Segmenting {self.work.name}", OWNER, [self.work])

    def _spared(self, labels: Any) -> Any:
        """What is reviewed, and what is locked: objects there stay; None if there is neither."""
        reviewed, locked = self.work.reviewed, self.work.locked
        spared = None if reviewed is None else reviewed.copy()
        if locked:
            ours = np.isin(labels, list(locked))
            spared = ours if spared is None else (spared > 0) | ours
        return spared

    def _apply(self, replacement: Any) -> None:
        work = self.work
        apply_replacement(work, replacement)
        self.replaced = not self._keep
        if work.prediction_undo is not None:
            work.prediction_undo.close()
        with work.change():
            work.prediction_undo = PredictionUndo(work, replacement)
            work.prediction = replacement.prediction
            work.note_written()

    def _show_probability(self, result: Segmentation) -> None:
        maps = np.asarray(present(result.probability)[0], np.float32)
        look = {"contrast_limits": (0.0, 1.0), "colormap": "magma", "blending": "additive", "opacity": 0.6}
        self.session.add_layer(self.work, "probability", maps, **look)

    def _end(self, outcome: Any) -> None:
        self.ended.emit(outcome if isinstance(outcome, Failed) else None)
