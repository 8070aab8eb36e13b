"""Tracking in the window: one id through time, tracks shown, mended and taken back, kept in the project, exported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from movies import draw_movie, renumber, straight

from napari_unet.images.files.reading import read_image
from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.image_work import ImageWork
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.session.keeping.undo import get_undo
from napari_unet.ui.session.layers import image_to_layer
from napari_unet.ui.track.step import TrackStep

FRAMES = 4
WAYS = {1: straight((12, 12), (0, 4), range(FRAMES)), 2: straight((40, 60), (0, -4), range(FRAMES))}


@pytest.fixture
def work(panel: UNetPanel, viewer: Any, tmp_path: Path) -> ImageWork:
    truth = draw_movie(WAYS, shape=(56, 80), radius=6)
    movie = tmp_path / "in" / "movie.tif"
    movie.parent.mkdir()
    tifffile.imwrite(movie, (truth > 0).astype(np.uint8), imagej=True, metadata={"axes": "TYX"})
    data, options, _ = image_to_layer(read_image(movie))
    panel.session.work_on(viewer.add_image(data, **options))
    panel.session.add_layer(panel.session.current, "labels", renumber(truth, seed=2))
    return panel.session.current


@pytest.fixture
def step(panel: UNetPanel, work: ImageWork, wait_until_idle: Callable[..., None]) -> TrackStep:
    """The step, when all is tracked."""
    panel.track_step.track_button.click()
    wait_until_idle(panel.session)
    return panel.track_step


@pytest.fixture
def second_window(make_napari_viewer: Callable[..., Any]) -> Any:
    viewer = make_napari_viewer()
    panel = UNetPanel(viewer)
    viewer.window.add_dock_widget(panel, name="U-Net")
    yield panel
    panel.session.close()


def ids(work: ImageWork, frame: int) -> set[int]:
    return set(np.unique(work.labels[frame])) - {0}


def choose(step: TrackStep, one: int, other: int) -> None:
    step.one.setValue(one)
    step.other.setValue(other)


def go_to(step: TrackStep, frame: int) -> None:
    step.session.viewer.dims.set_current_step(0, frame)


def test_objects_get_one_id_and_a_layer_of_tracks_in_one_step_of_undo(step: TrackStep, work: ImageWork) -> None:
    layer = work.labels_layer
    assert all(work.labels[frame, 12, 12 + 4 * frame] == 1 for frame in range(FRAMES))
    assert step.state.startswith("2 tracks, 0 divisions")
    shown = work.layers["tracks"]
    assert {(int(row[0]), int(row[1])) for row in shown.data} == {(k, t) for k in (1, 2) for t in range(FRAMES)}
    assert np.allclose(shown.data[0, 2:], [12, 12], atol=0.5)
    tracked = work.labels.copy()
    get_undo(step.session).undo(work)
    assert work.labels_layer is layer
    assert np.array_equal(work.labels, renumber(draw_movie(WAYS, shape=(56, 80), radius=6), seed=2))
    get_undo(step.session).redo(work)
    assert np.array_equal(work.labels, tracked)


def test_only_images_with_frames_have_this_step(panel: UNetPanel, work: ImageWork, viewer: Any) -> None:
    assert not panel.track_step.isHidden()
    panel.session.work_on(viewer.add_image(np.zeros((20, 30), np.uint8), name="still"))
    assert panel.track_step.isHidden()


def test_cut_connect_and_undo(step: TrackStep, work: ImageWork) -> None:
    go_to(step, 2)
    choose(step, 0, 1)
    step.cut_button.click()
    assert [ids(work, frame) for frame in range(FRAMES)] == [{1, 2}, {1, 2}, {2, 3}, {2, 3}]
    assert set(np.unique(work.layers["tracks"].data[:, 0])) == {1, 2, 3}
    choose(step, 3, 1)
    step.connect_button.click()
    assert [ids(work, frame) for frame in range(FRAMES)] == [{1, 2}] * FRAMES
    step.undo_button.click()
    assert ids(work, 3) == {2, 3}
    step.undo_button.click()
    assert ids(work, 3) == {1, 2}


def test_swap_and_ctrl_z_take_labels_and_tracks_along(step: TrackStep, work: ImageWork) -> None:
    go_to(step, 1)
    choose(step, 1, 2)
    place = (3, 12, 24)
    step.swap_button.click()
    assert work.labels[place] == 2
    step.swap_button.click()
    assert work.labels[place] == 1
    get_undo(step.session).undo(work)
    assert work.labels[place] == 2
    movie = step.lineages.of(work)
    rows = movie.tracks.rows_of(2)
    assert movie.tracks.frame[rows].tolist() == list(range(FRAMES))
    assert np.allclose(movie.frames[3].centre[movie.frames[3].ids.tolist().index(2)], [12, 24], atol=0.5)


def test_a_division_is_a_mother_in_the_layer_and_goes_with_ctrl_z(step: TrackStep, work: ImageWork) -> None:
    go_to(step, 2)
    choose(step, 0, 2)
    step.cut_button.click()  # 3 begins in frame 2
    choose(step, 1, 3)
    step.divide_button.click()  # 1 goes on as its other daughter
    assert work.lineage == {3: 1, 4: 1}
    assert ids(work, 3) == {3, 4}
    assert work.layers["tracks"].graph == {3: [1], 4: [1]}
    assert step.state.startswith("4 tracks, 1 divisions")
    get_undo(step.session).undo(work)
    assert work.lineage == {}
    assert work.layers["tracks"].graph == {}
    get_undo(step.session).redo(work)
    assert work.lineage == {3: 1, 4: 1}


def test_what_cannot_be_is_said_in_a_sentence(step: TrackStep, work: ImageWork) -> None:
    choose(step, 1, 2)
    step.connect_button.click()
    assert "is still there in frame" in step.message.text
    assert ids(work, 3) == {1, 2}
    work.lock({1})
    go_to(step, 2)
    choose(step, 2, 1)
    step.cut_button.click()
    assert "is locked" in step.message.text


def test_clicks_choose_the_two_tracks(step: TrackStep, work: ImageWork) -> None:
    step.pick((0, 12, 12))
    step.pick((0, 40, 60))
    step.pick((0, 40, 60))
    step.pick((0, 0, 0))
    assert (step.one.value(), step.other.value()) == (1, 2)


def test_doubtful_places_are_shown(step: TrackStep, work: ImageWork) -> None:
    go_to(step, 2)
    choose(step, 0, 1)
    step.cut_button.click()
    go_to(step, 0)
    step.next_button.click()
    assert "Track" in step.message.text
    assert step.frame in (1, 2)


@pytest.mark.parametrize(("form", "names"), [("geff", ["movie.geff", "movie_tracked.tif"]), ("ctc", ["movie_RES"])])
def test_export(
    step: TrackStep, tmp_path: Path, form: str, names: list[str], wait_until_idle: Callable[..., None]
) -> None:
    step.export(form, tmp_path / "out")
    wait_until_idle(step.session)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    assert "Written" in step.message.text


def test_a_stroke_changes_the_tracks(step: TrackStep, work: ImageWork) -> None:
    go_to(step, 3)
    index = (np.full(4, 3), np.arange(4), np.arange(4))
    work.labels_layer.data_setitem(index, 9)
    assert 9 in step.lineages.of(work).tracks.ids


def test_a_project_brings_tracks_and_lineage_back(
    second_window: UNetPanel, step: TrackStep, work: ImageWork, tmp_path: Path, qtbot: Any
) -> None:
    keeper = get_keeper(step.session)
    keeper.new_project(tmp_path / "p.unetproj")
    go_to(step, 2)
    choose(step, 0, 2)
    step.cut_button.click()
    choose(step, 1, 3)
    step.divide_button.click()
    told = [[[3, 1], [4, 1]]]
    qtbot.waitUntil(
        lambda: [one.details["lineage"] for one in keeper.project.images().values()] == told, timeout=60_000
    )
    step.session.close()

    again = second_window
    again.project_bar.open_at(tmp_path / "p.unetproj")
    restored = again.session.current
    assert restored.lineage == {3: 1, 4: 1}
    qtbot.waitUntil(lambda: "tracks" in restored.layers, timeout=60_000)
    assert restored.layers["tracks"].graph == {3: [1], 4: [1]}
    assert again.track_step.state.startswith("4 tracks, 1 divisions")
