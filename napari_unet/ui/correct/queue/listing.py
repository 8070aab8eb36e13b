"""The list of objects with its filters: which reason, from how much, and with or without what is reviewed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QPushButton, QSpinBox, QVBoxLayout, QWidget

from napari_unet.review.queue import QueueOrder
from napari_unet.review.suspicion import MEASURES, SUSPICIOUS
from napari_unet.ui.correct.queue.table import ReviewTable
from napari_unet.ui.widgets.access.caption import caption

_FROM = 25  # per cent of a single reason: less is common
ANY = "score"


class ReviewList(QWidget):
    """A table and what is above and below it. `order_changed`: `order` is another one."""

    order_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.order = QueueOrder()
        self.table = ReviewTable()
        self.reason_box, self.hide_box = QComboBox(), QCheckBox("Hide reviewed")
        self.least_box = QSpinBox(minimum=0, maximum=100, singleStep=5, suffix=" %")
        self.where_button = QPushButton("Show me where")
        self._fill()
        self._lay_out()
        self.table.table_model.order_asked.connect(self._set)
        self.reason_box.activated.connect(self._on_filter)
        self.least_box.valueChanged.connect(self._on_filter)
        self.hide_box.toggled.connect(self._on_filter)

    def _fill(self) -> None:
        self.reason_box.addItem("any reason", ANY)
        for measure in MEASURES:
            self.reason_box.addItem(measure.reason, measure.name)
        self.reason_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.reason_box.setMinimumContentsLength(8)
        self.reason_box.setAccessibleName("Reason")
        self.least_box.setAccessibleName("From this suspicion")
        self.reason_box.setToolTip("List only objects with this reason")
        self.least_box.setValue(round(100 * SUSPICIOUS))
        self.least_box.setToolTip("List objects from this suspicion, by the reason on the left; 0 lists all")
        self.hide_box.setToolTip("List only objects that are not reviewed yet")
        self.where_button.setToolTip(
            "Go to the part of this image, or of the other open images, with the most suspicious objects"
        )

    def _lay_out(self) -> None:
        filters, below = QHBoxLayout(), QHBoxLayout()
        filters.addWidget(self.reason_box, 1)
        filters.addWidget(caption("from", self.least_box))
        filters.addWidget(self.least_box)
        below.addWidget(self.hide_box, 1)
        below.addWidget(self.where_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(filters)
        layout.addWidget(self.table)
        layout.addLayout(below)

    def list_all(self) -> None:
        """List all objects, whatever was left out before."""
        blocked = [QSignalBlocker(box) for box in (self.reason_box, self.least_box, self.hide_box)]
        self.reason_box.setCurrentIndex(0)
        self.least_box.setValue(0)
        self.hide_box.setChecked(False)
        for blocker in blocked:
            blocker.unblock()
        self._set(replace(self.order, reason=ANY, least=0.0, hide_reviewed=False))

    def _on_filter(self, *_: Any) -> None:
        order, reason = self.order, self.reason_box.currentData()
        if reason != order.reason:  # another scale, and what one wants to see first is another thing
            blocked = QSignalBlocker(self.least_box)
            self.least_box.setValue(round(100 * SUSPICIOUS) if reason == ANY else _FROM)
            blocked.unblock()
            order = replace(order, key=reason, descending=True)
        least = self.least_box.value() / 100
        self._set(replace(order, reason=reason, least=least, hide_reviewed=self.hide_box.isChecked()))

    def _set(self, order: QueueOrder) -> None:
        if order != self.order:
            self.order = order
            self.order_changed.emit()
