"""*Classes of images...*: from a folder of images of two kinds to a table of what each of them is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
from qtpy.QtCore import Qt
from scipy import ndimage

from napari_unet.events import Finished
from napari_unet.project.opening import open_project
from napari_unet.ui.classify.whole_images.window import ImagesWindow
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.workflows.tasks import classifying
from napari_unet.workflows.tasks.classifying import LabelledFile, learn_from_seen, look_at_files_steps


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Eight images, of coarse and of fine grain in turn, and one that is none."""
    random, folder = np.random.default_rng(0), tmp_path / "screen"
    folder.mkdir()
    for number in range(8):
        grain = ndimage.gaussian_filter(random.normal(0, 1, (48, 48)), 1 if number % 2 else 3)
        tifffile.imwrite(folder / f"w{number}.tif", (100 + 20 * grain / grain.std()).astype(np.float32))
    (folder / "x.tif").write_bytes(b"no image")
    return folder


def test_looked_at_once_it_is_learned_from_again(folder: Path) -> None:
    grey = tifffile.imread(folder / "w0.tif")  # one of them in colour, as others often are
    tifffile.imwrite(folder / "w0.tif", np.stack([grey.astype(np.uint8)] * 3, axis=-1), photometric="rgb")
    files = [LabelledFile(path, None) for path in sorted(folder.iterdir())]
    *progress, end = look_at_files_steps(files, None)
    assert isinstance(end, Finished)
    assert [event.done for event in progress] == list(range(1, 10))
    assert list(end.result.errors) == [folder / "x.tif"] == [event.path for event in progress if event.error]
    for shift in (0, 1):  # the same images, taught the other way round
        given = {folder / f"w{i}.tif": {(0, 1): (i + shift) % 2} for i in range(4)}
        table = classifying.classes_of_seen(end.result.seen, learn_from_seen(end.result.seen, given, "ab"), True)
        assert table["class"].tolist() == ["ab"[(i + shift) % 2] for i in range(8)]


def test_a_folder_of_images_becomes_a_table_of_classes(
    panel: Any, folder: Path, tmp_path: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(panel.session), "model_entry", None)  # without a network it is quick
    looked: list[Path] = []
    look = classifying._look
    monkeypatch.setattr(classifying, "_look", lambda file, *more: (looked.append(file.image), look(file, *more))[1])
    panel.classify_step.images_button.click()
    window: ImagesWindow = panel.classify_step.images_button.images_window
    assert not window.table_button.isEnabled()
    assert "Add images" in window.table_button.toolTip()
    window.add([folder])
    qtbot.waitUntil(lambda: not window.busy)
    assert not window.images.rows[0].told
    assert window.images.rows[8].told
    assert not window.table_button.isEnabled()
    for number in range(4):
        window.table.selectRow(number)
        qtbot.keyClick(window.table, "12"[number % 2])
    qtbot.waitUntil(lambda: not window.busy)
    assert [row.found for row in window.images.rows[:8]] == ["class 1", "class 2"] * 4
    assert "of the examples that were held back" in window.score_label.text()
    # The least sure first, and what was given a class after them.
    window.table.sortByColumn(3, Qt.SortOrder.AscendingOrder)
    model = window.table.model()
    shown = [model.index(line, 0).data() for line in range(9)]
    likely = {row.path.name: row.probability for row in window.images.rows}
    assert shown[:4] == sorted((f"w{i}.tif" for i in range(4, 8)), key=likely.get)
    assert shown[8] == "x.tif"
    window.rows.renamed.emit(1, "fine")
    qtbot.waitUntil(lambda: not window.busy)
    window.write(tmp_path / "out.csv")
    qtbot.waitUntil(lambda: "out.csv" in window.message.text)
    table = pd.read_csv(tmp_path / "out.csv", keep_default_na=False)
    assert list(table.columns[:4]) == ["image", "given", "class", "probability"]
    assert table["class"].tolist() == ["class 1", "fine"] * 4
    assert table["given"].tolist() == ["class 1", "fine"] * 2 + [""] * 4
    assert len(looked) == 9
    # Kept, and used again once the examples are taken away.
    window.save(tmp_path / "c.safetensors")
    qtbot.waitUntil(lambda: "c.safetensors" in window.message.text)
    window.load(tmp_path / "c.safetensors")
    assert "take them away first" in window.message.text
    window.table.selectAll()
    qtbot.keyClick(window.table, "0")
    qtbot.waitUntil(lambda: not window.busy)
    assert window.found is None
    window.load(tmp_path / "c.safetensors")
    qtbot.waitUntil(lambda: not window.busy)
    assert [row.found for row in window.images.rows[:8]] == ["class 1", "fine"] * 4


def test_images_are_taken_out_and_a_table_is_read_back(
    panel: Any, folder: Path, tmp_path: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = _opened(panel, folder, qtbot, monkeypatch)
    # Nine images, one of which is none: it is taken out, and one that was given a class with it.
    window.give(0)
    window.table.opened.emit(8)
    qtbot.waitUntil(lambda: "x.tif" in window.message.text)
    window.table.selectRow(8)
    qtbot.keyClick(window.table, Qt.Key.Key_Delete)
    assert [row.path.name for row in window.images.rows] == [f"w{i}.tif" for i in range(8)]
    table = tmp_path / "given.csv"
    rows = [("w0.tif", "coarse"), ("w1", "fine"), ("w2.tif", "coarse"), ("w3.tif", "fine"), ("w4.tif", "")]
    pd.DataFrame({"image": [a for a, _ in rows], "given": [b for _, b in rows], "class": "coarse"}).to_csv(table)
    window.load(table)
    qtbot.waitUntil(lambda: not window.busy)
    assert window.marked.names == ("coarse", "fine")
    assert [row.given for row in window.images.rows] == ["coarse", "fine", "coarse", "fine", "", "", "", ""]
    assert [row.found for row in window.images.rows] == ["coarse", "fine"] * 4
    window.table.selectRow(5)
    window.take_out()
    qtbot.waitUntil(lambda: not window.busy)
    assert len(window.images.rows) == len(window.found.table) == 7
    window.table.opened.emit(0)
    qtbot.waitUntil(lambda: panel.session.current is not None)
    assert panel.session.current.image.path == folder / "w0.tif"
    window.table.selectRow(0)
    window.take_out()  # one example of its class is left, which is too few
    qtbot.waitUntil(lambda: not window.busy)
    assert window.found is None
    assert folder / "w0.tif" not in window.given
    # The last class goes, and with it what it was given to.
    window.add_button.click()
    window.table.selectRow(0)
    window.give(2)
    window.rows.removed.emit(2)
    assert sorted(window.given.values()) == [0, 1]


def test_what_was_given_and_taken_is_taken_back(
    panel: Any, folder: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = _opened(panel, folder, qtbot, monkeypatch)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    states = [{}]
    for number in range(4):
        window.table.selectRow(number)
        qtbot.keyClick(window.table, "12"[number % 2])
        states.append(dict(window.given))
    qtbot.waitUntil(lambda: not window.busy)
    window.table.selectRow(1)
    qtbot.keyClick(window.table, "0")
    assert window.given != states[4]
    window.rows.removed.emit(0)  # refused, since two classes are the least: nothing to take back
    _press(qtbot, window, "Ctrl+Z")
    assert window.given == states[4]
    qtbot.waitUntil(lambda: not window.busy)
    assert [row.found for row in window.images.rows[:4]] == ["class 1", "class 2"] * 2
    for number in (3, 2):
        _press(qtbot, window, "Ctrl+Z")
        assert window.given == states[number]
    _press(qtbot, window, "Ctrl+Shift+Z")
    assert window.given == states[3]
    # An image that was taken out comes back with its class; what was given then cannot be done again.
    window.table.selectRow(0)
    qtbot.keyClick(window.table, Qt.Key.Key_Delete)
    assert len(window.images.rows) == 8
    _press(qtbot, window, "Ctrl+Shift+Z")
    assert len(window.images.rows) == 8
    _press(qtbot, window, "Ctrl+Z")
    assert len(window.images.rows) == 9
    assert window.given == states[3]
    qtbot.waitUntil(lambda: not window.busy)
    # So does a class that was removed.
    window.add_button.click()
    window.rows.removed.emit(0)
    assert window.marked.names == ("class 2", "class 3")
    _press(qtbot, window, "Ctrl+Z")
    assert (window.marked.names, window.given) == (("class 1", "class 2", "class 3"), states[3])


def test_a_table_of_other_images_or_of_too_many_classes_is_told(
    panel: Any, folder: Path, tmp_path: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = _opened(panel, folder, qtbot, monkeypatch)
    before = window.marked
    table = tmp_path / "t.csv"
    for columns, words in (
        ({"image": ["elsewhere.tif"], "class": ["a"]}, "no examples for these images"),
        ({"image": ["w0.tif"] * 10, "class": list("abcdefghij")}, "10 classes, and this window has keys for 9"),
        ({"name": ["w0.tif"]}, "it needs image"),
    ):
        pd.DataFrame(columns).to_csv(table, index=False)
        window.load(table)
        assert words in window.message.text
        assert window.marked is before
        assert not window.given


def test_a_project_keeps_the_list_and_the_classes_and_both_can_move(
    panel: Any, folder: Path, tmp_path: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = _opened(panel, folder, qtbot, monkeypatch)
    keeper = get_keeper(panel.session)
    window.rows.renamed.emit(0, "coarse")
    window.table.selectRow(0)
    window.give(0)
    window.table.selectRow(3)
    window.give(1)
    keeper.new_project(folder.parent / "mine.unetproj")
    window.table.selectRow(5)
    window.give(1)  # written as it is given
    keeper.close_project()
    moved = tmp_path / "moved"
    moved.mkdir()
    (folder.parent / "mine.unetproj").rename(moved / "mine.unetproj")
    folder.rename(moved / "screen")
    window.table.selectAll()
    window.take_out()
    assert not window.images.rows
    keeper.adopt(open_project(moved / "mine.unetproj"))
    qtbot.waitUntil(lambda: not window.busy)
    assert window.marked.names == ("coarse", "class 2")
    assert [row.path.name for row in window.images.rows] == [*(f"w{i}.tif" for i in range(8)), "x.tif"]
    assert window.given == {
        moved / "screen" / "w0.tif": 0, moved / "screen" / "w3.tif": 1, moved / "screen" / "w5.tif": 1,
    }  # fmt: skip
    # A window that is opened later finds it, too.
    other = ImagesWindow(panel.session)
    assert other.given == window.given
    keeper.close_project()


def _press(qtbot: Any, window: ImagesWindow, keys: str) -> None:
    """The key Z, and let go of all keys: rows that are selected with Ctrl held are added to those before."""
    held = Qt.KeyboardModifier.ControlModifier
    qtbot.keyClick(window.table, Qt.Key.Key_Z, held | Qt.KeyboardModifier.ShiftModifier if "Shift" in keys else held)
    qtbot.keyClick(window.table, Qt.Key.Key_F20)


def _opened(panel: Any, folder: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> ImagesWindow:
    """The window with all images of the folder, looked at without a network, which is quick."""
    monkeypatch.setattr(type(panel.session), "model_entry", None)
    panel.classify_step.images_button.click()
    window: ImagesWindow = panel.classify_step.images_button.images_window
    window.add([folder])
    qtbot.waitUntil(lambda: not window.busy)
    return window
