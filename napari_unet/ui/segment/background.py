"""What the worker thread of a segmentation does, and the events that it sends to the window beside the model's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unet.events import Finished, StopFlag
from napari_unet.heads.semantic.shares import value_shares
from napari_unet.images.bands import row_bands
from napari_unet.models.running.aside import Aside, Stopped
from napari_unet.project.storage.tiles import copy_array
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import Estimated, PlaneDone, Segmentation
from napari_unet.workflows.replacement import replacement_steps

if TYPE_CHECKING:
    from napari_unet.images.channels import ModelInput
    from napari_unet.models.model import Model

BAND_PIXELS = 2**19  # of labels that are written and drawn at one go: a few milliseconds


def segment_in_background(
    load: Callable[[], Model], image: ModelInput, config: SegmentConfig, scope: Any, stop: StopFlag,
    class_names: tuple[str, ...] = (), **first: Any,
) -> Iterator[Any]:  # fmt: skip
    """The events of a segmentation, for the worker thread: torch and the model are loaded there.

    There are none, and no outcome, if it is stopped while these are loaded, which may take seconds.
    """
    try:
        with Aside(stop) as aside:
            segment_steps, model = aside.do(lambda: (_load_steps(), load()))
    except Stopped:
        return
    for event in segment_steps(image, model, config, scope, stop, provisional=True, **first):
        if isinstance(event, Finished):
            if set("TZ") & set(event.result.axes):
                for plane in _final_planes(event.result):
                    yield from bands_of(plane)
                    yield plane
            yield Counted(_count_objects(event.result), _shares(event.result, class_names))
        elif isinstance(event, PlaneDone):
            yield from bands_of(event)
        yield event


def _load_steps() -> Callable[..., Iterator[Any]]:
    from napari_unet.segmentation.segment import segment_steps

    return segment_steps


def estimate_in_background(
    load: Callable[[], Model], image: ModelInput, plane: tuple[int, ...], config: SegmentConfig
) -> Iterator[Finished[Estimated]]:
    """The typical object diameter in pixels, and another one that is convincing too, for the worker thread."""
    from napari_unet.segmentation.beginning import estimate_size

    yield Finished(estimate_size(image, load(), config, plane))


@dataclass(frozen=True, eq=False)
class BandLabels:
    """Some rows of a plane that is done: all of a large one at once would hold up the window."""

    plane: tuple[int, ...]
    region: tuple[Any, ...]
    labels: npt.NDArray[np.int32]


def in_bands(event: PlaneDone) -> bool:
    """Whether a plane is so large that it comes in bands; a small one is written as it is."""
    return event.labels.size > BAND_PIXELS


def bands_of(event: PlaneDone) -> Iterator[BandLabels]:
    """The rows of a large plane in pieces of `BAND_PIXELS`."""
    if not in_bands(event):
        return
    for rows in row_bands(event.labels.shape, BAND_PIXELS):
        yield BandLabels(event.plane, (*rows, slice(None)), event.labels[rows])


@dataclass(frozen=True, eq=False)
class Copied:
    """The prediction of before, as a copy to write to."""

    labels: npt.NDArray[np.int32]


def with_copy(
    before: npt.NDArray[np.int32] | None, events: Iterator[Any], into: npt.NDArray[np.int32] | None = None
) -> Iterator[Any]:
    """`events` after a copy of `before` (`into`, if given), made in their thread; without it if there is nothing."""
    if before is not None:
        yield Copied(copy_array(before, into))
    yield from events


@dataclass(frozen=True)
class Counted:
    """How many objects were found, or how much of the pixels each class covers."""

    n_objects: int
    shares: dict[str, float] = field(default_factory=dict)


def _shares(result: Segmentation, class_names: tuple[str, ...]) -> dict[str, float]:
    return value_shares(result.labels[result.done], class_names) if class_names else {}


def _count_objects(result: Segmentation) -> int:
    """An id is one object through Z and another one in each frame."""
    with_frames = result.axes.startswith("T")
    seen: dict[int, npt.NDArray[np.bool_]] = {}
    for index in np.argwhere(result.done):
        plane, frame = result.labels[tuple(index)], int(index[0]) if with_frames else 0
        known = seen.setdefault(frame, np.zeros(1, bool))
        for band in row_bands(plane.shape):
            rows = plane[band]
            highest = int(rows.max(initial=0))
            if highest >= known.size:
                known = seen[frame] = np.pad(known, (0, highest + 1 - known.size))
            if highest:
                known[rows] = True
    return sum(int(np.count_nonzero(known[1:])) for known in seen.values())


def _final_planes(result: Segmentation) -> Iterator[PlaneDone]:
    """All planes once more: linking through z has renumbered them, and neighbours in time have parted objects."""
    planes = [tuple(int(i) for i in index) for index in np.argwhere(result.done)]
    for number, plane in enumerate(planes):
        yield PlaneDone(number + 1, len(planes), plane, result.labels[plane], None)


def replace_in_background(
    labels: Any, before: Any, reviewed: Any, locked: frozenset[int], result: Segmentation, keep: bool
) -> Iterator[Any]:
    """The steps of a replacement. What is reviewed or locked stays; layers are copied in the thread that does it."""
    spared = None if reviewed is None else reviewed.copy()
    labels = labels.copy()
    if locked:
        ours = np.isin(labels, list(locked))
        spared = ours if spared is None else (spared > 0) | ours
    yield from replacement_steps(labels, before, spared, result, keep)
