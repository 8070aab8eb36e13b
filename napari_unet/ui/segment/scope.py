"""How much of a stack is segmented at once: this slice, this stack, all of it."""

from __future__ import annotations

from typing import Literal

from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QRadioButton, QWidget

from napari_unet.ui.widgets.access.order import put_in_order

# What can be segmented at once, by the axes before YX: (kind, words), the usual choice last.
_SCOPES = {
    "": (("all", "All of it"),),
    "Z": (("plane", "This slice"), ("all", "Whole stack")),
    "T": (("plane", "This frame"), ("all", "All frames")),
    "TZ": (("plane", "This slice"), ("volume", "This stack"), ("all", "All frames")),
}


class ScopeRow(QWidget):
    """One button for each choice; hidden where there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.buttons = QButtonGroup(self)
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    @property
    def kind(self) -> Literal["plane", "volume", "all"]:
        """What was chosen: "plane", "volume" or "all"."""
        button = self.buttons.checkedButton()
        kind: Literal["plane", "volume", "all"] = "all" if button is None else button.property("kind")
        return kind

    def offer(self, axes: str) -> None:
        """What there is to choose in an image of `axes`, such as "TZYX"; the usual choice is made."""
        for button in self.buttons.buttons():
            self.buttons.removeButton(button)
            self._layout.removeWidget(button)
            button.hide()  # it is deleted a moment later
            button.deleteLater()
        choices = _SCOPES[axes[:-2]]
        self.setVisible(len(choices) > 1)
        for kind, words in choices:
            button = QRadioButton(words)
            button.setProperty("kind", kind)
            self.buttons.addButton(button)
            self._layout.addWidget(button)
            button.setChecked(True)
        put_in_order(self, *self.buttons.buttons())
