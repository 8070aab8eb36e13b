"""What segmentation in blocks says while it runs, and what it gives in the end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from napari_unet.images.view import View
from napari_unet.labels.types import Box, Labels, PlaneIndex


@dataclass(frozen=True)
class BlocksPlanned:
    """`total` blocks, of which `there` are left from a run that was cut short: the plane of each, and its pixels."""

    total: int
    there: tuple[tuple[PlaneIndex, Box], ...]
    side: int
    halo: int


@dataclass(frozen=True, eq=False)
class TileSeen:
    """Provisional `labels` (Y, X) of a tile of a block that somebody waits for; ids count from 1 in each tile."""

    plane: PlaneIndex
    region: Box
    labels: Labels


@dataclass(frozen=True)
class BlockDone:
    """A block has its objects (`stage` "blocks") or its final ids ("labels"); `region` is in pixels of its plane."""

    done: int
    total: int
    plane: PlaneIndex
    region: Box
    stage: str
    seconds_left: float | None


@dataclass(frozen=True)
class StageStep:
    """A step of what comes after the blocks.

    "stitch": what of them is one object; "link": through z as well; "part": what the frames around tell apart, which
    looks at each frame several times; "draw": drawing all of it; "merge": comparing it with what was corrected.
    """

    stage: Literal["stitch", "link", "part", "draw", "merge"]
    done: int
    total: int


def told_of(event: BlockDone | StageStep) -> str:
    """How far it is, in a few words."""
    return f"{event.done} of {event.total} {_COUNTED[event.stage]}"


_COUNTED = {
    "blocks": "blocks",
    "stitch": "joins of blocks",
    "link": "pairs of slices",
    "part": "comparisons of frames",
    "labels": "blocks of labels",
    "draw": "rows drawn",
    "merge": "comparisons with the labels of before",
}


@dataclass(frozen=True, eq=False)
class BlockSegmentation:
    """Labels in the store at `path` (None: stopped before all was done; the next run goes on).

    `n_large` objects reach beyond what a block of theirs sees, and may be outlined otherwise than in one piece; `note`
    says so in a sentence, or is empty. `seconds` are by stage. `other` is an object diameter that was convincing too.
    """

    path: Path | None
    view: View
    n_objects: int
    n_blocks: int
    blocks_done: int
    n_large: int
    note: str
    seconds: dict[str, float]
    other: float | None = None
