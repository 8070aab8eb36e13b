"""Removing objects that are too small: shows on the canvas which would go, before they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout

from napari_unet.corrections.operations.cleaning import remove_objects, small_objects
from napari_unet.labels.object_index import ObjectIndex
from napari_unet.ui.canvas.marks.signs import CanvasMarks, marks_of
from napari_unet.ui.canvas.writing import write_change
from napari_unet.ui.session.present import present
from napari_unet.ui.session.running.pacing import Slices
from napari_unet.ui.widgets.access.caption import caption

if TYPE_CHECKING:
    from napari_unet.ui.correct.toolbox import CorrectionTools
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

MOST_MARKED = 2000
CROSS_PIXELS = 14
_NAMED = 8


class SmallObjects(QFrame):
    """A small form: the size below which objects go, how many these are, and a cross on each. `closed`: put away."""

    closed = Signal()

    def __init__(self, session: Session, tools: CorrectionTools) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._session, self._tools = session, tools
        self.size_box = QSpinBox(minimum=1, maximum=10**9, suffix=" px", keyboardTracking=False)
        self.size_box.setToolTip("Objects with fewer pixels (voxels, through z) are removed")
        self.found_label = QLabel(wordWrap=True)
        self.remove_button = QPushButton("Remove", toolTip="Delete the objects with a cross. Ctrl+Z brings them back.")
        self.cancel_button = QPushButton("Cancel", toolTip="Delete nothing")
        self._work: ImageWork | None = None
        self._index: ObjectIndex | None = None
        self._planes: list[Any] = []
        self._ids: list[int] = []
        self._marks: CanvasMarks | None = None
        self._slices = Slices(self, self._show)
        self._lay_out()
        self.size_box.valueChanged.connect(self._show)
        self.remove_button.clicked.connect(self._on_remove)
        self.cancel_button.clicked.connect(self.put_away)
        self.hide()

    def _lay_out(self) -> None:
        layout, row, choice = QVBoxLayout(self), QHBoxLayout(), QHBoxLayout()
        row.addWidget(caption("Smaller than", self.size_box))
        row.addWidget(self.size_box, 1)
        choice.addStretch(1)
        choice.addWidget(self.remove_button)
        choice.addWidget(self.cancel_button)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.addLayout(row)
        layout.addWidget(self.found_label)
        layout.addLayout(choice)

    def ask(self) -> None:
        """Look for small objects in the slices of the scope; the window goes on meanwhile."""
        work = self._tools.work
        if work is None or work.labels is None:
            return
        if self._work is not work:
            diameter = work.diameter or 20.0
            self.size_box.setValue(max(1, round(np.pi / 4 * (0.35 * diameter) ** 2)))
            self._unmark()
            self._marks = marks_of(self._session, work, "too small", "cross", CROSS_PIXELS)
        self._work, self._index = work, ObjectIndex(work.shape)
        self._planes = self._tools.objects.planes(work)
        self._ids = []
        self.found_label.setText("Measuring the objects\N{HORIZONTAL ELLIPSIS}")
        self.remove_button.setEnabled(False)
        self.show()
        self._slices.start(self._index.update(present(work.labels), self._planes))

    @property
    def measuring(self) -> bool:
        return self._slices.busy

    def put_away(self) -> None:
        """Remove nothing, and the crosses."""
        self._slices.stop()
        self._unmark()
        self._index = None
        self.hide()
        self.closed.emit()

    def note_edit(self) -> None:
        """Labels have changed: what was measured is measured again."""
        if self.isVisible() and self._index is not None:
            self.ask()

    def _show(self) -> None:
        """Say how many objects would go, and mark them."""
        work, index = self._work, self._index
        if work is None or index is None or not index.is_ready(self._planes):
            return
        found = small_objects(index, self._planes, self.size_box.value())
        self._ids = sorted(found.keys() - work.locked)
        self.found_label.setText(_sentence(self._ids))
        self.remove_button.setEnabled(bool(self._ids))
        self._mark(work, index)

    def _mark(self, work: ImageWork, index: ObjectIndex) -> None:
        here = work.plane_at(self._session.viewer.dims.point)
        chosen, centres = set(self._ids), []
        for plane in sorted(self._planes, key=lambda plane: plane != here):
            for _, (top, bottom, left, right) in index.rectangles(plane, chosen):
                centres.append((*plane, (top + bottom - 1) / 2, (left + right - 1) / 2))
        places = np.array([work.geometry.layer_index(centre) for centre in centres[:MOST_MARKED]], float)
        present(self._marks).show(places)

    def _unmark(self) -> None:
        if self._marks is not None:
            self._marks.clear()

    def _on_remove(self) -> None:
        work = self._work
        if work is None or self._index is None or work.labels is None or not self._ids:
            return
        n = len(self._ids)
        change = remove_objects(work.labels, self._index, self._planes, set(self._ids))
        self.put_away()
        if write_change(self._session, work, change):
            self._tools.cleared.emit(f"Deleted {n} small object{'s' * (n > 1)}.")


def _sentence(ids: list[int]) -> str:
    if not ids:
        return "No object is that small."
    named = ", ".join(map(str, ids[:_NAMED])) + (", \N{HORIZONTAL ELLIPSIS}" if len(ids) > _NAMED else "")
    return f"{len(ids)} object{'s' * (len(ids) > 1)} would go, marked with a cross: {named}"
