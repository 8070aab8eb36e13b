"""Labels of the current view before and after, one click apart: shown for a while in place of the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from napari_unet.corrections.comparison import carry_ids, compare_labels
from napari_unet.ui.canvas.marks.board import Board, Marks

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

Side = Literal["before", "after"]
_ROLE = "changed objects"


class BeforeAfter:
    """Compares two sets of labels of one plane in the viewer, and leaves no trace of it.

    The labels of the image are hidden while something is shown. Objects keep their colour from one side to the other;
    those that differ are outlined. `changed` tells that another side, or nothing, is shown.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        self._session, self._board = session, session.service(Board)
        self._work: ImageWork | None = None
        self._sides: dict[Side, npt.NDArray[np.int32]] = {}
        self._outlines: dict[Side, npt.NDArray[np.float64]] = {}
        self._plane: tuple[int, ...] = ()
        self._hidden: list[Any] = []
        self.side: Side | None = None
        self.n_changed = 0

    @property
    def is_shown(self) -> bool:
        return self.side is not None

    def show(
        self,
        before: npt.NDArray[Any],
        after: npt.NDArray[Any],
        work: ImageWork | None = None,
        plane: tuple[int, ...] | None = None,
        side: Side = "after",
    ) -> None:
        """Show `side` of two integer arrays (Y, X), by default over the current image and the plane in view."""
        self.close()
        work = work or self._session.current
        if work is None:
            return
        self._work = work
        self._plane = work.plane_at(self._session.viewer.dims.point) if plane is None else plane
        before, after = np.asarray(before, np.int32), carry_ids(np.asarray(before), np.asarray(after))
        comparison = compare_labels(before, after)
        self.n_changed = comparison.counts.total
        gone = set(comparison.removed).union(*comparison.origins.values())
        self._sides = {"before": before, "after": after}
        self._outlines = {
            "before": borders_of(before, gone), "after": borders_of(after, set(comparison.changed)),
        }  # fmt: skip
        self._add_layers(side)
        self._session.viewer.layers.events.removed.connect(self._on_removed)
        self.side = side
        self.changed.emit()

    def hold(self, side: Side) -> None:
        """Show one of the two sides: while a button or key is held, or until the other is asked for."""
        if self._work is None or side == self.side or not self._alive:
            return
        self.side = side
        self._write(self._work.layers["preview"], self._sides[side])
        self._outline(side)
        self.changed.emit()

    def toggle(self) -> None:
        """Show the other side."""
        self.hold("after" if self.side == "before" else "before")

    def close(self) -> None:
        """Take away what is shown, and show the labels again as they were."""
        if self._work is None:
            return
        session, viewer = self._session, self._session.viewer
        viewer.layers.events.removed.disconnect(self._on_removed)
        with session.keep_selection():
            self._board.put(self._work, _ROLE, None)
            session.remove_layer(self._work, "preview")
        for layer in self._hidden:
            layer.visible = True
        self._work = self.side = None
        self._hidden, self._sides, self._outlines = [], {}, {}
        self.changed.emit()

    def _on_removed(self, event: Any) -> None:
        """The user removed what is shown, or the image itself."""
        if not self._alive:
            self.close()

    @property
    def _alive(self) -> bool:
        return self._work is not None and self._work.layers.get("preview") in self._session.viewer.layers

    def _add_layers(self, side: Side) -> None:
        work, session = self._work, self._session
        assert work is not None
        labels, reviewed = work.labels_layer, work.reviewed_layer
        self._hidden = [layer for layer in (labels, reviewed) if layer is not None and layer.visible]
        opacity = 0.7 if labels is None else labels.opacity
        session.add_layer(work, "preview", self._stack(self._sides[side]), opacity=opacity)
        if labels is not None:
            work.layers["preview"].colormap = labels.colormap
            work.layers["preview"].contour = labels.contour
        self._outline(side)
        for layer in self._hidden:
            layer.visible = False

    def _outline(self, side: Side) -> None:
        """Draw the borders of the objects that differ, in the slice that they are of."""
        assert self._work is not None
        borders = self._outlines[side]
        index = [np.full(len(borders), position, float) for position in self._plane]
        at = self._work.geometry.layer_index((*index, *borders.T))
        self._board.put(self._work, _ROLE, Marks(segments=np.stack(at, axis=1)) if len(borders) else None)

    def _stack(self, plane: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """An array of the image's shape, empty but for one plane (and costing no more memory than that)."""
        assert self._work is not None
        data = np.zeros(self._work.shape, plane.dtype)
        data[self._plane] = plane
        return data

    def _write(self, layer: Any, plane: npt.NDArray[Any]) -> None:
        assert self._work is not None
        data = self._work.geometry.from_layer(layer.data)
        if data is not None:
            data[self._plane] = plane
            layer.refresh(thumbnail=False, extent=False)


def borders_of(labels: npt.NDArray[np.int32], ids: set[int]) -> npt.NDArray[np.float64]:
    """The borders between pixels of some objects and other ids, as n short lines: (2 n, 2) from and to, in Y, X."""
    shown = np.pad(np.where(np.isin(labels, list(ids)), labels, 0), 1)
    rows, columns = np.nonzero(shown[:, 1:] != shown[:, :-1])  # upright lines, left of the next column
    upright = np.stack([rows - 1.5, columns - 0.5, rows - 0.5, columns - 0.5], axis=1)
    rows, columns = np.nonzero(shown[1:] != shown[:-1])
    level = np.stack([rows - 0.5, columns - 1.5, rows - 0.5, columns - 0.5], axis=1)
    return np.concatenate([upright, level]).reshape(-1, 2)
