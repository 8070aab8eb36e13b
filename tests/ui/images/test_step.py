"""The Image step: says what was found, lets axes and channel be mended, and refuses in sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import Qt

from napari_unet.images.image import Image
from napari_unet.ui.panel import UNetPanel


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    path = tmp_path / "embryo.tif"
    data = np.random.default_rng(0).integers(0, 999, (5, 2, 32, 40)).astype(np.uint16)
    tifffile.imwrite(
        path, data, imagej=True, resolution=(4, 4), metadata={"axes": "ZCYX", "unit": "um", "spacing": 1.0}
    )
    return path


def test_the_empty_panel_offers_to_open_and_a_sample(panel: UNetPanel) -> None:
    step = panel.image_step
    assert step.is_open
    assert not step.sample_button.isHidden()
    assert step.open_button.isEnabled()
    assert step.layer_box.isHidden()


def test_opening_a_file_says_what_was_found_and_places_it(panel: UNetPanel, stack: Path) -> None:
    panel.image_step.open_paths([stack])
    work = panel.session.current
    assert work.image.axes == "CZYX"
    assert "5 slices" in panel.image_step.found.text()
    assert "0.25" in panel.image_step.found.text()
    assert tuple(work.layer.scale) == (1, 1, 0.25, 0.25)
    assert str(work.layer.units[-1]) == "micrometer"
    assert work.layer.axis_labels == ("c", "z", "y", "x")
    assert panel.segment_step.is_open


@pytest.mark.parametrize("name", ["text.tif", "missing.tif"])
def test_a_file_that_cannot_be_read_gets_a_sentence_and_changes_nothing(
    panel: UNetPanel, tmp_path: Path, name: str
) -> None:
    (tmp_path / "text.tif").write_text("no image")
    panel.image_step.open_paths([tmp_path / name])
    assert name in panel.image_step.message.text
    assert not panel.session.viewer.layers
    assert panel.session.current is None


def test_the_channel_is_chosen_where_there_is_one(panel: UNetPanel, stack: Path) -> None:
    step = panel.image_step
    panel.image_step.open_paths([stack])
    assert not step.channel_box.isHidden()
    assert step.channel_box.count() == 2
    step.channel_box.setCurrentIndex(1)
    step.channel_box.activated.emit(1)
    work = panel.session.current
    assert work.channel == 1
    np.testing.assert_array_equal(np.asarray(work.grey.data), tifffile.imread(stack)[:, 1])
    panel.session.viewer.add_image(np.zeros((20, 20)))
    assert step.channel_box.isHidden()


def test_axes_can_be_mended_and_nonsense_is_refused_at_the_field(panel: UNetPanel, viewer: Any, qtbot: Any) -> None:
    viewer.add_image(np.zeros((6, 32, 40)))
    step = panel.image_step
    step.set_open(True)
    for text in ("QYX", "YX", "YYX"):
        step.axes_edit.setText(text)
        qtbot.keyClick(step.axes_edit, Qt.Key.Key_Return)
        assert step.message.text
        assert step.axes_edit.styleSheet()
        assert panel.session.current.image.axes == "ZYX"
    step.axes_edit.setText("tyx")
    qtbot.keyClick(step.axes_edit, Qt.Key.Key_Return)
    assert panel.session.current.image.axes == "TYX"
    assert step.message.isHidden()
    assert not step.axes_edit.styleSheet()
    assert step.axes_edit.text() == "TYX"
    assert "time-lapse" in step.state


def test_the_list_of_layers_follows_the_viewer(panel: UNetPanel, viewer: Any) -> None:
    box = panel.image_step.layer_box

    def names() -> list[str]:
        return [box.itemText(i) for i in range(box.count())]

    first = viewer.add_image(np.zeros((20, 20)), name="first")
    viewer.add_labels(np.zeros((20, 20), int), name="other")
    viewer.add_image(np.zeros((20, 20)), name="second")
    assert names() == ["first", "second"]
    first.name = "renamed"
    assert names() == ["renamed", "second"]
    assert box.currentText() == "second"
    viewer.layers.move(0, 3)
    assert names() == ["second", "renamed"]
    box.setCurrentIndex(1)
    assert panel.session.current.layer is first
    viewer.layers.remove(first)
    assert names() == ["second"]
    assert panel.session.current.name == "second"


def test_an_image_of_too_many_axes_is_refused_in_the_step(panel: UNetPanel, viewer: Any) -> None:
    viewer.add_image(np.zeros((2, 2, 2, 2, 8, 8)))
    assert panel.image_step.message.text
    assert not panel.segment_step.segment_button.isEnabled()
    viewer.layers.clear()
    assert panel.image_step.message.isHidden()


def test_notes_of_the_reader_are_shown(panel: UNetPanel, viewer: Any) -> None:
    from napari_unet.ui.session.layers import image_to_layer

    data, options, _ = image_to_layer(Image(np.zeros((20, 20)), "YX", notes=("Only the first of 3 images is read.",)))
    viewer.add_image(data, **options)
    assert "first of 3" in panel.image_step.found.text()


def test_a_file_opened_by_naparis_own_reader_gets_its_axes_and_pixel_size(
    panel: UNetPanel, viewer: Any, stack: Path
) -> None:
    viewer.open(stack, plugin="napari")
    work = panel.session.current
    assert work.image.axes == "ZCYX"
    assert work.image.scale["X"] == 0.25
    assert tuple(work.layer.scale) == (1, 1, 0.25, 0.25)
    assert work.axes == "ZYX"
    assert work.layer.get_value(viewer.dims.point, world=True)  # drawn anew at its new place
    np.testing.assert_allclose(viewer.scene.camera.center[1:], work.layer.extent.world[:, -2:].mean(axis=0), atol=0.3)
    assert not panel.image_step.channel_box.isHidden()


@pytest.mark.parametrize("name", ["photo.png", "photo.jpg"])
def test_a_colour_picture_opened_by_napari_is_rgb(panel: UNetPanel, viewer: Any, tmp_path: Path, name: str) -> None:
    from PIL import Image as Picture

    Picture.fromarray(np.zeros((40, 50, 3), np.uint8)).save(tmp_path / name)
    viewer.open(tmp_path / name, plugin="napari")
    assert panel.session.current.image.axes == "YXS"
    assert panel.session.current.axes == "YX"


def test_of_a_file_that_was_cut_off_what_is_whole_is_offered_in_place(
    panel: UNetPanel, viewer: Any, tmp_path: Path
) -> None:
    stack = np.arange(3 * 40 * 50, dtype=np.uint16).reshape(3, 40, 50)
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for plane in stack:
            file.write(plane, photometric="minisblack", metadata=None, contiguous=False)
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        end = tif.pages[2].dataoffsets[0] + 10
    (tmp_path / "a.tif").write_bytes((tmp_path / "a.tif").read_bytes()[:end])
    tifffile.imwrite(tmp_path / "b.tif", stack[0])
    step = panel.image_step
    step.open_paths([tmp_path / "a.tif", tmp_path / "b.tif"])
    assert "ends in the middle" in step.message.text
    assert "--" not in step.message.text
    assert not viewer.layers
    assert step.message.button.text() == "Read what is whole"
    step.message.button.click()
    assert [layer.name for layer in viewer.layers] == ["a", "b"]
    np.testing.assert_array_equal(viewer.layers[0].data, stack[:2])
    assert not step.message.text


def test_of_a_file_that_holds_no_image_nothing_is_offered(panel: UNetPanel, tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_text("no image")
    panel.image_step.open_paths([tmp_path / "a.tif"])
    assert panel.image_step.message.text
    assert panel.image_step.message.button.isHidden()
