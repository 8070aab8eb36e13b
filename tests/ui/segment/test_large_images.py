"""Labels too large for memory: it is told where they lie, and nothing is lost at closing or by a kill."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from napari_unet.errors import UserError
from napari_unet.events import drain
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_path
from napari_unet.images.image import Image
from napari_unet.models.library import load_model
from napari_unet.project import recovery
from napari_unet.project.opening import open_project
from napari_unet.project.project import LABELS, PREDICTION
from napari_unet.project.unfinished import blocks_folder
from napari_unet.segmentation.blocks.block import segment_block
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.segment import segment_steps
from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.history import label_stores
from napari_unet.ui.session.history.label_stores import get_label_stores
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.session.layers import image_to_layer
from napari_unet.ui.session.planes import largeness
from napari_unet.ui.session.session import get_session


@pytest.fixture(autouse=True)
def _small_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(largeness, "LARGE_PIXELS", 2**14)
    monkeypatch.setattr("napari_unet.segmentation.blocks.grid._SIDE", 64)
    monkeypatch.setattr(recovery.platformdirs, "user_data_path", lambda name: tmp_path / "user" / name)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()


@pytest.fixture
def pixels() -> np.ndarray:
    return np.asarray(read_image(sample_path("nuclei_2d")).data)[:100, :190]


@pytest.fixture
def image_file(tmp_path: Path, pixels: np.ndarray) -> Path:
    array = zarr.create_array(str(tmp_path / "big.zarr"), shape=pixels.shape, chunks=(64, 64), dtype=pixels.dtype)
    array[...] = pixels
    return tmp_path / "big.zarr"


@pytest.fixture
def second_window(make_napari_viewer: Callable[..., Any]) -> Any:
    viewer = make_napari_viewer()
    panel = UNetPanel(viewer)
    viewer.window.add_dock_widget(panel, name="U-Net")
    yield panel
    get_session(viewer).close()


def open_file(panel: UNetPanel, path: Path) -> Any:
    data, options, _ = image_to_layer(read_image(path))
    return panel.session.work_on(panel.session.viewer.add_image(data, **options))


def same_objects(one: np.ndarray, other: np.ndarray) -> bool:
    pairs = np.unique(np.stack([one.ravel(), other.ravel()]), axis=1)
    return all(np.unique(side).size == side.size for side in pairs)


def lies_on_the_disk(array: Any) -> bool:
    while array is not None and not isinstance(array, np.memmap):
        array = getattr(array, "base", None)
    return array is not None


def count_made(monkeypatch: pytest.MonkeyPatch, most: int = 100) -> list[int]:
    """The numbers of the blocks that are segmented; after so many the program is as good as killed."""
    made: list[int] = []

    def counted(*args: Any) -> Any:
        if len(made) == most:
            raise MemoryError
        made.append(args[-1].number)
        return segment_block(*args)

    monkeypatch.setattr("napari_unet.segmentation.blocks.work.segment_block", counted)
    return made


def test_a_segmentation_that_was_cut_short_goes_on_in_the_next_window(
    panel: UNetPanel, second_window: UNetPanel, image_file: Path, pixels: np.ndarray, tmp_path: Path,
    wait_until_idle: Any, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    first = count_made(monkeypatch, most=4)
    open_file(panel, image_file)
    panel.project_bar.new_at(tmp_path / "mine")
    panel.segment_step.start()
    wait_until_idle(panel.session)
    assert "memory" in panel.segment_step.message.text
    panel.session.close()

    rest = count_made(monkeypatch)
    second_window.project_bar.open_at(tmp_path / "mine.unetproj")
    assert (
        "Segmenting big was cut short: 4 blocks are kept, and Segment goes on with what is missing."
        in second_window.project_bar.message.text
    )
    shown: list[Any] = []
    second_window.segment_step.start()
    second_window.segment_step.run.advanced.connect(shown.append)
    wait_until_idle(second_window.session)
    assert len(first) == 4
    assert sorted(first + rest) == list(range(6)), "blocks were made twice"
    work = second_window.session.current
    alone = drain(segment_steps(Image.from_array(pixels, "YX"), load_model(), SegmentConfig(diameter=work.diameter)))
    assert same_objects(np.asarray(work.labels), alone.labels)
    assert work.n_objects == alone.labels.max() > 5
    assert not blocks_folder(tmp_path / "mine.unetproj").exists()


def test_what_is_kept_of_a_segmentation_is_shown_when_it_goes_on_and_is_stopped_again(
    panel: UNetPanel, image_file: Path, wait_until_idle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    count_made(monkeypatch, most=3)
    work = open_file(panel, image_file)
    panel.segment_step.start()
    wait_until_idle(panel.session)
    before = np.array(work.labels)
    assert before.any()
    panel.session.remove_layer(work, "labels")
    work.prediction = None
    count_made(monkeypatch, most=1)
    panel.segment_step.start()
    wait_until_idle(panel.session)
    now = np.asarray(work.labels)
    assert same_objects(now[before > 0], before[before > 0])
    assert (now > 0).sum() > (before > 0).sum(), "one block more is shown"


def test_labels_that_nobody_corrected_are_kept_when_the_window_closes(
    panel: UNetPanel, image_file: Path, wait_until_idle: Any
) -> None:
    work = open_file(panel, image_file)
    assert panel.segment_step.place.isHidden()
    panel.segment_step.start()
    wait_until_idle(panel.session)
    folder = get_label_stores(panel.session).folder
    told = panel.segment_step.place.text()
    assert str(folder) in told
    assert "A recovery file has them until then: make a project, or export them, to keep them." in told
    labels = np.array(work.labels)
    panel.session.close()
    assert not folder.exists()
    (left,) = recovery.find_recoveries()
    kept = open_project(left, write=False)
    for role in (LABELS, PREDICTION):
        np.testing.assert_array_equal(kept.read_array(1, role), labels)
    kept.close()


def test_copies_that_the_project_needs_lie_on_the_disk_too_and_strokes_are_kept(
    panel: UNetPanel, second_window: UNetPanel, image_file: Path, wait_until_idle: Any, tmp_path: Path
) -> None:
    work = open_file(panel, image_file)
    panel.project_bar.new_at(tmp_path / "mine")
    panel.segment_step.start()
    wait_until_idle(panel.session)
    keeper = get_keeper(panel.session)
    keeper.finish()
    before = np.array(work.labels)
    for recorder in keeper._recorders:
        assert isinstance(recorder.saved, np.memmap)
    work.labels_layer.paint((50, 60), 7777)
    keeper.finish()
    after = np.array(work.labels)
    assert (after != before).any()
    panel.session.close()

    second_window.project_bar.open_at(tmp_path / "mine.unetproj")
    again = second_window.session.current
    for array, expected in ((again.labels, after), (again.prediction, before)):
        assert lies_on_the_disk(array)
        np.testing.assert_array_equal(array, expected)
    again.labels_layer.undo()
    np.testing.assert_array_equal(again.labels, before)


def test_with_a_project_it_is_said_that_this_keeps_them(
    panel: UNetPanel, image_file: Path, wait_until_idle: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count_made(monkeypatch, most=2)
    open_file(panel, image_file)
    panel.segment_step.start()
    wait_until_idle(panel.session)
    old = get_keeper(panel.session).project.path
    assert blocks_folder(old).is_dir()
    panel.project_bar.new_at(tmp_path / "mine")
    assert blocks_folder(tmp_path / "mine.unetproj").is_dir(), "the project takes along what is unfinished"
    assert not blocks_folder(old).exists()
    assert panel.segment_step.place.text().endswith("mine.unetproj keeps them.")


def test_folders_of_windows_that_were_killed_go_and_those_of_others_stay(panel: UNetPanel, tmp_path: Path) -> None:
    stores = get_label_stores(panel.session)
    left = tmp_path / "temporary" / "napari-unet-labels-left"
    (left / "labels-1.ome.zarr").mkdir(parents=True)
    stores.new_place("labels")
    mine = stores.folder
    assert not left.exists()
    other = label_stores.LabelStores(panel.session)
    other.new_place("labels")
    assert mine.is_dir()
    other.close()
    assert [path.name for path in (tmp_path / "temporary").glob("napari-unet-labels-*") if path.is_dir()] == [mine.name]


def fill(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    usage = type(shutil.disk_usage("/"))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**12, 10**12 - free, free))


def test_without_room_on_the_disk_nothing_is_segmented_and_it_is_said(
    panel: UNetPanel, image_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = open_file(panel, image_file)
    fill(monkeypatch, 4 * 4 * 100 * 190 - 1)
    panel.segment_step.start()
    assert panel.session.job is None
    assert work.labels_layer is None
    assert "Make room" in panel.segment_step.message.text


def test_room_is_asked_for_what_is_segmented_alone(
    panel: UNetPanel, tmp_path: Path, pixels: np.ndarray, wait_until_idle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = zarr.create_array(
        str(tmp_path / "t.zarr"), shape=(3, *pixels.shape), chunks=(1, 64, 64), dtype=pixels.dtype
    )
    stack[...] = np.stack([pixels] * 3)
    work = open_file(panel, tmp_path / "t.zarr")
    fill(monkeypatch, 4 * 4 * pixels.size)
    panel.segment_step.start()
    assert "Make room" in panel.segment_step.message.text
    next(one for one in panel.segment_step.scope.buttons.buttons() if one.property("kind") == "plane").setChecked(True)
    panel.segment_step.start()
    wait_until_idle(panel.session)
    assert work.labels.any()


def test_without_room_on_the_disk_strokes_are_recorded_in_memory(
    panel: UNetPanel, image_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = open_file(panel, image_file)
    fill(monkeypatch, 0)
    keeper = get_keeper(panel.session)
    panel.session.add_layer(work, "labels", np.zeros((100, 190), np.int32))
    work.labels_layer.paint((50, 60), 7)
    keeper.finish()
    assert keeper.project.flush()
    np.testing.assert_array_equal(keeper.project.read_array(1, LABELS), work.labels)


def test_a_copy_that_is_begun_when_the_window_closes_leaves_nothing_behind(
    panel: UNetPanel, image_file: Path, tmp_path: Path
) -> None:
    """Copies are made by threads: one of them may get to it when the folder has been removed already."""
    work = open_file(panel, image_file)
    stores = get_label_stores(panel.session)
    stores.empty(work, "labels")
    panel.session.close()
    with pytest.raises(UserError, match="closed"):
        stores.empty(work, "recorded")
    assert not list((tmp_path / "temporary").glob("napari-unet-labels-*"))


def test_what_is_recorded_at_the_very_end_has_a_place(panel: UNetPanel, image_file: Path, tmp_path: Path) -> None:
    """The keeper looks for what was written last when the window closes: its stores are closed after it."""
    work, closed = open_file(panel, image_file), []
    keeper, stores = get_keeper(panel.session), get_label_stores(panel.session)
    for one in (keeper, stores):
        one.close = lambda one=one: closed.append(one) or type(one).close(one)
    panel.session.close()
    assert closed.index(keeper) < closed.index(stores)
    assert work.labels_layer is None
