"""What the tutorials tell to click is there, under that name: whoever follows them finds it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QAbstractButton, QComboBox, QLabel, QTableView, QWidget

from napari_unet.ui.correct.tools.actions import ACTIONS
from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.widgets.fitting_label import FittingLabel

TUTORIALS = sorted((Path(__file__).resolve().parents[2] / "docs" / "tutorials").glob("*.md"))
_NO_CONTROLS = {
    "reviewed", "unknown", "balanced accuracy", "what is likely there", "Cellpose", "StarDist", "ilastik", "QuPath",
    "Fiji", "Plugins", "U-Net", "File", "Save masks", "Add ... images",
    "Open Sample", "U-Net fine-tuning", "Nuclei (time-lapse)", "n edit dim",
}  # fmt: skip


@pytest.fixture
def words(panel: UNetPanel, viewer: Any) -> set[str]:
    """All that controls, headings and menus say, with an image whose labels are there, with a z-stack and a movie."""
    found = set[str]()
    for axes in ("YX", "ZYX", "TYX"):
        shape = (4, 64, 64)[-len(axes) :]
        viewer.add_image(np.zeros(shape, np.uint16), scale=(1.0,) * len(shape))
        panel.session.set_axes(axes)
        work = panel.session.current
        panel.session.add_layer(work, "labels", np.ones(shape, np.int32))
        found |= set(_words(panel))
        work.prediction = np.ones(shape, np.int32)
        found |= set(_words(panel))
    panel.results_step.show_files()
    found |= set(_words(panel.results_step.files_window))
    panel.results_step.files_window.close()
    button = panel.classify_step.images_button
    button.open()
    found |= set(_words(button))
    button.images_window.close()
    return found | {action.title for action in ACTIONS}


def _words(root: QWidget) -> Iterator[str]:
    for widget in root.findChildren(QWidget):
        if isinstance(widget, FittingLabel):
            yield widget.full_text
        elif isinstance(widget, (QAbstractButton, QLabel)):
            yield widget.text()
        elif isinstance(widget, QComboBox):
            yield from (widget.itemText(number) for number in range(widget.count()))
        elif isinstance(widget, QTableView) and widget.model() is not None:
            model, across = widget.model(), Qt.Orientation.Horizontal
            yield from (str(model.headerData(number, across)) for number in range(model.columnCount()))
    yield from (action.text() for action in root.findChildren(QAction))


def test_every_control_that_a_tutorial_names_is_there(words: set[str]) -> None:
    missing = {}
    for page in TUTORIALS:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf8"), flags=re.DOTALL)
        named = {one or other for one, other in re.findall(r"\*\*([^*]+)\*\*|(?<!\*)\*([^*\n]+)\*(?!\*)", text)}
        parts = {part.strip() for phrase in named for part in phrase.split(" > ")}
        if unknown := parts - words - _NO_CONTROLS:
            missing[page.name] = unknown
    assert missing == {}
