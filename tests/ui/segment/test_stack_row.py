"""How a z-stack is segmented: the better way is chosen with its reason, and what the user chooses is done."""

from __future__ import annotations

from typing import Any

import numpy as np
from fake_segmenter import FakeSegmenter

from napari_unet.ui.panel import UNetPanel


def test_the_better_way_is_chosen_and_another_one_is_kept_with_the_image(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, blobs: np.ndarray, click: Any, wait_until_idle: Any
) -> None:
    row = panel.segment_step.stacks
    viewer.add_image(blobs, name="flat")
    assert row.isHidden()
    viewer.add_image(np.stack([blobs] * 6), name="thick", scale=(2, 1, 1))
    assert not row.isHidden()
    assert row._button["volume"].isChecked()
    assert "slices" in row.reason.text()
    assert row.reason.wordWrap(), "all of it is read without a hover: that the voxel size is not known comes last"
    click(panel.segment_step.segment_button)
    wait_until_idle(panel.session)
    assert segmenter.calls[-1].config.stack == "auto"
    click(row._button["slices"])
    click(panel.segment_step.segment_button)
    wait_until_idle(panel.session)
    assert segmenter.calls[-1].config.stack == "slices"
    viewer.add_image(np.stack([blobs] * 6), name="thin", scale=(40, 1, 1))
    assert row._button["slices"].isChecked()
    assert panel.session.current.wanted_stack == "auto"
    viewer.layers.selection.active = viewer.layers["thick"]
    assert panel.session.current.wanted_stack == "slices"


def test_a_slice_alone_is_no_volume(viewer: Any, panel: UNetPanel, blobs: np.ndarray, click: Any) -> None:
    viewer.add_image(np.stack([blobs] * 6), scale=(2, 1, 1))
    step = panel.segment_step
    assert step.stacks.isEnabled()
    click(step.scope.buttons.buttons()[0])
    assert not step.stacks.isEnabled()
