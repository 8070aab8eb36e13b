"""Objects within limits: the others get a cross, leave the table, and are removed by a click that can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget
from superqt import QDoubleRangeSlider

from napari_unet.results.measurements.limits import Range, describe_limits, remove_rows, rows_within
from napari_unet.ui.canvas.marks.signs import CanvasMarks, marks_of
from napari_unet.ui.canvas.writing import write_change
from napari_unet.ui.results.colouring import number_columns
from napari_unet.ui.results.object_table import text_of
from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_unet.labels.types import Mask
    from napari_unet.ui.results.measuring import Measured
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

MOST_MARKED = 2000
_CROSS_PIXELS = 14


class LimitsForm(QWidget):
    """Limits of one column at a time; those of others stay. `changed`: other rows are kept (None: all)."""

    changed = Signal(object)
    removed = Signal(int)  # how many objects

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._work: ImageWork | None = None
        self._measured: Measured | None = None
        self._marks: CanvasMarks | None = None
        self.limits: dict[str, Range] = {}
        self.box = QComboBox(toolTip="The value whose limits are set")
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(8)
        self.slider = QDoubleRangeSlider()
        self.slider.setOrientation(self.slider.orientation().Horizontal)
        self.slider.setToolTip("Drag the ends: what lies outside gets a cross")
        self.low_label, self.high_label, self.told = QLabel(), QLabel(), QLabel(wordWrap=True)
        self.remove_button = QPushButton("Remove", toolTip="Delete the objects with a cross. Ctrl+Z brings them back.")
        self.clear_button = QPushButton("No limits", toolTip="Keep all objects")
        self._lay_out()
        self.box.currentIndexChanged.connect(self._show_column)
        self.slider.valueChanged.connect(self._on_moved)
        self.remove_button.clicked.connect(self._on_remove)
        self.clear_button.clicked.connect(self.clear)

    def _lay_out(self) -> None:
        grid, buttons, layout = QGridLayout(), QHBoxLayout(), QVBoxLayout(self)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.box, 0, 0, 1, 3)
        grid.addWidget(self.low_label, 1, 0)
        grid.addWidget(self.slider, 1, 1)
        grid.addWidget(self.high_label, 1, 2)
        buttons.addWidget(self.remove_button)
        buttons.addWidget(self.clear_button)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(grid)
        layout.addWidget(self.told)
        layout.addLayout(buttons)

    def show_table(self, work: ImageWork | None, measured: Measured | None, heading: Callable[[str], str]) -> None:
        """Set limits for another table, from none on."""
        if self._marks is not None:
            self._marks.clear()
        self._work, self._measured, self._marks = work, measured, None
        self.limits = {}
        blocked = QSignalBlocker(self.box)
        self.box.clear()
        for name in () if measured is None else number_columns(measured):
            self.box.addItem(heading(name), name)
        blocked.unblock()
        self._show_column()
        self._show()

    @property
    def keep(self) -> Mask | None:
        """The rows within the limits; None: all."""
        if self._measured is None or not self.limits:
            return None
        return rows_within(self._measured.located.table, self.limits)

    def set_limits(self, name: str, low: float | None, high: float | None) -> None:
        """Set the limits of a column, as the slider does."""
        if (low, high) == (None, None):
            self.limits.pop(name, None)
        else:
            self.limits[name] = (low, high)
        self._show()

    def clear(self) -> None:
        self.limits = {}
        self._show_column()
        self._show()

    def _ends(self, name: str) -> tuple[float, float]:
        values = present(self._measured).located.table[name].to_numpy(float)
        known = values[np.isfinite(values)]
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        return low, high if high > low else low + 1.0

    def _show_column(self) -> None:
        name = self.box.currentData()
        if name is None or self._measured is None:
            return
        ends = self._ends(name)
        low, high = self.limits.get(name, (None, None))
        blocked = QSignalBlocker(self.slider)
        self.slider.setRange(*ends)
        self.slider.setValue((ends[0] if low is None else low, ends[1] if high is None else high))
        blocked.unblock()
        self._show_ends()

    def _show_ends(self) -> None:
        for label, value in zip((self.low_label, self.high_label), self.slider.value(), strict=True):
            label.setText(text_of(float(value)))

    def _on_moved(self, value: tuple[float, float]) -> None:
        name = self.box.currentData()
        if name is None:
            return
        ends = self._ends(name)
        small = 1e-6 * (ends[1] - ends[0])  # what the slider rounds
        low = None if value[0] <= ends[0] + small else float(value[0])
        high = None if value[1] >= ends[1] - small else float(value[1])
        self._show_ends()
        self.set_limits(name, low, high)

    def _show(self) -> None:
        """Say how many are kept, mark the others, and tell the table."""
        keep = self.keep
        outside = 0 if keep is None else int(np.count_nonzero(~keep))
        total = 0 if self._measured is None else len(self._measured.located)
        titles = {self.box.itemData(i): self.box.itemText(i).partition(" (")[0] for i in range(self.box.count())}
        words = describe_limits(self.limits, titles)
        self.told.setText(f"{total - outside:,} of {total:,} objects: {words}" if words else "All objects are kept.")
        self.remove_button.setText(f"Remove {outside:,}" if outside else "Remove")
        self.remove_button.setEnabled(outside > 0)
        self.clear_button.setEnabled(bool(self.limits))
        self._mark(keep)
        self.changed.emit(keep)

    def _mark(self, keep: Mask | None) -> None:
        work, measured = self._work, self._measured
        if keep is None or work is None or measured is None or work.labels_layer is None:
            if self._marks is not None:
                self._marks.clear()
            return
        if self._marks is None:
            self._marks = marks_of(self._session, work, "outside limits", "cross", _CROSS_PIXELS)
        located, places = measured.located, []
        for row in np.flatnonzero(~keep)[:MOST_MARKED].tolist():
            frame = tuple(int(located.table[letter.lower()].iloc[row]) for letter in located.frames)
            low, high = np.split(located.boxes[row], 2)
            places.append(work.geometry.layer_index((*frame, *((low + high - 1) / 2).tolist())))
        self._marks.show(np.array(places, float))

    def _on_remove(self) -> None:
        work, keep = self._work, self.keep
        if work is None or keep is None or work.labels is None:
            return
        rows = np.flatnonzero(~keep)
        change = remove_rows(present(self._measured).located, rows, work.labels, work.locked)
        self.clear()
        if write_change(self._session, work, change):
            self.removed.emit(int(np.unique(change.before).size))
