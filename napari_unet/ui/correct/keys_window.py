"""The window of the keys: what each does, and another key for who wants one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_unet.errors import UserError
from napari_unet.ui.correct.tools.actions import Action
from napari_unet.ui.correct.tools.keys import key_table
from napari_unet.ui.widgets.access.way_in import WAY_IN_KEY
from napari_unet.ui.widgets.help_window import START, show_help


@dataclass(frozen=True)
class KeyRow:
    """A key, what it does, and where it works."""

    keys: str
    does: str
    where: str


_NAPARI = (
    KeyRow("P, E, F, L", "paint, erase, fill, pick an id", "napari, on labels"),
    KeyRow("M", "a new id", "napari, on labels"),
    KeyRow("[ and ]", "smaller and larger brush", "napari, on labels"),
    KeyRow("B", "paint over other objects, or spare them", "napari, on labels"),
    KeyRow("Ctrl+Z, Ctrl+Shift+Z", "undo, redo", "napari, on labels"),
    KeyRow("Space", "move the view while the key is held", "napari"),
)


_WINDOW = (
    KeyRow("Tab, Shift+Tab", "to the next control, and to the one before", "U-Net"),
    KeyRow(WAY_IN_KEY, "from the image to the controls of this panel, and back", "U-Net"),
    KeyRow("PgUp, PgDown", "the image before, the image after", "U-Net"),
    KeyRow("?", "this window", "U-Net"),
)


def our_actions() -> tuple[Action, ...]:
    """All actions that have a key of ours."""
    from napari_unet.ui.correct.tools.actions import ACTIONS

    return tuple(action for action in ACTIONS if action.key)


class KeyField(QKeySequenceEdit):
    """Takes one key stroke for an action. Empty strokes are not taken: the old key stays."""

    def __init__(self, action: Action) -> None:
        super().__init__(maximumSequenceLength=1)
        self.action = action
        self.setToolTip("Click here, then press the key that you want")
        self.setAccessibleName(f"Key of {action.title}")
        self.show_key()

    def show_key(self) -> None:
        with QSignalBlocker(self):
            self.setKeySequence(QKeySequence(key_table().key_of(self.action)))

    @property
    def key(self) -> str:
        return self.keySequence().toString(QKeySequence.SequenceFormat.PortableText)


class KeysWindow(QDialog):
    """Lists the keys, and takes others; stays open beside the work."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.fields = {action.name: KeyField(action) for action in our_actions()}
        self.message = QLabel(wordWrap=True)
        self.message.setText(key_table().problem or "To change a key, click it and press another one.")
        self.table = self._make_table()
        others = QLabel(_table("In the window", _WINDOW) + _table("napari's own, on labels", _NAPARI), wordWrap=True)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.RestoreDefaults | QDialogButtonBox.StandardButton.Close
        )
        buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults).clicked.connect(self.reset)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        self.tour_button = QPushButton("Show me round", toolTip="The short tour of the window, once more")
        self.help_button = QPushButton("Help pages", toolTip="All pages of the documentation; no network is needed")
        self.help_button.clicked.connect(lambda: show_help(START, self))
        first = QHBoxLayout()
        first.addWidget(self.tour_button)
        first.addWidget(self.help_button)
        layout.addLayout(first)
        for widget in (self.message, self.table, others, buttons):
            layout.addWidget(widget)
        self.resize(520, 640)

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(len(self.fields), 2)
        table.setHorizontalHeaderLabels(["Key", "Does"])
        table.verticalHeader().hide()
        table.setTabKeyNavigation(False)  # from field to field
        table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        for row, field in enumerate(self.fields.values()):
            table.setCellWidget(row, 0, field)
            item = QTableWidgetItem(f"{field.action.title}: {field.action.tip}")
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            item.setToolTip(field.action.tip)
            table.setItem(row, 1, item)
            field.editingFinished.connect(lambda field=field: self._on_key(field))
        table.setColumnWidth(0, 110)
        table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        return table

    def reset(self) -> None:
        """Go back to the usual keys."""
        self._attempt(key_table().reset)

    def _on_key(self, field: KeyField) -> None:
        if field.key and field.key != key_table().key_of(field.action):
            self._attempt(lambda: key_table().choose(field.action.name, field.key))
        field.show_key()

    def _attempt(self, change: Callable[[], object]) -> None:
        try:
            change()
            self.message.setText("Changed. The key works at once, and stays for the next time.")
        except UserError as error:
            self.message.setText(str(error))
        for field in self.fields.values():
            field.show_key()


def _table(heading: str, keys: tuple[KeyRow, ...]) -> str:
    rows = (f"<tr><td width='35%'><b>{escape(key.keys)}</b></td><td>{escape(key.does)}</td></tr>" for key in keys)
    return f"<b>{heading}</b><table cellpadding='2'>{''.join(rows)}</table>"
