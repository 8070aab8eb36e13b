"""One napari window for many tests: each gets it as if it were new."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import napari
import pytest
from napari._qt.qt_main_window import _QtMainWindow
from napari._qt.qt_viewer import QtViewer
from napari._vispy.utils.gl import get_gl_extensions
from napari.settings import get_settings
from qtpy.QtCore import QCoreApplication, QEvent
from qtpy.QtWidgets import QWidget
from vispy.gloo.context import get_current_canvas

from napari_unet.ui.canvas import graphics
from napari_unet.ui.session import session as sessions


class SharedWindow:
    """A hidden window that is lent to one test after another. Between them napari does not know that it is there."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr("napari._qt.threads.status_checker.StatusChecker.start", lambda *_: None)
        patch.setattr(QtViewer, "_get_console", _dummy_console)
        get_settings().reset()
        if get_current_canvas() is None:  # napari asks once a process, and a window that was never shown cannot tell
            get_gl_extensions()
        self.viewer = napari.Viewer(show=False, show_welcome_screen=False)
        self._qt_window = self.viewer.window._qt_window
        self._listeners = {id(emitter): list(emitter._callbacks) for emitter in self._emitters()}
        self._mouse = [list(callbacks) for callbacks in _mouse_callbacks(self.viewer)]
        self._keys = dict(self.viewer.keymap)
        self._docks = set(self.viewer.window._wrapped_dock_widgets)
        self._put_away()

    @contextmanager
    def lent(self) -> Iterator[Any]:
        """The viewer, for one test."""
        _QtMainWindow._instances.append(self._qt_window)
        napari.Viewer._instances.add(self.viewer)
        try:
            yield self.viewer
        finally:
            self._clean()
            self._put_away()

    def close(self) -> None:
        self._qt_window._save_current_window_settings = lambda: None
        self.viewer.close()

    def _put_away(self) -> None:
        while self._qt_window in _QtMainWindow._instances:
            _QtMainWindow._instances.remove(self._qt_window)
        napari.Viewer._instances.discard(self.viewer)
        QtViewer._instances.discard(self.viewer.window._qt_viewer)

    def _clean(self) -> None:
        viewer = self.viewer
        sessions.get_session(viewer).close()
        for name in set(viewer.window._wrapped_dock_widgets) - self._docks:
            dock = viewer.window._wrapped_dock_widgets[name]
            inner = dock.inner_widget()
            viewer.window.remove_dock_widget(dock)
            inner.close()
            inner.deleteLater()
        for emitter in self._emitters():
            known = self._listeners.get(id(emitter), [])
            for callback in [one for one in emitter._callbacks if one not in known]:
                emitter.disconnect(callback)
        viewer.layers.clear()
        self._reset()
        sessions._sessions.pop(viewer, None)
        graphics._guarded.pop(viewer, None)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QCoreApplication.processEvents()
        get_settings().reset()

    def _reset(self) -> None:
        viewer = self.viewer
        viewer.dims.ndisplay = 2
        viewer.dims.order = tuple(range(viewer.dims.ndim))
        viewer.dims.reset()
        viewer.scene.camera.angles = (0, 0, 90)
        viewer.reset_view()
        viewer.title, viewer.theme = "napari", get_settings().appearance.theme
        viewer.keymap.clear()
        viewer.keymap.update(self._keys)
        for callbacks, known in zip(_mouse_callbacks(viewer), self._mouse, strict=True):
            callbacks[:] = known

    def _emitters(self) -> Iterator[Any]:
        viewer = self.viewer
        for model in (viewer, viewer.layers, viewer.layers.selection, viewer.dims, viewer.scene.camera):
            yield from model.events.emitters.values()


def _mouse_callbacks(viewer: Any) -> Iterator[list[Callable[..., Any]]]:
    for name in ("move", "drag", "wheel", "double_click"):
        yield getattr(viewer, f"mouse_{name}_callbacks")


def _dummy_console(*_: Any) -> QWidget:
    console = QWidget()
    console._update_theme = lambda *_: None
    return console
