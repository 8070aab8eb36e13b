"""The tour: one bubble at a time, in sight beside its control, to be gone through, back and out of by keys."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton, QWidget

from napari_unet.ui.widgets.tour import WIDTH, Stop, Tour


@pytest.fixture
def window(qtbot: Any) -> QWidget:
    window = QWidget()
    window.resize(800, 600)
    qtbot.addWidget(window)
    return window


def control(window: QWidget, x: int, y: int) -> QPushButton:
    button = QPushButton("here", window)
    button.setGeometry(x, y, 80, 30)
    return button


@pytest.fixture
def tour(window: QWidget) -> Tour:
    """Three stops: in the middle, at the left edge, and at the lower end."""
    places = ((500, 100), (20, 40), (600, 595))
    stops = [Stop(control(window, *place), f"Words {number}.") for number, place in enumerate(places)]
    return Tour(window, stops)


def said(tour: Tour) -> tuple[str, str, bool, str]:
    bubble = tour.bubble
    assert bubble is not None
    words = bubble.words.text().rsplit(" ", 1)[0]
    return words, bubble.place.text(), bubble.back_button.isEnabled(), bubble.next_button.text()


def test_stops_are_numbered_and_only_the_last_says_done(tour: Tour) -> None:
    assert not tour.running
    tour.begin()
    assert said(tour) == ("Words 0.", "1 of 3", False, "Next")
    tour.bubble.next_button.click()
    assert said(tour) == ("Words 1.", "2 of 3", True, "Next")
    tour.bubble.next_button.click()
    assert said(tour) == ("Words 2.", "3 of 3", True, "Done")
    tour.bubble.back_button.click()
    assert said(tour)[1] == "2 of 3"


def test_the_bubble_lies_left_of_its_control_and_never_outside_the_window(tour: Tour, window: QWidget) -> None:
    tour.begin()
    bubble = tour.bubble
    assert bubble.geometry().right() < 500
    assert bubble.geometry().right() > 500 - 20
    assert (bubble.y(), bubble.width()) == (100, WIDTH)
    tour.bubble.next_button.click()
    assert bubble.x() == 0, "there is no room at its left"
    tour.bubble.next_button.click()
    assert bubble.geometry().bottom() < window.height()


@pytest.mark.parametrize("way_out", ["done", "skip", "escape", "before the first"])
def test_it_ends_once_and_takes_its_bubble_away(tour: Tour, qtbot: Any, way_out: str) -> None:
    ended: list[int] = []
    tour.ended.connect(lambda: ended.append(1))
    tour.begin()
    bubble = tour.bubble
    if way_out == "done":
        for _ in tour.stops:
            bubble.next_button.click()
    elif way_out == "skip":
        bubble.skip_button.click()
    else:
        qtbot.keyClick(bubble, Qt.Key.Key_Escape if way_out == "escape" else Qt.Key.Key_Left)
    assert (tour.running, bubble.isHidden(), ended) == (False, True, [1])
    tour.end()
    assert ended == [1], "what has ended does not end again"


@pytest.mark.parametrize("key", [Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_keys_go_on_and_others_do_nothing(tour: Tour, qtbot: Any, key: Qt.Key) -> None:
    tour.begin()
    qtbot.keyClick(tour.bubble, key)
    assert tour.at == 1
    qtbot.keyClick(tour.bubble, Qt.Key.Key_A)
    assert tour.at == 1
    qtbot.keyClick(tour.bubble, Qt.Key.Key_Left)
    assert tour.at == 0


def test_a_control_is_brought_into_sight_before_it_is_pointed_at(window: QWidget) -> None:
    button = control(window, 100, 50)
    tour = Tour(window, [Stop(button, "Here.", lambda: button.move(600, 220))])
    tour.begin()
    assert tour.bubble.y() == 220


def test_it_begins_anew_with_one_bubble_and_follows_the_window(tour: Tour, window: QWidget, qtbot: Any) -> None:
    tour.begin()
    first = tour.bubble
    first.next_button.click()
    tour.begin()
    assert (tour.at, first.isHidden()) == (0, True)
    tour.stops[0].control.move(500, 300)
    tour.follow()
    qtbot.waitUntil(lambda: tour.bubble.y() == 300)
    tour.end()
    tour.follow()
    assert not tour.running
