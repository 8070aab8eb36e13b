"""What a person does while the model learns, handed from the window's thread to the one that learns. Nothing is lost.

Only what is newest of a plane counts: it holds all that was corrected in it before.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.images.channels import ModelInput
from napari_unet.images.view import View
from napari_unet.labels.types import PlaneIndex

PlaneKey = tuple[str, PlaneIndex]
"""The key of an image, and the index of a plane over its axes before YX."""


@dataclass(frozen=True, eq=False)
class PlaneNews:
    """One plane (Y, X) as it is now: its labels, what the model had said (None: nothing), what is reviewed (bool).

    The arrays belong to this object: nobody paints in them any more. `image` is all of the image, with all of its
    channels, and `look` how it is looked at.
    """

    key: str
    plane: PlaneIndex
    image: ModelInput
    look: View
    labels: npt.NDArray[Any]
    prediction: npt.NDArray[Any] | None
    reviewed: npt.NDArray[np.bool_]
    name: str = "image"


@dataclass(frozen=True, eq=False)
class LiveView:
    """What is on the screen: rows and columns `region` of one plane, whose labels are to be kept up to date.

    `labels`, `prediction` and `reviewed` are the arrays that are painted on, of the shape of the image; they are only
    read, and may change meanwhile: whoever writes what comes of it looks again. New objects get ids above `highest`.
    `locked` are ids that nothing changes.
    """

    key: str
    plane: PlaneIndex
    region: tuple[slice, slice]
    image: ModelInput
    look: View
    labels: Any
    prediction: Any
    reviewed: Any = None
    locked: frozenset[int] = frozenset()
    highest: int = 0

    @property
    def place(self) -> tuple[Any, ...]:
        """Equal for views of the same place that is looked at in the same way."""
        return self.key, self.plane, tuple((part.start, part.stop) for part in self.region), self.look


class LiveFeed:
    """Takes news from any thread; `take` hands them out, each once."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._news: dict[PlaneKey, PlaneNews] = {}
        self._since = 0.0
        self._view: LiveView | None = None

    def put(self, news: PlaneNews) -> None:
        """A plane has other labels, or another part of it is reviewed."""
        with self._condition:
            self._news.pop((news.key, news.plane), None)
            self._news[news.key, news.plane] = news
            self._since = time.monotonic()
            self._condition.notify_all()

    def show(self, view: LiveView | None) -> None:
        """Say what is on the screen now; None: nothing that could be kept up to date."""
        with self._condition:
            self._view = view
            self._condition.notify_all()

    @property
    def view(self) -> LiveView | None:
        with self._condition:
            return self._view

    @property
    def waiting(self) -> bool:
        """Whether there is news that was not taken yet."""
        with self._condition:
            return bool(self._news)

    def take(self) -> tuple[list[PlaneNews], float]:
        """All that is new, the newest last, and since when (`time.monotonic`) the newest waits."""
        with self._condition:
            news, self._news = list(self._news.values()), {}
            return news, self._since

    def wait(self, seconds: float) -> None:
        """Until there is news or another view, but no longer than `seconds`."""
        with self._condition:
            if not self._news:
                self._condition.wait(seconds)
