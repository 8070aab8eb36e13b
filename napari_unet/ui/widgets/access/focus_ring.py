"""A frame round the control that has the keys, while the keyboard is used to go from control to control."""

from __future__ import annotations

from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, QRectF, Qt
from qtpy.QtGui import QPainter, QPalette, QPen
from qtpy.QtWidgets import QApplication, QSplitter, QWidget

_REACH = 2  # pixels that the frame is larger than the control, on each side
_MOVES = (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.ParentChange)
_TAB_PRESSED = Qt.WidgetAttribute.WA_KeyboardFocusChange  # of a window; Qt sets it, and now and then takes it back
_BY_KEYS = "_napari_unet_by_keys"


def by_keys(widget: QWidget) -> bool:
    """Whether who uses the window of `widget` goes through it by keys: from a Tab key on, until the mouse is used."""
    return bool(widget.window().property(_BY_KEYS))


def go_by_keys(widget: QWidget) -> None:
    """Give a control the keys, for who uses nothing else."""
    widget.window().setProperty(_BY_KEYS, True)
    widget.setFocus(Qt.FocusReason.ShortcutFocusReason)


class FocusRing(QObject):
    """For the controls of `root`, and of the windows that it opens.

    napari's themes draw no frame round tool buttons, lists and most push buttons that have the keys.
    """

    def __init__(self, root: QWidget) -> None:
        super().__init__(root)
        self._root = root
        self._frame: _FocusFrame | None = None
        self.control: QWidget | None = None
        QApplication.instance().focusChanged.connect(self._on_focus)

    def _on_focus(self, old: QWidget | None, new: QWidget | None) -> None:
        self._leave()
        if new is None:
            return
        if QApplication.mouseButtons() != Qt.MouseButton.NoButton:
            new.window().setProperty(_BY_KEYS, False)
            new.window().setAttribute(_TAB_PRESSED, False)
        elif new.window().testAttribute(_TAB_PRESSED):
            new.window().setProperty(_BY_KEYS, True)
        if by_keys(new) and self._is_ours(new):
            self.control = new
            new.installEventFilter(self)
            self._surround(new)

    def _is_ours(self, widget: QWidget | None) -> bool:
        while widget is not None and widget is not self._root:
            widget = widget.parentWidget()
        return widget is not None

    def _leave(self) -> None:
        control, self.control = self.control, None
        if control is not None and isalive(control):
            control.removeEventFilter(self)
        frame, self._frame = self._frame, None
        if frame is not None and isalive(frame):
            frame.hide()
            frame.deleteLater()

    def _surround(self, control: QWidget) -> None:
        above = control.parentWidget()
        if above is None or isinstance(above, QSplitter):  # a splitter would give the frame a place of its own
            return
        if self._frame is None or not isalive(self._frame) or self._frame.parentWidget() is not above:
            self._frame = _FocusFrame(above)
        self._frame.setGeometry(control.geometry().adjusted(-_REACH, -_REACH, _REACH, _REACH))
        self._frame.setVisible(control.isVisible())
        self._frame.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.control and event.type() in _MOVES:
            self._surround(self.control)
        elif watched is self.control and event.type() == QEvent.Type.MouseButtonPress:
            self.control.window().setProperty(_BY_KEYS, False)
            self._leave()
        return False


class _FocusFrame(QWidget):
    """Lies over a control, and lets the mouse through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def paintEvent(self, event: Any) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 3, 3)
