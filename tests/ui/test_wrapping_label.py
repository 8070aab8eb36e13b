"""A sentence of any length is seen wholly, also where the theme pads labels."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QRect, Qt
from qtpy.QtWidgets import QFrame, QVBoxLayout, QWidget

from napari_unet.ui.wrapping_label import WrappingLabel

WORDS = "Held-out score (AP@0.5, 14 objects): 0.61 -> 0.84. Better. On the kinds of image that it knew before: 0.76. "


@pytest.mark.parametrize("n_words", range(3, 60, 3))
@pytest.mark.parametrize("width", [280, 310, 340])
def test_nothing_is_cut_off(qtbot, n_words: int, width: int) -> None:
    window, frame, label = QWidget(), QFrame(), WrappingLabel(" ".join((WORDS * 3).split()[:n_words]))
    window.setStyleSheet("QLabel { padding: 4px; }")
    inner, outer = QVBoxLayout(frame), QVBoxLayout(window)
    inner.addWidget(label)
    outer.addWidget(frame)
    outer.addStretch(1)
    qtbot.addWidget(window)
    window.resize(width, 600)
    window.show()
    room = QRect(0, 0, label.width() - 8, 10_000)
    needed = label.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap, label.text()).height() + 8
    assert label.height() >= needed
