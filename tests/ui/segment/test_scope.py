"""How much of a stack is segmented at once: what there is to choose, and what is chosen if nobody does."""

from __future__ import annotations

from typing import Any

import pytest

from napari_unet.ui.segment.scope import ScopeRow


@pytest.mark.parametrize(
    ("axes", "words", "kinds"),
    [
        ("YX", ["All of it"], ["all"]),
        ("ZYX", ["This slice", "Whole stack"], ["plane", "all"]),
        ("TYX", ["This frame", "All frames"], ["plane", "all"]),
        ("TZYX", ["This slice", "This stack", "All frames"], ["plane", "volume", "all"]),
    ],
)
def test_each_choice_has_its_words_and_all_is_the_usual_one(
    qtbot: Any, axes: str, words: list[str], kinds: list[str]
) -> None:
    row = ScopeRow()
    qtbot.addWidget(row)
    assert row.kind == "all"
    row.offer("TZYX")
    row.buttons.buttons()[0].setChecked(True)
    row.offer(axes)  # another image: the former choices are gone
    assert row.kind == "all"
    assert row.isHidden() == (len(words) == 1)
    assert [button.text() for button in row.buttons.buttons()] == words
    chosen = []
    for button in row.buttons.buttons():
        button.setChecked(True)
        chosen.append(row.kind)
    assert chosen == kinds
