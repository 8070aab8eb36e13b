"""What is known of the objects of one image, on which labels it was measured, and what of it is still to be done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_unet.labels.types import PlaneIndex
from napari_unet.review.screening import ObjectScreening

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork


@dataclass(eq=False)
class ScreeningState:
    """What is known of one image, and which labels and prediction it was measured on."""

    screening: ObjectScreening
    basis: tuple[Any, Any]
    measured: set[PlaneIndex] = field(default_factory=set)
    looked: set[PlaneIndex] = field(default_factory=set)
    failed: str | None = None
    differences: dict[PlaneIndex, set[tuple[int, ...]]] = field(default_factory=dict)
    in_thread: set[PlaneIndex] = field(default_factory=set)  # planes of which an edit is being measured there

    def remaining(self, here: PlaneIndex) -> tuple[list[PlaneIndex], list[PlaneIndex]]:
        """Planes to measure and to look at again, those next to `here` first."""
        near = sorted(
            self.screening.planes, key=lambda plane: sum(abs(a - b) for a, b in zip(plane, here, strict=True))
        )
        to_measure = [plane for plane in near if plane not in self.measured]
        if self.failed is not None:
            return to_measure, []
        known = [plane for plane in near if plane not in self.looked]
        return to_measure, [p for p in known if p not in self.measured or len(self.screening.sections(p))]


def rows_of(difference: Any) -> set[tuple[int, ...]]:
    """The table of a difference as a set of (id before, id now, pixels, box)."""
    columns = np.column_stack([difference.predicted, difference.current, difference.counts, difference.boxes])
    return set(map(tuple, columns.tolist()))


def basis_of(work: ImageWork | None) -> tuple[Any, Any]:
    """The labels layer and the prediction, by which one knows whether measures still belong to them."""
    return (None, None) if work is None else (work.labels_layer, _Same(work.prediction))


class _Same:
    """An array that equals only itself."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.array is self.array

    __hash__ = None  # type: ignore[assignment]
