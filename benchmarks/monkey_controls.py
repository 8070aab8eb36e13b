"""Any control of the panel and of its windows: what there is to press now, and what a person does to it.

A control is drawn by a number between 0 and 1 among those that can be used at that moment, so that what is built later
is pressed as well.
"""

from __future__ import annotations

import random
from typing import Any

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QMenu,
    QPushButton,
    QSlider,
    QTableWidget,
    QWidget,
)

KINDS = (QAbstractButton, QComboBox, QAbstractSpinBox, QLineEdit, QSlider, QTableWidget)
STEPS = ("image", "segment", "correct", "finetune", "track", "classify", "results", "restore")
PLACES = (*STEPS, "strip", "project_bar", "pinned", "windows", "models_button", "keys_button")
TEXTS = ("24,5", "abc", "30", "", "9 px", "XY", "YX", "ZYX", "TYX", "QQ", "0", "-3", "1e9", "a\u0308 b")


def usable_controls(root: QWidget) -> list[QWidget]:
    """Controls in `root` that are seen and can be used; not the parts of which Qt makes one of them."""
    found = [one for kind in KINDS for one in root.findChildren(kind)]
    found += [root] if isinstance(root, KINDS) else []
    return [one for one in found if one.isVisibleTo(root) and one.isEnabled() and not _is_part(one)]


def _is_part(control: QWidget) -> bool:
    return isinstance(control.parent(), (QComboBox, QAbstractSpinBox)) or control.objectName().startswith("qt_")


def windows() -> list[QDialog]:
    """The windows beside the main one that are open."""
    return [one for one in QApplication.topLevelWidgets() if isinstance(one, QDialog) and one.isVisible()]


def controls_at(panel: Any, place: str) -> list[QWidget]:
    """What can be used at one of `PLACES`; a step that is folded is opened for it."""
    if place in STEPS:
        step = getattr(panel, f"{place}_step")
        if step.isHidden():
            return []
        if not step.is_open:
            step.set_open(True)
        return usable_controls(step)
    if place == "windows":
        return [control for window in windows() for control in usable_controls(window)]
    if place == "project_bar":
        return usable_controls(panel.project_bar) + usable_controls(panel.project_bar.below)
    return usable_controls(getattr(panel, place))


def use(control: QWidget, chance: random.Random) -> None:
    """Do with a control what it is for."""
    if isinstance(control, QComboBox):
        if control.count():
            index = chance.randrange(control.count())
            control.setCurrentIndex(index)
            control.activated.emit(index)
    elif isinstance(control, (QLineEdit, QAbstractSpinBox)):
        _type(control, chance.choice(TEXTS))
    elif isinstance(control, QSlider):
        control.setValue(chance.randint(control.minimum(), control.maximum()))
    elif isinstance(control, QTableWidget):
        if control.rowCount():
            control.selectRow(chance.randrange(control.rowCount()))
    else:
        menu = control.menu() if isinstance(control, QPushButton) else None
        if menu is None:
            control.click()
        else:
            _choose(menu, chance)


def _choose(menu: QMenu, chance: random.Random) -> None:
    menu.aboutToShow.emit()
    actions = [one for one in menu.actions() if one.isEnabled() and not one.isSeparator()]
    if actions:
        action = chance.choice(actions)
        if action.menu() is not None:
            _choose(action.menu(), chance)
        else:
            action.trigger()


def _type(field: QWidget, text: str) -> None:
    field.setFocus()
    field.selectAll()
    for letter in text:
        _press(field, 0, letter)
    _press(field, Qt.Key.Key_Return, "\r")


def _press(field: QWidget, key: int, text: str) -> None:
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        QApplication.sendEvent(field, QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, text))
