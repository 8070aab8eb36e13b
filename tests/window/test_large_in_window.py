"""A large image in a real window: its labels lie in a store on the disk, are painted there by hand, and undone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari")

import zarr
from window_driver import Hand, let_run, wait_for

from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_path
from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.history.label_stores import get_label_stores
from napari_unet.workflows.segmenting import segment

pytestmark = pytest.mark.real_window


def test_labels_of_a_large_image_are_painted_into_a_store(
    make_napari_viewer: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("napari_unet.ui.session.planes.largeness.LARGE_PIXELS", 2**14)
    monkeypatch.setattr("napari_unet.segmentation.blocks.grid._SIDE", 128)
    pixels = np.asarray(read_image(sample_path("nuclei_2d")).data)[:250, :250]
    lazy = zarr.create_array(str(tmp_path / "large.zarr"), shape=pixels.shape, chunks=(64, 64), dtype=pixels.dtype)
    lazy[...] = pixels
    viewer = make_napari_viewer(show=True)
    panel = UNetPanel(viewer)
    viewer.window.add_dock_widget(panel, name="U-Net")
    session, hand = panel.session, Hand(viewer)
    work = session.work_on(viewer.add_image(lazy, contrast_limits=(100, 900)))
    work.set_diameter(30.0)
    let_run(0.1)
    panel.segment_step.start()
    wait_for(lambda: session.job is None and work.prediction is not None, 120, "nothing was segmented")
    alone = segment(pixels, diameter=30.0)
    assert work.n_objects == alone.labels.max() > 10
    assert_same_objects(np.asarray(work.labels), alone.labels)

    (store,) = (path for path in get_label_stores(session).folder.glob("labels-*.ome.zarr"))
    before = np.array(work.labels)
    np.testing.assert_array_equal(stored(store), before)
    viewer.layers.selection.active = work.labels_layer
    work.labels_layer.mode, work.labels_layer.brush_size = "paint", 9
    work.labels_layer.selected_label = 7777
    hand.show_all()
    hand.stroke(work.labels_layer, [(40, 40), (40, 120)])
    assert work.labels[40, 80] == 7777
    np.testing.assert_array_equal(stored(store), work.labels)
    np.testing.assert_array_equal(np.asarray(work.prediction), before)
    wait_for(lambda: work.reviewed is not None and work.reviewed[40, 80], 30, "what was painted is not reviewed")
    hand.undo()
    np.testing.assert_array_equal(stored(store), before)
    session.close()
    assert not store.exists()


def test_a_large_z_stack_is_still_seen_as_a_volume(make_napari_viewer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_unet.ui.session.planes.largeness.LARGE_PIXELS", 2**10)
    in_blocks: list[Any] = []  # where slices alone are seen
    monkeypatch.setattr("napari_unet.ui.segment.run.segment_large_in_background", lambda *a, **k: in_blocks.append(a))
    stack = read_image(sample_path("nuclei_3d"))
    pixels = np.asarray(stack.data)[4:10, :96, :96]
    viewer = make_napari_viewer(show=True)
    panel = UNetPanel(viewer)
    session = panel.session
    work = session.work_on(viewer.add_image(pixels, scale=(2, 1, 1)))
    work.set_diameter(20.0)
    work.wanted_stack = "volume"
    panel.segment_step.start()
    wait_for(lambda: in_blocks or (session.job is None and work.prediction is not None), 120, "nothing was segmented")
    assert not in_blocks
    assert work.n_objects > 0
    (store,) = get_label_stores(session).folder.glob("labels-*.ome.zarr")
    np.testing.assert_array_equal(stored(store), work.labels)
    session.close()


def stored(path: Path) -> np.ndarray:
    """What another program reads in the store now."""
    return np.asarray(zarr.open_group(str(path), mode="r")["0"])


def assert_same_objects(one: np.ndarray, other: np.ndarray) -> None:
    pairs = np.unique(np.stack([one.ravel(), other.ravel()]), axis=1)
    assert all(np.unique(side).size == side.size for side in pairs)
