"""A step of the work: a section that folds, a header that tells its state, and messages where they arose."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QIcon, QResizeEvent
from qtpy.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStyle,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_unet.ui.widgets.fitting_label import FittingLabel
from napari_unet.ui.widgets.help_window import PAGE_OF, show_help

if TYPE_CHECKING:
    from napari_unet.ui.session.session import Session

REASON = "_napari_unet_tool_tip"
_LONG_WORD, _MAY_BREAK = 20, "\u200b"
_LONG_PART = re.compile(rf"([^{_MAY_BREAK}]{{{_LONG_WORD}}})(?=[^{_MAY_BREAK}])")
_JOINT = re.compile(r"([_/\\.-])")


RemedyButton = tuple[str, Callable[[], object]]
"""What a button beside a message says, and what it does."""


def enable(widget: QWidget, reason: str | None) -> None:
    """Enable `widget`, or disable it with the reason as its tool tip ("Segment the image first.")."""
    if widget.property(REASON) is None:
        widget.setProperty(REASON, widget.toolTip())
    usual = widget.property(REASON)
    widget.setEnabled(reason is None)
    widget.setToolTip(usual if reason is None else reason)


_BESIDE = 0.3
"""Of the width of a message: a button as wide as that, or less, stands beside the sentence."""


class MessageLine(QFrame):
    """A sentence for the user, with a sign of its kind, and a cross to put it away. Hidden while there is none."""

    changed = Signal()  # it says something else, or nothing any more

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._sign, self._text = QLabel(), QLabel()
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)  # names of files are told as they are
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.button = QPushButton(toolTip="Do what this message offers")
        self.button.clicked.connect(self._on_button)
        self._act: Callable[[], object] | None = None
        self.kind = ""
        close = QToolButton(text="\u00d7", autoRaise=True, toolTip="Put this message away")
        close.setAccessibleName("Put this message away")
        close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        close.clicked.connect(self.clear)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 4, 2, 4)
        layout.addWidget(self._sign, alignment=Qt.AlignmentFlag.AlignTop)
        self._said = QHBoxLayout()
        self._said.addWidget(self._text, 1)
        self._said.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight)
        layout.addLayout(self._said, 1)
        layout.addWidget(close, alignment=Qt.AlignmentFlag.AlignTop)
        self._marked: QWidget | None = None
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text().replace(_MAY_BREAK, "")

    @property
    def field(self) -> QWidget | None:
        """The field that the message is about."""
        return self._marked

    def show_text(self, text: str, kind: str, field: QWidget | None, remedy: RemedyButton | None = None) -> None:
        """Show `text`; `kind` is "error" or "info"; `field` is framed until the message goes. `remedy` is a button."""
        self._unmark()
        words, self._act = remedy or ("", None)
        self.button.setText(words)
        self.button.setVisible(bool(words))
        self._place_button()
        self._text.setText(_breakable(text))
        self.kind = kind
        self._sign.setPixmap(self._icon(kind).pixmap(16, 16))
        if field is not None:
            mark(field, True)
            self._marked = field
        self.show()
        self.changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place_button()
        super().resizeEvent(event)

    def _place_button(self) -> None:
        """Below the sentence, where it would squeeze that into a column of single words."""
        wide = self.button.sizeHint().width() > _BESIDE * self.width()
        ways = QBoxLayout.Direction
        self._said.setDirection(ways.TopToBottom if wide else ways.LeftToRight)

    def clear(self) -> None:
        self._unmark()
        self._text.clear()
        self.hide()
        self.changed.emit()

    def _on_button(self) -> None:
        act = self._act
        self.clear()
        if act is not None:
            act()

    def _unmark(self) -> None:
        if self._marked is not None:
            mark(self._marked, False)
        self._marked = None

    def _icon(self, kind: str) -> QIcon:
        names = QStyle.StandardPixmap
        return self.style().standardIcon(
            names.SP_MessageBoxWarning if kind == "error" else names.SP_MessageBoxInformation
        )


def _breakable(text: str) -> str:
    """Have long names of files broken after "_", "-" and the like, or anywhere where they have none: a word as long as
    a line would be cut off."""
    joined = (_JOINT.sub(rf"\1{_MAY_BREAK}", word) if len(word) > _LONG_WORD else word for word in text.split(" "))
    return " ".join(_LONG_PART.sub(rf"\1{_MAY_BREAK}", word) for word in joined)


def mark(field: QWidget, wrong: bool) -> None:
    """Frame a field whose content is wrong, in the theme's own colour for highlights."""
    name = field.objectName() or f"field{id(field)}"
    field.setObjectName(name)
    field.setStyleSheet(f"#{name} {{ border: 2px solid palette(highlight); }}" if wrong else "")


class Step(QWidget):
    """Base of the steps: put widgets into `body_layout`, say the state in `set_state`, speak in `show_message`."""

    title = ""
    toggled = Signal(bool)  # opened or folded by the user

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.user_choice: bool | None = None
        self.heading = QToolButton(autoRaise=True, text=self.title, checkable=True)
        self._state = FittingLabel()
        self.body = QWidget()
        self.body_layout = QVBoxLayout(self.body)
        self.message = MessageLine()
        self._lay_out()
        self._about: object = None
        self.pinned: list[QWidget] = []
        self.heading.clicked.connect(self._on_clicked)
        self.set_open(False)

    def _lay_out(self) -> None:
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        font = self.heading.font()
        font.setBold(True)
        self.heading.setFont(font)
        header = QHBoxLayout()
        header.setContentsMargins(0, 0, 0, 0)
        header.addWidget(self.heading)
        header.addWidget(self._state, 1)
        if self.title in PAGE_OF:
            header.addWidget(self._make_help())
        self.body_layout.setContentsMargins(12, 2, 4, 8)
        self.body_layout.setSpacing(6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(header)
        layout.addWidget(self.message)
        layout.addWidget(self.body)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    def _make_help(self) -> QToolButton:
        """The button that opens the page about this step."""
        button = QToolButton(text="?", autoRaise=True, toolTip=f"Help: {self.title}")
        button.setAccessibleName(f"Help on {self.title}")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: show_help(PAGE_OF[self.title], self))
        return button

    def pin(self, widget: QWidget) -> None:
        """Have a widget below all steps, where it never scrolls away (in this step, if it stands alone)."""
        self.pinned.append(widget)
        self.body_layout.addWidget(widget)

    @property
    def is_open(self) -> bool:
        return self.heading.isChecked()

    @property
    def state(self) -> str:
        return self._state.full_text

    def set_state(self, text: str, *shorter: str) -> None:
        """Say the state of this step in a few words, seen even when folded; `shorter` ones for a narrow panel."""
        self._state.set_wordings((text, *shorter))

    def set_open(self, opened: bool) -> None:
        """Open or fold the section, whatever the user chose before."""
        self.heading.setChecked(opened)
        self.heading.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self.body.setVisible(opened)

    def suggest_open(self, opened: bool) -> None:
        """Open or fold the section, unless the user decided otherwise."""
        if self.user_choice is None or self.user_choice == opened:
            self.set_open(opened)

    def show_message(
        self, text: str, field: QWidget | None = None, kind: str = "error", remedy: RemedyButton | None = None
    ) -> None:
        """Show a sentence with its remedy in this step, and mark the field that it is about."""
        self._about = self.session.current
        self.message.show_text(text, kind, field, remedy)

    def clear_message(self) -> None:
        self.message.clear()

    def drop_message_of_others(self) -> None:
        """Another image is worked on: what was said of the one of before goes with it."""
        if self._about is not self.session.current:
            self.clear_message()

    def _on_clicked(self) -> None:
        opened = self.heading.isChecked()
        self.user_choice = opened
        self.set_open(opened)
        self.toggled.emit(opened)
