"""Keys and mouse on our layers: who is asked when a key is pressed or the mouse is dragged over one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from app_model.types import KeyCode, KeyMod
from napari.layers import Labels, Layer
from qtpy.QtCore import QObject, QTimer

from napari_unet.ui.canvas.marks.box import drag_box
from napari_unet.ui.canvas.sight import OTHER_AXES, why_not_seen
from napari_unet.ui.correct.locks.guard import STAY, LockGuard
from napari_unet.ui.correct.locks.shield import LockShield
from napari_unet.ui.correct.look import LabelLook
from napari_unet.ui.correct.tools.actions import ACTIONS, TOOLS
from napari_unet.ui.correct.tools.hand import REVIEW_BOX, ToolHand
from napari_unet.ui.correct.tools.keys import key_table
from napari_unet.ui.session.keeping.undo import get_undo
from napari_unet.ui.session.listening import listen, weakly
from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from napari_unet.ui.session.session import Session


class ToolUser(Protocol):
    """Who carries out what keys and mouse ask for."""

    failed: Any
    hand: ToolHand
    marks: Any
    objects: Any
    look: LabelLook

    def run(self, name: str) -> None: ...

    def use_at_cursor(self, name: str) -> None: ...

    def must_ask(self) -> bool: ...

    def use_stroke(self, stroke: list[Any]) -> None: ...


class LayerInput(QObject):
    """Binds the tools to the layers of each image once it is worked on."""

    def __init__(self, session: Session, tools: ToolUser) -> None:
        super().__init__(tools)
        self._session, self._tools, self._hand = session, tools, tools.hand
        self._bound: list[Layer] = []
        self._undo = get_undo(session)
        self._shield = LockShield(session, self)
        self._shield.refused.connect(tools.failed)
        for signal in (session.labels_changed, session.reviewed_changed, session.current_changed):
            listen(self, signal, self._bind)
        listen(self, key_table().changed, self._rebind)
        self._bind()

    def _bind(self) -> None:
        """Bind keys and mouse to the layers of the current image, once each."""
        work = self._session.current
        if work is not None and not any(work.layer is bound for bound in self._bound):
            self._bound.append(work.layer)  # keys act when the image itself is selected, too
            self._bind_keys(work.layer)
        labels_layer, reviewed_layer = (None, None) if work is None else (work.labels_layer, work.reviewed_layer)
        for layer in (labels_layer, reviewed_layer):
            if layer is not None and not any(layer is bound for bound in self._bound):
                self._bind_layer(layer)
                if layer is labels_layer:
                    self._shield.watch(layer)
        layers = self._session.viewer.layers
        self._bound = [layer for layer in self._bound if layer in layers]
        self._hand.show_tool()

    def _bind_layer(self, layer: Labels) -> None:
        self._bound.append(layer)
        listen(self._hand, layer.events.mode, self._hand.on_mode)
        listen(self._hand, layer.events.visible, self._hand.on_layer)
        listen(self._hand, layer.events.selected_label, self._hand.on_layer)
        listen(self, layer.events.paint, self._on_paint)
        # Before napari's own, which follow as a mode is chosen: see LockGuard.
        layer.mouse_drag_callbacks.insert(0, weakly(self._on_mouse))
        layer.mouse_move_callbacks.append(weakly(self._on_move))
        self._bind_keys(layer)

    def _rebind(self, old_keys: frozenset[str]) -> None:
        """Other keys were chosen."""
        for layer in self._bound:
            for key in old_keys:
                layer.bind_key(key, None, overwrite=True)
        self.set_keys(True)
        self._hand.changed.emit()

    def _bind_keys(self, layer: Layer) -> None:
        undo, redo = weakly(self._undo.undo), weakly(self._undo.redo)
        layer.bind_key(KeyMod.CtrlCmd | KeyCode.KeyZ, lambda _: undo() and None, overwrite=True)
        layer.bind_key(KeyMod.CtrlCmd | KeyMod.Shift | KeyCode.KeyZ, lambda _: redo() and None, overwrite=True)
        run, use = weakly(self._tools.run), weakly(self._tools.use_at_cursor)
        for action in ACTIONS:
            key = key_table().key_of(action)
            if action.name == "show_filled":
                layer.bind_key(key, _weakly_held(self._tools.look.hold), overwrite=True)
            elif key:
                act = use if action.gesture in ("object", "point") else run
                layer.bind_key(key, lambda _, act=act, name=action.name: act(name), overwrite=True)

    def set_keys(self, on: bool) -> None:
        """Have the keys, or give napari its own back: the panel is going."""
        for layer in self._bound:
            for key in filter(None, map(key_table().key_of, ACTIONS)):
                layer.bind_key(key, None, overwrite=True)
            if on:
                self._bind_keys(layer)

    def _on_paint(self, event: Any) -> None:
        was_new = self._tools.objects.is_new(int(event.source.selected_label)) if self._is_current(event) else False
        self._tools.objects.note_id(event.source)
        if was_new:
            self._hand.changed.emit()  # it is no new object any more

    def _is_current(self, event: Any) -> bool:
        work = self._session.current
        return work is not None and event.source is work.labels_layer

    def _holds_back(self, layer: Labels) -> bool:
        """Keep napari's own brush from what is not seen: its callback comes after this one, if the mode is still on."""
        reason = why_not_seen(self._session, present(self._session.current))
        if reason == OTHER_AXES:
            return False  # napari's own brush draws in any view
        if reason is None and not self._tools.must_ask():
            return False
        if reason is not None:
            self._tools.failed.emit(reason)
        mode, layer.mode = layer.mode, "pan_zoom"
        QTimer.singleShot(0, lambda: setattr(layer, "mode", mode if reason is None else "pan_zoom"))
        return True

    def _on_move(self, layer: Labels, event: Any) -> None:
        """Say what is under the mouse."""
        work = self._session.current
        if work is not None and layer is work.labels_layer:
            self._hand.hover(event.position)

    def _on_mouse(self, layer: Labels, event: Any) -> Iterator[None]:
        work = self._session.current
        if work is None or event.button != 1:
            return
        mode = str(layer.mode)
        if layer is work.labels_layer:
            if mode in LockGuard.MODES and self._holds_back(layer):
                return
            if self._hand.special in TOOLS:
                yield from self._hand.follow(event, weakly(self._tools.use_stroke))
            elif work.locked and mode in LockGuard.MODES:
                guard = LockGuard(work)
                yield from guard.guard(event)
                if guard.held_back:
                    self._tools.failed.emit(STAY)
        elif self._hand.special == REVIEW_BOX and layer is work.reviewed_layer:
            yield from drag_box(self._session, work, event, self._tools.marks.mark)


def _weakly_held(method: Callable[..., Iterator[None]]) -> Callable[[Any], Iterator[None]]:
    """As `weakly`, for a key that does something for as long as it is held."""
    call = weakly(method)

    def hold(layer: Any) -> Iterator[None]:
        yield from call(layer) or ()

    return hold
