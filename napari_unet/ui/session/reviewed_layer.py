"""The overlay of what is reviewed: a Labels layer of one colour, marked by hand, or because an object was corrected.

In its data 1 is marked by hand and 2 is marked because an object was corrected there; both count as reviewed. What
follows the corrections is written without undo steps of its own, since undoing a correction takes it away again: it is
a matter of the labels of now, of the prediction, and of what the steps that stand in the layer's history erased
(`history.erasures`), and of nothing else. So it does not matter when it is brought up to date.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_unet.corrections.operations.change import Change
from napari_unet.corrections.reviewed import (
    reviewed_share,
)
from napari_unet.labels.types import Array, Mask, PlaneBox, PlaneIndex
from napari_unet.ui.session.history.erasures import Erasures
from napari_unet.ui.session.history.label_stores import get_label_stores
from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session


BY_HAND, BY_CORRECTION = 1, 2
OPACITY = 0.22
WHOLE: PlaneBox = (slice(None), slice(None))
_COLOUR = np.array([0.2, 0.85, 1.0, 1.0])  # to be seen on black and on white, and to leave labels their own hue


class ReviewedOverlay:
    """Marks of one image; makes the layer when there is something to show."""

    def __init__(self, session: Session, work: ImageWork) -> None:
        self._session, self._work = session, work
        self._wanted: dict[PlaneIndex, Mask] = {}  # where corrections ask for a mark
        self._erasures = Erasures(BY_CORRECTION)
        self.writing = False

    @property
    def layer(self) -> Labels | None:
        return self._work.reviewed_layer

    def ensure_layer(self) -> Labels:
        """The layer, empty if it is new. Which layer is selected does not change."""
        if self.layer is None:
            self._forget()
            layer = self._session.add_layer(
                self._work,
                "reviewed",
                get_label_stores(self._session).empty(self._work, "reviewed", np.uint8),
                empty=True,
                opacity=OPACITY,
                colormap=DirectLabelColormap(
                    color_dict={None: np.zeros(4), 0: np.zeros(4), BY_HAND: _COLOUR, BY_CORRECTION: _COLOUR}
                ),
            )
            layer.selected_label = BY_HAND
        return self.layer

    def mark_all(self) -> None:
        """Mark everything as reviewed by hand: where marks were before, as steps that can be undone."""
        if self.layer is None:
            layer = self.ensure_layer()
            present(self._work.reviewed)[...] = BY_HAND
            layer.refresh()
            self._work.note_written()
            return
        for plane in np.ndindex(*self._work.shape[:-2]):
            self.mark(plane)

    def share(self, plane: PlaneIndex) -> float:
        """Share of one plane that is reviewed, 0 to 1."""
        reviewed = self._work.reviewed
        return 0.0 if reviewed is None else reviewed_share(reviewed[plane])

    def mark(self, plane: PlaneIndex, region: PlaneBox = WHOLE, reviewed: bool = True) -> None:
        """Mark rows and columns of a plane as reviewed or as not, as one step that can be undone in this layer."""
        layer = self.ensure_layer()
        value = BY_HAND if reviewed else 0
        corners = _corners(region, self._work.shape[-2:])
        points = [self._work.geometry.layer_index((*plane, *corner)) for corner in corners]
        if self.shows(plane):
            layer.paint_polygon(points, value)
        else:  # napari's polygon goes where the view goes; this does not
            rows, columns = (np.arange(*part.indices(n)) for part, n in zip(region, self._work.shape[-2:], strict=True))
            grid = [axis.ravel() for axis in np.meshgrid(rows, columns, indexing="ij")]
            index = tuple(np.full(grid[0].size, at) for at in plane)
            layer.data_setitem(self._work.geometry.layer_index((*index, *grid)), value)
        if not layer.visible:
            layer.visible = True

    def write(self, change: Change) -> None:
        """Write a change of the marks by hand, in whichever planes, as one step that can be undone in this layer."""
        layer = self.ensure_layer()
        if len(change):
            layer.data_setitem(self._work.geometry.layer_index(change.index), change.after)
        if not layer.visible:
            layer.visible = True

    def follow(self, plane: PlaneIndex, region: PlaneBox, pieces: Any) -> bool:
        """Take over in `region` what `pieces.paint` marks; True if the layer has to be drawn again."""
        if self.layer is None:
            if pieces is None:
                return False
            self.ensure_layer()
        wanted = self._wanted.setdefault(plane, np.zeros(self._work.shape[-2:], bool))
        wanted[region] = False
        if pieces is not None:
            pieces.paint(wanted, region)
        return self._write(plane, region)

    def follow_steps(self) -> list[tuple[PlaneIndex, PlaneBox]]:
        """Take note of steps that were made, undone or redone in the layer; gives the places that they wrote to.

        Some of napari's edits tell of themselves before they write: `rewrite` comes after that.
        """
        reviewed = self._work.reviewed
        if self.layer is None or reviewed is None:
            return []
        places = []
        for (plane, box), stays in self._erasures.follow(self.layer, self._work.geometry, self._wanted):
            if stays:
                _by_hand(reviewed[plane][box])
            places.append((plane, box))
        return places

    def rewrite(self, plane: PlaneIndex, region: PlaneBox = WHOLE) -> bool:
        """Put right what was written of marks that follow corrections; True if something was wrong."""
        if self.layer is None or plane not in self._wanted:
            return False
        return self._write(plane, region)

    def leave_empty(self) -> None:
        """What is empty now, although corrections ask for a mark, stays empty: marks were read from a file."""
        for plane, wanted in self._wanted.items():
            self._erasures.add(plane, wanted & (present(self._work.reviewed)[plane] == 0))

    def keep_marks(self) -> None:
        """Turn all marks that follow corrections into marks by hand: what they follow is about to change."""
        reviewed = self._work.reviewed
        for plane in self._wanted if reviewed is not None else ():
            _by_hand(present(reviewed)[plane])
        self._forget()

    def _forget(self) -> None:
        self._wanted.clear()
        self._erasures.start_anew()

    def planes(self) -> list[PlaneIndex]:
        """Planes in which corrections have asked for marks."""
        return list(self._wanted)

    def redraw(self) -> None:
        """Show what was written."""
        if self.layer is not None:
            with self._guard():
                self.layer.refresh(thumbnail=False, highlight=False, extent=False)
                if not self.layer.visible:
                    self.layer.events.set_data()  # napari does not draw it, and who keeps it learns of it by that

    def _write(self, plane: PlaneIndex, region: PlaneBox) -> bool:
        now = present(self._work.reviewed)[plane][region]
        wanted = self._wanted[plane][region]
        erased = self._erasures.of(plane)
        if erased is not None:
            wanted = wanted & ~erased[region]
        asked = np.where(wanted, np.uint8(BY_CORRECTION), np.uint8(0))
        new = np.where((now == 0) | (now == BY_CORRECTION), asked, now)
        if np.array_equal(new, now):
            return False
        now[...] = new
        return True

    def shows(self, plane: PlaneIndex) -> bool:
        """Whether the viewer shows this very plane, from the top."""
        dims = self._session.viewer.dims
        n = self._work.geometry.layer_axes
        shown = [axis - dims.ndim for axis in dims.displayed[-2:]]
        here = self._work.plane_at(dims.point) == plane
        return here and dims.ndisplay == 2 and shown == [n.index("Y") - len(n), n.index("X") - len(n)]

    @contextlib.contextmanager
    def _guard(self) -> Iterator[None]:
        self.writing = True
        try:
            yield
        finally:
            self.writing = False


def _by_hand(reviewed: Array) -> None:
    """Turn marks that follow corrections into marks by hand."""
    reviewed[reviewed == BY_CORRECTION] = BY_HAND


def _corners(region: PlaneBox, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    (top, bottom), (left, right) = (part.indices(size)[:2] for part, size in zip(region, shape, strict=True))
    return [(top, left), (top, right - 1), (bottom - 1, right - 1), (bottom - 1, left)]
