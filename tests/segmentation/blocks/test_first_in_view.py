"""What somebody looks at comes first, tile by tile, before its block is done; a stop is heard between tiles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import zarr

from napari_unet.events import Finished, StopFlag
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_path
from napari_unet.images.image import Image
from napari_unet.models.library import load_model
from napari_unet.models.model import Model
from napari_unet.segmentation.blocks.events import BlockDone, TileSeen
from napari_unet.segmentation.blocks.segment import Blocks, segment_blocks_steps
from napari_unet.segmentation.config import SegmentConfig

BLOCKS = Blocks(side=128, halo=48)  # tiles of 64 reach across the ends of blocks
MIDDLE = (240, 40)  # in the second of the blocks on the left


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model("nuclei-2d")


@pytest.fixture(scope="module")
def field() -> Image:
    return Image.from_array(np.asarray(read_image(sample_path("nuclei_2d")).data)[:384, :256], "YX")


def begin(field: Image, model: Model, target: Path, diameter: float = 30, **more: Any) -> Iterator[Any]:
    config = SegmentConfig(diameter=diameter, tile=64)
    return segment_blocks_steps(field, model, target, config, BLOCKS, **more)


def labels_at(path: Path) -> npt.NDArray[np.integer]:
    return np.asarray(zarr.open_group(str(path), mode="r")["0"])


@pytest.mark.parametrize("diameter", [30, 12])  # as they are, and enlarged
def test_the_tile_at_the_middle_of_the_view_comes_first_and_tiles_make_up_their_blocks(
    field: Image, model: Model, diameter: float, tmp_path: Path
) -> None:
    events = list(begin(field, model, tmp_path / "a.zarr", diameter, first=MIDDLE))
    first = next(event for event in events if isinstance(event, BlockDone | TileSeen))
    assert isinstance(first, TileSeen)
    assert all(part.start <= at < part.stop for part, at in zip(first.region, MIDDLE, strict=True))
    final = labels_at(tmp_path / "a.zarr")
    covered, provisional = np.zeros((2, *field.shape), int)
    done: list[Any] = []
    for event in events:
        if isinstance(event, TileSeen):
            covered[event.region] += 1
            provisional[event.region] = event.labels
            assert event.labels.max(initial=0) < 60, "each counts from 1"
        if isinstance(event, BlockDone) and event.stage == "blocks":
            done.append(event.region)
            assert (covered[event.region] == (1 if len(done) <= 4 else 0)).all()
    assert len(done) == 6
    assert provisional.any()
    for event in events:
        if isinstance(event, TileSeen):
            agreement = ((event.labels > 0) == (final[event.region] > 0)).mean()
            assert agreement > 0.8, "but for what a tile cuts off, it shows what comes"


def test_labels_are_the_same_whether_somebody_looks_or_not(field: Image, model: Model, tmp_path: Path) -> None:
    list(begin(field, model, tmp_path / "a.zarr", first=MIDDLE))
    events = list(begin(field, model, tmp_path / "b.zarr"))
    assert not any(isinstance(event, TileSeen) for event in events)
    np.testing.assert_array_equal(labels_at(tmp_path / "a.zarr"), labels_at(tmp_path / "b.zarr"))


class Elsewhere:
    """Does the tasks, and is not this thread."""

    def run(self, task: Any, arguments: Any) -> Iterator[Any]:
        return (task(*each) for each in arguments)


def test_blocks_that_are_done_elsewhere_come_whole(field: Image, model: Model, tmp_path: Path) -> None:
    events = list(begin(field, model, tmp_path / "a.zarr", first=MIDDLE, scheduler=Elsewhere()))
    assert not any(isinstance(event, TileSeen) for event in events)
    assert next(event for event in events if isinstance(event, BlockDone)).region[0].start == 128


@pytest.mark.parametrize("block", [0, 4])
def test_after_a_stop_no_tile_more_is_predicted(
    block: int, field: Image, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_unet.segmentation.blocks import prediction

    stop, predicted, predict = StopFlag(), [0], prediction.predict_tile
    done = [0]

    def counted(*args: Any) -> Any:
        if done[0] == block:
            predicted[0] += 1
            if predicted[0] == 2:
                stop.request()
        return predict(*args)

    monkeypatch.setattr(prediction, "predict_tile", counted)
    for event in begin(field, model, tmp_path / "a.zarr", first=MIDDLE, stop=stop):
        if isinstance(event, BlockDone):
            done[0] = event.done
    assert isinstance(event, Finished)
    assert event.stopped
    assert (event.result.path, event.result.blocks_done, predicted[0]) == (None, block, 2)
