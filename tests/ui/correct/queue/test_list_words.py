"""The list of suspicious objects without a window: columns, cells, tips, filters, and what the head says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari")

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton

from napari_unet.review.object_table import ObjectTable
from napari_unet.review.queue import QueueOrder, ReviewQueue
from napari_unet.review.suspicion import MEASURES, SUSPICIOUS
from napari_unet.ui.correct.queue.listing import ANY, ReviewList
from napari_unet.ui.correct.queue.status import BUTTONS, ReviewStatus, describe_row
from napari_unet.ui.correct.queue.table import ReviewTableModel, columns_for

ALL = QueueOrder(key="id", descending=False, least=0.0)


def objects(*ids: int) -> ObjectTable:
    """Objects of which nothing is known but ids and sizes; negative ids are places of missed ones."""
    n = len(ids)
    return ObjectTable(
        ids=np.array(ids), frames=np.zeros(n, int), planes=np.arange(n), boxes=np.zeros((n, 4), int),
        centres=np.zeros((n, 2)), sizes=10.0 * np.arange(1, n + 1), row_of_section=np.arange(n),
        values={measure.name: np.full(n, np.nan) for measure in MEASURES},
    )  # fmt: skip


def shown(axes: str = "TZYX", reviewed: tuple[int, ...] = ()) -> ReviewTableModel:
    table = objects(4, 7, -1)
    model = ReviewTableModel()
    queue = ReviewQueue(table, np.isin(np.arange(3), reviewed), ALL)
    model.show_queue(queue, axes, [(0, 2), (1, 5), (1, 6)])
    return model


def column(model: ReviewTableModel, key: str) -> list[str]:
    at = [column.key for column in model.columns].index(key)
    return [model.text(row, at) for row in range(model.n_rows)]


@pytest.mark.parametrize(
    ("axes", "title"), [("YX", None), ("ZYX", "Slice"), ("TYX", "Frame"), ("TZYX", "Frame, Slice")]
)
def test_where_an_object_is_is_a_column_of_images_with_several_planes(axes: str, title: str | None) -> None:
    found = {one.key: one.title for one in columns_for(axes)}
    assert found.get("plane") == title
    assert ("continuity" in found) == (len(axes) > 2), "in one plane nothing goes on from slice to slice"


def test_cells_name_objects_with_a_tick_where_they_are_reviewed_and_a_dash_for_what_is_not_known(qapp: Any) -> None:
    model = shown(reviewed=(1,))
    assert column(model, "id") == ["Missed?", "4", "7 \u2713"]
    assert column(model, "plane") == ["1, 6", "0, 2", "1, 5"]
    assert column(model, "size_px") == ["30", "10", "20"]
    assert set(column(model, MEASURES[0].name)) == {"\u2013"}
    assert not model.is_number(0)
    assert model.is_number(1)


def test_tips_tell_what_was_measured_or_how_the_object_stands(qapp: Any) -> None:
    model = shown(reviewed=(0,))
    assert [model.tip(row, 0) for row in range(3)] == [
        "Missed?, not reviewed yet", "Object 4, reviewed", "Object 7, not reviewed yet",
    ]  # fmt: skip
    name = MEASURES[0].name
    present = model.queue
    assert present is not None
    present.table.values[name][0] = 0.12345
    at = [one.key for one in model.columns].index(name)
    assert model.tip(1, at) == "Measured: 0.123"


def test_a_header_asks_for_its_order_and_keeps_the_filter(qapp: Any, qtbot: Any) -> None:
    model, asked = shown(), list[QueueOrder]()
    model.order_asked.connect(asked.append)
    model.sort(len(model.columns) - 1, Qt.SortOrder.AscendingOrder)
    model.sort(-1)
    model.sort(len(model.columns))
    assert asked == [QueueOrder(key="size_px", descending=False, least=0.0)]
    empty = ReviewTableModel()
    empty.order_asked.connect(asked.append)
    empty.sort(0)
    assert (len(asked), empty.n_rows) == (1, 0)


@pytest.fixture
def listing(qtbot: Any) -> ReviewList:
    listing = ReviewList()
    qtbot.addWidget(listing)
    return listing


def choose(listing: ReviewList, reason: str) -> None:
    listing.reason_box.setCurrentIndex(listing.reason_box.findData(reason))
    listing.reason_box.activated.emit(listing.reason_box.currentIndex())


def test_another_reason_sorts_by_it_from_a_limit_of_its_own_and_back(listing: ReviewList) -> None:
    told: list[QueueOrder] = []
    listing.order_changed.connect(lambda: told.append(listing.order))
    name = MEASURES[1].name
    choose(listing, name)
    assert listing.order == QueueOrder(key=name, descending=True, reason=name, least=0.25)
    listing.least_box.setValue(60)
    assert (listing.order.reason, listing.order.least) == (name, 0.6)
    choose(listing, ANY)
    assert listing.order == QueueOrder(least=round(100 * SUSPICIOUS) / 100)
    assert len(told) == 3
    choose(listing, ANY)
    assert len(told) == 3, "nothing has changed"


def test_all_are_listed_with_one_change_and_in_the_order_of_before(listing: ReviewList) -> None:
    listing.hide_box.setChecked(True)
    listing.table.table_model.order_asked.emit(QueueOrder(key="id", descending=False, hide_reviewed=True))
    told: list[QueueOrder] = []
    listing.order_changed.connect(lambda: told.append(listing.order))
    listing.list_all()
    assert told == [QueueOrder(key="id", descending=False, reason=ANY, least=0.0, hide_reviewed=False)]
    assert (listing.least_box.value(), listing.hide_box.isChecked()) == (0, False)


@pytest.fixture
def status(qtbot: Any) -> ReviewStatus:
    status = ReviewStatus({name: QPushButton(name) for name in BUTTONS})
    qtbot.addWidget(status)
    return status


def test_the_head_says_where_one_is_and_how_much_is_done(status: ReviewStatus) -> None:
    queue = ReviewQueue(objects(1, 2, 3), np.array([True, True, False]), ALL)
    said = []
    for case in ((None, None, False), (None, None, True), (queue, None, False), (queue, 1, False)):
        status.show_queue(*case)
        said.append((status.position_label.full_text, status.bar.value(), status.bar.isHidden()))
    assert said == [
        ("", 0, True),
        ("Suspicious objects: measuring", 0, True),
        ("Suspicious objects: 3, 2 reviewed", 2, False),
        ("Suspicious objects: 2 of 3, 2 reviewed", 2, False),
    ]
    status.show_queue(ReviewQueue(objects()), None, False)
    assert status.position_label.full_text == "Suspicious objects: none"


def test_what_was_accepted_is_said_with_the_next_object_until_it_is_forgotten(status: ReviewStatus) -> None:
    queue = ReviewQueue(objects(1, -4), None, ALL)
    for name, n_slices, axes, words in (
        ("7", 1, "YX", "(Object 7: accepted.)"), ("7", 3, "ZYX", "(Object 7: accepted in 3 slices.)"),
        ("7", 1, "TYX", "(Object 7: accepted in this frame.)"), ("Missed?", 1, "YX", "(Nothing there: accepted.)"),
    ):  # fmt: skip
        status.note_accepted(name, n_slices, axes)
        status.show_object(queue, 0, None)
        assert status.reason_label.text() == f"Object 1\n{words}"
    status.forget_accepted()
    status.show_object(queue, 0, None)
    assert status.reason_label.text() == "Object 1"
    status.show_object(queue, None, "no room")
    assert status.reason_label.text() == "The model could not look again: no room"
    status.show_object(queue, None, None)
    assert status.reason_label.isHidden()


def test_a_missed_object_is_explained_with_the_keys() -> None:
    told = describe_row(ReviewQueue(objects(-4), None, ALL), 0)
    assert told.startswith("Missed? The model sees an object here. Key I with the mouse on it draws it, key A says")
