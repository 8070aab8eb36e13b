"""What is folded away cannot be seen nor reached, and opens by mouse and keyboard."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from napari_unet.ui.widgets.fold import Fold


def test_it_opens_and_folds(qtbot: Any) -> None:
    content = QWidget()
    layout, field, told = QVBoxLayout(content), QLineEdit(), QLabel(wordWrap=True)
    layout.addWidget(field)
    layout.addWidget(told)
    fold = Fold("Advanced", content)
    qtbot.addWidget(fold)
    fold.show()
    assert not field.isVisibleTo(fold)  # so Tab passes it over
    assert fold.heading.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert fold.heading.arrowType() == Qt.ArrowType.RightArrow
    qtbot.keyClick(fold.heading, Qt.Key.Key_Space)
    assert field.isVisibleTo(fold)
    assert fold.heading.arrowType() == Qt.ArrowType.DownArrow
    before = fold.sizeHint().height()
    told.setText("\n".join(["What comes later has room."] * 5))
    qtbot.waitUntil(lambda: fold.sizeHint().height() > before + 40)
    fold.heading.click()
    assert not field.isVisibleTo(fold)
