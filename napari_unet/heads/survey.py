"""What was reviewed, as it is counted: in objects, or in whatever a head counts. No torch here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from napari_unet.images.view import View

_ESTIMATE = 5.0  # reviewed objects: what an estimate of the object size counts as much as
_ALIKE = 0.2  # of the logarithm: how differently estimates may be wrong on several images (standard deviation) for that
_ENOUGH_IMAGES = 3  # to see how differently


@dataclass(frozen=True)
class ReviewedObject:
    """One reviewed outline: an object in one plane. Places are in pixels of the image; `kind` is its class, if any.

    `widest` is its area in that slice of a stack in which it is largest (0: it is no stack, and `area` is all).
    """

    image: int
    plane: tuple[int, ...]
    label: int
    center: tuple[float, float]
    area: int
    corrected: bool
    kind: int = 0
    widest: int = 0

    @property
    def diameter(self) -> float:
        """Of the circle of the same area."""
        return float(2.0 * np.sqrt(self.area / np.pi))

    @property
    def whole_diameter(self) -> float:
        """The same of its widest slice: most slices cut an object nearer to its ends."""
        return float(2.0 * np.sqrt(max(self.area, self.widest) / np.pi))


@dataclass(frozen=True)
class Survey:
    """All that was reviewed. `removed` are the places (image, plane, center) of predicted objects that were deleted.

    For each image, `said` is its object diameter where somebody said it, and `estimated` where the model estimated it;
    `shares` says how much was reviewed of the planes in which something was, and `corners` where it begins in the image
    that it is a part of (empty: none is a part).
    """

    objects: tuple[ReviewedObject, ...]
    removed: tuple[tuple[int, tuple[int, ...], tuple[float, float]], ...]
    n_reviewed_pixels: int
    said: tuple[float | None, ...] = field(default=(), kw_only=True)
    estimated: tuple[float | None, ...] = field(default=(), kw_only=True)
    shares: tuple[float | None, ...] = field(default=(), kw_only=True)
    corners: tuple[tuple[int, int], ...] = field(default=(), kw_only=True)
    noun: ClassVar[str] = "object"

    def place_of(self, found: ReviewedObject) -> tuple[float, float]:
        """Row and column of an object's centre in the whole image."""
        top, left = self.corners[found.image] if self.corners else (0, 0)
        return found.center[0] + top, found.center[1] + left

    @property
    def class_weights(self) -> tuple[float, ...]:
        """How much a pixel of each value counts; empty: all the same."""
        return ()

    @property
    def n_images(self) -> int:
        """Images with at least one correction or confirmed object."""
        return len({found.image for found in self.objects} | {image for image, _, _ in self.removed})

    @property
    def n_objects(self) -> int:
        """Objects, each counted once however many planes it runs through."""
        return len({(found.image, found.label) for found in self.objects})

    @property
    def n_corrected(self) -> int:
        """Objects with a correction in at least one plane, removed ones included."""
        drawn = {(found.image, found.label) for found in self.objects if found.corrected}
        return len(drawn) + len(self.removed)

    @property
    def only_removed(self) -> bool:
        """Whether predicted objects were deleted, and nothing else was corrected."""
        return self.n_corrected == len(self.removed) > 0

    @property
    def n_confirmed(self) -> int:
        """Objects that were looked at and left as they were."""
        drawn = {(found.image, found.label) for found in self.objects if found.corrected}
        return self.n_objects - len(drawn)

    def diameter(self, image: int) -> float | None:
        """How large objects are in `image`, in its pixels, at which the model learns and is scored.

        As somebody said it, or the median of the reviewed objects (those of all images if it has none). Who corrects
        picks what is wrong, small objects perhaps because they are missed: the fewer are reviewed, the more counts what
        was estimated, mended as it was wrong on the other images. It does not count where all of the image was
        reviewed, so that nothing was picked, and little where estimates are wrong on each image in another way: a
        model that does not know these objects estimates anything.
        """
        if said := _at(self.said, image):
            return said
        mine = self._sizes(image)
        every = mine or [found.whole_diameter for found in self.objects]
        if not every:
            return None
        median, estimate = float(np.median(every)), _at(self.estimated, image)
        if not mine or not estimate:
            return median
        trust = self._trust(len(mine), image)
        mended = estimate * self._error_elsewhere(image)
        return float(median**trust * mended ** (1 - trust))

    def _sizes(self, image: int) -> list[float]:
        return [found.whole_diameter for found in self.objects if found.image == image]

    def _trust(self, n_objects: int, image: int) -> float:
        return n_objects / (n_objects + self._estimate_weight * (1.0 - (_at(self.shares, image) or 0.0)) + 1e-9)

    @cached_property
    def _estimate_weight(self) -> float:
        """Reviewed objects that an estimate counts as much as: `_ESTIMATE`, or less if estimates are wild."""
        known = [
            (sizes, estimate) for i, estimate in enumerate(self.estimated) if estimate and (sizes := self._sizes(i))
        ]
        if len(known) < _ENOUGH_IMAGES:
            return _ESTIMATE
        wrong = np.std([np.log(np.median(sizes) / estimate) for sizes, estimate in known], ddof=1)
        return _ESTIMATE * min(1.0, float(_ALIKE / max(wrong, 1e-9)) ** 2)

    def _error_elsewhere(self, image: int) -> float:
        """What estimates have to be multiplied by, as far as the other images say."""
        others = sorted({found.image for found in self.objects} - {image})
        known = [(one, estimate) for one in others if (estimate := _at(self.estimated, one))]
        ratios = [size / estimate for one, estimate in known for size in self._sizes(one)]
        if not ratios:
            return 1.0
        trust = float(np.mean([self._trust(len(ratios), one) for one, _ in known]))
        return float(np.median(ratios) ** trust)

    def gap(self, image: int) -> float:
        """Pixels between what is learned from and what is held out: an object's width."""
        return self.diameter(image) or 0.0


class PlaneCorrections(Protocol):
    """What a person changed in one YX plane: ids that were drawn, and predicted ids of which nothing is left."""

    @property
    def changed(self) -> frozenset[int]: ...

    @property
    def removed(self) -> frozenset[int]: ...

    def mask(self, prediction: npt.NDArray[Any], labels: npt.NDArray[Any]) -> npt.NDArray[np.bool_]: ...


class ReviewedImage(Protocol):
    """An image with what a person made of its labels, as `CorrectedImage` is one; arrays have axes out of "TZYX"."""

    @property
    def name(self) -> str: ...

    @property
    def axes(self) -> str: ...

    @property
    def labels(self) -> npt.NDArray[Any]: ...

    @property
    def reviewed(self) -> npt.NDArray[np.bool_]: ...

    @property
    def prediction(self) -> npt.NDArray[Any] | None: ...

    @property
    def view(self) -> View: ...

    @property
    def ids(self) -> npt.NDArray[Any] | None: ...

    def planes(self) -> Iterator[tuple[int, ...]]: ...

    def compare(self, index: tuple[int, ...]) -> PlaneCorrections: ...


def _at(values: Sequence[float | None], number: int) -> float | None:
    return values[number] if number < len(values) else None
