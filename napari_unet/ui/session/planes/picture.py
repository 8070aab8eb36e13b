"""How labels of large planes stand on the canvas.

Like `napari_private`, this relies on what napari does not promise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from napari._vispy.layers.labels import VispyLabelsLayer
from napari._vispy.utils.visual import layer_to_visual

from napari_unet.ui.session.planes.labels_layer import LargeLabels

__all__ = ["LargeLabels", "LargeLabelsPicture"]


class LargeLabelsPicture(VispyLabelsLayer):
    """Draws the excerpt where it belongs in the full array. What napari draws beside it knows of the array alone."""

    layer: LargeLabels

    def __init__(self, layer: LargeLabels, *args: Any, **options: Any) -> None:
        super().__init__(layer, *args, **options)
        layer.events.excerpt.connect(self._on_data_change)

    def _on_matrix_change(self) -> None:
        super()._on_matrix_change()
        matrix = self._excerpt_matrix()
        self._master_transform.matrix = matrix @ self._master_transform.matrix
        back = np.linalg.inv(matrix)
        for child in self.node.children:  # brush, polygon, frames
            child.transform.matrix = child.transform.matrix @ back

    def _excerpt_matrix(self) -> npt.NDArray[np.float64]:
        """From drawn pixels to those of the array, as vispy has it: x first, and applied from the right."""
        matrix = np.eye(4)
        solid = self.layer._slice_input.ndisplay == 3  # there, coordinates are of the middle of a pixel, not its corner
        for at, part in enumerate(reversed(list(self.layer.drawn.values()))):
            matrix[at, at] = part.step
            matrix[3, at] = part.start + ((part.step - 1) / 2 if solid else 0)
        return matrix

    def _on_partial_labels_update(self, event: Any) -> None:
        if getattr(self.node, "_need_texture_upload", False):
            self.node.update()  # all of it is handed over when it is drawn next, and has this part
        else:
            super()._on_partial_labels_update(event)


layer_to_visual[LargeLabels] = LargeLabelsPicture  # napari looks here for what draws a layer
