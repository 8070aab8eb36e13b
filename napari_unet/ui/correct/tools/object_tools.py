"""Carries out the tools for objects: from places on the canvas, through an operation, into the labels layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
from napari.layers import Labels
from qtpy.QtCore import QObject

from napari_unet.corrections.editing import FreeIds
from napari_unet.corrections.operations import adding, cleaning, drawing, joining, shaping, slices, splitting
from napari_unet.corrections.operations.change import (
    Change,
    join_changes,
)
from napari_unet.corrections.operations.extent import id_at, touched_objects
from napari_unet.corrections.operations.turning import Turn
from napari_unet.errors import UserError
from napari_unet.events import Failed
from napari_unet.labels.types import Place
from napari_unet.segmentation.volumes.choice import measure_flatness
from napari_unet.ui.canvas.writing import write_change
from napari_unet.ui.correct.tools.actions import TOOLS
from napari_unet.ui.correct.tools.probability import SurroundingsFinder
from napari_unet.ui.session.present import present
from napari_unet.ui.session.running.threads import run_soon

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

SHAPERS: dict[str, Callable[..., Change]] = {
    "fill_holes": shaping.fill_holes, "smooth": shaping.smooth_object, "grow": shaping.grow_object,
    "shrink": shaping.shrink_object, "keep_largest": shaping.keep_largest_part,
}  # fmt: skip
NOTHING_TO_DO = {
    "fill_holes": "This object has no holes.",
    "keep_largest": "This object is in one piece.",
    "copy_next": "Other objects take all of that place in the next slice.",
}
_LONGEST, _USUAL_DIAMETER = 1.5, 30.0
"""So many diameters away from a click an object ends, at most."""
FROM_ABOVE = ("copy_next", "interpolate")
"""Tools about slices, which mean the same where the click was made in a side view."""
SCOPES = {"slice": "this slice only", "z": "all its slices", "t": "all its frames"}


class ObjectTools(QObject):
    """One call of a tool is one step of undo. `scope`: how far objects are followed (`SCOPES`), "" as axes suggest."""

    def __init__(self, session: Session, failed: Callable[[str], None]) -> None:
        super().__init__()
        self._session = session
        self.scope = ""
        self._free_ids: tuple[Labels, FreeIds] | None = None
        self._unpainted: int | None = None  # the id that a new object gets, until it is painted
        self._surroundings = SurroundingsFinder(session, failed)

    # -- ids and axes -----------------------------------------------------------------------------------------------

    def next_id(self) -> int:
        """An id that no object of the current labels has."""
        return self._ids().take()

    def begin_new(self) -> int:
        """The id of an object that is about to be painted."""
        self._unpainted = self.next_id()
        return self._unpainted

    def _ids(self) -> FreeIds:
        work = present(self._session.current)
        if self._free_ids is None or self._free_ids[0] is not work.labels_layer:
            self._free_ids = work.labels_layer, FreeIds(present(work.labels))
        return self._free_ids[1]

    def is_new(self, object_id: int) -> bool:
        """Whether no object of the current labels has this id."""
        self._ids()
        fresh = object_id == self._unpainted
        return self._free_ids is not None and (fresh or self._free_ids[1].is_new(object_id))

    def take_new_id(self, work: ImageWork) -> None:
        """Have the brush paint a new object: with an id that is in use it would extend that object elsewhere."""
        layer, labels = work.labels_layer, work.labels
        if layer is not None and labels is not None and not work.head.keeps_values:
            run_soon(labels.size, lambda: FreeIds(labels).take(), self._on_free, layer, layer.selected_label)

    def _on_free(self, object_id: int | Failed, layer: Labels, selected: int) -> None:
        if not isinstance(object_id, Failed) and layer.selected_label == selected:  # nobody chose one meanwhile
            layer.selected_label = object_id

    def note_id(self, layer: Labels) -> None:
        """The layer's selected id was painted."""
        if self._free_ids is not None and layer is self._free_ids[0]:
            self._free_ids[1].note(int(layer.selected_label))
            if layer.selected_label == self._unpainted:
                self._unpainted = None

    def note_refreshed(self, work: ImageWork) -> None:
        """New objects were written to the labels: their ids are taken."""
        if self._free_ids is not None and self._free_ids[0] is work.labels_layer and work.labels is not None:
            self._free_ids[1].note(int(work.labels.max(initial=0)))

    def forget_ids(self) -> None:
        """Labels were written by other means than the tools: ids are counted anew when next needed."""
        self._free_ids = self._unpainted = None

    def scopes(self, work: ImageWork) -> list[str]:
        """The scopes that the axes of an image allow, the usual one first."""
        leading = work.axes[:-2]
        return [*(["z"] if "Z" in leading else []), "slice", *(["t"] if "T" in leading else [])]

    def through(self, work: ImageWork) -> tuple[int, ...]:
        """The axes along which objects are followed."""
        allowed = self.scopes(work)
        scope = self.scope if self.scope in allowed else allowed[0]
        letters = {"slice": "", "z": "Z", "t": "TZ"}[scope]
        return tuple(axis for axis, letter in enumerate(work.axes[:-2]) if letter in letters)

    # -- tools ------------------------------------------------------------------------------------------------------

    def apply(self, name: str, work: ImageWork, stroke: list[Place], turn: Turn | None = None) -> None:
        """Carry out a tool of `TOOLS` with what its gesture gave; raises `UserError` with a sentence.

        `turn`: the gesture was made in a side view, and is about the plane that is seen there.
        """
        stroke = _inside(stroke, work.shape)
        if not stroke:
            return
        if name == "add":
            self._add(work, stroke[0])
        elif name == "lock":
            toggle_locks(self._session, work, stroke)
        else:
            self._write(name, work, self._change(name, work, stroke, turn))

    def _write(self, name: str, work: ImageWork, change: Change) -> None:
        if not write_change(self._session, work, change) and name in NOTHING_TO_DO:
            raise UserError(NOTHING_TO_DO[name])

    def _change(self, name: str, work: ImageWork, stroke: list[Place], turn: Turn | None) -> Change:
        if turn is None or name in FROM_ABOVE:
            return self._change_of(name, work, present(work.labels), stroke)
        labels = present(work.labels)
        if name == "split" and len(stroke) == 2 and id_at(labels, stroke[0]) == id_at(labels, stroke[1]) != 0:
            return self._change_of(name, work, labels, stroke)  # two seeds divide an object in 3D, wherever they are
        turned = self._change_of(name, work, turn.labels(labels), [turn.place(at) for at in stroke])
        return turn.turn_back(turned)

    def _change_of(self, name: str, work: ImageWork, labels: npt.NDArray[Any], stroke: list[Place]) -> Change:
        through, locked = self.through(work), work.locked
        if name == "outline":
            return drawing.draw_object(labels, stroke, self.next_id, locked)
        if name == "erase_inside":
            return drawing.erase_inside(labels, stroke)
        refuse_locked(labels, locked, stroke, all_of=TOOLS[name].gesture in ("pair", "line"))
        if name == "split":
            if len(stroke) == 2 and id_at(labels, stroke[0]) == id_at(labels, stroke[1]) != 0:
                depth, row, column = work.image.scale_of("ZYX")
                distance = self._distance(work, stroke[0])
                return splitting.split_by_seeds(labels, stroke, self.next_id, through, distance, (depth, row, column))
            return splitting.split_by_line(labels, stroke, self.next_id, through, locked)
        if name == "merge":
            return joining.merge_objects(labels, stroke, through, locked)
        if name == "swap":
            return joining.swap_ids(labels, stroke[0], stroke[-1], through)
        if name == "delete":
            return joining.delete_objects(labels, stroke, through, locked)
        return self._of_each(name, work, labels, stroke)

    def _of_each(self, name: str, work: ImageWork, labels: npt.NDArray[Any], stroke: list[Place]) -> Change:
        """What a tool for single objects makes of all that the stroke touches."""
        through = self.through(work)
        places = touched_objects(labels, stroke, work.locked).values()
        if not places:
            raise UserError("There is no object here: click one.")
        if name in SHAPERS:
            return join_changes(labels, [SHAPERS[name](labels, at, through) for at in places])
        if name == "new_id":
            return join_changes(labels, [joining.renumber_object(labels, at, self.next_id, through) for at in places])
        axis = self._slice_axis(work)
        if name == "copy_next":
            return join_changes(labels, [slices.copy_to_slice(labels, at, axis) for at in places])
        return join_changes(labels, [slices.interpolate_object(labels, at, axis) for at in places])

    def _slice_axis(self, work: ImageWork) -> int:
        """The axis from slice to slice: z, or time where there is no z (or where time was chosen)."""
        leading = work.axes[:-2]
        if not leading:
            raise UserError("This image has one slice only.")
        return (
            leading.index("T") if "Z" not in leading or (self.scope == "t" and "T" in leading) else leading.index("Z")
        )

    def next_slice(self, work: ImageWork) -> None:
        """Show the next slice."""
        letter = work.axes[self._slice_axis(work)]
        axes, dims = work.geometry.layer_axes, self._session.viewer.dims
        axis = dims.ndim - len(axes) + axes.index(letter)
        dims.set_current_step(axis, dims.current_step[axis] + 1)

    def _distance(self, work: ImageWork, at: Place) -> Any:
        """Where the model saw the middle of objects in a plane; None if it is not known."""
        maps = work.maps
        if maps is None or len(maps.maps) < 2 or not maps.done[at[:-2]]:
            return None
        return adding.core_map(maps.maps[(slice(None), *at[:-2])])

    def _add(self, work: ImageWork, at: Place) -> None:
        if id_at(present(work.labels), at):
            raise UserError("There is an object already: delete it first, or redraw its outline.")

        def on_ready(seen: Any) -> None:
            thresholds = seen.foreground_threshold, seen.seed_threshold
            labels = present(work.labels)
            change = adding.add_object(labels, at, seen.maps, seen.corner, self.next_id, *thresholds, flatness)
            write_change(self._session, work, change)

        flatness, _ = measure_flatness(work.image)
        self._surroundings.find(work, at, on_ready, self._slices_around(work, flatness))

    def _slices_around(self, work: ImageWork, flatness: float) -> int:
        """How many slices before and after a click an object may reach that tools follow through z; 0: they do not."""
        if "Z" not in work.axes or work.axes.index("Z") not in self.through(work):
            return 0
        return math.ceil(_LONGEST * (work.diameter or _USUAL_DIAMETER) / flatness)

    # -- many at once -----------------------------------------------------------------------------------------------

    def clear_border(self, work: ImageWork) -> int:
        """Delete what touches the edge of the image in the slices of the scope; returns how many objects."""
        change = cleaning.clear_border(present(work.labels), self.planes(work), self.through(work), work.locked)
        write_change(self._session, work, change)
        return len(set(change.before.tolist()))

    def planes(self, work: ImageWork) -> list[tuple[int, ...]]:
        """The plane in view, with all others along the scope's axes."""
        from itertools import product

        here, through = work.plane_at(self._session.viewer.dims.point), self.through(work)
        return list(product(*(range(n) if i in through else [here[i]] for i, n in enumerate(work.shape[:-2]))))


def toggle_locks(session: Session, work: ImageWork, stroke: list[Place]) -> None:
    """Lock all objects that a stroke touches; a click on a locked one unlocks it."""
    touched = touched_objects(present(work.labels), stroke)
    if not touched:
        raise UserError("There is no object here: click one to lock it.")
    if len(stroke) == 1 and touched.keys() <= work.locked:
        work.lock(work.locked - touched.keys())
    else:
        work.lock(work.locked | touched.keys(), touched)


def refuse_locked(labels: npt.NDArray[Any], locked: Collection[int], stroke: list[Place], all_of: bool) -> None:
    """Raise `UserError` if a stroke means locked objects: one of a pair, or the only ones that it touches."""
    touched = set(touched_objects(labels, stroke))
    locked = touched & set(locked)
    if locked and (all_of or locked == touched):
        raise UserError(f"Object {min(locked)} is locked: click it with Lock to unlock it.")


def _inside(stroke: list[Place], shape: tuple[int, ...]) -> list[Place]:
    """A stroke cut to the image: places outside of it are moved to its edge, one alone outside is none."""
    if len(stroke) == 1:
        return [at for at in stroke if all(0 <= i < n for i, n in zip(at, shape, strict=True))]
    return [tuple(min(max(i, 0), n - 1) for i, n in zip(at, shape, strict=True)) for at in stroke]
