"""What live mode says while it runs, and which pixels of a refresh are written."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari")

from napari_unet.finetuning.live.events import Learned, ViewRefreshed, Waiting
from napari_unet.ui.finetune.live.refreshing import _untouched
from napari_unet.ui.finetune.live.switch import BEGIN, LiveStatus


@pytest.fixture
def status(qtbot: Any) -> LiveStatus:
    status = LiveStatus()
    qtbot.addWidget(status)
    status.resize(2000, 80)
    status.begin()
    return status


def refreshed(seconds: float, **changes: Any) -> ViewRefreshed:
    known: dict[str, Any] = dict.fromkeys(("view", "rows", "columns", "before", "after")) | changes
    return ViewRefreshed(**known, steps=1, seconds=seconds)


def test_it_says_what_to_do_then_what_it_learns_from(status: LiveStatus) -> None:
    assert status.text == BEGIN
    status.take(Waiting(0, 0))
    assert status.text == BEGIN, "nothing was learned yet"
    status.take(Learned(1, 5, 0.3, 0.2))
    assert status.label.text() == "Live: 1 object; learning"
    status.take(Waiting(12, 9))
    assert status.label.text() == "Live: 12 objects; ready for the next"


def test_the_seconds_are_those_of_the_first_refresh_after_a_correction(status: LiveStatus) -> None:
    status.take(refreshed(9.0))
    assert status.refreshed.text() == "", "the view was only moved"
    status.take(Learned(2, 5, 0.3, 0.2))
    status.take(refreshed(1.26))
    status.take(refreshed(7.0))
    assert status.refreshed.text() == "view new after 1.3 s"
    status.take(Learned(3, 9, 0.3, 0.2))
    status.take(refreshed(2.0))
    assert status.refreshed.text() == "view new after 2.0 s"


def test_while_it_stops_nothing_else_is_said_until_it_begins_again(status: LiveStatus) -> None:
    status.stopping()
    status.take(Learned(2, 5, 0.3, 0.2))
    assert status.label.text() == "Live: stopping"
    assert not status.stop_button.isEnabled()
    status.begin()
    assert (status.text, status.stop_button.isEnabled()) == (BEGIN, True)
    status.take(refreshed(9.0))
    assert status.text == BEGIN, "what was awaited before is not any more"


def work_of(labels: np.ndarray, **known: Any) -> Any:
    usual = {
        "labels": labels, "prediction": labels.copy(), "reviewed": None, "locked": frozenset(),
        "head": SimpleNamespace(draws_objects=True),
    }  # fmt: skip
    return SimpleNamespace(**(usual | known))


def change(labels: np.ndarray, after: np.ndarray) -> ViewRefreshed:
    rows, columns = np.nonzero(labels != after)
    view = SimpleNamespace(plane=())
    return refreshed(
        1.0, view=view, rows=rows, columns=columns, before=labels[rows, columns], after=after[rows, columns]
    )


@pytest.fixture
def halves() -> tuple[np.ndarray, np.ndarray]:
    """Objects 1 and 2, and what live mode makes of them: 1 gets larger, 2 becomes 7."""
    labels = np.zeros((4, 12), np.int32)
    labels[1:3, 1:4], labels[1:3, 8:11] = 1, 2
    after = labels.copy()
    after[1:3, 4], after[labels == 2] = 1, 7
    return labels, after


def written(work: Any, event: ViewRefreshed) -> set[int]:
    return set(_untouched(work, event)[2].tolist())


def test_what_nobody_touched_is_all_written(halves: Any) -> None:
    labels, after = halves
    rows, columns, values = _untouched(work_of(labels), change(labels, after))
    made = labels.copy()
    made[rows, columns] = values
    np.testing.assert_array_equal(made, after)


def test_an_object_of_which_a_pixel_was_reviewed_or_corrected_stays_whole(halves: Any) -> None:
    labels, after = halves
    event = change(labels, after)
    reviewed = np.zeros(labels.shape, np.uint8)
    reviewed[1, 9] = 1
    assert written(work_of(labels, reviewed=reviewed), event) == {1}
    painted = labels.copy()
    painted[1, 9] = 5
    assert written(work_of(painted, prediction=labels), event) == {1}
    assert written(work_of(labels, prediction=painted), event) == {1}


def test_of_classes_each_pixel_stands_for_itself(halves: Any) -> None:
    labels, after = halves
    reviewed = np.zeros(labels.shape, np.uint8)
    reviewed[1, 9] = 1
    work = work_of(labels, reviewed=reviewed, head=SimpleNamespace(draws_objects=False))
    rows, _, values = _untouched(work, change(labels, after))
    assert (sorted(set(values.tolist())), len(rows)) == ([1, 7], 2 + 5)


def test_locked_objects_and_ids_that_the_labels_cannot_hold_are_not_written(halves: Any) -> None:
    labels, after = halves
    assert written(work_of(labels, locked=frozenset({2})), change(labels, after)) == {1}
    small, large = labels.astype(np.uint8), np.where(after == 7, 300, after)
    assert written(work_of(small, prediction=small.copy()), change(labels, large)) == {1}
