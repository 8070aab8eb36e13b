"""A line that fits its room, messages with their remedies, and the curves of a training, each by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLineEdit, QToolButton

from napari_unet.ui.widgets.access.caption import caption
from napari_unet.ui.widgets.curves import Curves
from napari_unet.ui.widgets.fitting_label import FittingLabel
from napari_unet.ui.widgets.step import MessageLine, enable

WORDINGS = ("12 objects in 3 slices, all of them reviewed", "12 objects in 3 slices", "12 objects")


@pytest.fixture
def label(qtbot: Any) -> FittingLabel:
    label = FittingLabel()
    qtbot.addWidget(label)
    label.show()
    return label


@pytest.mark.parametrize(("fits", "shown"), [(0, 0), (1, 1), (2, 2), (None, 2)])
def test_the_longest_wording_that_has_room_is_shown(label: FittingLabel, fits: int | None, shown: int) -> None:
    label.set_wordings(WORDINGS)
    metrics = label.fontMetrics()
    words = "12" if fits is None else WORDINGS[fits]
    label.resize(metrics.horizontalAdvance(words) + 2 * metrics.horizontalAdvance("m"), 30)
    assert label.text() == WORDINGS[shown]
    assert label.full_text == WORDINGS[0]


def test_all_of_it_is_there_on_hover_with_the_tip_below(label: FittingLabel) -> None:
    label.set_wordings(WORDINGS, "Counted just now")
    assert label.toolTip() == f"{WORDINGS[0]}\nCounted just now"
    label.set_wordings(("",), "Nothing yet")
    assert label.toolTip() == "Nothing yet"
    label.set_wordings(("a",))
    assert label.toolTip() == "a"


def test_a_caption_is_the_name_of_its_control_and_has_its_tip(qtbot: Any) -> None:
    edit = QLineEdit(toolTip="What each axis is")
    words = caption("Axes", edit)
    other = caption("Axes", edit, "Another")
    for widget in (edit, words, other):
        qtbot.addWidget(widget)
    assert words.buddy() is edit
    assert (words.toolTip(), other.toolTip()) == ("What each axis is", "Another")


def test_a_disabled_control_says_why_and_has_its_own_tip_afterwards(qtbot: Any) -> None:
    edit = QLineEdit(toolTip="What each axis is")
    qtbot.addWidget(edit)
    enable(edit, "Open an image first.")
    enable(edit, "Wait until the work has ended.")
    assert (edit.isEnabled(), edit.toolTip()) == (False, "Wait until the work has ended.")
    enable(edit, None)
    assert (edit.isEnabled(), edit.toolTip()) == (True, "What each axis is")


@pytest.fixture
def message(qtbot: Any) -> MessageLine:
    message = MessageLine()
    qtbot.addWidget(message)
    return message


def test_a_remedy_is_done_once_and_may_say_something_itself(message: MessageLine) -> None:
    message.show_text("It is gone.", "error", None, ("Restore", lambda: message.show_text("Back.", "info", None)))
    assert (message.button.text(), message.button.isHidden()) == ("Restore", False)
    message.button.click()
    assert (message.text, message.kind, message.isHidden()) == ("Back.", "info", False)
    assert message.button.isHidden(), "there is nothing more to be done"
    message.button.click()
    assert message.isHidden()


@pytest.mark.parametrize(("words", "below"), [("Undo", False), ("Look for dark objects", True)])
def test_a_wide_button_stands_below_its_sentence(message: MessageLine, words: str, below: bool) -> None:
    """Beside it, it would squeeze the sentence into a column of single words."""
    message.show()
    message.resize(320, 100)
    message.show_text("Nothing was found in all of this image. " * 3, "info", None, (words, lambda: None))
    message.layout().activate()
    text, button = message._text.geometry(), message.button.geometry()
    assert (button.top() >= text.bottom()) == below
    assert (button.left() >= text.right()) == (not below)
    message.show_text("It is gone.", "info", None, ("Undo", lambda: None))
    message.layout().activate()
    assert message.button.geometry().left() >= message._text.geometry().right()


def test_the_cross_puts_a_message_away_and_does_nothing_else(message: MessageLine) -> None:
    done: list[int] = []
    message.show_text("It is gone.", "error", None, ("Restore", lambda: done.append(1)))
    message.findChild(QToolButton).click()
    assert (message.isHidden(), message.text, done) == (True, "", [])


def test_names_of_files_are_told_as_they_are(message: MessageLine) -> None:
    message.show_text("<b>cells</b>.tif is no image.", "error", None)
    assert message.text == "<b>cells</b>.tif is no image."
    assert message._text.textFormat() == Qt.TextFormat.PlainText


def test_long_paths_may_break_in_the_window_and_are_copied_as_they_are(message: MessageLine) -> None:
    path = "/home/somebody/a_folder_of_many_images/cells-of-monday.tif"
    message.show_text(f"{path} is no image.", "error", None)
    assert message.text == f"{path} is no image."
    assert message._text.text() != message.text


def test_a_long_word_without_joints_does_not_widen_the_window(message: MessageLine) -> None:
    message.show_text("short is no image.", "error", None)
    usual = message._text.minimumSizeHint().width()
    name = 8 * "0123abcd" + "x"
    message.show_text(f"{name} is no image.", "error", None)
    assert message.text == f"{name} is no image."
    assert message._text.minimumSizeHint().width() < usual + 21 * message.fontMetrics().horizontalAdvance("d")


@pytest.fixture
def curves(qtbot: Any) -> Curves:
    curves = Curves("dark")
    qtbot.addWidget(curves)
    return curves


def test_the_loss_is_smoothed_and_drawn_no_oftener_than_it_can_be_seen(curves: Curves) -> None:
    curves.clear_curves(60)
    for seconds, loss in ((1.0, 1.0), (1.1, 2.0), (1.2, 0.0)):
        curves.add_loss(seconds, loss)
    x, y = curves.loss_line.getData()
    np.testing.assert_allclose(x, [1.0, 1.1])
    np.testing.assert_allclose(y, [1.0, 1.1])
    curves.add_loss(1.6, 0.0)
    x, y = curves.loss_line.getData()
    np.testing.assert_allclose(x, [1.0, 1.1, 1.2, 1.6])
    np.testing.assert_allclose(y, [1.0, 1.1, 0.99, 0.891])


def test_scores_are_drawn_as_they_are_and_a_new_run_begins_with_nothing(curves: Curves) -> None:
    curves.clear_curves(60)
    curves.add_score(5, 0.4)
    curves.add_score(9, 0.9)
    curves.add_loss(100.0, 1.0)
    np.testing.assert_allclose(curves.score_line.getData(), [[5, 9], [0.4, 0.9]])
    curves.clear_curves(20)
    assert all(
        line.getData()[0] is None or not len(line.getData()[0]) for line in (curves.loss_line, curves.score_line)
    )
    low, high = curves.getPlotItem().getViewBox().viewRange()[0]
    assert (low, high) == (pytest.approx(-0.4), pytest.approx(20.4))
    for seconds in (1.0, 1.1):
        curves.add_loss(seconds, 3.0)
    np.testing.assert_allclose(curves.loss_line.getData()[1], [3.0, 3.0], err_msg="of the run before")
