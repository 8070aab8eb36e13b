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
    """Objects of several images in one table, the frames numbered on, as if they were one film.

    Of images with unlike channels it has the features that all of them have; what unlike networks see is left out.
    """
    first, frame, objects = parts[0], 0, []
    for part in parts:
        objects.append(part.objects + np.array([frame, 0]))
        frame += int(part.objects[:, 0].max(initial=0)) + 1
    names = _names_of_all(parts)
    values = np.concatenate([_columns(part, names) for part in parts])
    network = first.network if names == first.names or NETWORK in families(names) else ""
    return ObjectFeatures(np.concatenate(objects), values, names, network)


def _names_of_all(parts: list[ObjectFeatures]) -> tuple[str, ...]:
    if all((part.names, part.network) == (parts[0].names, parts[0].network) for part in parts):
        return parts[0].names
    shared = set(parts[0].names).intersection(*(part.names for part in parts))
    one_network = len({part.network for part in parts}) == 1
    return tuple(name for name in parts[0].names if name in shared and (one_network or families([name]) != (NETWORK,)))


def _columns(part: ObjectFeatures, names: tuple[str, ...]) -> Floats:
    if part.names == names:
        return part.values
    place = {name: column for column, name in enumerate(part.names)}
    return part.values[:, [place[name] for name in names]]
