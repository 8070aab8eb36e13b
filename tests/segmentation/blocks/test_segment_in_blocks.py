"""From an image to labels in a store: as in one piece, resumed after a kill, with no more read than a block needs."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tifffile

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag, drain
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_path
from napari_unet.images.image import Image
from napari_unet.images.resampling import resample, resample_part, source_of
from napari_unet.models.library import load_model
from napari_unet.models.model import Model
from napari_unet.segmentation.blocks.block import divide_block, segment_block
from napari_unet.segmentation.blocks.events import BlockDone, BlockSegmentation, BlocksPlanned
from napari_unet.segmentation.blocks.grid import Block, BlockGrid
from napari_unet.segmentation.blocks.prediction import predict_part
from napari_unet.segmentation.blocks.segment import Blocks, segment_blocks_steps
from napari_unet.segmentation.blocks.work import FileSource
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.plan import make_plan, plan_units
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.segment import segment_steps
from napari_unet.segmentation.tiles.queue import predict_plane

KNOWN = SegmentConfig(diameter=30)
SMALL = Blocks(side=64, halo=48)


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model("nuclei-2d")


@pytest.fixture(scope="module")
def field() -> Image:
    return Image.from_array(np.asarray(read_image(sample_path("nuclei_2d")).data)[:150, :170], "YX")


def same_objects(one: npt.NDArray[np.integer], other: npt.NDArray[np.integer]) -> bool:
    pairs = np.unique(np.stack([one.ravel(), other.ravel()]), axis=1)
    return all(np.unique(side).size == side.size for side in pairs)


def last_of(steps: Generator[Any, None, Any]) -> Any:
    """What a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def labels_at(path: Path) -> npt.NDArray[np.integer]:
    import zarr

    return np.asarray(zarr.open_group(str(path), mode="r")["0"])


@pytest.mark.parametrize("diameter", [30.0, 75.0])
def test_the_network_says_of_a_part_what_it_says_of_the_whole(field: Image, model: Model, diameter: float) -> None:
    config = SegmentConfig(diameter=diameter, precision="float32", tile=64)
    from napari_unet.images.view import View

    plan = make_plan(plan_units(field, model), View(diameter), model.record, config)
    predictor = Predictor(model, config.engine)
    whole = predict_plane(predictor, plan.see(field, ())).at_image_size()
    for region in ((slice(0, 64), slice(0, 80)), (slice(48, 112), slice(96, 170)), (slice(80, 150), slice(0, 170))):
        part = last_of(predict_part(field, predictor, plan, (), region))
        assert np.allclose(part, whole[(slice(None), *region)], atol=1e-4), region


@pytest.mark.parametrize(("old", "new"), [((50, 70), (31, 99)), ((40, 33), (40, 34)), ((5, 400), (9, 100))])
def test_a_part_is_resampled_as_the_whole(old: tuple[int, int], new: tuple[int, int]) -> None:
    planes = np.random.default_rng(0).random((2, *old), np.float32)
    whole = resample(planes, new)
    region = slice(new[0] // 3, new[0]), slice(2, new[1] // 2)
    there = [source_of(one, was, becomes) for one, was, becomes in zip(region, old, new, strict=True)]
    corner = there[0].start, there[1].start
    part = resample_part(planes[:, there[0], there[1]], corner, old, region, new)
    assert np.allclose(part, whole[:, region[0], region[1]], atol=1e-5)


def test_blocks_give_the_labels_of_the_whole(field: Image, model: Model, tmp_path: Path) -> None:
    events = list(segment_blocks_steps(field, model, tmp_path / "a.ome.zarr", KNOWN, SMALL))
    assert isinstance(events[1], BlocksPlanned)
    assert [e.done for e in events if isinstance(e, BlockDone) and e.stage == "blocks"] == list(range(1, 10))
    result: BlockSegmentation = events[-1].result
    assert result.path == tmp_path / "a.ome.zarr"
    whole = drain(segment_steps(field, model, KNOWN)).labels
    assert whole.max() > 10
    assert result.n_objects == whole.max()
    assert same_objects(labels_at(result.path), whole)
    assert [path.name for path in tmp_path.iterdir()] == ["a.ome.zarr"]


def test_resolution_levels_are_every_second_pixel(model: Model, tmp_path: Path) -> None:
    import zarr

    data = np.asarray(read_image(sample_path("nuclei_2d")).data)[:300, :200]
    drain(segment_blocks_steps(Image.from_array(data, "YX"), model, tmp_path / "a.zarr", KNOWN, Blocks(128, 64)))
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="r")
    finest = np.asarray(group["0"])
    assert [array.shape for _, array in sorted(group.arrays())] == [(300, 200), (150, 100)]
    assert np.array_equal(np.asarray(group["1"]), finest[::2, ::2])


def test_slices_are_linked_as_without_blocks(model: Model, tmp_path: Path) -> None:
    stack = Image.from_array(np.asarray(read_image(sample_path("nuclei_3d")).data)[8:12, :100, :90], "ZYX")
    found = drain(segment_blocks_steps(stack, model, tmp_path / "a.zarr", KNOWN, SMALL))
    whole = drain(segment_steps(stack, model, KNOWN.model_copy(update={"stack": "slices"}))).labels
    assert len(set(np.unique(whole[0])) & set(np.unique(whole[1])) - {0}) > 2
    assert same_objects(labels_at(tmp_path / "a.zarr"), whole)
    assert found.n_objects == whole.max()


def test_a_run_that_was_cut_short_goes_on(
    field: Image, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, stop, made = tmp_path / "a.zarr", StopFlag(), []
    for event in segment_blocks_steps(field, model, target, KNOWN, SMALL, stop=stop):
        if isinstance(event, BlockDone) and event.done == 4:
            break  # as a kill: nothing more is run
    for event in segment_blocks_steps(field, model, target, KNOWN, SMALL, stop=stop):
        if isinstance(event, BlockDone) and event.done == 6:
            stop.request()
        if isinstance(event, Finished):
            assert event.stopped
            assert event.result.path is None
            assert event.result.blocks_done == 6
    monkeypatch.setattr(
        "napari_unet.segmentation.blocks.work.segment_block",
        lambda *args: made.append(args[-2].number) or segment_block(*args),
    )
    found = drain(segment_blocks_steps(field, model, target, KNOWN, SMALL))
    assert made == [6, 7, 8]
    assert same_objects(labels_at(target), drain(segment_steps(field, model, KNOWN)).labels)
    assert found.blocks_done == 9


def test_blocks_of_one_value_are_answered_once(
    model: Model, field: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = np.full((128, 1024), 300, np.uint16)
    data[:, :128] = field.data[:128, :128]
    data[60:64, 700:704] = 4000  # something small, for the blocks that see it
    image, made = Image.from_array(data, "YX"), []
    monkeypatch.setattr(
        "napari_unet.segmentation.blocks.work.segment_block",
        lambda *args: made.append(args[-2].number) or segment_block(*args),
    )
    found = drain(segment_blocks_steps(image, model, tmp_path / "a.zarr", KNOWN, SMALL))
    whole = drain(segment_steps(image, model, KNOWN)).labels
    assert found.n_objects == whole.max() > 5
    assert same_objects(labels_at(tmp_path / "a.zarr"), whole)
    assert found.blocks_done == 32
    alike = {number for number in range(32) if number % 16 in (5, 6, 7)}  # 144 pixels and more from all else
    assert alike & set(made) == {5, 21}  # the first above, the first below


def test_what_the_network_finds_in_a_block_of_one_value_is_kept(
    model: Model, field: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = np.full((64, 768), 300, np.uint16)
    data[:, :64] = field.data[:64, :64]

    def everywhere(image: Any, predictor: Any, plan: Any, grid: BlockGrid, block: Block, near: Any) -> Any:
        yield from ()
        return divide_block(np.ones([one.stop - one.start for one in block.around], np.int32), grid, block)

    monkeypatch.setattr("napari_unet.segmentation.blocks.work.segment_block", everywhere)
    found = drain(segment_blocks_steps(Image.from_array(data, "YX"), model, tmp_path / "a.zarr", KNOWN, SMALL))
    assert found.n_objects == 1
    assert labels_at(tmp_path / "a.zarr").all()


class ElsewhereScheduler:
    """Does each task with what can be sent to another process, and the last one first."""

    def __init__(self) -> None:
        self.most_bytes = 0

    def run(self, task: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        for sent in [pickle.dumps((task, each)) for each in arguments][::-1]:
            self.most_bytes = max(self.most_bytes, len(sent))
            there, own = pickle.loads(sent)
            yield there(*own)


def test_tasks_are_small_values_and_do_their_work_anywhere(field: Image, model: Model, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "field.tif", field.data)
    scheduler, files = ElsewhereScheduler(), FileSource(tmp_path / "field.tif", model.path)
    image = read_image(tmp_path / "field.tif")
    run = segment_blocks_steps(image, model, tmp_path / "a.zarr", KNOWN, SMALL, scheduler, files)
    found = drain(run)
    drain(segment_blocks_steps(image, model, tmp_path / "b.zarr", KNOWN, SMALL))
    assert found.n_objects > 10
    np.testing.assert_array_equal(labels_at(tmp_path / "a.zarr"), labels_at(tmp_path / "b.zarr"))
    assert scheduler.most_bytes < 20_000


def test_with_other_settings_it_starts_anew(field: Image, model: Model, tmp_path: Path) -> None:
    for event in segment_blocks_steps(field, model, tmp_path / "a.zarr", KNOWN, SMALL):
        if isinstance(event, BlockDone) and event.done == 4:
            break
    other = KNOWN.model_copy(update={"foreground_threshold": 0.7})
    planned = list(segment_blocks_steps(field, model, tmp_path / "a.zarr", other, SMALL))[1]
    assert isinstance(planned, BlocksPlanned)
    assert planned.there == ()


def test_labels_that_are_there_are_not_written_over(field: Image, model: Model, tmp_path: Path) -> None:
    (tmp_path / "a.zarr").mkdir()
    with pytest.raises(UserError, match="exists already"):
        drain(segment_blocks_steps(field, model, tmp_path / "a.zarr", KNOWN, SMALL))


class CountedReads:
    """An array that knows the largest part that was read of it."""

    def __init__(self, data: npt.NDArray[np.uint16]) -> None:
        self._data, self.shape, self.dtype, self.ndim, self.most = data, data.shape, data.dtype, data.ndim, 0

    def __getitem__(self, index: tuple[slice, ...]) -> npt.NDArray[np.uint16]:
        part = self._data[index]
        self.most = max(self.most, part.size)
        return part


def test_no_more_is_read_at_once_than_a_block_sees(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_unet.images.limits.HUGE_PLANE", 2**14)
    monkeypatch.setattr("napari_unet.images.normalization.HUGE_PLANE", 2**14)
    monkeypatch.setattr("napari_unet.images.normalization._SAMPLES", 2**13)
    data = np.tile(np.asarray(read_image(sample_path("nuclei_2d")).data)[:128, :128], (1, 5))
    counted = CountedReads(data)
    drain(segment_blocks_steps(Image(counted, "YX"), model, tmp_path / "a.zarr", KNOWN, Blocks(64, 48)))
    assert counted.most <= (64 + 2 * 48 + 2 * 96 + 64) * 128


def test_an_object_larger_than_the_halo_is_told(model: Model, field: Image, tmp_path: Path) -> None:
    found = drain(segment_blocks_steps(field, model, tmp_path / "a.zarr", KNOWN, Blocks(64, 0)))
    assert found.n_large > 0
    assert "give a larger --halo" in found.note


def test_dim_objects_cannot_be_looked_for_in_blocks(field: Image, model: Model, tmp_path: Path) -> None:
    config = KNOWN.model_copy(update={"dim_objects": "yes"})
    with pytest.raises(UserError, match="leave Dim objects at auto or no"):
        drain(segment_blocks_steps(field, model, tmp_path / "labels.ome.zarr", config, SMALL))
    assert not list(tmp_path.iterdir())
