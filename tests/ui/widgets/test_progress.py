"""How far a job is: the bar, the words, the time left, and Stop, as the job comes, is stopped and ends."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from napari_unet.ui.widgets.progress import ProgressLine, format_seconds


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "1 s"),
        (0.4, "1 s"),
        (1.6, "2 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (100, "2 min"),
        (89.4 * 60, "89 min"),
        (90 * 60, "1 h 30 min"),
        (65 * 60 + 3600, "2 h 5 min"),
    ],
)
def test_seconds_are_told_as_people_do(seconds: float, told: str) -> None:
    assert format_seconds(seconds) == told


@pytest.fixture
def line(qtbot: Any) -> ProgressLine:
    line = ProgressLine()
    qtbot.addWidget(line)
    return line


def job(owner: str = "segment", stopping: bool = False) -> Any:
    return SimpleNamespace(owner=owner, title="Segmenting", stopping=stopping)


def test_a_job_begins_without_a_length_and_then_says_what_is_left(line: ProgressLine) -> None:
    assert line.isHidden()
    line.begin("Segmenting")
    assert not line.isHidden()
    assert (line.bar.minimum(), line.bar.maximum(), line.bar.value()) == (0, 1, 0)
    line.advance(3, 12, "Plane 3 of 12", 100)
    assert (line.bar.maximum(), line.bar.value()) == (12, 3)
    assert line.label.text() == "Plane 3 of 12, 2 min left"
    line.advance(4, 12, "Plane 4 of 12")
    assert line.label.text() == "Plane 4 of 12", "nothing is said of a time that is not known"
    line.end()
    assert line.isHidden()


def test_stop_is_asked_once_and_can_be_asked_of_the_next_job(line: ProgressLine, qtbot: Any) -> None:
    line.begin("Segmenting")
    with qtbot.waitSignal(line.stop_clicked):
        line.stop_button.click()
    line.stopping()
    assert (line.stop_button.isEnabled(), line.stop_button.text()) == (False, "Stopping")
    line.begin("Segmenting again")
    assert (line.stop_button.isEnabled(), line.stop_button.text()) == (True, "Stop")


def test_only_jobs_of_the_owner_are_shown(line: ProgressLine) -> None:
    line.follow(job("finetune"), "segment")
    assert line.isHidden()
    line.follow(job(), "segment")
    assert line.label.text() == "Segmenting"
    line.advance(3, 12, "Plane 3 of 12")
    line.follow(job(), "segment")
    assert line.bar.value() == 3, "it does not begin again each time that the job tells something"
    line.follow(job("finetune"), "segment")
    assert line.isHidden()
    line.follow(job(), "segment")
    line.follow(None, "segment")
    assert line.isHidden()


def test_a_job_that_was_told_to_stop_in_a_panel_of_before_says_so(line: ProgressLine) -> None:
    line.follow(job(stopping=True), "segment")
    assert line.stop_button.text() == "Stopping"
    assert not line.stop_button.isEnabled()


def test_what_is_left_is_not_said_of_work_that_stops(line: ProgressLine) -> None:
    line.begin("Segmenting")
    line.advance(3, 10, "3 of 10 slices", 60)
    assert line.label.text() == "3 of 10 slices, 60 s left"
    line.stopping()
    assert line.label.text() == "3 of 10 slices"
    line.advance(4, 10, "4 of 10 slices", 50)
    assert line.label.text() == "4 of 10 slices"
    line.begin("Segmenting again")
    line.advance(1, 10, "1 of 10 slices", 90)
    assert line.label.text().endswith("left")
