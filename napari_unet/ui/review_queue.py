"""The review queue in the Correct step: the most suspicious objects one by one, and all of them in a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakMethod

import numpy as np
from napari.layers import Labels
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_unet.corrections.review_queue import ReviewQueue, suggest_image, suggest_region
from napari_unet.corrections.reviewed import typical_diameter
from napari_unet.corrections.suspicion import SUSPICIOUS
from napari_unet.ui.fold import Fold
from napari_unet.ui.listening import listen
from napari_unet.ui.progress import ProgressLine
from napari_unet.ui.review_camera import ReviewCamera
from napari_unet.ui.review_list import ReviewList
from napari_unet.ui.review_mark import mark_object
from napari_unet.ui.review_survey import SurveyKeeper
from napari_unet.ui.review_table import reason_of
from napari_unet.ui.reviewed_layer import BY_HAND
from napari_unet.ui.step import enable

if TYPE_CHECKING:
    from napari_unet.ui.correction_tools import CorrectionTools
    from napari_unet.ui.image_work import ImageWork
    from napari_unet.ui.session import Session

PlaneIndex = tuple[int, ...]
ACTIONS = ("previous_suspicious", "next_suspicious", "accept_object")
LARGE = 4e6
"""Pixels from which a single image takes long enough to show that something goes on."""
NOT_YET = "The objects are not measured yet."


class ReviewQueueView(QWidget):
    """Walks through the suspicious objects of the current image. `buttons` are those of the step, by action."""

    def __init__(self, session: Session, tools: CorrectionTools, buttons: Mapping[str, QPushButton]) -> None:
        super().__init__()
        self._session, self._tools = session, tools
        self.keeper = SurveyKeeper(session, self)
        self.camera = ReviewCamera(session)
        self.queue: ReviewQueue | None = None
        self._current: tuple[str, int, int] | None = None  # the object in the frame: image, frame of time, id
        self._bound: list[Labels] = []
        self.position_label, self.reason_label = QLabel(), QLabel(wordWrap=True)
        self.bar = QProgressBar(textVisible=False, maximumHeight=6)
        self.progress = ProgressLine()
        self.list = ReviewList()
        self.table = self.list.table
        self.list_fold = Fold("List of objects", self.list)
        self._lay_out(buttons)
        self._connect()
        self._on_current()

    # -- building ---------------------------------------------------------------------------------------------

    def _lay_out(self, buttons: Mapping[str, QPushButton]) -> None:
        head = QHBoxLayout()
        head.addWidget(QLabel("Suspicious objects:"))
        head.addWidget(self.position_label, 1)
        walk = QHBoxLayout()
        walk.setSpacing(4)
        for name in ACTIONS:
            walk.addWidget(buttons[name])
        self.bar.setToolTip("Reviewed of those listed")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        for row in (head, walk):
            layout.addLayout(row)
        for widget in (self.bar, self.reason_label, self.progress, self.list_fold):
            layout.addWidget(widget)

    def _connect(self) -> None:
        session = self._session
        self.keeper.changed.connect(self._on_changed)
        self.keeper.progressed.connect(self._on_progressed)
        self.list.order_changed.connect(self._on_order)
        self.list.where_button.clicked.connect(self.suggest)
        self.table.row_chosen.connect(self._on_row_chosen)
        self.progress.stop_clicked.connect(self.keeper.stop)
        self._tools.queue_asked.connect(self._on_asked)
        listen(self, session.current_changed, self._on_current)
        listen(self, session.labels_changed, self._on_labels)

    # -- showing the state --------------------------------------------------------------------------------------

    @property
    def work(self) -> ImageWork | None:
        return self._session.current

    @property
    def row(self) -> int | None:
        """The row (of the table of objects) of the object in the frame; None if there is none any more."""
        if self.queue is None or self._current is None or self._current[0] != self.work.key:
            return None
        return self.queue.table.find(*self._current[1:])

    def _on_current(self) -> None:
        if self.work is None or self._current is None or self._current[0] != self.work.key:
            self._current = None
            self.camera.hide()
        self.progress.end()
        self._bind_mouse()
        self.refresh()

    def _on_labels(self, work: ImageWork) -> None:
        if work is self.work:
            self._bind_mouse()
            if work.labels_layer is None:
                self._on_current()

    def _on_changed(self, work: ImageWork) -> None:
        if work is self.work:
            self.refresh()

    def _on_progressed(self, work: ImageWork, text: str, done: int, total: int) -> None:
        if done >= total and total:
            self.progress.end()
        elif work is self.work and total > 1 + done:
            self.progress.advance(done, total, text)
            self.progress.show()
        elif work is self.work and np.prod(work.shape) > LARGE:
            self.progress.begin(text)

    def refresh(self) -> None:
        """Show what is known of the current image."""
        work = self.work
        self.queue = None if work is None else self.keeper.queue(work, self.list.order)
        planes = [()] if work is None or self.queue is None else self.keeper.survey(work).planes
        axes = "YX" if work is None else work.axes
        self.table.show_queue(self.queue, axes, planes, self._position())
        enable(self.list.where_button, NOT_YET if self.queue is None else None)
        self._show_position()

    @property
    def _being_measured(self) -> bool:
        return self.work is not None and self.work.labels is not None and self.keeper.busy

    def _position(self) -> int | None:
        return None if self.queue is None else self.queue.position(self.row)

    def _show_position(self) -> None:
        queue, position = self.queue, self._position()
        total = 0 if queue is None else len(queue)
        done = 0 if queue is None else queue.n_reviewed
        if queue is None:
            self.position_label.setText("measuring" if self._being_measured else "")
        elif not total:
            self.position_label.setText("none")
        else:
            place = f"{position + 1} of {total}" if position is not None else f"{total}"
            self.position_label.setText(f"{place}, {done} reviewed")
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(done)
        self.bar.setVisible(total > 0)
        row = self.row
        problem = None if self.work is None else self.keeper.problem(self.work)
        self.reason_label.setVisible(row is not None or problem is not None)
        if problem is not None:
            self.reason_label.setText(f"The model could not look again: {problem}")
        if row is not None:
            self.reason_label.setText(f"Object {queue.table.ids[row]}{reason_of(queue, row)}")

    def _on_order(self) -> None:
        self.refresh()
        position = self._position()
        if position is None:
            self.table.scrollToTop()
        else:
            self.table.select(position)

    # -- going ----------------------------------------------------------------------------------------------------

    def _on_asked(self, name: str) -> None:
        getattr(self, f"_{name}")()

    def _next_suspicious(self) -> None:
        self._step(1)

    def _previous_suspicious(self) -> None:
        self._step(-1)

    def _step(self, step: int) -> None:
        if self.queue is None:
            self._say(NOT_YET)
            return
        position = self.queue.next_position(self._position(), step)
        if position is None:
            self._say("All listed objects are reviewed." if len(self.queue) else "No object is suspicious.")
        else:
            self._on_row_chosen(position)
            self.table.select(position)

    def _say(self, text: str) -> None:
        self.reason_label.setText(text)
        self.reason_label.show()

    def _on_row_chosen(self, position: int) -> None:
        """Go to the object in a row of the list."""
        row = int(self.queue.rows[position])
        self._make_current(row)
        table, work = self.queue.table, self.work
        plane = self.keeper.survey(work).planes[int(table.planes[row])]
        self.camera.go_to(work, plane, tuple(table.boxes[row].tolist()))
        self._show_position()

    def _make_current(self, row: int) -> None:
        table = self.queue.table
        self._current = (self.work.key, int(table.frames[row]), int(table.ids[row]))

    def suggest(self) -> None:
        """Go where there is most to be put right: in the image that is the most suspicious, to its worst part."""
        queues = {work.key: self.keeper.queue(work) for work in self._session.works}
        known = {key: (queue.table, queue.reviewed) for key, queue in queues.items() if queue is not None}
        best = suggest_image(known)
        if best is None:
            self._say("Nothing suspicious is left.")
            return
        work = next(work for work in self._session.works if work.key == best)
        moved = work is not self.work
        if moved:
            work.layer.visible = work.labels_layer.visible = True
            self._session.viewer.layers.selection.active = work.labels_layer
        table, reviewed = known[best]
        place = suggest_region(table, reviewed, work.shape[-2:], self._window(work))
        rows, columns = place.region
        box = (rows.start, rows.stop, columns.start, columns.stop)
        self._current = None
        self.camera.show(work, self.keeper.survey(work).planes[place.plane], box)
        self.refresh()
        here = (table.planes == place.plane) & ~reviewed & (table.score >= SUSPICIOUS)
        inside = _inside(table.centres[here], place.region)
        image = f"{work.name} is the image that the model is least sure of; here" if moved else "Here"
        self._say(f"{image} are {inside} suspicious objects." if inside != 1 else f"{image} is 1 suspicious object.")

    def _window(self, work: ImageWork) -> tuple[int, int]:
        """Rows and columns to suggest: a view that shows objects large enough to correct them, ten across."""
        side = 10 * self._diameter(work)
        return tuple(int(min(size, max(64, side))) for size in work.shape[-2:])

    def _diameter(self, work: ImageWork) -> float:
        if work.diameter:
            return work.diameter
        survey = self.keeper.survey(work)
        return typical_diameter([] if survey is None else survey.joined.area.tolist())

    # -- accepting ------------------------------------------------------------------------------------------------

    def _accept_object(self) -> None:
        if self.row is None:
            self._next_suspicious()
            return
        if not self.queue.reviewed[self.row]:
            self._mark(BY_HAND)
        self._next_suspicious()

    def _unaccept_object(self) -> None:
        if self.row is not None:
            self._mark(0)

    def _mark(self, value: int) -> None:
        survey, table, row = self.keeper.survey(self.work), self.queue.table, self.row
        mark_object(self._session, self.work, survey, table, row, value, self._diameter(self.work))
        self.refresh()

    # -- clicks on the canvas -------------------------------------------------------------------------------------

    def _bind_mouse(self) -> None:
        layer = None if self.work is None else self.work.labels_layer
        if layer is not None and not any(layer is bound for bound in self._bound):
            self._bound.append(layer)
            layer.mouse_drag_callbacks.append(_weakly(self._on_mouse))
        present = self._session.viewer.layers
        self._bound = [layer for layer in self._bound if layer in present]

    def _on_mouse(self, layer: Labels, event: Any) -> Iterator[None]:
        """A click without a tool in the hand, or with the picker, selects the object's row."""
        if event.button != 1 or self.queue is None or self._tools.tool not in (None, "pick"):
            return
        yield
        if event.type == "mouse_release":  # not after a drag, which moves the camera
            self.select_at(event.position)

    def select_at(self, position: Any) -> None:
        """Select the row of the object at a place of the world, and have it listed."""
        work, survey = self.work, self.keeper.survey(self.work)
        layer = None if work is None else work.labels_layer
        if layer is None or survey is None or self.queue is None:
            return
        at = np.rint(np.asarray(layer.world_to_data(position))[-layer.ndim :]).astype(int)
        if np.any(at < 0) or np.any(at >= layer.data.shape):
            return
        plane = work.plane_at(position)
        frame = plane[0] if work.axes.startswith("T") else 0
        row = self.queue.table.find(frame, int(layer.data[tuple(at.tolist())]))
        if row is None:
            return
        self._make_current(row)
        found = survey.sections(plane)
        box = found.boxes[np.flatnonzero(found.ids == self.queue.table.ids[row])[0]]
        self.camera.frame(work, plane, tuple(box.tolist()))
        if self._position() is None:
            self.list.list_all()
        self.table.select(self._position())
        self._show_position()


def _inside(centres: Any, region: tuple[slice, slice]) -> int:
    """How many centres lie in rows and columns of a region."""
    rows, columns = region
    inside = (centres[:, 0] >= rows.start) & (centres[:, 0] < rows.stop)
    inside &= (centres[:, 1] >= columns.start) & (centres[:, 1] < columns.stop)
    return int(np.count_nonzero(inside))


def _weakly(method: Any) -> Any:
    """A drag callback, as long as its object lives: layers outlive the panel."""
    reference = WeakMethod(method)

    def call(layer: Any, event: Any) -> Iterator[None]:
        alive = reference()
        if alive is not None:
            yield from alive(layer, event)

    return call
