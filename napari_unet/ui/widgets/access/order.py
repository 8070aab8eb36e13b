"""The order in which the Tab key goes through controls: Qt puts those that come later behind all others."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget


def put_in_order(before: QWidget, *later: QWidget) -> None:
    """Have the Tab key go from `before`, a control or what holds the `later` ones, to each of these in turn."""
    if before.focusPolicy() == Qt.FocusPolicy.NoFocus:
        before = _stop_before(before)
    for widget in later:
        if not before.isAncestorOf(widget):
            QWidget.setTabOrder(before, widget)
        before = widget


def _stop_before(holder: QWidget) -> QWidget:
    """The control that the Tab key is at before it comes to what is in `holder`; `holder` itself if there is none."""
    widget = holder.previousInFocusChain()
    while widget is not holder:
        takes_keys = widget.focusPolicy().value & Qt.FocusPolicy.TabFocus.value
        if takes_keys and widget.focusProxy() is None and not holder.isAncestorOf(widget):
            return widget
        widget = widget.previousInFocusChain()
    return holder
