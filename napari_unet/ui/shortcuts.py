"""The keys, in one table, and the window that shows them."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from qtpy.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget


@dataclass(frozen=True)
class Key:
    """A key, what it does, and where it works."""

    keys: str
    does: str
    where: str


_NAPARI = (
    Key("P, E, F, L", "paint, erase, fill, pick an id", "napari, on labels"),
    Key("M", "a new id", "napari, on labels"),
    Key("[ and ]", "smaller and larger brush", "napari, on labels"),
    Key("B", "paint over other objects, or spare them", "napari, on labels"),
    Key("Ctrl+Z, Ctrl+Shift+Z", "undo, redo", "napari, on labels"),
    Key("Space", "move the view while the key is held", "napari"),
)


def all_keys() -> tuple[Key, ...]:
    """Every key that is of use with this panel: ours first, then napari's own, which stay as they are."""
    from napari_unet.ui.correction_tools import ACTIONS

    ours = (Key(action.key, f"{action.title}: {action.tip}", "Correct") for action in ACTIONS if action.key)
    return (*ours, *_NAPARI)


class KeysWindow(QDialog):
    """Lists the keys; stays open beside the work."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.text = QTextBrowser()
        self.text.setHtml(_table(all_keys()))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(buttons)
        self.resize(460, 480)


def _table(keys: tuple[Key, ...]) -> str:
    parts, where = ["<table cellpadding='3' width='100%'>"], ""
    for key in keys:
        if key.where != where:
            where = key.where
            parts.append(f"<tr><td colspan='2'><br><b>{escape(where)}</b></td></tr>")
        parts.append(f"<tr><td width='22%'><b>{escape(key.keys)}</b></td><td>{escape(key.does)}</td></tr>")
    return "".join((*parts, "</table>"))
