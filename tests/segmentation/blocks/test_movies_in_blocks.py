"""A time-lapse in blocks: its objects are told apart by the frames around, as in memory, with few blocks held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import zarr

from napari_unet.events import drain
from napari_unet.images.image import Image
from napari_unet.labels.stacks.merged_frames import part_merged
from napari_unet.models.library import load_model
from napari_unet.segmentation.blocks.block import BlockLabels, divide_block
from napari_unet.segmentation.blocks.events import BlockDone, BlockSegmentation
from napari_unet.segmentation.blocks.grid import Block, BlockGrid
from napari_unet.segmentation.blocks.segment import Blocks, segment_blocks_steps
from napari_unet.segmentation.blocks.stitching import stored_frames
from napari_unet.segmentation.config import SegmentConfig

KNOWN, SMALL = SegmentConfig(diameter=18), Blocks(side=64, halo=64)
SHAPE = (64, 150)
Labels = npt.NDArray[np.int32]


def same_objects(one: npt.NDArray[np.integer], other: npt.NDArray[np.integer]) -> bool:
    """Whether the frames of two movies have the same objects, whatever their ids in each."""
    for a, b in zip(one, other, strict=True):
        pairs = np.unique(np.stack([a.ravel(), b.ravel()]), axis=1)
        if not all(np.unique(side).size == side.size for side in pairs):
            return False
    return True


def draw_frames(seed: int, n: int = 4) -> Labels:
    """Discs that wander, of which some that touch are one: what a model might say of a time-lapse (T, Y, X)."""
    rng = np.random.default_rng(seed)
    pixels = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1)
    places = np.stack([rng.uniform(8, size - 8, 24) for size in SHAPE], axis=1)
    frames = []
    for _ in range(n):
        far = np.linalg.norm(pixels[..., None, :] - places, axis=-1)
        ids = np.where(far.min(-1) < 9, far.argmin(-1) + 1, 0).astype(np.int32)
        apart = np.linalg.norm(places[:, None] - places, axis=-1)
        for one, other in np.argwhere(np.triu(apart < 16, 1)):
            if rng.random() < 0.3:
                ids[ids == other + 1] = one + 1
        frames.append(ids)
        places += rng.normal(0, 0.7, places.shape)
    return np.stack(frames)


def run(frames: Labels, target: Path, monkeypatch: pytest.MonkeyPatch, stop_at: str = "") -> BlockSegmentation | None:
    """Segment in blocks what a model says of as `frames` ((T, Y, X) or (T, Z, Y, X)), up to the first of a stage."""

    def found(image: Any, predictor: Any, plan: Any, grid: BlockGrid, block: Block) -> BlockLabels:
        return divide_block(frames[(*plan.units[block.unit], *block.around)], grid, block)

    monkeypatch.setattr("napari_unet.segmentation.blocks.work.segment_block", found)
    pixels = np.zeros(frames.shape, np.uint16) + np.arange(SHAPE[1], dtype=np.uint16)
    image = Image.from_array(pixels, "TZYX" if frames.ndim == 4 else "TYX")
    steps = segment_blocks_steps(image, load_model("nuclei-2d"), target, KNOWN, SMALL)
    if not stop_at:
        return drain(steps)
    for event in steps:
        if isinstance(event, BlockDone) and event.stage == stop_at:
            break  # as a kill: nothing more is run
    return None


def labels_at(path: Path) -> npt.NDArray[np.integer]:
    return np.asarray(zarr.open_group(str(path), mode="r")["0"])


@pytest.mark.parametrize("seed", range(2))
def test_objects_are_parted_as_in_memory(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = draw_frames(seed)
    parted = frames.copy()
    more = part_merged(parted)
    assert more > 3
    found = run(frames, tmp_path / "a.zarr", monkeypatch)
    labels = labels_at(tmp_path / "a.zarr")
    assert same_objects(labels, parted)
    assert not same_objects(labels, frames)
    assert np.array_equal(np.unique(labels[labels > 0]), np.arange(1, found.n_objects + 1))
    assert found.n_objects == sum(np.unique(frame).size - 1 for frame in parted)


def test_in_volumes_through_time_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = np.repeat(draw_frames(2, 3)[:, None], 2, axis=1)
    parted = frames.copy()
    assert part_merged(parted) > 0
    run(frames, tmp_path / "a.zarr", monkeypatch)
    assert same_objects(labels_at(tmp_path / "a.zarr"), parted)


@pytest.mark.parametrize("stage", ["blocks", "labels"])
def test_a_run_that_was_cut_short_goes_on(stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = draw_frames(1, 3)
    run(frames, tmp_path / "a.zarr", monkeypatch, stop_at=stage)
    run(frames, tmp_path / "a.zarr", monkeypatch)
    run(frames, tmp_path / "b.zarr", monkeypatch)
    np.testing.assert_array_equal(labels_at(tmp_path / "a.zarr"), labels_at(tmp_path / "b.zarr"))
    assert not same_objects(labels_at(tmp_path / "a.zarr"), frames)


def test_no_more_blocks_are_held_for_a_longer_movie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    most, read = [0], stored_frames.StoredFrames._block

    def counted(self: Any, number: int) -> Any:
        block = read(self, number)
        most[0] = max(most[0], len(self._held))
        return block

    monkeypatch.setattr(stored_frames.StoredFrames, "_block", counted)
    run(draw_frames(2, 6), tmp_path / "a.zarr", monkeypatch)  # 18 blocks
    assert 0 < most[0] <= 12
