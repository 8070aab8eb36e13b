"""What segmentation in blocks says while it runs, and what it gives in the end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_unet.images.view import View
from napari_unet.labels.types import Box, PlaneIndex


@dataclass(frozen=True)
class BlocksPlanned:
    """`total` blocks, of which `there` are left from a run that was cut short: the plane of each, and its pixels."""

    total: int
    there: tuple[tuple[PlaneIndex, Box], ...]
    side: int
    halo: int


@dataclass(frozen=True)
class BlockDone:
    """A block has its objects (`stage` "blocks") or its final ids ("labels"); `region` is in pixels of its plane."""

    done: int
    total: int
    plane: PlaneIndex
    region: Box
    stage: str
    seconds_left: float | None


@dataclass(frozen=True, eq=False)
class BlockSegmentation:
    """Labels in the store at `path` (None: stopped before all blocks were done; the next run goes on).

    `n_large` objects reach beyond what a block of theirs sees, and may be outlined otherwise than in one piece; `note`
    says so in a sentence, or is empty. `seconds` are by stage.
    """

    path: Path | None
    view: View
    n_objects: int
    n_blocks: int
    blocks_done: int
    n_large: int
    note: str
    seconds: dict[str, float]
