"""The overlay of what is reviewed: a Labels layer of one colour, marked by hand, or because an object was corrected.

In its data 1 is marked by hand and 2 is marked because an object was corrected there; both count as reviewed. What
follows the corrections is written without undo steps of its own, since undoing a correction takes it away again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_unet.corrections.reviewed import (
    reviewed_share,
)
from napari_unet.labels.types import Mask, PlaneBox, PlaneIndex
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
        self._followed: dict[PlaneIndex, Mask] = {}  # where they got one, as last written
        self._refused: dict[PlaneIndex, Mask] = {}  # where they get none, since the user erased it
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
                np.zeros(self._work.shape, np.uint8),
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

    def follow(self, plane: PlaneIndex, region: PlaneBox, pieces: Any) -> bool:
        """Take over in `region` what `pieces.paint` marks; True if the layer has to be drawn again."""
        if self.layer is None:
            if pieces is None:
                return False
            self.ensure_layer()
        self._refuse(plane, self._followed.get(plane), region)
        wanted = self._wanted.setdefault(plane, np.zeros(self._work.shape[-2:], bool))
        wanted[region] = False
        if pieces is not None:
            pieces.paint(wanted, region)
        return self._write(plane, region)

    def rewrite(self, plane: PlaneIndex) -> bool:
        """Put right what undo and redo brought back of marks that follow corrections; True if something was wrong."""
        if self.layer is None or plane not in self._wanted:
            return False
        # Only what had a mark that follows corrections, and has none now, was erased: by redo.
        self._refuse(plane, self._followed.get(plane), WHOLE)
        return self._write(plane, WHOLE)

    def notice_erased(self, plane: PlaneIndex) -> None:
        """After a stroke in this layer: what is empty now, although corrections ask for a mark, stays empty."""
        self._refuse(plane, self._wanted.get(plane), WHOLE)

    def _refuse(self, plane: PlaneIndex, marked: Mask | None, region: PlaneBox) -> None:
        reviewed = self._work.reviewed
        if reviewed is None or marked is None:
            return
        empty = reviewed[plane][region] == 0
        erased = marked[region] & empty
        if plane not in self._refused:
            if not erased.any():
                return
            self._refused[plane] = np.zeros(marked.shape, bool)
        self._refused[plane][region] = erased | (self._refused[plane][region] & empty)

    def keep_marks(self) -> None:
        """Turn all marks that follow corrections into marks by hand: what they follow is about to change."""
        reviewed = self._work.reviewed
        for plane in self._wanted if reviewed is not None else ():
            present(reviewed)[plane][present(reviewed)[plane] == BY_CORRECTION] = BY_HAND
        self._forget()

    def _forget(self) -> None:
        for masks in (self._wanted, self._followed, self._refused):
            masks.clear()

    def planes(self) -> list[PlaneIndex]:
        """Planes in which corrections have asked for marks."""
        return list(self._wanted)

    def redraw(self) -> None:
        """Show what was written."""
        if self.layer is not None:
            with self._guard():
                self.layer.refresh(thumbnail=False, highlight=False, extent=False)

    def _write(self, plane: PlaneIndex, region: PlaneBox) -> bool:
        now = present(self._work.reviewed)[plane][region]
        wanted = self._wanted[plane][region]
        if plane in self._refused:
            wanted = wanted & ~self._refused[plane][region]
        new = np.where(now == BY_HAND, np.uint8(BY_HAND), np.where(wanted, np.uint8(BY_CORRECTION), np.uint8(0)))
        followed = self._followed.setdefault(plane, np.zeros(self._work.shape[-2:], bool))
        followed[region] = new == BY_CORRECTION
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


def _corners(region: PlaneBox, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    (top, bottom), (left, right) = (part.indices(size)[:2] for part, size in zip(region, shape, strict=True))
    return [(top, left), (top, right - 1), (bottom - 1, right - 1), (bottom - 1, left)]
