"""What segmentation says while it runs, and what it gives in the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.images.view import View
from napari_unet.labels.matching import count_objects
from napari_unet.segmentation.volumes.choice import StackChoice


@dataclass(frozen=True, eq=False)
class Estimated:
    """How the image will be looked at; the diameter of the view is in pixels of the image.

    `note` is a sentence for the user where it is computed elsewhere than one would expect, else empty. `unusual` says
    that objects are of a size that the kind of image that answers was not taught. `stack` says how a
    z-stack is segmented, and why. `other` is a diameter that is convincing too, if the estimate is uncertain.
    """

    view: View
    n_planes: int
    note: str = ""
    unusual: bool = False
    stack: StackChoice | None = None
    other: float | None = None

    @property
    def diameter(self) -> float:
        return self.view.diameter or 0.0

    @property
    def estimated(self) -> bool:
        return self.view.estimated

    @property
    def kind(self) -> str:
        """Which of the kinds of image that the model knows answers."""
        return self.view.kind


@dataclass(frozen=True, eq=False)
class TileDone:
    """One tile of one plane is through the network. `labels` are provisional, for the eye, if asked for.

    `again`: in a second look, for dim objects.
    """

    done: int
    total: int
    plane: tuple[int, ...]
    region: tuple[slice, ...]
    labels: npt.NDArray[np.int32] | None
    seconds_left: float | None
    again: bool = False


@dataclass(frozen=True, eq=False)
class PlaneDone:
    """One YX plane (index over the axes before YX) has its final labels (linking through z may still renumber)."""

    done: int
    total: int
    plane: tuple[int, ...]
    labels: npt.NDArray[np.int32]
    seconds_left: float | None


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Labels of the shape of the image without channels, and how they came about.

    `done` is a bool array over the axes before YX: planes that were segmented (all, unless stopped or scoped).
    `probability` is None or a float16 array with one more axis in front, in the order of the model's outputs.
    `timing` has seconds by stage: "estimate", "network", "decode", "dim", "volume", "total". `view` is how it was
    looked at; `stack` is how a z-stack was segmented, and why; `other` is a diameter that was convincing too.
    """

    labels: npt.NDArray[np.int32]
    axes: str
    view: View
    done: npt.NDArray[np.bool_]
    probability: npt.NDArray[Any] | None
    timing: dict[str, float]
    stack: StackChoice | None = None
    other: float | None = None

    @property
    def diameter(self) -> float:
        """Of the objects, in pixels of the image."""
        return self.view.diameter or 0.0

    @property
    def inverted(self) -> bool:
        """Whether its negative was segmented."""
        return self.view.inverted

    @property
    def kind(self) -> str:
        """Which of the kinds of image that the model knows has answered."""
        return self.view.kind

    @property
    def n_objects(self) -> int:
        return count_objects(self.labels)
