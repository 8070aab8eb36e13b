"""The buttons of the tools: the frequent ones in a grid, the rest in a fold, and how far objects are followed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from napari_unet.ui.correct.tools.actions import Action
from napari_unet.ui.correct.tools.keys import key_table
from napari_unet.ui.correct.tools.object_tools import SCOPES

FREQUENT = ("paint", "erase", "fill", "pick", "new_object", "add", "outline", "delete", "split", "merge", "lock")
MORE = (
    "fill_holes", "smooth", "grow", "shrink", "keep_largest", "erase_inside", "swap", "new_id", "copy_next",
    "interpolate", "clear_border", "remove_small",
)  # fmt: skip
COLUMNS = 4


def make_button(action: Action, on_click: Callable[[str], None]) -> QPushButton:
    """A small button that tells its key."""
    button = QPushButton(action.title, checkable=action.is_tool)
    button.setStyleSheet("QPushButton { padding: 3px 2px; }")
    button.setToolTip(describe(action))
    button.clicked.connect(lambda: on_click(action.name))
    return button


def describe(action: Action) -> str:
    """What an action does, and its key."""
    return f"{action.tip}\nKey: {key_table().key_of(action) or action.shown_key}"


class ToolGrid(QWidget):
    """The buttons of the tools for objects. `scope_chosen` gives one of `SCOPES`."""

    scope_chosen = Signal(str)

    def __init__(self, buttons: dict[str, QPushButton]) -> None:
        super().__init__()
        self.more_button = QToolButton(text="More", checkable=True, autoRaise=True, arrowType=Qt.ArrowType.RightArrow)
        self.more_button.setToolTip("More tools: shape, ids, slices, and clearing up")
        self.more_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more = QWidget()
        self.scope_box = QComboBox()
        self.scope_box.setToolTip("How far the tools follow an object from the slice that you click in")
        self._scope_row = QWidget()
        self._buttons = {name: buttons[name] for name in (*FREQUENT, *MORE)}
        self._lay_out(buttons)
        self.more_button.toggled.connect(self._on_more)
        self.scope_box.activated.connect(lambda: self.scope_chosen.emit(self.scope_box.currentData()))
        self.more.hide()

    def _lay_out(self, buttons: dict[str, QPushButton]) -> None:
        frequent = _grid(buttons[name] for name in FREQUENT)
        frequent.addWidget(self.more_button, len(FREQUENT) // COLUMNS, len(FREQUENT) % COLUMNS)
        self.more.setLayout(_grid(buttons[name] for name in MORE))
        row = QHBoxLayout(self._scope_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Tools work"))
        row.addWidget(self.scope_box, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(frequent)
        layout.addWidget(self.more)
        layout.addWidget(self._scope_row)

    def show_scopes(self, scopes: list[str], chosen: str, plane: str = "slice") -> None:
        """Offer these scopes; none is asked for where there is one `plane` only: a slice, or a frame."""
        self._scope_row.setVisible(len(scopes) > 1)
        with QSignalBlocker(self.scope_box):
            words = [SCOPES[scope].replace("slice", plane) for scope in scopes]
            if [self.scope_box.itemText(i) for i in range(self.scope_box.count())] != words:
                self.scope_box.clear()
                for text, scope in zip(words, scopes, strict=True):
                    self.scope_box.addItem(text, scope)
            self.scope_box.setCurrentIndex(scopes.index(chosen) if chosen in scopes else 0)

    def show_only(self, names: tuple[str, ...] | None) -> None:
        """Show these buttons alone; None: all of them."""
        for name, button in self._buttons.items():
            button.setVisible(names is None or name in names)
        self.more_button.setVisible(names is None)
        self.more.setVisible(names is None and self.more_button.isChecked())

    def _on_more(self, opened: bool) -> None:
        self.more_button.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self.more.setVisible(opened)


def _grid(widgets: Iterable[QWidget]) -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(3)
    for column in range(COLUMNS):
        grid.setColumnStretch(column, 1)
    for index, widget in enumerate(widgets):
        widget.setMinimumWidth(10)
        grid.addWidget(widget, index // COLUMNS, index % COLUMNS)
    return grid
