"""A line of text in several wordings: it shows the longest one that it has room for, and all of it on hover."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSizePolicy
from superqt import QElidingLabel


class FittingLabel(QElidingLabel):
    """Wordings come from the fullest to the shortest; if even that has no room, it is cut with an ellipsis."""

    def __init__(self) -> None:
        super().__init__()
        self._wordings: tuple[str, ...] = ("",)
        self.setElideMode(Qt.TextElideMode.ElideRight)
        # As wide as there is room: its own text must not decide about that.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    @property
    def full_text(self) -> str:
        return self._wordings[0]

    def set_wordings(self, wordings: Sequence[str], tip: str = "") -> None:
        """Say the same in one or several wordings; `tip` stands below the fullest one on hover."""
        self._wordings = tuple(wordings)
        self.setToolTip("\n".join(part for part in (self.full_text, tip) if part))
        self._choose()

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self._choose()

    def _choose(self) -> None:
        advance = self.fontMetrics().horizontalAdvance
        width = self.contentsRect().width() - 1.5 * advance("m")  # themes pad labels, which their width does not tell
        text = next((words for words in self._wordings if advance(words) <= width), self._wordings[-1])
        if text != self.text():
            self.setText(text)


def shorten(name: str, most: int) -> str:
    """At most so many letters of a name, of its beginning and its end: long ones often differ at the end alone."""
    if len(name) <= most:
        return name
    end = (most - 1) * 2 // 3
    return f"{name[: most - 1 - end]}\u2026{name[-end:]}"
