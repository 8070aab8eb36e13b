"""What live mode says while it runs, and what it gives in the end. No torch here: the window reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import PlaneIndex

if TYPE_CHECKING:
    from napari_unet.finetuning.live.feed import LiveView


@dataclass(frozen=True)
class Waiting:
    """All that was reviewed so far is learned, and shown: nothing to do until there is more."""

    n_objects: int
    steps: int


@dataclass(frozen=True)
class Learned:
    """The newest corrections are learned from, `seconds` after the last of them was handed over.

    `n_objects` are the reviewed objects that are learned from by now, what was erased included.
    """

    n_objects: int
    steps: int
    loss: float
    seconds: float


@dataclass(frozen=True)
class LeftOut:
    """An image cannot be learned from; the sentence says why."""

    sentence: str


@dataclass(frozen=True, eq=False)
class ViewRefreshed:
    """How the labels in view change where nobody reviewed or corrected: pixels of one plane, from what to what.

    `rows` and `columns` are those of the plane. `seconds` have gone since the last correction was handed over.
    """

    view: LiveView
    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]
    before: npt.NDArray[np.int32]
    after: npt.NDArray[np.int32]
    steps: int
    seconds: float

    @property
    def plane(self) -> PlaneIndex:
        return self.view.plane


@dataclass(frozen=True)
class LiveResult:
    """What it came to: steps, and reviewed objects that were learned from."""

    steps: int
    n_objects: int
    n_refreshed: int
