"""What is shown of a large image while its blocks come: ids that follow one another, and how many objects there are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from napari_unet.events import Finished, StopFlag
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.segmentation.blocks.events import BlockDone, BlockSegmentation, TileSeen
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.ui.segment import in_blocks
from napari_unet.ui.segment.background import Counted
from napari_unet.ui.segment.in_blocks import segment_large_in_background

LEFT, RIGHT = (slice(0, 4), slice(0, 4)), (slice(0, 4), slice(4, 8))
BLOCK = (slice(0, 4), slice(0, 8))
TILE = np.array([[0, 1, 0, 2]] * 4, np.int32)
WHOLE = np.array([[0, 1, 0, 2, 2, 0, 3, 3]] * 4, np.int32)  # as a block knows it: what the tiles cut is one


def show(events: list[Any], monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...] = ()) -> tuple[Any, int]:
    """What is shown after `events` of a segmentation that is stopped then, and how many objects are told."""

    def steps(image: Any, model: Any, target: Path, *args: Any, **more: Any) -> Iterator[Any]:
        yield from events
        yield Finished(BlockSegmentation(None, View(9.0), 0, 2, 1, 0, "", {}), stopped=True)

    monkeypatch.setattr(in_blocks, "_load_steps", lambda: steps)
    monkeypatch.setattr("napari_unet.segmentation.blocks.store.pieces_of", lambda target, place: WHOLE)
    found: npt.NDArray[np.int32] = np.zeros((4, 8), np.int32)
    image = Image.from_array(np.zeros((4, 8), np.uint8), "YX")
    told = segment_large_in_background(
        lambda: Any, image, SegmentConfig(), StopFlag(), Path("nowhere"), found, names
    )  # fmt: skip
    (counted,) = (event for event in told if isinstance(event, Counted))
    return found[0].tolist(), counted.n_objects


def test_objects_of_tiles_have_ids_of_their_own_until_their_block_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    tiles = [TileSeen((), LEFT, TILE), TileSeen((), RIGHT, TILE)]
    assert show(tiles[:1], monkeypatch) == ([0, 1, 0, 2, 0, 0, 0, 0], 2)
    assert show(tiles, monkeypatch) == ([0, 1, 0, 2, 0, 3, 0, 4], 4)
    done = BlockDone(1, 2, (), BLOCK, "blocks", None)
    assert show([*tiles, done], monkeypatch) == ([0, 5, 0, 6, 6, 0, 7, 7], 3)
    later = TileSeen((), LEFT, TILE)
    assert show([*tiles, done, later], monkeypatch)[1] == 5


def test_classes_stay_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [TileSeen((), LEFT, TILE), TileSeen((), RIGHT, TILE), BlockDone(1, 2, (), BLOCK, "blocks", None)]
    assert show(events[:2], monkeypatch, ("background", "root", "soil"))[0] == [0, 1, 0, 2, 0, 1, 0, 2]
    assert show(events, monkeypatch, ("background", "root", "soil"))[0] == WHOLE[0].tolist()
