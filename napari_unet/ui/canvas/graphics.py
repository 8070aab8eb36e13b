"""Has the canvas's own OpenGL context in use while napari throws away what a removed layer had there.

napari deletes the textures, buffers and programs of a removed layer at once (`VispyCanvas._clean_and_update_scenegraph`
of 0.9), in whatever context happens to be in use. After a picture was drawn that is the one with which Qt puts the
window together. There the deletion pulls from under the canvas what the driver still has in hand, and the next draw of
a layer that is written to ends the process (Mesa 22 to 25: a segmentation fault in `glDrawArrays`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

from qtpy.compat import isalive
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QWidget

if TYPE_CHECKING:
    from napari.viewer import Viewer

_guarded: WeakKeyDictionary[Any, Callable[[Any], None]] = WeakKeyDictionary()


def guard_removals(viewer: Viewer, window: QWidget) -> None:
    """From now on, remove layers of `viewer` in the context of the canvas that lies in `window`.

    Once a viewer; it outlives the panel, because layers are removed after it was closed, too.
    """
    viewer = getattr(viewer, "__wrapped__", viewer)
    canvases = [ref(canvas) for canvas in window.findChildren(QOpenGLWidget)]
    if viewer in _guarded or not canvases:
        return

    def take_context(event: Any = None) -> None:
        for canvas in (canvas() for canvas in canvases):
            if canvas is not None and isalive(canvas):
                canvas.makeCurrent()

    # "removed" would be too late: napari calls its own callbacks first.
    viewer.layers.events.removing.connect(take_context)
    _guarded[viewer] = take_context
