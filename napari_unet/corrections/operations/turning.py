"""Labels of a stack turned, so that an operation on planes works in a plane seen from the front or from the side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.operations.change import Change
from napari_unet.labels.types import Place


@dataclass(frozen=True)
class Turn:
    """`order`: which axis of the labels comes at each place once they are turned."""

    order: tuple[int, ...]

    @classmethod
    def across(cls, axis: int, ndim: int) -> Turn:
        """Of labels ((T,) Z, Y, X); `axis` comes before the plane then: -2 seen from the front, -1 from the side.

        The plane is (Z, X) or (Z, Y) then, and what goes through z otherwise goes through y or x.
        """
        z, y, x = ndim - 3, ndim - 2, ndim - 1
        return cls((*range(z), *((y, z, x) if axis == -2 else (x, z, y))))

    def labels(self, labels: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The same memory with its axes in the other order."""
        return labels.transpose(self.order)

    def place(self, place: Place) -> Place:
        return tuple(place[axis] for axis in self.order)

    def turn_back(self, change: Change) -> Change:
        """A change of turned labels as one of the labels."""
        index = tuple(change.index[at] for at in np.argsort(self.order))
        return Change(index, change.before, change.after)
