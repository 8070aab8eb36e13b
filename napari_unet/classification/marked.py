"""Which classes a person has in mind, and the objects that they gave one: known by a pixel of each, not by its id.

Ids change when an image is segmented again, or objects are split and merged; places do not. No sklearn here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from napari_unet.classification.object_features import ObjectKey
from napari_unet.errors import UserError
from napari_unet.labels.types import Array, Place
from napari_unet.results.exports.object_classes import ObjectClasses

MOST_CLASSES = 9
COLORS = (
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#0072b2", "#999999", "#ffffff",
)  # fmt: skip
"""Of the classes in turn: told apart by the colour-blind, too (Okabe and Ito, 2008)."""


@dataclass(frozen=True)
class MarkedObjects:
    """`names` and `colors` (#rrggbb) of the classes, and the class of some places (pixels over the labels' axes)."""

    names: tuple[str, ...] = ("class 1", "class 2")
    colors: tuple[str, ...] = COLORS[:2]
    places: tuple[tuple[Place, int], ...] = ()

    def with_class(self) -> MarkedObjects:
        """One class more."""
        number = next(n for n in range(1, 100) if f"class {n}" not in self.names)
        color = next((color for color in COLORS if color not in self.colors), COLORS[0])
        if len(self.names) >= MOST_CLASSES:
            raise UserError(f"There are {MOST_CLASSES} classes already, and no key for more.")
        return replace(self, names=(*self.names, f"class {number}"), colors=(*self.colors, color))

    def without_class(self, which: int) -> MarkedObjects:
        """The classes without one of them, and without its examples."""
        if len(self.names) <= 2:
            raise UserError("Two classes are the least: rename one instead.")
        kept = [place for place in range(len(self.names)) if place != which]
        places = tuple((at, kept.index(own)) for at, own in self.places if own != which)
        return MarkedObjects(tuple(self.names[i] for i in kept), tuple(self.colors[i] for i in kept), places)

    def renamed(self, which: int, name: str) -> MarkedObjects:
        """With another name for a class; raises `UserError` if it is empty, or taken."""
        name = " ".join(name.split())
        others = {own.casefold() for place, own in enumerate(self.names) if place != which}
        if not name or name.casefold() in others:
            raise UserError("Every class needs a name of its own.")
        return replace(self, names=(*self.names[:which], name, *self.names[which + 1 :]))

    def recolored(self, which: int, color: str) -> MarkedObjects:
        """With another colour for a class."""
        return replace(self, colors=(*self.colors[:which], color, *self.colors[which + 1 :]))

    def given(self, labels: Array, at: Place, which: int | None, timed: bool) -> MarkedObjects:
        """The object at `at` is of class `which` (None: of none that anybody said)."""
        key = _object_at(labels, at, timed)
        others = tuple((place, own) for place, own in self.places if _object_at(labels, place, timed) != key)
        return replace(self, places=others if which is None else (*others, (at, which)))

    def examples(self, labels: Array, timed: bool) -> dict[ObjectKey, int]:
        """The class of objects in `labels` as they are now; places where there is none any more say nothing."""
        found = {_object_at(labels, place, timed): own for place, own in self.places}
        return {key: own for key, own in found.items() if key[1]}

    @classmethod
    def of_classes(cls, classes: ObjectClasses, labels: Array, timed: bool) -> MarkedObjects:
        """All objects that have a class in a file or table as examples of it, each by a pixel in its middle.

        Raises
        ------
        UserError
            If there are more classes than keys, or none of the objects is in `labels`.
        """
        names = classes.names
        if len(names) > MOST_CLASSES:
            raise UserError(f"There are {len(names)} classes, and keys for {MOST_CLASSES}: join some.")
        frames = labels if timed else labels[np.newaxis]
        places: list[tuple[Place, int]] = []
        for t, frame in enumerate(frames):
            wanted = {label: names.index(one.name) for (at, label), one in classes.found.items() if at == t}
            for label, place in _middles(frame, wanted.keys()).items():
                places.append(((t, *place) if timed else place, wanted[label]))
        if not places:
            raise UserError("None of the objects that have a class is in these labels: the ids must be theirs.")
        spare = [name for name in ("class 1", "class 2") if name not in names][: max(0, 2 - len(names))]
        colors = dict(zip((*names, *spare), COLORS, strict=False)) | dict(classes.colors)
        return cls((*names, *spare), tuple(colors[name] for name in (*names, *spare)), tuple(places))

    def to_dict(self) -> dict[str, Any]:
        """As it is kept in a project."""
        return {
            "names": list(self.names),
            "colors": list(self.colors),
            "places": [[list(at), c] for at, c in self.places],
        }

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> MarkedObjects:
        """Of `to_dict`."""
        places = tuple((tuple(int(i) for i in at), int(own)) for at, own in written["places"])
        return cls(tuple(written["names"]), tuple(written["colors"]), places)


def _object_at(labels: Array, at: Place, timed: bool) -> ObjectKey:
    """Frame and id at a pixel; id 0 outside of all objects."""
    inside = len(at) == labels.ndim and all(0 <= i < size for i, size in zip(at, labels.shape, strict=True))
    return (at[0] if timed and at else 0), int(labels[at]) if inside else 0


def _middles(labels: Array, wanted: Collection[int]) -> dict[int, Place]:
    """A pixel of each wanted object: the middle one of its pixels in their order."""
    flat = labels.reshape(-1)
    inside = np.flatnonzero(np.isin(flat, list(wanted))) if wanted else np.zeros(0, int)
    inside = inside[np.argsort(flat[inside], kind="stable")]
    ids, firsts, counts = np.unique(flat[inside], return_index=True, return_counts=True)
    at = np.unravel_index(inside[firsts + counts // 2], labels.shape)
    return {int(label): tuple(int(i) for i in place) for label, place in zip(ids, zip(*at, strict=True), strict=True)}
