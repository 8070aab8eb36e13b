"""The area below the steps that never scrolls away: as high as what it has to show, and gone if that is nothing."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtWidgets import QFrame, QSizePolicy, QVBoxLayout, QWidget

from napari_unet.ui.pinned.notice_line import NoticeLine
from napari_unet.ui.session.session import Session

_TOLD = (QEvent.Type.ShowToParent, QEvent.Type.HideToParent)


class PinnedArea(QFrame):
    """Shows what is pinned in it, in that order, below what can be undone."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.notice = NoticeLine(session)
        self._widgets: list[QWidget] = []
        self.setObjectName("pinned")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setStyleSheet("#pinned { border: none; border-top: 1px solid palette(mid); }")
        self.setAccessibleName("What is going on")
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(8, 6, 8, 6)
        self._layout.setSpacing(6)
        self.pin(self.notice)

    def pin(self, widget: QWidget) -> None:
        """Have a widget here from now on; it is shown and hidden by who made it."""
        hidden = widget.isHidden()
        self._layout.addWidget(widget)
        widget.setVisible(not hidden)
        widget.installEventFilter(self)
        self._widgets.append(widget)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _TOLD:
            self._fit()
        return False

    def sizeHint(self) -> QSize:
        """As high as sentences are at this width: Qt gives an area no more than its hint, which knows no width."""
        hint, layout, width = super().sizeHint(), self._layout, self.width()
        if layout.hasHeightForWidth() and width > 0:
            hint.setHeight(layout.totalHeightForWidth(width))
        return hint

    def resizeEvent(self, event: QEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def _fit(self) -> None:
        self.setVisible(any(not widget.isHidden() for widget in self._widgets))

    def mousePressEvent(self, event: QEvent) -> None:
        """A click beside the buttons gives the keys back to the canvas."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.clearFocus()
        super().mousePressEvent(event)
