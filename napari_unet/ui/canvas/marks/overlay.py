"""napari's overlay for our marks, and how vispy draws it: lines, outlines and dots over all layers.

An overlay is no layer: it is in no list of layers and in none of napari's menus to save them, costs nothing to make or
to take away, and follows the camera. napari 0.9 lets anybody put a model of one into `viewer.scene.overlays`; that it
draws an overlay of another kind than its own is not promised (`overlay_to_visual`): `test_marks` says when it does not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from napari._vispy.overlays.base import VispySceneOverlay
from napari._vispy.utils.gl import BLENDING_MODES
from napari._vispy.utils.visual import overlay_to_visual
from napari.components.overlays import SceneOverlay
from vispy.scene.visuals import Compound, Line, Markers

from napari_unet.ui.canvas.marks.drawing import Dots, Drawing, Pen, Points

_BLENDING = "translucent_no_depth"


class MarksOverlay(SceneOverlay):
    """The marks of one viewer. `drawing` is set as a whole."""

    drawing: Any = Drawing()


class VispyMarks(VispySceneOverlay):
    """Draws a `MarksOverlay`. What was made once is kept, and hidden while there is no use for it."""

    def __init__(self, **kwargs: Any) -> None:
        self._dots = Markers(scaling="fixed")
        self._outlines = Line(method="gl", connect="segments", width=2, color="white")
        self._paths: list[Any] = []
        super().__init__(node=Compound([self._outlines, self._dots]), **kwargs)
        self._shown_dots: Dots | None = None
        self.overlay.events.drawing.connect(self._on_drawing)
        self.reset()
        self._on_drawing()

    def _on_drawing(self) -> None:
        drawing = self.overlay.drawing
        self._show_paths(drawing.paths)
        self._outlines.visible = drawing.outlines is not None
        if drawing.outlines is not None:
            self._outlines.set_data(pos=drawing.outlines)
        self._dots.visible = drawing.dots is not None
        if drawing.dots is not None and drawing.dots is not self._shown_dots:
            dots = drawing.dots
            self._dots.set_data(
                pos=dots.places, symbol=dots.symbols, size=dots.sizes, face_color=dots.colours, edge_width=0
            )
            self._shown_dots = dots
        self.node.update()

    def _show_paths(self, paths: tuple[tuple[Points, Pen], ...]) -> None:
        while len(self._paths) < len(paths):
            line = Line(pos=np.zeros((2, 2), np.float32), method="agg", parent=self.node)
            line.order = self.node.order
            line.set_gl_state(**BLENDING_MODES[_BLENDING])
            self._paths.append(line)
        for line, (points, pen) in zip(self._paths, paths, strict=False):
            line.set_data(pos=points, color=pen.colour, width=pen.width)
            line.visible = True
        for line in self._paths[len(paths) :]:
            line.visible = False

    def close(self) -> None:
        self.overlay.events.drawing.disconnect(self._on_drawing)
        super().close()


overlay_to_visual[MarksOverlay] = VispyMarks


def marks_overlay() -> MarksOverlay:
    """An overlay with nothing in it yet."""
    return MarksOverlay(visible=True, blending=_BLENDING)
