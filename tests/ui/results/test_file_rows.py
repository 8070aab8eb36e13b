"""The rows of a batch: what of a file is shown, what stays when other files are chosen, and what waits again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari")

from qtpy.QtCore import Qt

from napari_unet.ui.results.files.rows import DONE, FAILED, LEFT, WAITING, FileRow, FileRows

Role = Qt.ItemDataRole


def target_of(path: Path) -> Path:
    return path.with_name(f"{path.stem}_labels.tif")


@pytest.fixture
def rows(qapp: Any) -> FileRows:
    rows = FileRows()
    rows.show_files((Path(name), target_of(Path(name))) for name in ("d/a.tif", "d/b.tif"))
    return rows


def cells(rows: FileRows, row: int, role: int = Role.DisplayRole) -> list[Any]:
    return [rows.data(rows.index(row, column), role) for column in range(rows.columnCount())]


def test_a_file_that_waits_says_no_more_than_that(rows: FileRows) -> None:
    assert cells(rows, 0) == ["a.tif", "", "", "", "waiting"]
    assert cells(rows, 0, Role.ToolTipRole) == [str(Path("d/a.tif")), None, None, None, None]


def test_what_a_batch_says_of_a_file_is_shown_and_what_was_told_before_is_over(rows: FileRows) -> None:
    row = rows.rows[0]
    row.state, row.told = FAILED, "The file is damaged."
    assert cells(rows, 0)[-1] == "failed: The file is damaged."
    assert cells(rows, 0, Role.ToolTipRole)[-1] == "The file is damaged."
    row.state = DONE
    row.take({"objects": 0, "suspicious": 0, "seconds": 1.26})
    assert cells(rows, 0) == ["a.tif", "0", "0", "1.3", "done"]


def test_of_classes_the_share_of_each_is_shown_in_place_of_a_number(rows: FileRows) -> None:
    rows.rows[0].take({"objects": 3, "classes": {"tissue": 0.254, "gland": 0.746}})
    assert cells(rows, 0)[:4] == ["a.tif", "tissue 25 %, gland 75 %", "", ""]
    rows.rows[0].take({"objects": 3, "classes": {}})
    assert cells(rows, 0)[1] == "3"


def test_numbers_stand_to_the_right(rows: FileRows) -> None:
    right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    assert cells(rows, 0, Role.TextAlignmentRole) == [None, right, right, right, None]


def test_headers_have_a_title_and_a_tip_and_rows_have_none(rows: FileRows) -> None:
    titles = [rows.headerData(at, Qt.Orientation.Horizontal) for at in range(5)]
    assert titles == ["File", "Objects", "Suspicious", "Seconds", "State"]
    assert rows.headerData(3, Qt.Orientation.Horizontal, Role.ToolTipRole) == "How long it took"
    assert rows.headerData(3, Qt.Orientation.Horizontal, Role.FontRole) is None
    assert rows.headerData(0, Qt.Orientation.Vertical) is None
    assert (rows.rowCount(), rows.rowCount(rows.index(0, 0)), rows.columnCount(rows.index(0, 0))) == (2, 0, 0)


def test_what_is_known_of_a_file_stays_unless_its_labels_go_elsewhere(rows: FileRows) -> None:
    rows.rows[0].state = rows.rows[1].state = DONE
    first = rows.rows[0]
    rows.show_files([(Path("d/b.tif"), Path("e/b_labels.tif")), (first.path, first.target)])
    assert [(row.path.name, row.state) for row in rows.rows] == [("b.tif", WAITING), ("a.tif", DONE)]
    assert rows.rows[1] is first
    assert rows.row_of(Path("d/a.tif")) is first
    assert rows.row_of(Path("d/c.tif")) is None


def test_a_file_that_comes_into_a_watched_folder_is_put_at_the_end_once(rows: FileRows) -> None:
    inserted: list[tuple[int, int]] = []
    rows.rowsInserted.connect(lambda parent, first, last: inserted.append((first, last)))
    path = Path("d/c.tif")
    new = rows.add(path, target_of(path))
    assert rows.add(path, target_of(path)) is new
    assert (inserted, rows.row_of(path)) == ([(2, 2)], new)


def test_all_wait_again_but_those_that_are_left_alone(rows: FileRows) -> None:
    rows.rows[0].state, rows.rows[0].told = FAILED, "No room on the disk."
    rows.rows[1].state, rows.rows[1].told = LEFT, "by hand"
    rows.wait_again()
    assert [(row.state, row.told) for row in rows.rows] == [(WAITING, ""), (LEFT, "by hand")]
    assert (rows.count(WAITING, LEFT), rows.count(DONE)) == (2, 0)


def test_a_picture_keeps_its_colours_and_its_row(rows: FileRows) -> None:
    wide = np.zeros((4, 6, 3), np.uint8)
    wide[:, 3:] = 255, 0, 10
    told: list[int] = []
    rows.dataChanged.connect(lambda first, last: told.append(first.row()))
    rows.show_picture(Path("d/b.tif"), wide[:, ::-1])  # not contiguous
    rows.show_picture(Path("d/unknown.tif"), wide)
    shown = rows.data(rows.index(1, 0), Role.DecorationRole).toImage()
    assert (shown.width(), shown.height(), told) == (6, 4, [1])
    assert [shown.pixelColor(x, 1).getRgb()[:3] for x in (0, 5)] == [(255, 0, 10), (0, 0, 0)]
    assert rows.data(rows.index(1, 1), Role.DecorationRole) is None


def test_a_row_is_of_one_image_and_knows_nothing_at_first() -> None:
    row = FileRow(Path("a.tif"), Path("a_labels.tif"))
    assert (row.state, row.objects, row.suspicious, row.seconds, row.told, row.picture) == (
        WAITING, "", None, None, "", None,
    )  # fmt: skip
