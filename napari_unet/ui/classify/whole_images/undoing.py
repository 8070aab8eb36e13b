"""What images were given before: each change of their classes is taken back, and done again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QWidget

if TYPE_CHECKING:
    from napari_unet.classification.marked import MarkedObjects


@dataclass(frozen=True, eq=False)
class Given:
    """The classes, the images that were listed, and which of these were given which class."""

    marked: MarkedObjects
    images: tuple[Path, ...]
    given: Mapping[Path, int]


class GivenHistory(QObject):
    """`undo_wanted` and `redo_wanted` are the keys of `window` for these, wherever in it one is."""

    undo_wanted = Signal()
    redo_wanted = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._before: list[Given] = []
        self._after: list[Given] = []
        for keys, wanted in (("Ctrl+Z", self.undo_wanted), ("Ctrl+Shift+Z", self.redo_wanted)):
            QShortcut(QKeySequence(keys), window).activated.connect(wanted)

    def remember(self, before: Given) -> None:
        """Something is about to change; what was taken back before cannot be done again then."""
        self._before.append(before)
        self._after.clear()

    def undo(self, now: Given) -> Given | None:
        """What was so before the last change; None if there was none."""
        return self._step(self._before, self._after, now)

    def redo(self, now: Given) -> Given | None:
        """What was so before the last `undo`; None if there was none."""
        return self._step(self._after, self._before, now)

    def clear(self) -> None:
        """Other images are listed: what these were given is no matter of them."""
        self._before.clear()
        self._after.clear()

    def _step(self, source: list[Given], target: list[Given], now: Given) -> Given | None:
        if not source:
            return None
        target.append(now)
        return source.pop()
