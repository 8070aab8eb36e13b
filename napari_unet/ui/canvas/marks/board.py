"""Keeps all marks of a viewer, and has those drawn that lie in the slice in view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.utils.transforms import Affine
from vispy.color import Color

from napari_unet.ui.canvas.marks.drawing import OVERLAY, Dots, Drawing, Pen
from napari_unet.ui.canvas.sight import covers
from napari_unet.ui.session.layers import placement

if TYPE_CHECKING:
    from napari_unet.ui.canvas.marks.overlay import MarksOverlay
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

Places = npt.NDArray[np.float64]
_NONE, _WHITE = np.zeros((0, 0)), Pen()


@dataclass(frozen=True, eq=False)
class Marks:
    """What is drawn over one image for one purpose, in the axes of its labels layer, or in rows and columns alone.

    `places` (n, axes) get a sign each; `paths` are lines through their points; `segments` (2 n, axes) are n short
    lines, all in one slice. With two columns they are shown in every slice.
    """

    paths: Sequence[Places] = ()
    segments: Places = field(default_factory=_NONE.copy)
    places: Places = field(default_factory=_NONE.copy)
    symbol: str = "disc"
    size: float = 8.0
    pen: Pen = _WHITE


class Board:
    """A service: one a session. Marks go with their image: not seen while that is hidden, or another covers it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._marks: dict[tuple[str, str], tuple[ImageWork, Marks]] = {}
        self._known: dict[tuple[str, str], tuple[Any, _Seen]] = {}  # what of them is in view, and of which view
        self._dots: tuple[Any, Dots | None] = ((), None)
        events = session.viewer.dims.events
        for event in (events.current_step, events.ndisplay, events.order):
            event.connect(self._on_view)
        session.images_changed.connect(self._on_images)
        session.current_changed.connect(self._on_view)

    @property
    def overlay(self) -> MarksOverlay:
        """Made when first asked for."""
        overlays = self._session.viewer.scene.overlays
        if OVERLAY not in overlays:
            from napari_unet.ui.canvas.marks.overlay import marks_overlay

            overlays[OVERLAY] = marks_overlay()
        overlay: MarksOverlay = overlays[OVERLAY]
        return overlay

    def put(self, work: ImageWork, role: str, marks: Marks | None) -> None:
        """Draw these marks of an image, and no others of this `role`; None: none."""
        key = (work.key, role)
        self._known.pop(key, None)
        if marks is not None:
            if not any(known is work for known, _ in self._marks.values()):
                work.layer.events.visible.connect(self._on_view)
            self._marks[key] = work, marks
        elif self._marks.pop(key, None) is None:
            return
        self.draw()

    def of(self, work: ImageWork, role: str) -> Marks | None:
        """What is drawn of an image for this purpose."""
        found = self._marks.get((work.key, role))
        return None if found is None else found[1]

    def draw(self) -> None:
        """Draw what is in view."""
        seen = [self._look(key, *found) for key, found in self._marks.items()]
        paths = tuple((path, marks.pen) for marks, view in zip(self._all(), seen, strict=True) for path in view.paths)
        segments = [view.segments for view in seen if len(view.segments)]
        self.overlay.drawing = Drawing(paths, np.concatenate(segments) if segments else None, self._join_dots(seen))

    def close(self) -> None:
        """The window closes."""
        self._marks.clear()
        self._known.clear()

    def _all(self) -> list[Marks]:
        return [marks for _, marks in self._marks.values()]

    def _on_view(self, event: Any = None) -> None:
        if self._marks and self._session.viewer is not None:
            self.draw()

    def _on_images(self) -> None:
        """Marks of images that are gone go too."""
        gone = [key for key, (work, _) in self._marks.items() if work not in self._session.works]
        for key in gone:
            del self._marks[key]
            self._known.pop(key, None)
        if gone:
            self.draw()

    def _look(self, key: tuple[str, str], work: ImageWork, marks: Marks) -> _Seen:
        dims = self._session.viewer.dims
        shown = work.layer.visible and not self._is_behind(work)
        view = (dims.displayed, dims.point, shown)
        if key not in self._known or self._known[key][0] != view:
            self._known[key] = view, _in_view(work, marks, dims) if shown else _NOTHING
        return self._known[key][1]

    def _is_behind(self, work: ImageWork) -> bool:
        """Whether the image that is worked on, which is in front, hides this one."""
        current = self._session.current
        return current is not None and current is not work and covers(current.layer, work)

    def _join_dots(self, seen: list[_Seen]) -> Dots | None:
        """All dots as one, the same object as long as they are the same."""
        parts = [(view.places, marks) for view, marks in zip(seen, self._all(), strict=True) if len(view.places)]
        places = [array for array, _ in parts]
        before = self._dots[0]  # the arrays, not their ids: those are given again to the next
        if not parts:
            self._dots = ((), None)
        elif len(before) != len(places) or any(a is not b for a, b in zip(before, places, strict=True)):
            counts = [len(places) for places, _ in parts]
            ours = [marks for _, marks in parts]
            dots = Dots(
                np.concatenate(places),
                np.repeat([marks.symbol for marks in ours], counts),
                np.repeat(np.array([marks.size for marks in ours], np.float32), counts),
                np.repeat(np.array([Color(marks.pen.colour).rgba for marks in ours], np.float32), counts, axis=0),
            )
            self._dots = places, dots
        return self._dots[1]


@dataclass(frozen=True, eq=False)
class _Seen:
    """What of some marks is in view, as vispy has it: x first."""

    paths: tuple[npt.NDArray[np.float32], ...] = ()
    segments: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 2), np.float32))
    places: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 2), np.float32))


_NOTHING = _Seen()


def _in_view(work: ImageWork, marks: Marks, dims: Any) -> _Seen:
    """Lines are drawn in 2D alone; dots in 3D too."""
    slicing = _Slice(work, dims)
    if not slicing.fits:
        return _NOTHING
    places = slicing.show(slicing.pick(marks.places)) if marks.places.size else _NOTHING.places
    if dims.ndisplay != 2:
        return _Seen(places=places)
    paths = tuple(slicing.show(path) for path in marks.paths if len(path) > 1 and len(slicing.pick(path[:1])))
    segments = marks.segments if len(marks.segments) and len(slicing.pick(marks.segments[:1])) else None
    return _Seen(paths, _NOTHING.segments if segments is None else slicing.show(segments), places)


class _Slice:
    """The slice of an image that is in view, and where its places lie on the canvas."""

    def __init__(self, work: ImageWork, dims: Any) -> None:
        self._axes = work.geometry.layer_axes
        n = len(self._axes)
        shown = [axis - (dims.ndim - n) for axis in dims.displayed]
        self.fits = dims.ndim >= n and min(shown) >= 0
        if not self.fits:
            return
        place = placement(work.layer, work.geometry)
        own = {key: place[key] for key in ("scale", "translate", "rotate", "shear") if place[key] is not None}
        self._to_world = Affine(affine_matrix=place["affine"]).compose(Affine(**own))
        self._at = np.asarray(self._to_world.inverse(np.asarray(dims.point, float)[-n:]), float)
        self._shown = shown
        self._hidden = [axis for axis in range(n) if axis not in shown]

    def pick(self, places: Places) -> Places:
        """Those that lie in the slice."""
        full = self._fill(places)
        near = np.abs(full[:, self._hidden] - np.rint(self._at[self._hidden])) <= 0.5
        picked: Places = full[near.all(axis=1)]
        return picked

    def show(self, places: Places) -> npt.NDArray[np.float32]:
        """Where places are in the scene, x first."""
        world = np.asarray(self._to_world(self._fill(places)))
        return np.ascontiguousarray(world[:, self._shown[::-1]], np.float32)

    def _fill(self, places: Places) -> Places:
        """Places of rows and columns alone lie in the slice in view, whichever that is."""
        n = len(self._axes)
        if places.shape[1] == n:
            return places
        full = np.tile(np.where(np.isin(np.arange(n), self._hidden), np.rint(self._at), 0.0), (len(places), 1))
        full[:, [self._axes.index("Y"), self._axes.index("X")]] = places
        return full
