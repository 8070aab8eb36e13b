"""From one object of which the classifier is not sure to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_unet.labels.types import PlaneIndex, Rectangle

if TYPE_CHECKING:
    from napari_unet.ui.classify.classifying import Found
    from napari_unet.ui.session.image_work import ImageWork


class LeastSureWalk:
    """Each object comes once, those that nobody gave a class, the least sure one first."""

    def __init__(self) -> None:
        self._shown: set[int] = set()

    def begin_again(self) -> None:
        """The least sure one is next."""
        self._shown.clear()

    def next_place(self, work: ImageWork, found: Found) -> tuple[PlaneIndex, Rectangle] | None:
        """The plane in the middle of the next object, and its box; None after the last."""
        from napari_unet.classification.teaching import least_sure

        labels, in_time = work.labels, "T" in work.axes
        if labels is None:
            return None
        given = work.marked.examples(labels, in_time)
        for row in least_sure(found.probabilities).tolist():
            frame, label = found.features.objects[row].tolist()
            if (frame, label) in given or row in self._shown:
                continue
            self._shown.add(row)
            at = np.nonzero(labels[frame] == label if in_time else labels == label)
            if at[0].size:
                lead = (frame,) if in_time else ()
                middle = tuple(int(axis[axis.size // 2]) for axis in at[:-2])
                box = (int(at[-2].min()), int(at[-2].max()) + 1, int(at[-1].min()), int(at[-1].max()) + 1)
                return (*lead, *middle), box
        return None
