"""The keyboard alone, and a screen reader: every control is reached, in the order that one sees, and has a name."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QRect, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QTableView,
    QTextEdit,
    QWidget,
)

from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.widgets.access.focus_ring import FocusRing, _FocusFrame
from napari_unet.ui.widgets.fold import Fold

_TEXTS = (QTextEdit, QPlainTextEdit)
_KINDS = (
    QAbstractButton, QComboBox, QLineEdit, QAbstractSpinBox, QAbstractSlider, QAbstractItemView, QKeySequenceEdit,
    *_TEXTS,
)  # fmt: skip
_OF_QT = (QComboBox, QAbstractSpinBox, QAbstractItemView, QLineEdit, QKeySequenceEdit)
"""What lies inside of these is Qt's own."""


def controls(root: QWidget) -> Iterator[QWidget]:
    """What can be used in `root` as it is."""
    for widget in root.findChildren(QWidget):
        if isinstance(widget, _KINDS) and not isinstance(widget, (QScrollBar, QHeaderView)) and widget.isEnabled():
            above = [one for one in _above(widget, root) if _keeps_to_itself(one)]
            holds_others = isinstance(widget, QTableView) and widget.focusPolicy() == Qt.FocusPolicy.NoFocus
            if widget.isVisibleTo(root) and widget.window() is root.window() and not above and not holds_others:
                yield widget


def _keeps_to_itself(widget: QWidget) -> bool:
    return isinstance(widget, _OF_QT) and widget.focusPolicy() != Qt.FocusPolicy.NoFocus


def _above(widget: QWidget, root: QWidget) -> Iterator[QWidget]:
    above = widget.parentWidget()
    while above is not None and above is not root:
        yield above
        above = above.parentWidget()


def name_of(widget: QWidget) -> str:
    """What a screen reader says of a control."""
    if widget.accessibleName():
        return widget.accessibleName()
    if isinstance(widget, QAbstractButton) and widget.text():
        return widget.text() if any(letter.isalnum() or letter == "?" for letter in widget.text()) else ""
    return next((label.text() for label in widget.window().findChildren(QLabel) if label.buddy() is widget), "")


def tab_order(root: QWidget) -> list[QWidget]:
    """Where the Tab key goes in `root`."""
    order, widget = [], root.nextInFocusChain()
    while widget is not root:
        takes_keys = widget.focusPolicy().value & Qt.FocusPolicy.TabFocus.value and widget.focusProxy() is None
        if takes_keys and widget.isEnabled() and root.isAncestorOf(widget) and widget.isVisibleTo(root):
            order.append(widget)
        widget = widget.nextInFocusChain()
    return order


def complaints(root: QWidget) -> Iterator[str]:
    """What is wrong with the controls of `root` for who uses keys and a screen reader."""
    order = tab_order(root)
    for control in controls(root):
        group = control.group() if isinstance(control, QAbstractButton) else None
        reached = [control] if group is None or not group.exclusive() else group.buttons()  # arrow keys do the rest
        if not name_of(control):
            yield f"has no name: {_describe(control)}"
        if not any(one in order for one in reached):
            yield f"is not reached: {_describe(control)}"
        if (isinstance(control, QTableView) and control.tabKeyNavigation()) or (
            isinstance(control, _TEXTS) and not control.tabChangesFocus()
        ):
            yield f"keeps the Tab key: {_describe(control)}"
    yield from (f"is a stop, and no control: {_describe(one)}" for one in order if not isinstance(one, _KINDS))
    for one, other in pairwise(order):
        same = _scrolled_in(one, root) is _scrolled_in(other, root)
        if same and _place(other, root).bottom() < _place(one, root).top():
            yield f"goes up from {_describe(one)} to {_describe(other)}"


def _scrolled_in(widget: QWidget, root: QWidget) -> QWidget | None:
    return next((one for one in _above(widget, root) if isinstance(one, QAbstractScrollArea)), None)


def _place(widget: QWidget, root: QWidget) -> QRect:
    return QRect(widget.mapTo(root, QPoint(0, 0)), widget.size())


def _describe(widget: QWidget) -> str:
    return f"{type(widget).__name__} {name_of(widget) or widget.toolTip()[:50]!r} in {type(widget.parent()).__name__}"


@pytest.fixture
def full_panel(viewer: Any, qtbot: Any) -> UNetPanel:
    """All that there is for two z-stacks, one with labels."""
    panel = UNetPanel(viewer)
    qtbot.addWidget(panel)
    for name in "ab":
        viewer.add_image(np.zeros((4, 64, 64), np.uint16), name=name)
    session = panel.session
    session.add_layer(session.current, "labels", np.ones((4, 64, 64), np.int32))
    session.current.prediction = np.ones((4, 64, 64), np.int32)
    panel.strip.refresh()
    for step in panel.steps:
        step.set_open(True)
    for fold in panel.findChildren(Fold):
        fold.heading.setChecked(True)
    panel.correct_step.grid.more_button.setChecked(True)
    panel.resize(340, 800)
    panel.show()
    return panel


def test_tab_reaches_every_control_in_the_order_one_sees_and_all_have_names(full_panel: UNetPanel) -> None:
    panel = full_panel
    panel.classify_step._change(lambda marked: marked.renamed(0, "small"))
    found = set[str]()
    for part in panel.correct_step.parts.buttons:
        panel.correct_step.parts.show_part(part)
        QApplication.processEvents()
        assert len(list(controls(panel))) > 60
        found |= set(complaints(panel))
    for step in panel.steps:
        step.show_message("Something is wrong.", remedy=("Mend it", lambda: None))
    QApplication.processEvents()
    found |= set(complaints(panel))
    assert sorted(found) == [], "\n".join(found)


def test_the_windows_that_it_opens_too(full_panel: UNetPanel) -> None:
    panel = full_panel
    panel._on_keys()
    panel._on_models()
    panel.strip.list.show()
    panel.results_step.show_files()
    panel.image_step.pairs.show()
    panel.image_step.existing.ask()
    QApplication.processEvents()
    windows = [window for window in panel.findChildren(QDialog) if window.isVisible()]
    assert len(windows) > 4
    found = {f"{type(window).__name__}: {wrong}" for window in windows for wrong in complaints(window)}
    for window in windows:
        window.close()
    assert sorted(found) == [], "\n".join(found)


def test_a_frame_shows_where_the_keys_go_and_arrows_choose_a_part(full_panel: UNetPanel, qtbot: Any) -> None:
    panel, parts = full_panel, full_panel.correct_step.parts
    ring = panel.findChild(FocusRing)
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    qtbot.mouseClick(parts.buttons["Tools"], Qt.MouseButton.LeftButton)
    assert ring.control is None, "who uses the mouse knows where it is"
    parts.buttons["Tools"].setFocus()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Backtab)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert ring.control is parts.buttons["Tools"]
    frame = next(one for one in ring.control.parentWidget().children() if isinstance(one, _FocusFrame))
    assert frame.isVisible()
    assert frame.geometry().contains(ring.control.geometry())
    for part in ("Review", "Queue"):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
        assert parts.part == part
    assert parts.pages["Queue"].isVisible()
    paint = panel.correct_step.buttons["paint"]
    parts.show_part("Tools")
    paint.setFocus()
    QTest.keyClick(paint, Qt.Key.Key_Space)
    assert panel.correct_step.tools.tool == "paint"
    assert QApplication.focusWidget() is paint, "who came by Tab goes on from there"

    QTest.keyClick(panel, Qt.Key.Key_F6)
    assert QApplication.focusWidget() is None, "keys go to the image"
    QTest.keyClick(panel, Qt.Key.Key_F6)
    assert QApplication.focusWidget() is paint
    assert ring.control is paint
    qtbot.mouseClick(paint, Qt.MouseButton.LeftButton)
    assert ring.control is None
    assert QApplication.focusWidget() is None, "keys go to the layer"
    panel.correct_step.set_open(False)
    QTest.keyClick(panel, Qt.Key.Key_F6)
    assert QApplication.focusWidget() is panel.image_step.heading, "what had the keys is out of sight"
