"""One segmentation in the window: from arrays of the layers, through the background job, back into the layers."""

from __future__ import annotations

import time
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from psygnal import Signal

from napari_unet.events import Failed, Finished, StopFlag
from napari_unet.images.channels import model_input
from napari_unet.segmentation.blocks.events import StageStep
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import Estimated, PlaneDone, Segmentation, TileDone
from napari_unet.ui.canvas.classes import class_names_of
from napari_unet.ui.canvas.live_labels import LiveLabels, PredictionUndo, apply_replacement
from napari_unet.ui.segment.background import (
    BandLabels,
    Copied,
    Counted,
    in_bands,
    replace_in_background,
    segment_in_background,
    with_copy,
)
from napari_unet.ui.segment.in_blocks import DiskCopies, replace_on_disk, segment_large_in_background
from napari_unet.ui.session.history.label_stores import get_label_stores, lies_on_disk
from napari_unet.ui.session.image_work import ImageWork
from napari_unet.ui.session.jobs import SEGMENT
from napari_unet.ui.session.keeping.unfinished import place_of_blocks, tidy_blocks
from napari_unet.ui.session.kept_maps import KeptMaps, maps_fit
from napari_unet.ui.session.napari_private import history_of
from napari_unet.ui.session.present import present
from napari_unet.ui.session.session import Session

OWNER = SEGMENT
LATE_SECONDS = 0.3
WHOLE = (slice(None), slice(None))


class SegmentRun:
    """Segments one image of the session and shows the labels as they come. Says how it goes by signals."""

    advanced = Signal(object)  # Estimated | TileDone | PlaneDone | BlockDone | StageStep
    ended = Signal(object)  # a sentence, or Failed

    def __init__(self, session: Session, work: ImageWork) -> None:
        self.session, self.work = session, work
        self._live: LiveLabels | None = None
        self._stop = StopFlag()
        self._stores = get_label_stores(session)
        self._before = work.prediction
        self._merges = False
        self._keep = True
        self._made_layer = False
        self._stopped: float | None = None  # when the first tile came after the user had clicked Stop
        self.replaced = False  # corrections, because the user wanted it so
        self.for_good = False  # whether so much has changed that it cannot be undone
        self._scratch: list[Any] = []  # arrays that nobody needs once labels are what they are to be
        self._shows_maps = self._in_blocks = False

    def start(self, config: SegmentConfig, scope: Any, keep: bool | None) -> bool:
        """Begin; `keep` says what becomes of corrections: kept, replaced, or (None) there are none."""
        session, work = self.session, self.work
        n_axes = {"plane": 2, "volume": 3, "all": len(work.shape)}[scope.kind]
        self._stores.require_room(work, prod(work.shape[-n_axes:]), corrected=keep is not None)
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
        watched: dict[str, Any] = {"view": view, "current": current}
        # in blocks a z-stack is seen slice by slice alone; here it may be seen as a volume
        self._in_blocks = lies_on_disk(work) and scope.kind == "all" and "Z" not in work.axes
        if self._in_blocks:
            target, found = self._place_of_blocks(), self._stores.empty(work, "segmented")
            self._scratch.append(found)
            events = segment_large_in_background(load, seen, config, self._stop, target, found, names, **watched)
        else:
            events = segment_in_background(load, seen, config, scope, self._stop, names, **watched)
        if session.job is not None:
            return False
        work.segmented_by, work.task, work.class_names = entry.name, record.task, names
        self._prepare(partial=scope.kind != "all")
        before = None if self._merges else self._before
        return session.jobs.start(
            with_copy(before, events, None if before is None else self._stores.empty(work, "prediction")),
            self._stop,
            self._on_event,
            self._on_finished,
            f"Segmenting {work.name}",
            OWNER,
            [work],
        )

    def _place_of_blocks(self) -> Path:
        """Where blocks are kept: beside the project, so that a run that is cut short goes on; or for this window."""
        kept = place_of_blocks(self.session, self.work)
        return self._stores.new_place("found") if kept is None else kept

    def _prepare(self, partial: bool) -> None:
        """Find the layer in which labels appear: the labels themselves, or a preview if these were corrected."""
        session, work = self.session, self.work
        if self._merges:
            preview, written = self._stores.empty(work, "preview"), self._stores.empty(work, "previewed")
            self._scratch += [preview, written]
            session.add_layer(work, "preview", preview, empty=True, opacity=0.5)
            self._live = LiveLabels(work, "preview", written, 0)
            return
        self._made_layer = work.labels_layer is None
        if work.labels_layer is None:
            session.add_layer(work, "labels", self._stores.empty(work, "labels"), empty=True)
        # It is written to once its copy has come, the first of all events.
        written = self._stores.empty(work, "prediction") if self._before is None else self._before
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
        elif isinstance(event, Copied):
            present(self._live).written = event.labels
            return
        elif isinstance(event, BandLabels):
            present(self._live).write(event.plane, event.region, event.labels)
            return
        elif isinstance(event, PlaneDone) and not in_bands(event):
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
        present(self._live).finish()
        if self._in_blocks:
            tidy_blocks(self.session)
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
        before = self._before
        if before is None:
            before = self._stores.empty(self.work, "before")
            self._scratch.append(before)
        arrays = labels, before, self.work.reviewed, self.work.locked, outcome.result, self._keep
        stop = StopFlag()
        if lies_on_disk(self.work) and "Z" not in self.work.axes:
            copies = self._make_copies(labels)
            self._live = LiveLabels(self.work, "labels", copies.labels, 0)
            steps = replace_on_disk(*arrays, copies, stop)
        else:
            steps = replace_in_background(*arrays)

        def on_merged(merged: Any) -> None:
            if isinstance(merged, Finished) and self.work in self.session.works and self.work.labels is not None:
                self._apply(merged.result)
            self._end(outcome if isinstance(merged, Finished) else merged)

        title = f"Segmenting {self.work.name}"
        self.session.jobs.start(steps, stop, self._on_merge_event, on_merged, title, OWNER, [self.work])

    def _make_copies(self, labels: Any) -> DiskCopies:
        make = self._stores.empty
        were, marks = make(self.work, "were", labels.dtype), make(self.work, "were-reviewed", np.uint8)
        self._scratch += [were, marks]
        return DiskCopies(were, marks, make(self.work, "again"))

    def _on_merge_event(self, event: Any) -> None:
        """How far it is; or, where more changes than can be undone, the labels themselves."""
        if isinstance(event, StageStep):
            self.advanced.emit(event)
        elif self._alive:
            present(self._live).write(event.plane, event.region, event.labels)

    def _apply(self, replacement: Any) -> None:
        work = self.work
        if replacement.written:
            present(self._live).finish()
            for steps in history_of(present(work.labels_layer)):
                steps.clear()  # they would bring back pixels of objects that are gone
        else:
            apply_replacement(work, replacement)
        self.replaced = not self._keep and not replacement.written
        self.for_good = replacement.written
        if work.prediction_undo is not None:
            work.prediction_undo.close()
        with work.change():
            work.prediction_undo = None if replacement.written else PredictionUndo(work, replacement)
            work.prediction = replacement.prediction
            work.note_written()

    def _show_probability(self, result: Segmentation) -> None:
        maps = np.asarray(present(result.probability)[0], np.float32)
        limits = (0.0, 1.0)
        self.session.add_layer(
            self.work, "probability", maps, contrast_limits=limits, colormap="magma", blending="additive", opacity=0.6
        )

    def _end(self, outcome: Any) -> None:
        for array in self._scratch:
            self._stores.remove(array)
        self.ended.emit(outcome if isinstance(outcome, Failed) else None)
