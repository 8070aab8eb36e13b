"""A segmenter without a network, for windows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from napari_unet.events import Finished
from napari_unet.images.view import View
from napari_unet.segmentation.config import Scope
from napari_unet.segmentation.events import Estimated, PlaneDone, Segmentation, TileDone


class FakeSegmenter:
    """Labels bright squares by columns of a grid; stands for `segment_steps`. `hold` makes it wait for a flag."""

    def __init__(self) -> None:
        self.calls: list[SimpleNamespace] = []
        self.error: Exception | None = None
        self.hold = False
        self.shift = 0
        self.tiles = False
        self.other: float | None = None

    def __call__(self, image: Any, model: Any, config: Any, scope: Scope, stop: Any, **first: Any) -> Iterator[Any]:
        self.calls.append(SimpleNamespace(image=image, config=config, scope=scope, **first))
        labels = np.zeros(image.shape, np.int32)
        done = np.zeros(image.shape[:-2], bool)
        planes = [plane for plane in np.ndindex(*done.shape) if scope.kind != "plane" or plane == scope.index]
        view = View(config.diameter or 17.0, "estimated" if config.diameter is None else "given")
        yield Estimated(view, len(planes), other=self.other if view.estimated else None)
        for number, plane in enumerate(planes):
            while self.hold and number and not stop.requested:
                time.sleep(0.005)
                yield TileDone(number, len(planes), plane, (slice(0, 1), slice(0, 1)), None, None)
            if self.error is not None:
                raise self.error
            if stop.requested and number:
                break
            labels[plane] = self._label(np.asarray(image.data[plane]))
            if self.tiles:
                region = (slice(0, 32), slice(None))
                yield TileDone(1, 2, plane, region, labels[plane][region], 1.0)
            done[plane] = True
            yield PlaneDone(number + 1, len(planes), plane, labels[plane].copy(), 1.0)
        probability = np.stack([labels > 0, labels > 0]).astype(np.float16) if config.keep_probability else None
        yield Finished(Segmentation(labels, image.axes, view, done, probability, {"total": 2.0}), stop.requested)

    def _label(self, plane: np.ndarray) -> np.ndarray:
        from skimage.measure import label

        return np.roll(label(plane > 500), self.shift, axis=-1).astype(np.int32)
