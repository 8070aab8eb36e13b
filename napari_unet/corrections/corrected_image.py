"""An image with what a person made of its labels: the unit that fine-tuning learns from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.comparison import Comparison, Counts, compare_labels, object_areas
from napari_unet.errors import UserError
from napari_unet.images.channels import ModelInput
from napari_unet.images.normalization import HUGE_PLANE
from napari_unet.images.view import View
from napari_unet.labels.ids import MOST_ID, compact_ids

_BLOCK = 512  # pixels a side of what is looked at of a huge plane


@dataclass(frozen=True, eq=False)
class CorrectedImage:
    """Labels (integer) and what of them is reviewed (bool), both of the shape of `image`, which has no channels (TZYX).

    `prediction` is what the model had said, in the same shape; None if it is not known, and then every object in what
    is reviewed counts as confirmed. The arrays belong to this object: nobody paints in them any more. `view` is how the
    image was looked at when it was segmented. Ids so large that no table can be made by them are numbered anew,
    prediction and labels alike; `ids` then has what the new ones were. Where it is a part of a larger image, that is
    `whole`, and `corner` the row and column in which the part begins (see `corrections.parts`). By its `tag` whoever
    made it knows it again.
    """

    image: ModelInput
    labels: npt.NDArray[Any]
    reviewed: npt.NDArray[np.bool_]
    prediction: npt.NDArray[Any] | None = None
    name: str = "image"
    view: View = View()
    ids: npt.NDArray[Any] | None = None
    whole: ModelInput | None = None
    corner: tuple[int, int] = (0, 0)
    tag: str = ""
    axes: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "axes", self.image.axes)
        for what, array in (("labels", self.labels), ("reviewed", self.reviewed), ("prediction", self.prediction)):
            if array is not None and array.shape != self.image.shape:
                raise UserError(
                    f"{self.name}: the {what} have shape {array.shape}, the image {self.image.shape}. "
                    "Choose labels that belong to this image."
                )
        given = [self.labels] if self.prediction is None else [self.labels, self.prediction]
        if self.ids is None and max(int(array.max(initial=0)) for array in given) > MOST_ID:
            arrays, ids = compact_ids(given)
            for name, value in zip(("labels", "prediction"), arrays, strict=False):
                object.__setattr__(self, name, value)
            object.__setattr__(self, "ids", ids)

    @cached_property
    def key(self) -> str:
        """What this image is known by, whatever its file is called and wherever it lies: a hash of some of its pixels.

        Two images are often called alike: every well has a "Pos0".
        """
        image = self.seen_whole
        outer = image.shape[:-2]
        digest = hashlib.sha256(repr((image.axes, image.shape)).encode())
        for share in (0, 0.5):
            for region in _looked_at(image.shape[-2:]):
                part = image.part(tuple(int(share * size) for size in outer), region)
                digest.update(np.ascontiguousarray(part).tobytes())
            if not outer:
                break
        return f"#{digest.hexdigest()[:32]}"

    def id_of(self, label: int) -> int:
        """The id that the user knows an object of `labels` by."""
        return label if self.ids is None else int(self.ids[label])

    @property
    def seen_whole(self) -> ModelInput:
        """All of the image: grey-value limits are of it, whatever part is learned from."""
        return self.image if self.whole is None else self.whole

    def planes(self) -> Iterator[tuple[int, ...]]:
        """Indices (over the axes before YX) of the YX planes in which something is reviewed."""
        for index in product(*(range(size) for size in self.labels.shape[:-2])):
            if self.reviewed[index].any():
                yield index

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        """What was corrected within the reviewed region, one comparison a frame (one in all without T)."""
        if self.prediction is None:
            return (Comparison(),) * len(self._frames())
        return tuple(
            compare_labels(self.prediction[frame], self.labels[frame], self.reviewed[frame]) for frame in self._frames()
        )

    def compare(self, index: tuple[int, ...]) -> Comparison:
        """What was corrected within the reviewed region of one plane, in which an id is an object of its own."""
        if self.prediction is None:
            return Comparison()
        before, now = np.asarray(self.prediction[index]), np.asarray(self.labels[index])
        return compare_labels(before, now, np.asarray(self.reviewed[index], bool))

    @property
    def counts(self) -> Counts:
        """Objects corrected, added and removed within the reviewed region."""
        return sum((comparison.counts for comparison in self.comparisons), Counts())

    @cached_property
    def n_confirmed(self) -> int:
        """Objects that are reviewed, most of each in at least one slice, and as the model had drawn them."""
        confirmed: set[tuple[int, int]] = set()
        for plane in self.planes():
            frame = plane[0] if self.axes.startswith("T") else 0
            labels, reviewed = self.labels[plane], self.reviewed[plane]
            areas, inside = object_areas(labels), object_areas(np.where(reviewed, labels, 0))
            unchanged = inside.keys() - self.comparisons[frame].changed
            confirmed |= {(frame, key) for key in unchanged if 2 * inside[key] > areas[key]}
        return len(confirmed)

    def _frames(self) -> list[Any]:
        return list(range(self.labels.shape[0])) if self.axes.startswith("T") else [...]


def _looked_at(shape: tuple[int, ...]) -> list[tuple[slice, slice]]:
    """What of a plane tells it from others: all of it; of a huge one some blocks, from corner to corner."""
    height, width = shape
    if height * width <= HUGE_PLANE:
        return [(slice(None), slice(None))]
    corners = [(round(share * (height - _BLOCK)), round(share * (width - _BLOCK))) for share in (0, 0.25, 0.5, 0.75, 1)]
    return [(slice(max(0, top), top + _BLOCK), slice(max(0, left), left + _BLOCK)) for top, left in corners]
