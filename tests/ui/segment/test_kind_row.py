"""Which kind of image answers is shown, can be changed for an image or for all, and reaches segmentation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fake_segmenter import FakeSegmenter

from napari_unet.models.architecture import UNetConfig
from napari_unet.models.record import ModelRecord
from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.session import Session


@pytest.fixture
def two_kinds(segmenter: FakeSegmenter, monkeypatch: pytest.MonkeyPatch) -> FakeSegmenter:
    entry = Session.model_entry.fget(None)  # type: ignore[attr-defined]
    entry.record = ModelRecord(name="both", kind="cells", kinds=(ModelRecord(name="nuclei"),))
    return segmenter


def test_it_is_hidden_where_there_is_no_choice(segmenter: Any, viewer: Any, panel: UNetPanel) -> None:
    viewer.add_image(np.zeros((40, 40)))
    assert panel.segment_step.kinds.isHidden()


def test_what_is_chosen_answers_and_is_kept_with_the_image(
    two_kinds: FakeSegmenter,
    viewer: Any,
    panel: UNetPanel,
    blobs: np.ndarray,
    click: Any,
    wait_until_idle: Any,
) -> None:
    first, second = (viewer.add_image(blobs, name=name) for name in ("one", "two"))
    row = panel.segment_step.kinds
    assert not row.isHidden()
    assert [row.box.itemText(i) for i in range(row.box.count())] == ["auto", "cells", "nuclei"]
    row.box.setCurrentIndex(2)
    row.box.activated.emit(2)
    click(panel.segment_step.segment_button)
    wait_until_idle(panel.session)
    assert two_kinds.calls[-1].config.kind == "nuclei"
    viewer.layers.selection.active = first
    assert row.wanted == "auto"
    viewer.layers.selection.active = second
    click(row.for_all)
    viewer.layers.selection.active = first
    assert row.wanted == "nuclei"


def test_the_kind_that_answered_is_named(two_kinds: FakeSegmenter, viewer: Any, panel: UNetPanel) -> None:
    viewer.add_image(np.zeros((40, 40)))
    work = panel.session.current
    work.view = replace(work.view, kind="nuclei")
    panel.segment_step.kinds.refresh()
    assert panel.segment_step.kinds.box.itemText(0) == "auto: nuclei"


def test_kinds_are_offered_that_can_look_at_the_image(two_kinds: FakeSegmenter, viewer: Any, panel: UNetPanel) -> None:
    colour = ModelRecord(name="histology", architecture=UNetConfig(in_channels=3))
    entry = panel.session.model_entry
    assert entry is not None
    entry.record = entry.record.model_copy(update={"kinds": (colour, *entry.record.kinds)})
    row = panel.segment_step.kinds
    viewer.add_image(np.zeros((40, 40)))
    assert [row.box.itemText(i) for i in range(row.box.count())] == ["auto", "cells", "nuclei"]
    viewer.add_image(np.zeros((40, 40, 3), np.uint8), rgb=True)
    assert [row.box.itemText(i) for i in range(row.box.count())] == ["auto", "cells", "histology", "nuclei"]
