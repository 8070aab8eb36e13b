"""The parts of the Correct step, of which one is shown at a time: a row of buttons, and a page below it."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_unet.ui.widgets.access.order import put_in_order


class Parts(QWidget):
    """Pages by name. `shown`: another one is in view."""

    shown = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.buttons: dict[str, QPushButton] = {}
        self.pages: dict[str, QWidget] = {}
        self._group = QButtonGroup(self)
        self._row, self._layout = QHBoxLayout(), QVBoxLayout(self)
        self._row.setSpacing(0)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        self._layout.addLayout(self._row)

    def add(self, name: str, tip: str, *widgets: QWidget) -> None:
        """Have a page with these widgets, one below the other; the first page is shown."""
        button = QPushButton(name, checkable=True, toolTip=tip)
        button.setStyleSheet("QPushButton { padding: 3px 2px; }")
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for widget in widgets:
            layout.addWidget(widget)
        self.buttons[name], self.pages[name] = button, page
        self._group.addButton(button)
        before = self._row.itemAt(self._row.count() - 1)
        self._row.addWidget(button, 1)
        put_in_order(before.widget() if before is not None else self, button)
        self._layout.addWidget(page)
        button.clicked.connect(lambda: self.show_part(name))
        self.show_part(next(iter(self.pages)))

    @property
    def part(self) -> str:
        """The name of the page in view."""
        return next(name for name, button in self.buttons.items() if button.isChecked())

    def show_part(self, name: str) -> None:
        """Show a page, and hide the others."""
        self.buttons[name].setChecked(True)
        for known, page in self.pages.items():
            page.setVisible(known == name)
        self.shown.emit(name)

    def allow(self, name: str, allowed: bool) -> None:
        """Offer a page, or not; the first one is shown in its place."""
        self.buttons[name].setVisible(allowed)
        if not allowed and self.part == name:
            self.show_part(next(iter(self.pages)))

    def reveal(self, widget: QWidget) -> None:
        """Show the page that a widget is on, if it is on one."""
        for name, page in self.pages.items():
            if page.isAncestorOf(widget) and not page.isVisibleTo(self):
                self.show_part(name)
