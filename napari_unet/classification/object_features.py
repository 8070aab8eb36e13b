"""What objects are like, in numbers: a row an object, a column a feature."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from napari_unet.labels.types import Floats, Ints

ObjectKey = tuple[int, int]
"""Frame of time (0 where there are none) and id of an object."""

SHAPE, INTENSITY, TEXTURE, NETWORK = "shape", "intensity", "texture", "network"
MEASURED = (SHAPE, INTENSITY, TEXTURE)
"""Families of features that need no network."""


@dataclass(frozen=True, eq=False)
class ObjectFeatures:
    """Features of the objects of one image.

    Attributes
    ----------
    objects : array
        (objects, 2) int64: frame of time and id, sorted.
    values : array
        (objects, features) float32, finite.
    names : tuple of str
        Of the features, each with its family first: "shape area".
    network : str
        Which network they are of (see `network_sight.weights_digest`); empty without one.
    """

    objects: Ints
    values: Floats
    names: tuple[str, ...]
    network: str = ""

    def __len__(self) -> int:
        return len(self.objects)

    def rows_of(self, keys: Collection[ObjectKey]) -> Ints:
        """The row of each of `keys`; -1 for an object that is not there."""
        place = {(int(frame), int(label)): row for row, (frame, label) in enumerate(self.objects)}
        return np.array([place.get(key, -1) for key in keys], np.int64)


def families(names: Collection[str]) -> tuple[str, ...]:
    """The family of each feature."""
    return tuple(name.split(" ", 1)[0] for name in names)


def join_features(parts: list[ObjectFeatures]) -> ObjectFeatures:
    """Objects of several images in one table, the frames numbered on, as if they were one film."""
    first, frame, objects = parts[0], 0, []
    for part in parts:
        objects.append(part.objects + np.array([frame, 0]))
        frame += int(part.objects[:, 0].max(initial=0)) + 1
    values = np.concatenate([part.values for part in parts])
    return ObjectFeatures(np.concatenate(objects), values, first.names, first.network)
