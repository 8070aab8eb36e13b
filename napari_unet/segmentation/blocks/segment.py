"""Segment an image in blocks: look at it, plan it, and run the plan where the user wants it run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag
from napari_unet.images.channels import ModelInput, grey_input
from napari_unet.images.normalization import HUGE_PLANE
from napari_unet.models.model import Model
from napari_unet.segmentation.beginning import look
from napari_unet.segmentation.blocks.grid import BlockGrid, plan_grid
from napari_unet.segmentation.blocks.run import BlockEvent, run_blocks
from napari_unet.segmentation.blocks.work import BlockSource, BlockWork, FileSource, HeldSource, Scheduler, ThisThread
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import Estimated
from napari_unet.segmentation.kinds import choose_kind
from napari_unet.segmentation.plan import Plan, plan_units
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.volumes.choice import IN_BLOCKS, StackChoice


@dataclass(frozen=True)
class Blocks:
    """How an image is divided: `side` and `halo` in pixels (None: as its objects want it)."""

    side: int | None = None
    halo: int | None = None


def is_large(image: ModelInput) -> bool:
    """Whether an image is better segmented in blocks: of more than 64 megapixels a plane."""
    return image.shape[-2] * image.shape[-1] > HUGE_PLANE


def segment_blocks_steps(
    image: ModelInput,
    model: Model,
    target: Path,
    config: SegmentConfig | None = None,
    blocks: Blocks = Blocks(),
    scheduler: Scheduler | None = None,
    files: FileSource | None = None,
    stop: StopFlag | None = None,
    first: tuple[int, ...] | None = None,
) -> Iterator[Estimated | BlockEvent]:
    """Segment `image` into the OME-Zarr folder `target`; memory does not grow with the image.

    Parameters
    ----------
    image : Image or ChannelStack
        Axes out of "TZYX", lazy where it is large.
    target : Path
        Must not exist. What an earlier run with the same image, model and settings left beside it is gone on with.
    scheduler : Scheduler, optional
        Who runs the blocks; this thread by default.
    files : FileSource, optional
        Where others read image and model, for a scheduler that has other processes. Its kind is filled in.

    first : tuple of int, optional
        A pixel of the image: blocks that are near to it come first.

    Yields `Estimated`, `BlocksPlanned`, a `BlockDone` for each block and, last, `Finished` with a `BlockSegmentation`.

    Raises `UserError` if dim objects are to be looked for, which is done in whole planes only.
    """
    config, stop = config or SegmentConfig(), stop or StopFlag()
    if config.dim_objects == "yes":
        raise UserError(_NOT_TWICE)
    choice = choose_kind(image, model, config.kind, (), config.engine, config.invert, config.diameter)
    seen = choice.image
    units = plan_units(seen, choice.model)
    predictor = Predictor(choice.model, config.engine, config.every_way)
    plan, found = look(choice, config, units, predictor)
    stack = StackChoice(False, IN_BLOCKS) if "Z" in seen.axes and not plan.deep else None
    yield Estimated(plan.view, len(units), config.engine.note, found.unusual, stack, found.other)
    for unit in units:
        plan = plan.measured(seen, unit)
    grid = plan_grid(seen.shape[len(units[0]) :], plan, blocks.side, blocks.halo)
    source: BlockSource = HeldSource(seen, predictor)
    if files is not None:
        source = files.answered_by(choice.name, config.every_way)
    work = BlockWork(source, plan, grid, target, _fingerprint(seen, model, plan, grid))
    for event in run_blocks(work, seen, scheduler or ThisThread(), stop, first):
        if isinstance(event, Finished):
            event = replace(event, result=replace(event.result, other=found.other))
        yield event


_NOT_TWICE = (
    "Labels that are made in blocks are looked at once: leave Dim objects at auto or no, or cut out the "
    "part of the image that has them."
)


def _fingerprint(image: ModelInput, model: Model, plan: Plan, grid: BlockGrid) -> str:
    """What decides the labels, as a number: the same for a run that goes on with an earlier one."""
    grey = grey_input(image)
    told = {
        "image": [str(grey.path), image.shape, image.axes, str(grey.dtype), _changed(grey.path)],
        "model": model.sha256 or model.name,
        "config": plan.config.model_dump(mode="json", exclude={"device", "diameter"}),
        "view": repr(replace(plan.view, origin="given")),  # a window gives the diameter that it had estimated
        "grid": repr(grid),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _changed(path: Path | None) -> int | None:
    """When the file, or what describes a Zarr folder, was changed."""
    if path is None:
        return None
    try:
        files = [path] if path.is_file() else [path / name for name in ("zarr.json", ".zattrs", ".zarray")]
        return max(file.stat().st_mtime_ns for file in files if file.exists())
    except (OSError, ValueError):
        return None
