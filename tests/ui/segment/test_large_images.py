"""Labels too large for memory: it is told where they lie, and nothing is lost at closing or by a kill."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from napari_unet.corrections.merging import merge_segmentation
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
from napari_unet.ui.segment import run as segment_run
from napari_unet.ui.session.history import label_stores
from napari_unet.ui.session.history.label_stores import get_label_stores
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.session.layers import image_to_layer
from napari_unet.ui.session.planes import largeness
from napari_unet.ui.session.session import get_session
from napari_unet.workflows import replacement


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
        made.append(args[-2].number)
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


def test_a_movie_in_blocks_tells_how_far_it_is_in_every_stage(
    panel: UNetPanel, pixels: np.ndarray, wait_until_idle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[tuple[str, int, int]] = []
    work = panel.session.work_on(panel.session.viewer.add_image(np.stack([pixels] * 3), name="movie"))
    panel.session.set_axes("TYX")
    progress = panel.segment_step.progress
    advance = progress.advance
    monkeypatch.setattr(progress, "advance", lambda *args: texts.append((args[2], *args[:2])) or advance(*args))
    panel.segment_step.start()
    wait_until_idle(panel.session)
    assert work.n_objects > 10
    told = [text.split(" ", 3) for text, *_ in texts]
    stages = list(dict.fromkeys(words for *_, words in told))
    assert stages == ["blocks", "joins of blocks", "comparisons of frames", "blocks of labels", "rows drawn"]
    assert all(text.startswith(f"{done} of {total} ") for text, done, total in texts)
    for stage in stages:
        (*_, last) = (one for one in told if one[-1] == stage)
        assert last[0] == last[2], "the bar comes to its end"


@pytest.mark.parametrize("most", [2**25, 50])
def test_what_was_corrected_stays_when_a_large_image_is_segmented_again(
    most: int, panel: UNetPanel, image_file: Path, wait_until_idle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One step undoes it; or, where that would take too much memory, none, which is said."""
    monkeypatch.setattr(replacement, "MOST_UNDONE", most)
    seen: list[Any] = []
    told: list[str] = []
    replace = segment_run.replace_on_disk

    def watched(labels: Any, before: Any, reviewed: Any, locked: Any, result: Any, *more: Any) -> Any:
        arrays = labels, before, result.labels, np.zeros(labels.shape) if reviewed is None else reviewed
        seen.extend(np.array(array) for array in arrays)
        return replace(labels, before, reviewed, locked, result, *more)

    monkeypatch.setattr(segment_run, "replace_on_disk", watched)
    work = open_file(panel, image_file)
    step, layer = panel.segment_step, open_labels(panel, wait_until_idle)
    draw(layer, 7777, (50, 60))
    advance = step.progress.advance
    assert "segmented" not in stores_of(panel)

    def painting(done: int, total: int, text: str, left: Any = None) -> None:
        advance(done, total, text, left)
        if "labels of before" in text:
            if not told:
                draw(layer, 8888, (5, 150))
            told.append(text)

    monkeypatch.setattr(step.progress, "advance", painting)
    step.advanced.content.set_values({**step.advanced.content.values(), "foreground_threshold": 0.8})
    with monkeypatch.context() as full:
        fill(full, 6 * 4 * work.labels.size - 1)
        step.start(keep=True)
    assert "Make room" in step.message.text
    assert not seen
    step.start(keep=True)
    wait_until_idle(panel.session)
    labels, before, found, reviewed = seen
    assert told[-1] == f"{len(told)} of {len(told)} comparisons with the labels of before"
    expected = merge_segmentation(labels, before, found, reviewed)
    now, stroke = np.array(work.labels), np.array(work.labels) == 8888
    assert stroke.sum() > 20, "what was painted meanwhile stays"
    np.testing.assert_array_equal(now[~stroke], expected.labels[~stroke])
    assert (now == 7777).sum() > 20
    assert (now != labels)[~stroke].sum() > 50
    np.testing.assert_array_equal(work.prediction, expected.prediction)
    assert lies_on_the_disk(work.prediction)
    assert stores_of(panel) == ["again", "labels", "prediction", "recorded", "recorded", "reviewed"], "no copies"
    layer.undo()
    if most == 50:
        assert "Undo does not go back" in step.message.text
        np.testing.assert_array_equal(work.labels, now)
    else:
        assert "Undo" not in step.message.text
        np.testing.assert_array_equal(np.asarray(work.labels)[~stroke], labels[~stroke])
        np.testing.assert_array_equal(work.prediction, before)


def open_labels(panel: UNetPanel, wait_until_idle: Any) -> Any:
    """Segment, and give the layer with what was found."""
    panel.segment_step.start()
    wait_until_idle(panel.session)
    return panel.session.current.labels_layer


def draw(layer: Any, value: int, place: tuple[int, int]) -> None:
    layer.brush_size = 9
    layer.paint(place, value)


def stores_of(panel: UNetPanel) -> list[str]:
    """What the arrays on the disk are called."""
    folder = get_label_stores(panel.session).folder
    return sorted(path.name.rsplit("-", 1)[0] for path in folder.iterdir() if path.is_dir())
