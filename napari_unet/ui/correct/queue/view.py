"""The review queue in the Correct step: the most suspicious objects one by one, and all of them in a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_unet.review.queue import ReviewQueue
from napari_unet.ui.canvas.camera import ReviewCamera
from napari_unet.ui.canvas.picking import ObjectPicker
from napari_unet.ui.correct.queue.listing import ReviewList
from napari_unet.ui.correct.queue.mark import mark_object, parts_of
from napari_unet.ui.correct.queue.screening import ScreeningKeeper
from napari_unet.ui.correct.queue.status import ReviewStatus
from napari_unet.ui.correct.queue.suggestion import diameter_of, suggest
from napari_unet.ui.correct.queue.table import name_of
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.session.reviewed_layer import BY_HAND
from napari_unet.ui.widgets.fold import Fold
from napari_unet.ui.widgets.progress import ProgressLine
from napari_unet.ui.widgets.step import enable

if TYPE_CHECKING:
    from napari_unet.ui.correct.toolbox import CorrectionTools
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

LARGE = 4e6
"""Pixels from which a single image takes long enough to show that something goes on."""
NOT_YET = "The objects are not measured yet."


class ReviewQueueView(QWidget):
    """Walks through the suspicious objects of the current image. `buttons` are those of the step, by action."""

    def __init__(self, session: Session, tools: CorrectionTools, buttons: Mapping[str, QPushButton]) -> None:
        super().__init__()
        self._session = session
        self.keeper = ScreeningKeeper(session, self)
        self.camera = session.service(ReviewCamera)
        self.picker = ObjectPicker(session, lambda: self.queue is not None and tools.tool in (None, "pick"), self)
        self.queue: ReviewQueue | None = None
        self._current: tuple[str, int, int] | None = None  # the object in the frame: image, frame of time, id
        self.status = ReviewStatus(buttons)
        self.progress = ProgressLine()
        self.list = ReviewList()
        self.table = self.list.table
        self.list_fold = Fold("List of objects", self.list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        for widget in (self.status, self.progress, self.list_fold):
            layout.addWidget(widget)
        self._connect()
        tools.queue_asked.connect(self._on_asked)
        self._on_current()

    def _connect(self) -> None:
        self.keeper.changed.connect(self._on_changed)
        self.keeper.progressed.connect(self._on_progressed)
        self.picker.clicked.connect(self.select_at)
        self.list.order_changed.connect(self._on_order)
        self.list.where_button.clicked.connect(self.suggest)
        self.table.position_chosen.connect(self._on_row_chosen)
        self.progress.stop_clicked.connect(self.keeper.stop)
        listen(self, self._session.current_changed, self._on_current)
        listen(self, self._session.labels_changed, self._on_labels)

    # -- showing the state --------------------------------------------------------------------------------------

    @property
    def work(self) -> ImageWork | None:
        return self._session.current

    @property
    def row(self) -> int | None:
        """The row (of the table of objects) of the object in the frame; None if there is none any more."""
        if self.queue is None or self._current is None or self._current[0] != present(self.work).key:
            return None
        return self.queue.table.find(*self._current[1:])

    def _on_current(self) -> None:
        if self.work is None or self._current is None or self._current[0] != self.work.key:
            self._current = None
            self.camera.hide()
        self.progress.end()
        self.refresh()

    def _on_labels(self, work: ImageWork) -> None:
        if work is self.work and work.labels_layer is None:
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
        planes: list[tuple[int, ...]] = [()]
        if work is not None and self.queue is not None:
            planes = present(self.keeper.screening(work)).planes
        axes = "YX" if work is None else work.axes
        self.table.show_queue(self.queue, axes, planes, self._position())
        enable(self.list.where_button, NOT_YET if self.queue is None else None)
        self._show_position()

    def _position(self) -> int | None:
        return None if self.queue is None else self.queue.position(self.row)

    def _show_position(self) -> None:
        measuring = self.work is not None and self.work.labels is not None and self.keeper.busy
        self.status.show_queue(self.queue, self._position(), measuring)
        self.status.show_object(self.queue, self.row, None if self.work is None else self.keeper.problem(self.work))

    def _on_order(self) -> None:
        self.refresh()
        position = self._position()
        if position is None:
            self.table.scrollToTop()
        else:
            self.table.select_position(position)

    # -- going ----------------------------------------------------------------------------------------------------

    def _on_asked(self, name: str) -> None:
        getattr(self, f"_{name}")()

    def _next_suspicious(self) -> None:
        self.status.forget_accepted()
        self._step(1)

    def _previous_suspicious(self) -> None:
        self.status.forget_accepted()
        self._step(-1)

    def _step(self, step: int) -> None:
        if self.queue is None:
            self.status.say(NOT_YET)
            return
        position = self.queue.next_position(self._position(), step)
        if position is None:
            self.status.say("All listed objects are reviewed." if len(self.queue) else "No object is suspicious.")
        else:
            self._on_row_chosen(position)
            self.table.select_position(position)

    def _on_row_chosen(self, position: int) -> None:
        """Go to the object in a row of the list."""
        row = int(present(self.queue).rows[position])
        self._make_current(row)
        table, work = present(self.queue).table, self.work
        plane = present(self.keeper.screening(work)).planes[int(table.planes[row])]
        self.camera.go_to(present(work), plane, tuple(table.boxes[row].tolist()))
        self._show_position()

    def _make_current(self, row: int) -> None:
        table = present(self.queue).table
        self._current = (present(self.work).key, int(table.frames[row]), int(table.ids[row]))

    def suggest(self) -> None:
        """Go where there is most to be put right: in the image that is the most suspicious, to its worst part."""
        found = suggest(self._session, self.keeper)
        if found is None:
            self.status.say("Nothing suspicious is left.")
            return
        work, moved = found.work, found.work is not self.work
        if moved:
            work.layer.visible = present(work.labels_layer).visible = True
            self._session.viewer.layers.selection.active = work.labels_layer
        self._current = None
        self.camera.show(work, found.plane, found.box)
        self.refresh()
        self.status.say(found.sentence(moved))

    def select_at(self, position: Any) -> None:
        """Select the row of the object at a place of the world, and have it listed."""
        found, screening = self.picker.object_at(position), self.keeper.screening(self.work)
        if found is None or screening is None or self.queue is None:
            return
        plane, object_id = found
        row = self.queue.table.find(plane[0] if present(self.work).axes.startswith("T") else 0, object_id)
        sections = screening.sections(plane)
        at = np.flatnonzero(sections.ids == object_id)
        if row is None or not at.size:
            return
        self._make_current(row)
        self.camera.frame(present(self.work), plane, tuple(sections.boxes[at[0]].tolist()))
        if self._position() is None:
            self.list.list_all()
        self.table.select_position(self._position())
        self._show_position()

    # -- accepting ------------------------------------------------------------------------------------------------

    def _accept_object(self) -> None:
        self.status.forget_accepted()
        if self.row is not None and not present(self.queue).reviewed[self.row]:
            name = name_of(present(self.queue), self.row)
            self.status.note_accepted(name, self._mark(BY_HAND), present(self.work).axes)
        self._step(1)

    def _unaccept_object(self) -> None:
        if self.row is not None:
            self._mark(0)

    def _mark(self, value: int) -> int:
        work, table, row = present(self.work), present(self.queue).table, present(self.row)
        parts = parts_of(work, present(self.keeper.screening(work)), table, row, diameter_of(work, self.keeper))
        n_slices = mark_object(self._session, work, parts, value)
        self.refresh()
        return n_slices
