"""A table of rows: what its cells say, and which row the user chose, as opposed to the program."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import QModelIndex, Qt

from napari_unet.ui.widgets.row_table import RowModel, RowTable

ROLE = Qt.ItemDataRole
ROWS = [("nucleus", "12"), ("debris", "3"), ("mitosis", "1")]


class Cells(RowModel):
    """Names and how many there are of each."""

    def __init__(self) -> None:
        super().__init__()
        self.headings = [("Name", "What it is"), ("Number", "How many there are")]
        self.rows = list(ROWS)

    @property
    def n_rows(self) -> int:
        return len(self.rows)

    def text(self, row: int, column: int) -> str:
        return self.rows[row][column]

    def tip(self, row: int, column: int) -> str | None:
        return f"{self.rows[row][0]} of this image" if column == 0 else super().tip(row, column)

    def is_number(self, column: int) -> bool:
        return column == 1


@pytest.fixture
def model(qapp: Any) -> Cells:
    return Cells()


@pytest.fixture
def table(model: Cells, qtbot: Any) -> tuple[RowTable, list[int]]:
    table, chosen = RowTable(model, "Classes"), []
    qtbot.addWidget(table)
    table.resize(300, 200)
    table.position_chosen.connect(chosen.append)
    table.show()
    return table, chosen


def test_cells_say_their_text_numbers_stand_to_the_right(model: Cells) -> None:
    name, number = model.index(1, 0), model.index(1, 1)
    assert (model.data(name), model.data(number)) == ("debris", "3")
    assert model.data(name, ROLE.ToolTipRole) == "debris of this image"
    assert model.data(number, ROLE.ToolTipRole) is None
    assert model.data(name, ROLE.TextAlignmentRole) is None
    assert model.data(number, ROLE.TextAlignmentRole) == int(
        Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    )
    assert model.data(number, ROLE.BackgroundRole) is None


def test_a_row_that_has_gone_since_is_empty_and_cells_have_none_below_them(model: Cells) -> None:
    last = model.index(2, 0)
    del model.rows[2]
    assert model.data(last) is None
    assert model.data(QModelIndex()) is None
    assert (model.rowCount(), model.columnCount()) == (2, 2)
    cell = model.index(0, 0)
    assert (model.rowCount(cell), model.columnCount(cell)) == (0, 0)


def test_headings_say_their_title_and_tip_and_rows_have_none(model: Cells) -> None:
    across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
    assert model.headerData(1, across) == "Number"
    assert model.headerData(1, across, ROLE.ToolTipRole) == "How many there are"
    assert model.headerData(1, across, ROLE.BackgroundRole) is None
    assert model.headerData(2, across) is None
    assert model.headerData(0, down) is None


def test_what_the_program_selects_is_not_chosen(table: tuple[RowTable, list[int]]) -> None:
    view, chosen = table
    view.select_position(2)
    assert view.currentIndex().row() == 2
    view.select_position(None)
    assert not view.currentIndex().isValid()
    assert not view.selectedIndexes()
    with view.not_choosing():
        view.select_position(0)
        view.selectRow(1)  # still within
    assert chosen == []
    view.selectRow(2)
    assert chosen == [2]


def test_arrow_keys_and_clicks_choose_and_a_second_click_chooses_again(
    table: tuple[RowTable, list[int]], qtbot: Any
) -> None:
    view, chosen = table
    view.select_position(0)
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert chosen == [1]
    left = Qt.MouseButton.LeftButton
    middle = view.visualRect(view.model().index(2, 0)).center()
    qtbot.mouseClick(view.viewport(), left, pos=middle)
    assert chosen == [1, 2], "one click is one choice"
    qtbot.mouseClick(view.viewport(), left, pos=middle)
    assert chosen == [1, 2, 2], "one goes there once more"
    below = view.visualRect(view.model().index(2, 0)).bottomLeft()
    below.setY(below.y() + 40)
    qtbot.mouseClick(view.viewport(), left, pos=below)
    assert chosen == [1, 2, 2]
