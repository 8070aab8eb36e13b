"""The words beside a control, which a screen reader says as its name."""

from __future__ import annotations

from qtpy.QtWidgets import QLabel, QWidget


def caption(words: str, control: QWidget, tip: str | None = None) -> QLabel:
    """A label that belongs to `control`; its tool tip is that of the control, unless there is another `tip`."""
    label = QLabel(words)
    label.setToolTip(control.toolTip() if tip is None else tip)
    label.setBuddy(control)
    return label
