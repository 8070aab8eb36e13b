"""What is known of all objects of an image, plane by plane, kept up to date while a person edits some of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.editing import enclosing_box
from napari_unet.images.written import written_rows
from napari_unet.labels.stacks.continuity import measure_breaks, neighbour_axis
from napari_unet.labels.stacks.large_planes import LARGE_PLANE, measure_large_plane
from napari_unet.labels.stacks.sections import Sections, measure_sections
from napari_unet.labels.types import Ints, PlaneIndex, Rectangle
from napari_unet.review.missed import find_missed, still_missed
from napari_unet.review.object_table import ObjectTable, build_table, usual_objects
from napari_unet.review.suspicion import Population

_SAID = ("foreground", "core", "weakness", "disagreement")
"""What the network said of an outline: it goes when the outline is another one, and comes back with it."""


@dataclass(frozen=True, eq=False)
class ScreenedEdit:
    """An edit of one plane: `changed` are the ids before and now, `box` is where, `known` holds the objects before."""

    plane: PlaneIndex
    changed: Ints
    box: Rectangle
    known: Rectangle

    @property
    def n_pixels(self) -> int:
        """About how many pixels have to be looked at."""
        top, bottom, left, right = self.known
        return (bottom - top) * (right - left)

    def region(self, plane: npt.NDArray[Any]) -> tuple[slice, slice]:
        """Rows and columns of the labels (Y, X) that hold the edit, and the objects that it changed, wholly."""
        corners = np.array([self.known, *(enclosing_box(plane, int(key), self.box) for key in self.changed)])
        top, left = np.maximum(corners[:, [0, 2]].min(axis=0) - 1, 0).tolist()
        bottom, right = np.minimum(corners[:, [1, 3]].max(axis=0) + 1, plane.shape).tolist()
        return slice(top, bottom), slice(left, right)


class ObjectScreening:
    """Measures of the objects of labels with `axes` out of "TZYX" and a `shape`; `table` has a row an object.

    Which objects there are, their form and how they touch, is measured from the labels alone (`measure`); what the
    network is sure of comes when it has looked again (`look`); edits change only what they touch (`update`).
    """

    def __init__(self, shape: tuple[int, ...], axes: str) -> None:
        self.axes, self.shape = axes, shape
        self.planes: list[PlaneIndex] = list(product(*(range(size) for size in shape[:-2])))
        self._numbers = {plane: number for number, plane in enumerate(self.planes)}
        self._sections: dict[int, Sections] = {}
        self._original: dict[int, Sections] = {}
        self._missed: dict[int, Sections] = {}  # places where the network sees what is not labelled
        self._open: dict[int, Sections] = {}  # those of them that are not labelled by now
        self._usual: Population | None = None
        self._joined: Sections | None = None
        self._table: ObjectTable | None = None

    # -- measuring --------------------------------------------------------------------------------------------------

    def measure(self, labels: npt.NDArray[Any], planes: Iterable[PlaneIndex] | None = None) -> Iterator[int]:
        """Measure all objects of `planes` (default: all) of `labels`; gives the number of planes done, after each."""
        for done, plane in enumerate(self.planes if planes is None else planes, start=1):
            self.measure_plane(labels, plane)
            yield done

    def measure_plane(self, labels: npt.NDArray[Any], plane: PlaneIndex) -> None:
        """Measure all objects of one plane of `labels`."""
        number = self._numbers[plane]
        large = labels.shape[-2] * labels.shape[-1] > LARGE_PLANE
        shown = labels[plane]
        found = measure_large_plane(shown, number, written_rows(shown)) if large else measure_sections(shown, number)
        self._put(number, self._with_breaks(labels, found))

    def look(
        self, labels: npt.NDArray[Any], plane: PlaneIndex, second: npt.NDArray[Any], maps: npt.NDArray[Any]
    ) -> None:
        """Take up what the network says of a plane when it looks again: labels (YX) and maps (outputs, Y, X)."""
        number = self._numbers[plane]
        self._put(number, self._with_breaks(labels, measure_sections(labels[plane], number, maps, second)))

    def look_for_missed(
        self, labels: npt.NDArray[Any], plane: PlaneIndex, second: npt.NDArray[Any], maps: npt.NDArray[Any]
    ) -> None:
        """Take up where the network sees objects that `labels` lack; the rest as for `look`."""
        areas = self.sections(plane).area
        if areas.size:
            number = self._numbers[plane]
            found = find_missed(labels[plane], second, maps, float(np.median(areas)), number)
            self.adopt_missed(labels, plane, found)

    def missed(self, plane: PlaneIndex) -> Sections:
        """Places of one plane where an object may have been missed, labelled by now or not."""
        return self._missed.get(self._numbers[plane]) or Sections.join([])

    def adopt_missed(self, labels: npt.NDArray[Any], plane: PlaneIndex, missed: Sections) -> None:
        """Take over what another screening has found missing in a plane."""
        self._missed[self._numbers[plane]] = missed
        self._follow_missed(labels, plane)

    def _follow_missed(self, labels: npt.NDArray[Any], plane: PlaneIndex) -> None:
        number = self._numbers[plane]
        if number in self._missed:
            self._open[number] = still_missed(self._missed[number], labels[plane])
            self._joined = self._table = None

    def sections(self, plane: PlaneIndex) -> Sections:
        """The objects of one plane."""
        return self._sections.get(self._numbers[plane]) or Sections.join([])

    def adopt(self, plane: PlaneIndex, sections: Sections) -> None:
        """Take over what another screening, in another thread, has measured of a plane."""
        self._put(self._numbers[plane], sections)

    def _put(self, number: int, sections: Sections) -> None:
        self._sections[number] = self._original[number] = sections
        self._joined = self._table = self._usual = None

    def _with_breaks(self, labels: npt.NDArray[Any], found: Sections) -> Sections:
        if neighbour_axis(self.axes) is None or not len(found):
            return found
        plane = self.planes[int(found.planes[0])]
        broken = measure_breaks(labels, self.axes, plane, found.ids, found.area, found.on_border)
        return replace(found, broken=broken)

    # -- results ----------------------------------------------------------------------------------------------------

    @property
    def table(self) -> ObjectTable:
        """All objects, with their measures and scores."""
        if self._table is None:
            joined = self.joined
            if self._usual is None:  # of what was segmented: an edit changes nothing in it
                self._usual = usual_objects(Sections.join([*self._original.values()]), self.planes, self.axes)
            self._table = build_table(joined, self.planes, self.axes, self._usual)
        return self._table

    @property
    def joined(self) -> Sections:
        """The sections of all planes, in their order, with the places where one is missing."""
        if self._joined is None:
            self._joined = Sections.join([*self._sections.values(), *self._open.values()])
        return self._joined

    def reviewed(self, reviewed: npt.NDArray[Any] | None) -> npt.NDArray[np.bool_]:
        """For each row of `table` whether it is reviewed: most of it, in at least one plane.

        `reviewed` (non-zero: reviewed) has the shape of the labels. A few pixels of each object are looked at.
        """
        table, sections = self.table, self.joined
        found = np.zeros(len(table), np.bool_)
        if reviewed is not None and len(sections):
            index = np.array(self.planes, np.int64).reshape(len(self.planes), -1)[sections.planes]
            at = (*(index[:, axis, None] for axis in range(index.shape[1])), *np.moveaxis(sections.probes, -1, 0))
            most = (reviewed[at] != 0).mean(axis=1) > 0.5
            found[table.row_of_section[most]] = True
        return found

    # -- edits ------------------------------------------------------------------------------------------------------

    def update(self, labels: npt.NDArray[Any], plane: PlaneIndex, ids: Iterable[int], box: Rectangle) -> None:
        """Measure again what an edit changed: objects `ids` (before and now), whose changes lie in `box` of a plane.

        Neighbours in the box are asked again how they touch. What is usual in the image stays as it was.
        """
        edit = self.plan_update(plane, ids, box)
        self.finish_update(labels, edit, self.measure_again(labels, edit))

    def plan_update(self, plane: PlaneIndex, ids: Iterable[int], box: Rectangle) -> ScreenedEdit:
        """What `measure_again`, in any thread, and `finish_update` need to know to do together what `update` does."""
        changed = np.array(sorted(set(ids) - {0}), np.int64)
        old = self._sections.get(self._numbers[plane]) or Sections.join([])
        boxes = np.array([box, *old.boxes[np.isin(old.ids, changed)].tolist()])
        (top, left), (bottom, right) = boxes[:, [0, 2]].min(axis=0), boxes[:, [1, 3]].max(axis=0)
        return ScreenedEdit(plane, changed, box, (int(top), int(bottom), int(left), int(right)))

    def measure_again(self, labels: npt.NDArray[Any], edit: ScreenedEdit) -> Sections:
        """The sections of all that lies around an edit. Nothing of this screening changes."""
        region = edit.region(labels[edit.plane])
        part, corner = labels[edit.plane][region], (region[0].start, region[1].start)
        found = measure_sections(part, self._numbers[edit.plane], origin=corner, shape=(self.shape[-2], self.shape[-1]))
        new = np.isin(found.ids, edit.changed)
        if new.any() and neighbour_axis(self.axes) is not None:
            broken = found.broken.copy()
            broken[new] = measure_breaks(
                labels, self.axes, edit.plane, found.ids[new], found.area[new], found.on_border[new], region
            )
            found = replace(found, broken=broken)
        return found

    def finish_update(self, labels: npt.NDArray[Any], edit: ScreenedEdit, found: Sections) -> None:
        """Take up what `measure_again` found."""
        number = self._numbers[edit.plane]
        old = self._sections.get(number) or Sections.join([])
        new = found.take(np.isin(found.ids, edit.changed))
        kept = old.take(~np.isin(old.ids, edit.changed))
        self._sections[number] = Sections.join(
            [_touching_anew(kept, found), _with_original(new, self._original[number])]
        )
        self._joined = self._table = None
        self._follow_missed(labels, edit.plane)


def _touching_anew(kept: Sections, found: Sections) -> Sections:
    """`kept` with the contacts of those that lie wholly in what was measured again."""
    contact = kept.contact.copy()
    at = np.minimum(np.searchsorted(kept.ids, found.ids), max(0, len(kept) - 1))
    if not len(kept):
        return kept
    same = (kept.ids[at] == found.ids) & (kept.area[at] == found.area)
    contact[at[same]] = found.contact[same]
    return replace(kept, contact=contact)


def _with_original(new: Sections, original: Sections) -> Sections:
    """`new` with what the network said of those whose outline is the one it spoke of (an edit was undone)."""
    if not len(new) or not len(original):
        return new
    at = np.minimum(np.searchsorted(original.ids, new.ids), len(original) - 1)
    same = (original.ids[at] == new.ids) & (original.area[at] == new.area)
    same &= (original.boxes[at] == new.boxes).all(axis=1)
    same &= np.abs(original.centres[at] - new.centres).max(axis=1) < 1e-6
    values = {name: np.where(same, getattr(original, name)[at], getattr(new, name)) for name in _SAID}
    return replace(new, **values)
