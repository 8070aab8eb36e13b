"""Where the time of a segmentation goes: the parts of the way from an array to labels, each timed apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from napari_unet.images import view
from napari_unet.models.running.tile_network import TorchNetwork
from napari_unet.segmentation import segment
from napari_unet.segmentation.plan import Plan
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.tiles.maps import PlaneMaps
from napari_unet.segmentation.tiles.plane import SeenPlane

# What is called, and the part that it is. A part called within another counts for itself alone, except in the estimate.
_CALLS: tuple[tuple[Any, str, str], ...] = (
    (Predictor, "__init__", "network made ready"),
    (segment, "measure_appearance", "estimate"),
    (view, "volume_limits", "grey-value limits"),
    (Plan, "see", "reading, resampling"),
    (SeenPlane, "task", "cutting, normalizing"),
    (Predictor, "predict", "activation"),
    (TorchNetwork, "__call__", "network"),
    (PlaneMaps, "at_image_size", "maps to the image's size"),
    (Plan, "decode", "decoding"),
)
_WHOLE = "estimate"
OTHER = "other"


class Stopwatch:
    """Seconds by part, by the clock (`wall`) and of all threads together (`cpu`)."""

    def __init__(self) -> None:
        self.wall = dict.fromkeys([*(part for *_, part in _CALLS), OTHER], 0.0)
        self.cpu = dict(self.wall)
        self._running = [OTHER]
        self._since = time.perf_counter(), time.process_time()

    def wrap(self, call: Callable[..., Any], part: str) -> Callable[..., Any]:
        """`call`, timed as `part`."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            self._switch()
            self._running.append(_WHOLE if _WHOLE in self._running else part)
            try:
                return call(*args, **kwargs)
            finally:
                self._switch()
                self._running.pop()

        return timed

    def _switch(self) -> None:
        now = time.perf_counter(), time.process_time()
        self.wall[self._running[-1]] += now[0] - self._since[0]
        self.cpu[self._running[-1]] += now[1] - self._since[1]
        self._since = now

    def table(self) -> str:
        """A line a part: milliseconds by the clock, share of the whole, milliseconds of processor time."""
        self._switch()
        total = sum(self.wall.values())
        return "\n".join(
            f"  {part:26s} {self.wall[part] * 1e3:8.1f} ms {self.wall[part] / total:5.1%}"
            f"   {self.cpu[part] * 1e3:8.1f} ms of processor time"
            for part in self.wall
        )


@contextmanager
def time_parts() -> Iterator[Stopwatch]:
    """Time the parts of what is segmented within."""
    with ExitStack() as patches:
        watch = Stopwatch()
        for owner, name, part in _CALLS:
            patches.enter_context(mock.patch.object(owner, name, watch.wrap(getattr(owner, name), part)))
        yield watch
