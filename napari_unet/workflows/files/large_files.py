"""Files larger than memory: segmented in blocks into an OME-Zarr folder, here or on the workers of a cluster."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unet.errors import UserError, require
from napari_unet.events import Failed, StopFlag, guarded
from napari_unet.images.channels import ModelInput
from napari_unet.segmentation.blocks.events import BlockSegmentation
from napari_unet.segmentation.blocks.segment import Blocks, is_large, segment_blocks_steps
from napari_unet.segmentation.blocks.work import FileSource, Scheduler
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.volumes.choice import IN_BLOCKS

if TYPE_CHECKING:
    from napari_unet.images.image import Image
    from napari_unet.models.model import Model


@dataclass(frozen=True, eq=False)
class LargeImages:
    """How large files are segmented. `always`: small ones too. `axes` and the like are how others read the files."""

    always: bool = False
    blocks: Blocks = Blocks()
    scheduler: Scheduler | None = None
    axes: str | None = None
    channel: int | None = None
    incomplete: bool = False

    def takes(self, image: ModelInput) -> bool:
        return self.always or is_large(image)

    def source(self, path: Path, model: Model) -> FileSource | None:
        """Where workers read image and model; None where there are none."""
        if self.scheduler is None:
            return None
        if model.path is None:
            raise UserError(f"{model.name} is in no file that other processes could read: save it first.")
        files = FileSource(path.resolve(), model.path.resolve())
        return replace(files, axes=self.axes, channel=self.channel, incomplete=self.incomplete)


def store_of(target: Path) -> Path:
    """The OME-Zarr folder for the labels that would go to the file `target`."""
    return target if target.suffix == ".zarr" else target.with_name(f"{target.stem}.ome.zarr")


def segment_large_file(
    path: Path, target: Path, opened: tuple[Image, ModelInput], model: Model, config: SegmentConfig,
    large: LargeImages, stop: StopFlag,
) -> Generator[Any, None, dict[str, Any]]:  # fmt: skip
    """Segment one file in blocks; returns what there is to say of it."""
    image, seen = opened
    start = time.perf_counter()
    steps = segment_blocks_steps(
        seen, model, store_of(target), config, large.blocks, large.scheduler, large.source(path, model), stop
    )
    outcome = yield from guarded(steps)
    if isinstance(outcome, Failed):
        raise UserError(outcome.message) from outcome.error
    require(outcome is not None, "The segmentation ended without a result.")
    assert outcome is not None
    found: BlockSegmentation = outcome.result
    row = {
        "input": str(path),
        "output": None if found.path is None else str(found.path),
        "description": image.describe(),
        "axes": seen.axes,
        "shape": list(seen.shape),
        "objects": found.n_objects,
        "diameter": round(float(found.view.diameter or 0), 2),
        "other_diameter": None if found.other is None else round(found.other, 2),
        "kind": found.view.kind,
        "diameter_estimated": config.diameter is None,
        "blocks": found.n_blocks,
        "blocks_done": found.blocks_done,
        "notes": [*image.notes, *([found.note] if found.note else [])],
        "seconds": round(time.perf_counter() - start, 3),
        "stages": found.seconds,
    }
    if "Z" in seen.axes and model.record.architecture.ndim == 2:
        row |= {"stack": "slice by slice", "stack_reason": IN_BLOCKS}
    return row
