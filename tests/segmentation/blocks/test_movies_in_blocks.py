"""A time-lapse in blocks: its objects are told apart by the frames around, as in memory, with few blocks held."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import zarr

from napari_unet.events import Finished, StopFlag, drain
from napari_unet.images.image import Image
from napari_unet.labels.stacks.merged_frames import part_merged
from napari_unet.models.library import load_model
from napari_unet.segmentation.blocks.block import divide_block
from napari_unet.segmentation.blocks.events import BlockDone, BlockSegmentation, StageStep, told_of
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


def begin(frames: Labels, target: Path, monkeypatch: pytest.MonkeyPatch, stop: StopFlag | None = None) -> Iterator[Any]:
    """The events of segmenting, in blocks, what a model says of as `frames` ((T, Y, X) or (T, Z, Y, X))."""

    def found(image: Any, predictor: Any, plan: Any, grid: BlockGrid, block: Block, near: Any) -> Any:
        yield from ()
        return divide_block(frames[(*plan.units[block.unit], *block.around)], grid, block)

    monkeypatch.setattr("napari_unet.segmentation.blocks.work.segment_block", found)
    pixels = np.zeros(frames.shape, np.uint16) + np.arange(SHAPE[1], dtype=np.uint16)
    image = Image.from_array(pixels, "TZYX" if frames.ndim == 4 else "TYX")
    return segment_blocks_steps(image, load_model("nuclei-2d"), target, KNOWN, SMALL, stop=stop)


def run(frames: Labels, target: Path, monkeypatch: pytest.MonkeyPatch, stop_at: str = "") -> BlockSegmentation | None:
    """Segment `frames`, to the end or up to the first of a stage."""
    steps = begin(frames, target, monkeypatch)
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


def test_the_stages_after_the_blocks_are_told_step_by_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = np.repeat(draw_frames(2, 4)[:, None], 2, axis=1)
    told: dict[str, list[Any]] = {}
    for event in begin(frames, tmp_path / "a.zarr", monkeypatch):
        if isinstance(event, BlockDone | StageStep):
            told.setdefault(event.stage, []).append(event)
    assert list(told) == ["blocks", "stitch", "link", "part", "labels"]
    for events in told.values():
        assert [event.done for event in events] == list(range(1, len(events) + 1))
        assert {event.total for event in events} == {len(events)}
    assert len(told["link"]) == 4
    assert len(told["part"]) == 20, "each of seven passes looks at two of four frames, and of two more at three"
    assert told_of(told["part"][2]) == "3 of 20 comparisons of frames"
    assert told_of(told["blocks"][0]) == "1 of 24 blocks"


@pytest.mark.parametrize("stage", ["stitch", "link", "part", "labels"])
def test_stopped_in_any_stage_it_goes_on_from_its_blocks(
    stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = np.repeat(draw_frames(2, 3)[:, None], 2, axis=1)
    stop, after, end = StopFlag(), 0, None
    for event in begin(frames, tmp_path / "a.zarr", monkeypatch, stop):
        after += stop.requested
        if isinstance(event, StageStep | BlockDone) and event.stage == stage:
            stop.request()
        end = event
    assert after == 1, "nothing but the end comes after a stop"
    assert isinstance(end, Finished)
    assert end.stopped
    assert (end.result.path, end.result.blocks_done) == (None, 18)
    steps = begin(frames, tmp_path / "a.zarr", monkeypatch)
    monkeypatch.setattr("napari_unet.segmentation.blocks.work.segment_block", None)  # no block is made again
    drain(steps)
    run(frames, tmp_path / "b.zarr", monkeypatch)
    np.testing.assert_array_equal(labels_at(tmp_path / "a.zarr"), labels_at(tmp_path / "b.zarr"))


def test_in_the_midst_of_a_frame_no_block_is_read_after_a_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, reads = StopFlag(), [0]
    read = stored_frames.Numbering.ids_of

    def counted(self: Any, number: int) -> Any:
        reads[0] += 1
        if reads[0] == 2:
            stop.request()
        return read(self, number)

    monkeypatch.setattr(stored_frames.Numbering, "ids_of", counted)
    *_, end = begin(draw_frames(1, 3), tmp_path / "a.zarr", monkeypatch, stop)
    assert end.stopped
    assert reads[0] == 2, "a frame has three"


def test_between_two_planes_no_block_is_read_after_a_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, reads = StopFlag(), [0]
    read = stored_frames.Numbering.ids_of

    def counted(self: Any, number: int) -> Any:
        reads[0] += 1
        stop.request()
        return read(self, number)

    monkeypatch.setattr(stored_frames.Numbering, "ids_of", counted)
    frames = np.repeat(draw_frames(1, 3)[:, None], 2, axis=1)
    *_, end = begin(frames, tmp_path / "a.zarr", monkeypatch, stop)
    assert end.stopped
    assert reads[0] == 2, "the two that were being compared"


@pytest.mark.parametrize("stage", ["stitch", "part"])
def test_a_stop_is_heard_where_nothing_is_to_be_read(
    stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, after, end = StopFlag(), 0, None
    for event in begin(np.zeros((4, *SHAPE), np.int32), tmp_path / "a.zarr", monkeypatch, stop):
        after += stop.requested
        if isinstance(event, StageStep) and event.stage == stage:
            stop.request()
        end = event
    assert isinstance(end, Finished)
    assert (end.stopped, after) == (True, 1)
