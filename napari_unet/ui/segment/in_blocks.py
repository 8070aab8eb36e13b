"""Segmenting a large image for the window: in blocks, from store to store, so that memory does not grow with it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unet.events import Finished, StopFlag
from napari_unet.labels.matching import count_objects
from napari_unet.labels.types import Box, PlaneIndex
from napari_unet.models.running.aside import Aside, Stopped
from napari_unet.project.storage.tiles import copy_array
from napari_unet.segmentation.blocks.events import BlockDone, BlocksPlanned, StageStep, TileSeen
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import Segmentation
from napari_unet.ui.segment.background import BandLabels, Counted
from napari_unet.workflows.replacement import RewrittenBand, replacement_in_bands

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
    started = _Arriving(target, found, numbered=not class_names)
    for event in steps(image, model, target, config, stop=stop, first=_middle(view, current)):
        if not isinstance(event, Finished):
            yield from started.shown(event)
            continue
        result = event.result
        values = np.zeros(max(1, len(class_names)), np.int64)
        for part in started.final(result.path):
            if class_names and isinstance(part, BandLabels):
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
    """What came of the blocks by now, and of the tiles of one that is not done.

    Until all are joined, ids follow one another, if they are `numbered`.
    """

    def __init__(self, target: Path, found: npt.NDArray[Any], numbered: bool) -> None:
        self.done = np.zeros(found.shape[:-2], np.bool_)
        self._of_blocks = self._of_tiles = self._highest = 0  # objects, and the last id
        self._target, self._found, self._numbered = target, found, numbered

    @property
    def shown_objects(self) -> int:
        """How many there are to be seen."""
        return self._of_blocks + self._of_tiles

    def shown(self, event: Any) -> Iterator[Any]:
        if isinstance(event, TileSeen):
            self._of_tiles += count_objects(event.labels)
            yield self._put(event.plane, event.region, event.labels)
            return
        if isinstance(event, BlocksPlanned):
            for plane, region in event.there:
                yield self._block(plane, region)
        if isinstance(event, BlockDone) and event.stage == "blocks":
            yield self._block(event.plane, event.region)
        yield event

    def _block(self, plane: PlaneIndex, region: Box) -> BandLabels:
        from napari_unet.segmentation.blocks.store import pieces_of

        labels = pieces_of(self._target, (*plane, *region))
        self._of_blocks, self._of_tiles = self._of_blocks + int(labels.max(initial=0)), 0
        return self._put(plane, region, labels)

    def _put(self, plane: PlaneIndex, region: Box, labels: npt.NDArray[np.int32]) -> BandLabels:
        place: Any = (*plane, *region)
        if self._numbered:
            labels = np.where(labels > 0, labels + self._highest, 0).astype(np.int32)
            self._highest = max(self._highest, int(labels.max(initial=0)))
        self.done[place[:-2]] = True
        self._found[place] = labels
        return BandLabels(plane, region, labels)

    def final(self, path: Path | None) -> Iterator[BandLabels | StageStep]:
        """All labels once more, with their numbers in the image."""
        import zarr

        if path is None:
            return
        labels: Any = zarr.open_group(str(path), mode="r")["0"]
        tops = range(0, labels.shape[-2], _ROWS)
        done, total = 0, int(np.prod(labels.shape[:-2])) * len(tops)
        for plane in np.ndindex(*labels.shape[:-2]):
            for top in tops:
                for left in range(0, labels.shape[-1], _COLUMNS):
                    region = slice(top, top + _ROWS), slice(left, left + _COLUMNS)
                    place: Any = (*plane, *region)
                    self._found[place] = np.asarray(labels[place])
                    yield BandLabels(plane, region, self._found[place])  # where it lies: thousands of them may wait
                done += 1
                yield StageStep("draw", done, total)


@dataclass(frozen=True, eq=False)
class DiskCopies:
    """Arrays on the disk, for the labels and marks of a large image as they were, and for its new prediction."""

    labels: npt.NDArray[Any]
    reviewed: npt.NDArray[np.uint8]
    predicted: npt.NDArray[np.int32]


def replace_on_disk(
    labels: npt.NDArray[Any], before: npt.NDArray[np.int32], reviewed: npt.NDArray[Any] | None,
    locked: frozenset[int], result: Segmentation, keep: bool, copies: DiskCopies, stop: StopFlag,
) -> Iterator[Any]:  # fmt: skip
    """The steps of a replacement in a large image; layers are copied first, in the thread that does it."""
    copy_array(labels, copies.labels)
    if reviewed is not None:
        copy_array(reviewed, copies.reviewed)
    marks = None if reviewed is None else copies.reviewed
    steps = replacement_in_bands(copies.labels, before, marks, locked, result, keep, copies.predicted, stop)
    for event in steps:
        if isinstance(event, RewrittenBand):
            yield BandLabels(event.plane, (event.rows, slice(0, event.labels.shape[-1])), event.labels)
        else:
            yield event
