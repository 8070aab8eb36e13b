"""A number with a comma, with its unit, with none; and what is none."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("napari")

from napari_unet.errors import UserError
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.ui.widgets.number_field import NumberField, read_number


@pytest.mark.parametrize(
    ("text", "value"),
    [("24,5", 24.5), ("24.5 px", 24.5), (" 30 ", 30.0), ("30px", 30.0), ("", None), ("auto", None), ("AUTO", None)],
)
def test_it_reads_what_people_write(text: str, value: float | None) -> None:
    assert read_number(text, "px", 1, 2000) == value


@pytest.mark.parametrize("text", ["abc", "1,234,5", "-3", "0", "1e9", "nan", "24 5", "px 3"])
def test_it_refuses_nonsense_with_a_sentence(text: str) -> None:
    with pytest.raises(UserError, match=r"between 1 and 2000"):
        read_number(text, "px", 1, 2000)


def test_nonsense_changes_nothing_and_leaving_the_field_as_it_was_neither(qtbot: Any) -> None:
    field = NumberField(SegmentConfig.model_fields["diameter"], "px")
    qtbot.addWidget(field)
    chosen: list[Any] = []
    refused: list[str] = []
    field.chosen.connect(chosen.append)
    field.refused.connect(refused.append)
    field.show_value(24.46)
    assert field.settle()
    assert not chosen
    assert field.value == 24.46
    field.setText("abc")
    assert not field.settle()
    assert (field.value, chosen, field.text()) == (24.46, [], "abc")
    assert "abc" in refused[-1]
    field.setText("24,5")
    assert field.settle()
    assert not chosen, "it is as it was shown"
    field.setText("33,25")
    assert field.settle()
    assert chosen == [33.25]
