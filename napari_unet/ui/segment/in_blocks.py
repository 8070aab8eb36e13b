"""Segmenting a large image for the window: in blocks, from store to store, so that memory does not grow with it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unet.events import Finished, StopFlag
from napari_unet.labels.types import Box, PlaneIndex
from napari_unet.models.running.aside import Aside, Stopped
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import Segmentation, TileDone
from napari_unet.ui.segment.background import BandLabels, Counted

if TYPE_CHECKING:
    from napari_unet.images.channels import ModelInput
    from napari_unet.models.model import Model

_ROWS, _COLUMNS = 512, 1024  # of labels that are written and drawn at one go: whole chunks of the store


def segment_large_in_background(
    load: Callable[[], Model], image: ModelInput, config: SegmentConfig, stop: StopFlag, target: Path,
    found: npt.NDArray[Any], class_names: tuple[str, ...] = (), view: Any = None,
    current: tuple[int, ...] | None = None,
) -> Iterator[Any]:  # fmt: skip
    """The events of a segmentation in blocks into the OME-Zarr `target`, and into `found`, of the shape of `image`.

    Blocks appear as they are done, what is in `view` first; when all are, each object gets its number.
    """
    try:
        with Aside(stop) as aside:
            steps, model = aside.do(lambda: (_load_steps(), load()))
    except Stopped:
        return
    shutil.rmtree(target, ignore_errors=True)  # a run was killed after its last block: they may be of other settings
    started = _Arriving(target, found)
    for event in steps(image, model, target, config, stop=stop, first=_middle(view, current)):
        if not isinstance(event, Finished):
            yield from started.shown(event)
            continue
        result = event.result
        values = np.zeros(max(1, len(class_names)), np.int64)
        for part in started.final(result.path):
            if class_names:
                values += np.bincount(part.labels.ravel(), minlength=values.size)[: values.size]
            yield part
        shutil.rmtree(target, ignore_errors=True)  # they are shown now, and the project keeps what is shown
        shares = {name: float(n / max(1, values.sum())) for name, n in zip(class_names, values, strict=False)}
        yield Counted(result.n_objects if result.path else started.shown_objects, shares)
        timing = {**result.seconds, "total": sum(result.seconds.values())}
        done = started.done if result.path is None else np.ones_like(started.done)
        yield Finished(Segmentation(found, image.axes, result.view, done, None, timing), event.stopped)


def _load_steps() -> Callable[..., Iterator[Any]]:
    from napari_unet.segmentation.blocks.segment import segment_blocks_steps

    return segment_blocks_steps


def _middle(view: tuple[slice, slice] | None, current: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """The pixel in the middle of what is seen, over all axes."""
    if view is None or current is None:
        return None
    return (*current, *((part.start + part.stop) // 2 for part in view))


class _Arriving:
    """What came of the blocks by now; ids of blocks that are not yet joined follow one another."""

    def __init__(self, target: Path, found: npt.NDArray[Any]) -> None:
        self.done = np.zeros(found.shape[:-2], np.bool_)
        self.shown_objects = 0
        self._target, self._found = target, found

    def shown(self, event: Any) -> Iterator[Any]:
        from napari_unet.segmentation.blocks.events import BlockDone, BlocksPlanned

        if isinstance(event, BlocksPlanned):
            for plane, region in event.there:
                yield self._block(plane, region)
        if not isinstance(event, BlockDone):
            yield event
            return
        if event.stage == "blocks":
            yield self._block(event.plane, event.region)
        yield TileDone(event.done, event.total, event.plane, event.region, None, event.seconds_left)

    def _block(self, plane: PlaneIndex, region: Box) -> BandLabels:
        from napari_unet.segmentation.blocks.store import pieces_of

        place: Any = (*plane, *region)
        labels = pieces_of(self._target, place)
        labels = np.where(labels > 0, labels + self.shown_objects, 0).astype(np.int32)
        self.shown_objects = max(self.shown_objects, int(labels.max(initial=0)))
        self.done[place[:-2]] = True
        self._found[place] = labels
        return BandLabels(plane, region, labels)

    def final(self, path: Path | None) -> Iterator[BandLabels]:
        """All labels once more, with their numbers in the image."""
        import zarr

        if path is None:
            return
        labels: Any = zarr.open_group(str(path), mode="r")["0"]
        for plane in np.ndindex(*labels.shape[:-2]):
            for top in range(0, labels.shape[-2], _ROWS):
                for left in range(0, labels.shape[-1], _COLUMNS):
                    region = slice(top, top + _ROWS), slice(left, left + _COLUMNS)
                    part = np.asarray(labels[(*plane, *region)]).astype(np.int32)
                    self._found[(*plane, *region)] = part
                    yield BandLabels(plane, region, part)
