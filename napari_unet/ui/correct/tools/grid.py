"""The buttons of the tools: the frequent ones as icons in a row, the rest behind *More*, how far an edit reaches."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from napari_unet.ui.correct.tools.actions import Action
from napari_unet.ui.correct.tools.icons import IconButton
from napari_unet.ui.correct.tools.keys import key_table
from napari_unet.ui.correct.tools.object_tools import SCOPES
from napari_unet.ui.widgets.access.caption import caption

FREQUENT = ("paint", "erase", "new_object", "outline", "add", "delete", "split", "merge")
MORE = (
    "fill", "pick", "lock", "fill_holes", "smooth", "grow", "shrink", "keep_largest", "erase_inside", "swap",
    "new_id", "clear_border", "remove_small", "copy_next", "interpolate",
)  # fmt: skip
COLUMNS, _PADDING = 3, 12
SLICE_TOOLS = ("copy_next", "interpolate")
"""What there is no use for in an image of one slice."""


def make_button(action: Action, on_click: Callable[[str], None]) -> QPushButton:
    """A small button that tells its key; of a frequent tool an icon."""
    if action.name in FREQUENT:
        button: QPushButton = IconButton(action.name, action.title)
        button.setCheckable(action.is_tool)
    else:
        button = QPushButton(action.title, checkable=action.is_tool)
    button.setStyleSheet("QPushButton { padding: 3px 2px; }")
    show_key(button, action)
    button.clicked.connect(lambda: on_click(action.name))
    return button


def show_key(button: QPushButton, action: Action) -> None:
    """Have a button tell its key as it is now."""
    button.setToolTip(
        f"{action.title}. {describe_action(action)}" if isinstance(button, IconButton) else describe_action(action)
    )
    if isinstance(button, IconButton):
        button.show_key((key_table().key_of(action) or action.shown_key).replace("Shift+", "\u21e7"))


def describe_action(action: Action) -> str:
    """What an action does, and its key."""
    return f"{action.tip}\nKey: {key_table().key_of(action) or action.shown_key}"


class ToolGrid(QWidget):
    """The buttons of the tools for objects. `scope_chosen` gives one of `SCOPES`."""

    scope_chosen = Signal(str)

    def __init__(self, buttons: dict[str, QPushButton]) -> None:
        super().__init__()
        self.more_button = QToolButton(text="More", checkable=True, autoRaise=True, arrowType=Qt.ArrowType.RightArrow)
        self.more_button.setToolTip("More tools: fill, pick, lock, shape, ids, slices, and clearing up")
        self.more_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more = QWidget()
        self.scope_box = QComboBox()
        self.scope_box.setToolTip("Whether an edit changes the object in this slice alone, or in all of its slices")
        self._scope_row = QWidget()
        self._columns = 0
        self._buttons = {name: buttons[name] for name in (*FREQUENT, *MORE)}
        self._lay_out(buttons)
        self.more_button.toggled.connect(self._on_more)
        self.scope_box.activated.connect(lambda: self.scope_chosen.emit(self.scope_box.currentData()))
        self.more.hide()

    def _lay_out(self, buttons: dict[str, QPushButton]) -> None:
        frequent = QHBoxLayout()
        frequent.setSpacing(2)
        for name in FREQUENT:
            frequent.addWidget(buttons[name], 1)
        below = QHBoxLayout()
        below.addWidget(self._scope_row, 1)
        below.addWidget(self.more_button)
        self._grid = _grid()
        self.more.setLayout(self._grid)
        self._fill_grid()
        row = QHBoxLayout(self._scope_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(caption("Edits reach", self.scope_box))
        row.addWidget(self.scope_box, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(frequent)
        layout.addLayout(below)
        layout.addWidget(self.more)

    def resizeEvent(self, event: QEvent) -> None:
        super().resizeEvent(event)
        self._fill_grid()

    def _fill_grid(self) -> None:
        """In three columns, or in two where letters are large."""
        buttons = [self._buttons[name] for name in MORE]
        for button in buttons:
            button.setMinimumWidth(10)
        widest = max(button.fontMetrics().horizontalAdvance(button.text()) for button in buttons)
        columns = COLUMNS if self.width() >= COLUMNS * (widest + _PADDING) else COLUMNS - 1
        if columns == self._columns:
            return
        self._columns = columns
        for index, button in enumerate(buttons):
            self._grid.addWidget(button, index // columns, index % columns)
        self._grid.setColumnStretch(COLUMNS - 1, int(columns == COLUMNS))

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

    def show_only(self, names: tuple[str, ...] | None, axes: str = "TZYX") -> None:
        """Show these buttons alone; None: all that there is a use for in an image of `axes`."""
        for name, button in self._buttons.items():
            useless = name in SLICE_TOOLS and len(axes) == 2
            button.setVisible(name in names if names is not None else not useless)
        self.more.setVisible(self.more_button.isChecked())

    def _on_more(self, opened: bool) -> None:
        self.more_button.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self.more.setVisible(opened)


def _grid() -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(3)
    for column in range(COLUMNS):
        grid.setColumnStretch(column, 1)
    return grid
