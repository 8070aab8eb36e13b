"""Somebody who uses the window: clicks its buttons, looks at slices, draws cells. Knows nothing that is not in view.

The demo and the pictures of the documentation are made by it, so that they show what a person gets.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QEventLoop, QTimer
from qtpy.QtWidgets import QAbstractButton, QApplication

from napari_unet.errors import UserError
from napari_unet.labels.matching import overlap_table
from napari_unet.labels.types import Labels, PlaneIndex
from napari_unet.ui.session.present import present
from napari_unet.ui.session.trackers import get_trackers

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_unet.ui.panel import UNetPanel
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.widgets.step import Step

RIGHT = 0.7
"""IoU from which a cell is left as it is: a person sees no need to draw it again."""


class DemoError(UserError):
    """Something in the window did not go as it should."""


def pause(seconds: float) -> None:
    """Let the window live for a while."""
    loop = QEventLoop()
    QTimer.singleShot(max(1, round(1000 * seconds)), loop.quit)
    loop.exec()


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Let the window live until `condition` holds.

    Raises
    ------
    DemoError
        If it does not within `seconds`; `what` says what was waited for.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise DemoError(f"{what} took longer than {seconds:.0f} s: try again when the computer is less busy.")
        pause(0.02)


@dataclass(frozen=True)
class Correction:
    """What was done to one slice: which of its true cells were reviewed, and which of these had to be drawn."""

    plane: PlaneIndex
    reviewed: tuple[int, ...]
    drawn: tuple[int, ...]


class DemoUser:
    """Works with one viewer and its panel. `patience` in seconds is for a job beyond its own time."""

    def __init__(self, viewer: Viewer, panel: UNetPanel, patience: float = 300.0) -> None:
        self.viewer, self.panel, self.patience = viewer, panel, patience

    @property
    def work(self) -> ImageWork:
        work = self.panel.session.current
        if work is None:
            raise DemoError("No image is open.")
        return work

    # -- hands ----------------------------------------------------------------------------------------------------

    def click(self, button: QAbstractButton) -> None:
        """Click a button that can be clicked; the part of *Correct* that it is in is shown first."""
        self.panel.correct_step.parts.reveal(button)
        if not button.isEnabled() or not button.isVisibleTo(self.panel):
            raise DemoError(f"{button.text()!r} cannot be clicked: {button.toolTip() or 'it is not in view'}")
        button.click()
        pause(0.05)

    def finish(self, step: Step, what: str, seconds: float = 0.0) -> None:
        """Wait for the job that `step` has begun, about `seconds` long; a message in the step is a failure."""
        wait_until(lambda: self.panel.session.job is None, seconds + self.patience, what)
        self.check(step)
        self.settle()

    def settle(self) -> None:
        """Wait until counts and marks are up to date and all is drawn."""
        trackers = get_trackers(self.panel.session)
        wait_until(lambda: not any(trackers.of(work).busy for work in self.panel.session.works), 60, "Counting")
        pause(0.4)
        QApplication.processEvents()

    def check(self, step: Step) -> None:
        if step.message.text and step.message.kind == "error":
            raise DemoError(f"{step.title}: {step.message.text}")

    # -- the work -------------------------------------------------------------------------------------------------

    def open_sample(self) -> None:
        """Open the sample that the panel offers while it is empty."""
        self.click(self.panel.image_step.sample_button)
        self.check(self.panel.image_step)
        wait_until(lambda: self.panel.session.current is not None, 30, "Opening the sample")
        self.settle()

    def adjust_contrast(self) -> None:
        """Move the contrast sliders so that the dim parts can be seen too."""
        layer = self.work.layer
        low, high = np.percentile(np.asarray(layer.data), (0.5, 99.7))
        layer.contrast_limits = (float(low), float(high))

    def segment(self) -> None:
        """Segment all of the image; corrections are kept, as the window proposes."""
        step = self.panel.segment_step
        step.set_open(True)
        self.click(step.segment_button)
        self.finish_segmenting()

    def finish_segmenting(self) -> None:
        """Answer what becomes of corrections, if it is asked, and wait."""
        step = self.panel.segment_step
        if step.question.isVisibleTo(self.panel):
            self.click(step.question.go)
        self.finish(step, "Segmenting")
        if self.work.prediction is None:
            raise DemoError("Segmenting gave no labels.")

    def look_at(self, plane: PlaneIndex, center: tuple[float, float] | None = None, width: float | None = None) -> None:
        """Move to a slice; with `center` (row, column) and `width` in pixels, zoom in as well, else show all of it."""
        viewer, axes = self.viewer, self.work.image.axes.replace("S", "")
        for letter, position in zip(self.work.axes, plane, strict=False):
            viewer.dims.set_current_step(viewer.dims.ndim - len(axes) + axes.index(letter), position)
        viewer.reset_view()
        if center is not None and width is not None:
            self._zoom_in(center, width)
        self.settle()

    def _zoom_in(self, center: tuple[float, float], width: float) -> None:
        layer, camera = self.work.layer, self.viewer.scene.camera
        camera.center = (0.0, *(np.asarray(center) * layer.scale[-2:] + layer.translate[-2:]))
        for closer in (6.0, None):  # how wide the canvas is shows once it is drawn
            if closer is None:
                region = self.work.visible_region()
                if region is None:
                    raise DemoError("Nothing of the image is in view.")
                closer = (region[1].stop - region[1].start) / width
            camera.zoom *= closer
            self.settle()

    def correct_view(self, truth: Labels) -> Correction:
        """Put the cells that are wholly in view right, as `truth` (Y, X) has them, and mark them as reviewed.

        Only cells whose labels are wrong are drawn; what is left of wrong labels under them is erased.
        """
        step, work = self.panel.correct_step, self.work
        region = work.visible_region()
        if region is None:
            raise DemoError("No slice is in view to be corrected.")
        plane = work.plane_at(self.viewer.dims.point)
        view = look_for_errors(truth, np.asarray(present(work.labels)[plane]), region)
        if view.erase.any():
            self.click(step.buttons["erase"])
            self._stroke(work.labels_layer, plane, view.erase, 0)
        for cell in view.wrong:
            self.click(step.buttons["new_object"])
            self._stroke(work.labels_layer, plane, truth == cell, present(work.labels_layer).selected_label)
        self.click(step.buttons["review_brush"])
        self._stroke(work.reviewed_layer, plane, np.isin(truth, view.cells), 1)
        self.click(step.buttons["review_brush"])
        self.settle()
        self.check(step)
        return Correction(plane, view.cells, view.wrong)

    def _stroke(self, layer: Any, plane: PlaneIndex, mask: npt.NDArray[np.bool_], value: int) -> None:
        """Give the pixels of `mask` (Y, X) a value through the layer's edit path, so that it can be undone."""
        rows, columns = np.nonzero(mask)
        if rows.size:
            index = (*(np.full_like(rows, position) for position in plane), rows, columns)
            layer.data_setitem(self.work.geometry.layer_index(index), value)

    def finetune(self, seconds: float, while_learning: Callable[[], Any] | None = None) -> None:
        """Fine-tune for `seconds`, one of the times that the step offers."""
        step = self.panel.finetune_step
        step.set_open(True)
        index = step.time_box.findData(seconds)
        if index < 0:
            raise DemoError(f"The Fine-tune step does not offer {seconds:.0f} s.")
        step.time_box.setCurrentIndex(index)
        self.click(step.start_button)
        self.check(step)
        if while_learning is not None:
            while_learning()
        self.finish(step, "Fine-tuning", seconds)
        if step.result_view.result is None:
            raise DemoError("Fine-tuning gave no result.")


@dataclass(frozen=True, eq=False)
class SeenCells:
    """What a person sees in a view: ids of true `cells` wholly in it, those that are `wrong`, pixels to `erase`."""

    cells: tuple[int, ...]
    wrong: tuple[int, ...]
    erase: npt.NDArray[np.bool_]


def look_for_errors(truth: Labels, labels: Labels, region: tuple[slice, slice]) -> SeenCells:
    """Compare labels with the truth (both Y, X) where cells lie wholly in rows and columns of a region."""
    table = overlap_table(truth, labels)
    right = table.iou >= RIGHT
    inside = np.bincount(truth[region].ravel(), minlength=table.truth_size.size)
    cells = [int(cell) for cell in np.flatnonzero(inside) if cell and inside[cell] == table.truth_size[cell]]
    wrong = sorted(set(cells) - set(table.truth[right].tolist()))
    left_over = (labels > 0) & ~np.isin(labels, table.predicted[right])
    return SeenCells(tuple(cells), tuple(wrong), left_over & np.isin(truth, wrong))
