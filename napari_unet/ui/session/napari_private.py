"""The one place that relies on what napari and superqt do not promise; `test_napari_private` says what breaks then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol
from weakref import ref

import numpy as np
import numpy.typing as npt
from napari._vispy.utils.gl import get_max_texture_sizes
from napari.layers import Labels
from napari.qt.threading import GeneratorWorker
from qtpy.compat import isalive

from napari_unet.ui.session.planes.largeness import has_many_pixels
from napari_unet.ui.session.planes.picture import LargeLabels  # from there, or napari does not know how to draw it

AtomBox = tuple[slice | int, ...]
"""A slice or an index for each axis of a labels layer."""
Pixels = tuple[npt.NDArray[np.intp], ...]
"""Index arrays over the axes of a labels layer."""


class Perishable:
    """superqt's debouncer or throttler, whose work may close the window that it belongs to.

    Its timer is started anew once the work is done, and is gone then.
    """

    def _emitTriggered(self) -> None:
        try:
            super()._emitTriggered()  # type: ignore[misc]
        except RuntimeError:
            if isalive(self):
                raise


def atom_place(atom: Any) -> tuple[AtomBox | None, Pixels]:
    """Where one atom of a labels layer's history writes: a box, or else (None) pixels.

    `events.paint` carries such atoms. Since napari 0.8 strokes are `_MaskedPaintAtom`s, with a box and a mask in it;
    all other edits are tuples (index, values before, values after). See napari's `Labels._save_history`.
    """
    box = getattr(atom, "slice_key", None)
    if box is not None:
        return tuple(box), ()
    arrays = np.broadcast_arrays(*(np.asarray(part, np.intp).ravel() for part in atom[0]))
    return None, tuple(arrays)


def atom_before(atom: Any) -> tuple[Pixels, npt.NDArray[Any]]:
    """The pixels that one atom writes to, and what was there before."""
    box, pixels = atom_place(atom)
    if box is None:
        return pixels, np.broadcast_to(np.asarray(atom[1]).ravel(), pixels[0].shape)
    starts = [part.start or 0 if isinstance(part, slice) else int(part) for part in box]
    shape = [part.stop - start if isinstance(part, slice) else 1 for part, start in zip(box, starts, strict=True)]
    mask = np.ones(shape, bool) if atom.mask is None else np.asarray(atom.mask).reshape(shape)
    index = tuple(found + start for found, start in zip(np.nonzero(mask), starts, strict=True))
    return index, np.asarray(atom.old_values).ravel()


def atom_values(atom: Any) -> tuple[npt.NDArray[np.bool_], npt.NDArray[Any], npt.NDArray[Any]]:
    """Which pixels of its place one atom writes to, what was there before and what is there after.

    Of the shape of its box, or one value for each of its pixels (see `atom_place`).
    """
    box, pixels = atom_place(atom)
    if box is None:
        shape = pixels[0].shape
        before, after = (np.broadcast_to(np.asarray(atom[part]).ravel(), shape) for part in (1, 2))
        return np.ones(shape, bool), before, after
    shape = tuple(part.stop - (part.start or 0) if isinstance(part, slice) else 1 for part in box)
    old = np.asarray(atom.old_values)
    if atom.mask is None:
        mask, before = np.ones(shape, bool), old.reshape(shape)
    else:
        mask, before = np.asarray(atom.mask).reshape(shape), np.zeros(shape, old.dtype)
        before[mask] = old.ravel()
    return mask, before, np.broadcast_to(np.asarray(atom.new_value, old.dtype), shape)


def redraw_part(layer: Labels, box: tuple[slice, ...]) -> bool:
    """Draw anew what was written, past the layer's history, to `box` (a slice for each axis of the layer).

    `Labels.refresh` colours and hands over all of a plane, which for a large one takes the better part of a second;
    this is what napari does for a stroke. False if it cannot be done that way: `refresh` does it then.
    """
    if not layer.visible:
        return True  # all of it is drawn once it is visible
    if isinstance(layer, LargeLabels):
        layer.redraw_box(box)
        return True
    known = layer._slice
    displayed = known.slice_input.displayed
    if known.empty or len(displayed) != 2 or not isinstance(layer.data, np.ndarray):
        return False
    ranges = [part.indices(size)[:2] for part, size in zip(box, layer.data.shape, strict=True)]
    if not all(ranges[axis][0] <= at < ranges[axis][1] for axis, at in layer._get_pt_not_disp().items()):
        return True  # another slice is in view
    part = tuple(slice(*ranges[axis]) for axis in displayed)
    if layer.contour == 0:
        known.image.view[part] = layer.colormap._data_to_texture(known.image.raw[part])
    draw_by_parts(layer)
    layer._accumulate_updated_slice(tuple(slice(*one) for one in ranges))
    layer._partial_labels_refresh()
    return True


def redraw_all(layer: Labels) -> None:
    """Draw anew what `redraw_part` could not."""
    layer.refresh(thumbnail=False, extent=False)


def draw_by_parts(layer: Labels) -> None:
    """Have strokes drawn as parts in planes too large for a texture, too, of which napari hands over all each time.

    Of such planes it shows every second row and column, or fewer: of a part these are handed over.
    """
    # Its own callbacks always come before those of others: none can be ahead of it.
    for picture in _pictures(layer):
        picture._on_partial_labels_update = partial(_draw_part, ref(picture))


def _draw_part(known: Any, event: Any) -> None:
    picture = known()
    if picture is not None and not _draw_thinned(picture.node, event):
        type(picture)._on_partial_labels_update(picture, event)


def _draw_thinned(node: Any, event: Any) -> bool:
    raw = event.source._slice.image.raw
    most = most_texels()
    if raw.ndim != 2 or max(raw.shape) <= most or not event.source.loaded:
        return False
    steps = [-(-size // most) for size in raw.shape]
    firsts = [-(-start // step) for start, step in zip(event.offset, steps, strict=True)]
    starts = zip(firsts, steps, event.offset, strict=True)
    part = event.data[tuple(slice(first * step - start, None, step) for first, step, start in starts)]
    waiting = node._need_texture_upload  # when it is drawn next, all of it goes to the texture
    thinned = tuple(-(-size // step) for size, step in zip(raw.shape, steps, strict=True))
    if (node._data if waiting else node._texture).shape[:2] != thinned:
        return False
    if part.size and waiting:
        node._data[tuple(slice(first, first + n) for first, n in zip(firsts, part.shape, strict=True))] = part
    elif part.size:
        node._texture.scale_and_set_data(np.ascontiguousarray(part), offset=firsts)
    node.update()
    return True


def _pictures(layer: Labels) -> list[Any]:
    """What draws a layer, in each window that shows it."""
    listeners = [one for one in layer.events.labels_update.callbacks if isinstance(one, tuple)]
    return [known for known in (one[0]() for one in listeners) if hasattr(known, "node")]


def redraw_thumbnail(layer: Labels) -> None:
    """Draw the small picture in the list of layers anew, and nothing else."""
    layer._refresh_sync(thumbnail=True)


def most_texels() -> int:
    """Pixels a side of the largest plane that napari draws as it is; of larger ones it leaves pixels out."""
    return int(get_max_texture_sizes()[0] or 2**30)


def labels_class(plane: tuple[int, ...]) -> type[Labels]:
    """The class of layer for labels of planes of this shape; a `LargeLabelsPicture` draws the large ones."""
    return LargeLabels if has_many_pixels(plane) or max(plane) > most_texels() else Labels


@contextmanager
def drawn_as_empty(layer: Labels) -> Iterator[None]:
    """While a layer that holds nothing yet is added: napari colours all of it, more than once, on that occasion."""
    colour = layer._raw_to_displayed

    def colour_nothing(raw: Any, data_slice: Any = None) -> Any:
        one = colour(np.zeros((1,) * raw.ndim, raw.dtype))
        return np.zeros(raw.shape, one.dtype) if not one.any() else np.full(raw.shape, one.flat[0])

    layer._raw_to_displayed = colour_nothing
    try:
        yield
    finally:
        del layer._raw_to_displayed


@contextmanager
def added_unselected(layers: Any) -> Iterator[None]:
    """While a layer is added that is not to be selected: to select it, and then the one of before, takes long."""
    usual = layers._activate_on_insert
    layers._activate_on_insert = False
    try:
        yield
    finally:
        layers._activate_on_insert = usual


@contextmanager
def removed_together(layers: Any) -> Iterator[None]:
    """While several layers are removed: napari has Python look for garbage once after them, not after each.

    That is a third of a second each time in a program that has torch. As its own `LayerList.clear` does it (0.9).
    """
    if not hasattr(layers.events, "end_batch"):
        yield
        return
    layers.events.begin_batch()
    try:
        yield
    finally:
        layers.events.end_batch()


def draw_helpers_when_used(layer: Labels) -> None:
    """Have napari's polygon and brush circle drawn from when their tool is taken, not from when the layer is added.

    To set these up takes longer than all else of a new layer, and most layers are never drawn on with either.
    """
    for overlay in layer._overlays.values():
        if hasattr(overlay, "enabled"):
            overlay.visible = overlay.enabled
            overlay.events.enabled.connect(partial(_show_helper, overlay))


def _show_helper(overlay: Any, event: Any = None) -> None:
    if overlay.enabled:
        overlay.visible = True


def is_known_empty(layer: Labels) -> bool:
    """Whether a layer is just being added that holds nothing yet: nobody needs to look at all of it."""
    return "_raw_to_displayed" in vars(layer)


def history_of(layer: Labels) -> Any:
    """What can be undone and redone in a layer: the same object for as long as its array is the same."""
    return layer._undo_history, layer._redo_history


def put_history(layer: Labels, history: Any) -> None:
    """Have again what could be undone before `data` was assigned, with which napari begins anew: for the same array."""
    layer._undo_history, layer._redo_history = history


def forget_undone(layer: Labels, keep: int = 0) -> None:
    """Redo nothing more in a layer but the next `keep` steps: others were made since, in another layer."""
    while len(layer._redo_history) > keep:
        layer._redo_history.popleft()


def forget_oldest(layer: Labels, atoms: Any) -> None:
    """Let the oldest step of a layer stand for good, if it is the one of these atoms."""
    items = layer._undo_history
    if items and any(atom is atoms[0] for atom in items[0]):
        items.popleft()


class RunsWorkers(Protocol):
    """Where a worker runs."""

    def start(self, worker: PooledWorker) -> object: ...


class PooledWorker(GeneratorWorker):
    """A generator worker that runs in `pool`, and closes its generator when told to quit.

    napari's worker runs in the program's own pool of threads, and leaves the generator suspended after `quit()`, so
    that its `finally` clauses run much later, on the main thread.
    """

    pool: RunsWorkers

    def start(self) -> None:
        self._worker_set.add(self)
        self._finished.connect(self._set_discard)
        self.pool.start(self)

    def run(self) -> None:
        """Run in the pool's thread; an exception that left this method would end the process."""
        try:
            super().run()
        except RuntimeError as error:  # Qt has gone while it worked: there is nobody to tell
            if "has been deleted" not in str(error):
                raise

    def work(self) -> Any:
        try:
            return super().work()
        finally:
            self._gen.close()


def offer_in_layer_menu(commands: dict[str, str]) -> None:
    """Have commands of the manifest, by id with their titles, in the menu of a layer in napari's list, once a program.

    napari 0.9 shows only its own there; that of a manifest is left out in silence.
    """
    from app_model.types import CommandRule, MenuItem
    from napari._app_model import get_app_model
    from napari._app_model.constants import MenuId

    app = get_app_model()
    items = app.menus.get_menu(MenuId.LAYERLIST_CONTEXT) if MenuId.LAYERLIST_CONTEXT in app.menus else []
    known = {item.command.id for item in items if hasattr(item, "command")}
    missing = {name: title for name, title in commands.items() if name not in known and name in app.commands}
    rules = [CommandRule(id=name, title=title) for name, title in missing.items()]
    app.menus.append_menu_items([(MenuId.LAYERLIST_CONTEXT, MenuItem(command=rule, group="6_unet")) for rule in rules])
