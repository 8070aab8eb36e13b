"""What napari's manifest names, and files that are dropped on the dock, end where they belong."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml
from napari.settings import get_settings
from napari.utils.theme import get_theme
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QSpinBox, QToolButton

import napari_unet
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_labels_path, sample_path
from napari_unet.ui.conventions import commands
from napari_unet.ui.conventions.docked import panel_of
from napari_unet.ui.conventions.dropping import take_paths
from napari_unet.ui.conventions.reading import get_labels_reader, get_project_reader, write_labels
from napari_unet.ui.correct.tools.actions import ACTIONS
from napari_unet.ui.correct.tools.keys import keys_file
from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.keeping import preferences
from napari_unet.ui.widgets.help_window import PAGE_OF, HelpWindow, docs_dir


def manifest() -> Any:
    return yaml.safe_load((Path(napari_unet.__file__).parent / "napari.yaml").read_text())


def test_every_action_is_in_the_command_palette() -> None:
    named = {command["python_name"].split(":")[1] for command in manifest()["contributions"]["commands"]}
    assert {f"run_{action.name}" for action in ACTIONS} <= named
    for name in named:
        if name.startswith("run_"):
            assert callable(getattr(commands, name))
    with pytest.raises(AttributeError):
        commands.run_nothing  # noqa: B018


def test_a_command_does_what_its_button_does(panel: Any, viewer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari.current_viewer", lambda: viewer)
    viewer.window.add_dock_widget(panel) if panel.parent() is None else None
    assert panel_of() is panel
    viewer.add_image(np.zeros((20, 20)))
    labels = viewer.add_labels(np.eye(20, dtype=int), name="mine")
    commands.run_split()
    assert panel.correct_step.message.text == "Segment the image first."
    viewer.layers.selection.active = labels
    commands.use_as_labels()
    assert panel.image_step.existing.source_box.currentText() == "mine"
    panel.image_step.existing.reject()


def test_labels_are_opened_with_their_image_and_written_with_their_pixel_size(tmp_path: Path) -> None:
    image, masks = tmp_path / "a.tif", tmp_path / "a_masks.tif"
    image.write_bytes(sample_path("nuclei_2d").read_bytes())
    masks.write_bytes(sample_labels_path("nuclei_2d").read_bytes())
    assert get_labels_reader(str(image)) is None
    reader = get_labels_reader(str(masks))
    assert reader is not None
    (pixels, options, kind), (labels, over, second) = reader(str(masks))
    assert (kind, second) == ("image", "labels")
    assert labels.shape == pixels.shape
    assert tuple(over["scale"]) == tuple(options["scale"])
    image.unlink()
    assert get_labels_reader(str(masks)) is None
    (written,) = write_labels(str(tmp_path / "out.tif"), labels, {"name": "a", **over})
    again = read_image(Path(written))
    assert again.scale["X"] == pytest.approx(float(over["scale"][-1]))
    np.testing.assert_array_equal(np.asarray(again.data), labels)


def test_files_go_where_they_belong(panel: Any, viewer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, Path]] = []
    monkeypatch.setattr(panel.project_bar, "open_at", lambda path: asked.append(("project", path)))
    monkeypatch.setattr(panel.image_step.pairs, "choose", lambda path: asked.append(("folder", path)))
    monkeypatch.setattr(panel.image_step, "open_paths", lambda paths: asked.append(("images", *paths)))
    (tmp_path / "wells").mkdir()
    names = [tmp_path / name for name in ("a.tif", "b.zarr", "wells", "c.unetproj")]
    (tmp_path / "broken.safetensors").write_text("no model")
    take_paths(panel, [*names, tmp_path / "broken.safetensors"])
    assert asked == [("project", names[3]), ("folder", names[2]), ("images", *names[:2])]
    assert "broken" in panel.segment_step.message.text
    panel.image_step.pairs.hide()
    assert get_project_reader("a.tif") is None
    assert get_project_reader("a.unetproj") is not None


def test_the_tour_goes_from_control_to_control_and_can_be_left(panel: Any, qtbot: Any) -> None:
    ended: list[bool] = []
    panel.tour.ended.connect(lambda: ended.append(True))
    panel.tour.begin()
    words = set()
    for _ in panel.tour.stops:
        label = panel.tour.bubble.words
        words.add(label.text())
        qtbot.keyClick(panel.tour.bubble, Qt.Key.Key_Return)
    assert len(words) == len(panel.tour.stops)
    assert not panel.tour.running
    assert ended == [True]
    panel.tour.begin()
    qtbot.keyClick(panel.tour.bubble, Qt.Key.Key_Escape)
    assert not panel.tour.running


@pytest.mark.real_window
def test_the_tour_has_room_for_its_words(make_napari_viewer: Any, qtbot: Any) -> None:
    viewer = make_napari_viewer(show=True)
    panel = UNetPanel(viewer)
    viewer.window.add_dock_widget(panel, name="U-Net")
    qtbot.waitUntil(panel.isVisible, timeout=10_000)
    panel.tour.begin()
    for _ in panel.tour.stops:
        label = panel.tour.bubble.words
        qtbot.wait(20)
        assert label.height() >= label.heightForWidth(label.width()), label.text()
        qtbot.keyClick(panel.tour.bubble, Qt.Key.Key_Return)
    assert not panel.tour.running


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_tour_can_be_read(panel: Any, viewer: Any, theme: str) -> None:
    viewer.theme = theme
    panel.tour.begin()
    picture = panel.tour.bubble.grab().toImage()
    words = panel.tour.bubble.words.geometry()
    lights = [
        picture.pixelColor(x, y).lightness()
        for x in range(words.left(), words.right())
        for y in range(words.top(), words.bottom())
    ]
    panel.tour.end()
    ground = get_theme(theme).background.as_rgb_tuple()
    assert abs(np.median(lights) - QColor(*ground[:3]).lightness()) < 8
    assert max(lights) - min(lights) > 150


def test_each_step_has_a_page_of_its_own(panel: Any, qtbot: Any) -> None:
    folder = docs_dir()
    assert folder is not None
    window = HelpWindow()
    qtbot.addWidget(window)
    for step in panel.steps:
        assert window.show_page(PAGE_OF[step.title]), step.title
        assert len(window.pages.toPlainText()) > 200, step.title
    window.show_page("tutorials/nuclei")
    link = window.pages.document().find("teach it").charFormat()
    assert link.isAnchor()
    assert link.foreground().color().lightness() > 130, "on a dark ground"
    assert not window.show_page("nowhere")


def test_every_control_says_what_it_is_to_who_cannot_see_it(panel: Any) -> None:
    mute = []
    for widget in panel.findChildren((QAbstractButton, QComboBox, QLineEdit, QSpinBox)):
        inner = widget.objectName().startswith("qt_") or isinstance(widget.parent(), QComboBox | QSpinBox)
        said = (
            widget.accessibleName()
            or widget.toolTip()
            or (widget.text() if isinstance(widget, QAbstractButton) else "")
        )
        if not inner and not said.strip("\N{MULTIPLICATION SIGN}?<>"):
            where = widget.parent()
            mute.append(f"{type(widget).__name__} {widget.objectName()} in {type(where).__name__}")
        if isinstance(widget, QToolButton | QAbstractButton) and not inner and widget.isVisibleTo(panel):
            assert widget.focusPolicy() != Qt.FocusPolicy.NoFocus or widget.property("mouse_only"), said
    assert mute == []


def test_preferences_begin_as_the_manifest_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preferences, "_settings", lambda: None)
    told = {
        (part, name): one["default"]
        for part, group in manifest()["contributions"]["configurations"].items()
        for name, one in group["properties"].items()
    }
    assert told == {key: preferences.preference(*key) for key in told}
    assert {"device", "threads", "models_folder", "keys_file", "live_preview"} <= {name for _, name in told}


def test_threads_and_the_file_of_keys_are_taken_from_the_preferences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = SimpleNamespace(
        segmenting=SimpleNamespace(threads=3), files=SimpleNamespace(keys_file=str(tmp_path / "keys.json"))
    )
    monkeypatch.setattr(preferences, "_settings", lambda: chosen)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    preferences.use_threads()
    assert os.environ["OMP_NUM_THREADS"] == "7", "a variable of the environment goes first"
    monkeypatch.delenv("OMP_NUM_THREADS")
    preferences.use_threads()
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert keys_file() == tmp_path / "keys.json"


def test_letters_of_every_control_grow_with_those_of_napari(panel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    appearance = get_settings().appearance
    usual = appearance.font_size
    heading = next(button for button in panel.findChildren(QToolButton) if button.text() == "Segment")
    try:
        appearance.font_size = 2 * usual
        assert heading.font().pointSize() == 2 * usual
        assert heading.font().bold()
    finally:
        appearance.font_size = usual
    assert heading.font().pointSize() == usual


def test_what_to_do_with_labels_is_said_of_the_image_that_has_them(panel: Any, viewer: Any, qtbot: Any) -> None:
    image = viewer.add_image(np.zeros((20, 30)))
    work = panel.session.work_on(image)
    panel.session.add_layer(work, "labels", np.ones((20, 30), np.int32))
    work.prediction = np.ones((20, 30), np.int32)
    guidance = panel.finetune_step.guidance
    qtbot.waitUntil(lambda: guidance.text.startswith("Correct what is wrong"))
    panel.session.work_on(viewer.add_image(np.zeros((20, 30))))
    qtbot.waitUntil(lambda: not guidance.text)
    panel.session.work_on(image)
    qtbot.waitUntil(lambda: guidance.text.startswith("Correct what is wrong"))
    work.n_objects = 0  # nothing was found: there is nothing to accept, and nowhere to go
    panel.finetune_step.refresh()
    assert not guidance.text
