"""Which columns are measured: a list to tick, and below it what the one under the cursor means."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from napari_unet.results.measurements.columns import COLUMNS, DEFAULT_NAMES, Column
from napari_unet.results.measurements.config import MeasureConfig
from napari_unet.ui.widgets.parameters import ParameterForm

# Which columns need a thing that a plain image and its labels do not have.
_NEEDS_MORE = ("parent", "class")
_ROWS = 7


class ColumnList(QWidget):
    """The columns that there are, ticked as far as they are wanted, and the few things that they ask."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.list = QListWidget(toolTip="Tick what is to be measured")
        self.list.setAccessibleName("Columns")
        self.list.setMouseTracking(True)
        self.list.setFixedHeight(_ROWS * (self.list.fontMetrics().height() + 6))
        self.about = QLabel(wordWrap=True)
        self.about.setMinimumHeight(2 * self.about.fontMetrics().height())
        self.usual_button = QPushButton("The usual", toolTip="Tick what most people need")
        self.none_button = QPushButton("None", toolTip="Tick nothing")
        self.form = ParameterForm(MeasureConfig, ("neighbor_distance", "slices"))
        self._ndim = 2
        self._lay_out()
        for column in COLUMNS:
            if column.name not in _NEEDS_MORE:
                self._add(column)
        self._show_meaning(self.list.item(0))
        self.form.show_row("neighbor_distance", False)
        self.list.itemEntered.connect(self._show_meaning)
        self.list.currentItemChanged.connect(self._show_meaning)
        self.list.itemChanged.connect(self._on_ticked)
        self.usual_button.clicked.connect(lambda: self.tick(DEFAULT_NAMES))
        self.none_button.clicked.connect(lambda: self.tick(()))

    def _lay_out(self) -> None:
        buttons, layout = QHBoxLayout(), QVBoxLayout(self)
        buttons.addWidget(self.usual_button)
        buttons.addWidget(self.none_button)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.list)
        layout.addWidget(self.about)
        layout.addLayout(buttons)
        layout.addWidget(self.form)

    def _add(self, column: Column) -> None:
        item = QListWidgetItem(column.title, self.list)
        item.setData(Qt.ItemDataRole.UserRole, column)
        item.setToolTip(column.about)
        item.setCheckState(Qt.CheckState.Checked if column.default else Qt.CheckState.Unchecked)

    def show_axes(self, axes: str) -> None:
        """Show what objects of an image with `axes` (of TZYX) have."""
        self.form.show_row("slices", "Z" in axes)
        self._ndim = 3 if "Z" in axes and not self.form.values().get("slices") else 2
        for item in self._items():
            item.setHidden(self._ndim not in item.data(Qt.ItemDataRole.UserRole).ndims)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that are ticked and in view."""
        return tuple(
            item.data(Qt.ItemDataRole.UserRole).name
            for item in self._items()
            if item.checkState() == Qt.CheckState.Checked and not item.isHidden()
        )

    @property
    def config(self) -> MeasureConfig:
        """What is to be measured; what needs a distance is left out while there is none."""
        values = self.form.values()
        names = tuple(name for name in self.names if name != "neighbors_within" or "neighbor_distance" in values)
        return MeasureConfig(columns=names, **values)

    def tick(self, names: tuple[str, ...]) -> None:
        """Tick these columns, and no others."""
        blocked = QSignalBlocker(self.list)
        for item in self._items():
            ticked = item.data(Qt.ItemDataRole.UserRole).name in names
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        blocked.unblock()
        self._on_ticked()

    def _on_ticked(self, item: QListWidgetItem | None = None) -> None:
        """Ask for the distance only where it is needed."""
        self.form.show_row("neighbor_distance", "neighbors_within" in self.names)
        self.changed.emit()

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(number) for number in range(self.list.count())]

    def _show_meaning(self, item: QListWidgetItem | None, before: object = None) -> None:
        if item is not None:
            self.about.setText(item.data(Qt.ItemDataRole.UserRole).about)
