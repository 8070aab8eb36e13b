"""The object diameter of the current image: in pixels and as a length, as a ring in the view, or to be estimated."""

from __future__ import annotations

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton

from napari_unet.images.units import SHOWN_UNITS
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.ui.canvas.marks.ring import DiameterRing
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.session import Session
from napari_unet.ui.widgets.number_field import NumberField
from napari_unet.ui.widgets.step import enable


class DiameterField(QObject):
    """`row` holds the number and the length, `buttons` those to estimate and to see it; both are to be laid out."""

    estimate_wanted = Signal()
    refused = Signal(str)  # a sentence: what was typed is no diameter; empty once it is one again

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.ring = DiameterRing(session)
        self.number = NumberField(SegmentConfig.model_fields["diameter"], "px")
        self.size = QLabel()
        self.estimate_button = QPushButton(
            "Estimate", toolTip="Measure the typical object diameter in the slice in view"
        )
        self.ring_button = QPushButton("Show as ring", checkable=True)
        self.ring_button.setToolTip("Show the diameter as a ring in the middle of the view")
        self.row, self.buttons = QHBoxLayout(), QHBoxLayout()
        self._lay_out()
        listen(self, session.diameter_changed, self._on_diameter_changed)
        self.number.chosen.connect(self._on_edited)
        self.number.refused.connect(self.refused)
        self.estimate_button.clicked.connect(self.estimate_wanted)
        self.ring_button.toggled.connect(self._on_ring_toggled)

    def _lay_out(self) -> None:
        self.row.addWidget(self.number, 3)
        self.row.addWidget(self.size, 2)
        self.buttons.addWidget(self.estimate_button)
        self.buttons.addWidget(self.ring_button)

    def allow(self, closed: str | None, no_estimate: str | None) -> None:
        """Which controls can be used; each reason says why not, None that nothing stands against it."""
        enable(self.estimate_button, no_estimate)
        for widget in (self.number, self.ring_button):
            enable(widget, closed)

    def settle(self) -> bool:
        """Take over what was typed; False if that is no diameter, which is told."""
        return self.number.settle()

    def hide_ring(self) -> None:
        self.ring_button.setChecked(False)

    def show_estimate(self) -> None:
        """As a ring: an estimate is to be looked at."""
        self.ring_button.setChecked(True)

    def refresh(self) -> None:
        """Show the diameter of the current image."""
        work = self._session.current
        diameter = work.diameter if work is not None else None
        self.number.show_value(diameter)
        self.size.setText(self._physical_size(diameter))
        self.size.setToolTip("Estimated from the image" if work is not None and work.diameter_estimated else "")
        if self.ring_button.isChecked():
            if work is not None and diameter is not None:
                self.ring.show(work, diameter)
            else:
                self.ring.hide()

    def _physical_size(self, diameter: float | None) -> str:
        work = self._session.current
        if work is None or diameter is None or "X" not in work.image.scale:
            return ""
        unit = work.image.units_of("X")[0]
        return f"{diameter * work.image.scale['X']:.3g} {SHOWN_UNITS.get(unit, unit)}"

    def _on_diameter_changed(self, work: object) -> None:
        if work is self._session.current:
            self.refresh()

    def _on_edited(self, diameter: float | None) -> None:
        self.refused.emit("")
        if self._session.current is not None:
            self._session.current.set_diameter(diameter)

    def _on_ring_toggled(self, shown: bool) -> None:
        work = self._session.current
        if not shown or work is None:
            self.ring.hide()
        elif work.diameter is None:
            self.estimate_wanted.emit()
        else:
            self.ring.show(work, work.diameter)
