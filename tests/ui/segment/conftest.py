from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from fake_segmenter import FakeSegmenter
from qtpy.QtCore import Qt

from napari_unet.images.view import View
from napari_unet.models.record import ModelRecord
from napari_unet.segmentation.events import Estimated
from napari_unet.ui.session.session import Session


@pytest.fixture
def segmenter(monkeypatch: pytest.MonkeyPatch) -> FakeSegmenter:
    fake = FakeSegmenter()
    entry = SimpleNamespace(name="fake", shipped=True, sha256="0", path=None, record=ModelRecord())
    monkeypatch.setattr("napari_unet.segmentation.segment.segment_steps", fake)
    monkeypatch.setattr(
        "napari_unet.segmentation.beginning.estimate_size",
        lambda *args: Estimated(View(23.45, "estimated"), 1, other=fake.other),
    )
    monkeypatch.setattr(Session, "model_entries", lambda self: [entry])
    monkeypatch.setattr(Session, "model_entry", property(lambda self: entry))
    monkeypatch.setattr(Session, "model_loader", lambda self: lambda: None)
    return fake


@pytest.fixture
def click(qtbot: Any) -> Callable[[Any], None]:
    return lambda button: qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
