"""The strip: which image is worked on, how it stands, and going to the others, open or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

pytest.importorskip("napari")

from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.session.trackers import get_trackers
from napari_unet.ui.widgets.fitting_label import shorten


def test_one_image_is_named_and_several_can_be_walked_through(panel: UNetPanel, viewer: Any) -> None:
    strip = panel.strip
    assert strip.isHidden()
    layers = [viewer.add_image(np.zeros((20, 20)), name="a")]
    strip.refresh()
    assert strip.name.full_text == "a"
    assert strip.state.full_text == "not segmented"
    assert strip.next_button.isHidden()
    layers += [viewer.add_image(np.zeros((20, 20)), name=name) for name in "bc"]
    panel.session.work_on(layers[0])
    strip.step(1)
    assert panel.session.current.layer is layers[1]
    assert viewer.layers[-1] is layers[1], "it is before all others"
    assert strip.name.full_text.startswith("b   ")
    strip.step(-1)
    strip.step(-1)
    assert panel.session.current.layer is layers[2], "round the end"


def test_only_this_hides_the_others_and_shows_them_as_they_were(panel: UNetPanel, viewer: Any) -> None:
    a, b, c = (viewer.add_image(np.zeros((20, 20)), name=name) for name in "abc")
    points = viewer.add_points([[3, 3]])
    c.visible = False
    panel.session.work_on(a)
    panel.strip.refresh()
    panel.strip.only_button.click()
    assert [layer.visible for layer in (a, b, c, points)] == [True, False, False, True]
    panel.strip.step(1)
    assert panel.session.current.layer is b
    assert [layer.visible for layer in (a, b, c)] == [False, True, False]
    panel.strip.only_button.click()
    assert [layer.visible for layer in (a, b, c)] == [True, True, False]


def test_images_of_the_project_are_opened_when_gone_to_and_closed_when_left_with_all_that_was_done(
    panel: UNetPanel, viewer: Any, blobs: np.ndarray, tmp_path: Path, qtbot: Any, wait_until_idle: Any
) -> None:
    mine = np.zeros(blobs.shape, np.uint16)
    mine[8:24, 10:28] = 1
    for name in "abc":
        tifffile.imwrite(tmp_path / f"{name}.tif", blobs)
        tifffile.imwrite(tmp_path / f"{name}_masks.tif", mine)
    window = panel.image_step.pairs
    window.choose(tmp_path)
    qtbot.waitUntil(window.add_button.isEnabled, timeout=60_000)
    window.add_button.click()
    wait_until_idle(panel.session)
    strip, session = panel.strip, panel.session

    def restored() -> bool:
        return session.current is not None and session.current.labels is not None

    qtbot.waitUntil(restored, timeout=60_000)
    strip.refresh()
    assert [entry.name for entry in strip.entries] == ["a", "b", "c"]
    assert strip.name.full_text == "a   1 of 3"
    strip.step(1)
    qtbot.waitUntil(lambda: session.current.name == "b" and restored(), timeout=60_000)
    work = session.current
    work.labels_layer.data_setitem((np.arange(40, 50), np.full(10, 60)), 2)
    get_trackers(session).finish()
    qtbot.waitUntil(lambda: get_keeper(session).number_of(work) is not None, timeout=60_000)
    strip.step(1)
    qtbot.waitUntil(lambda: session.current.name == "c" and restored(), timeout=60_000)
    qtbot.waitUntil(lambda: {one.name for one in session.works} == {"a", "c"}, timeout=60_000)  # b was opened from here
    assert not any(layer.name.startswith("b") for layer in viewer.layers)
    assert panel.pinned.notice.isHidden(), "to leave an image is no loss"
    strip.step(-1)
    qtbot.waitUntil(lambda: session.current.name == "b" and restored(), timeout=60_000)
    assert (session.current.labels == 2).sum() == 10
    assert session.current.reviewed.all()


def test_the_list_is_searched_and_chosen_from(panel: UNetPanel, viewer: Any) -> None:
    layers = [viewer.add_image(np.zeros((20, 20)), name=name) for name in ("embryo 1", "embryo 2", "cells")]
    panel.session.work_on(layers[0])
    panel.strip.list_button.click()
    table = panel.strip.list.table
    assert [table.topLevelItem(row).text(0) for row in range(3)] == ["embryo 1", "embryo 2", "cells"]
    panel.strip.list.search.setText("emb 2")
    assert [table.topLevelItem(row).isHidden() for row in range(3)] == [True, False, True]
    table.itemClicked.emit(table.topLevelItem(1), 0)
    assert panel.session.current.layer is layers[1]
    panel.strip.list.close()


def test_long_names_that_differ_at_their_ends_can_be_told_apart(panel: UNetPanel, viewer: Any) -> None:
    names = [f"2026-11-03_exp4_HeLa_DAPI_field_{number:02}" for number in (1, 2)]
    layers = [viewer.add_image(np.zeros((20, 20)), name=name) for name in names]
    strip = panel.strip
    shown = set()
    for layer in layers:
        panel.session.work_on(layer)
        strip.refresh()
        strip.name.resize(190, 20)
        strip.name._choose()  # the window is hidden: nobody tells it of its size
        shown.add(strip.name.text())
        assert strip.name.fontMetrics().horizontalAdvance(strip.name.text()) <= 190
    assert len(shown) == 2
    assert all(" of 2" in text or text.endswith(("01", "02")) for text in shown)
    assert shorten("short", 16) == "short"
    assert {len(shorten(name, 16)) for name in names} == {16}


def test_a_long_name_in_a_message_is_broken_and_not_cut_off(panel: UNetPanel) -> None:
    line = panel.image_step.message
    sentence = "Restored 2026-11-03_exp4_HeLa_DAPI_field_01_of_the_second_plate_of_tuesday: labels."
    line.show_text(sentence, "info", None)
    assert line.text == sentence
    assert line._text.minimumSizeHint().width() < 200
    line.clear()
