"""What is learned from in live mode: planes, each made ready anew when something of it is new, and only then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.finetuning.live.feed import PlaneKey, PlaneNews
from napari_unet.finetuning.material.doubt import mark_doubt
from napari_unet.finetuning.material.preparation import read_fresh_plane
from napari_unet.heads.planes import TrainingPlane
from napari_unet.heads.registry import find_head
from napari_unet.images.channels import ChannelStack, ModelInput, model_input
from napari_unet.images.image import Image
from napari_unet.labels.types import Mask, PlaneIndex
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.running.engine import Engine


@dataclass(frozen=True, eq=False)
class _Ready:
    """A plane made ready to be learned from, how many objects of it were reviewed, and how large they are (pixels)."""

    news: PlaneNews
    plane: TrainingPlane | None
    fresh: Mask
    n_objects: int
    diameter: float | None


class LivePlanes:
    """All planes that were reviewed so far, as the kind `model` learns from them.

    Parameters
    ----------
    model : Model
        The kind that learns, as it was at the beginning; its record says how large objects are to be.
    patch : int
        Pixels a side of what is cut around them.
    """

    def __init__(self, model: Model, patch: int, engine: Engine) -> None:
        self.model, self.patch, self.engine = model, patch, engine
        self._ready: dict[PlaneKey, _Ready] = {}
        self._newest: set[PlaneKey] = set()

    def take(self, news: Sequence[PlaneNews], hurried: bool = False) -> None:
        """Make ready what is new. If `hurried`, background is taken at its word without a look by the model."""
        self._newest = set()
        for one in news:
            key = one.key, one.plane
            self._ready[key] = self._prepare(one, self._ready.get(key), hurried)
            self._newest.add(key)

    @property
    def planes(self) -> list[TrainingPlane]:
        return [one.plane for one in self._ready.values() if one.plane is not None]

    @property
    def fresh(self) -> list[Mask]:
        """Where each of the planes is new since the last `take`."""
        known = [(key, one) for key, one in self._ready.items() if one.plane is not None]
        return [one.fresh if key in self._newest else np.zeros_like(one.fresh) for key, one in known]

    @property
    def n_objects(self) -> int:
        """Objects that were reviewed, those that were erased included."""
        return sum(one.n_objects for one in self._ready.values())

    def knows(self, key: str) -> bool:
        """Whether something of this image is learned from."""
        return any(one.news.key == key and one.plane is not None for one in self._ready.values())

    def diameter(self, key: str) -> float | None:
        """How large objects are in an image, in its pixels, as far as was reviewed; else as in the others."""
        found = {one.news.key: one.diameter for one in self._ready.values() if one.diameter is not None}
        return found.get(key) or (float(np.median(list(found.values()))) if found else None)

    def _prepare(self, news: PlaneNews, before: _Ready | None, hurried: bool) -> _Ready:
        record = self.model.record
        head = find_head(record)
        corrected = as_image(news, record)
        survey = head.survey([corrected], record)
        n_objects, diameter = survey.n_objects + len(survey.removed), survey.diameter(0)
        known = read_fresh_plane(corrected, record, survey, self.patch, _changes(news, before))
        if known is None or not n_objects:
            return _Ready(news, None, np.zeros((0, 0), bool), 0, None)
        plane, fresh = known
        if head.doubts and not record.untrained and not hurried:
            mark_doubt(self.model, [plane], self.engine)
        return _Ready(news, plane, fresh, n_objects, diameter)


def as_image(news: PlaneNews, record: ModelRecord) -> CorrectedImage:
    """The plane as an image of its own, seen with the grey-value limits of all of the image.

    Raises
    ------
    UserError
        If the model of `record` looks at another number of channels.
    """
    whole = model_input(news.image, record.architecture.in_channels)
    limits = news.look.limits_of(whole, news.plane, record.normalization)
    view = replace(news.look, limits=(((), limits),), normalization=record.normalization)
    return CorrectedImage(one_plane(whole, news.plane), news.labels, news.reviewed, news.prediction, news.name, view)


def as_seen(news: PlaneNews, model: Model) -> CorrectedImage:
    """The plane as an image of its own, with all channels that a kind of `model` may look at."""
    counts = model.record.channel_counts
    seen = model_input(news.image, counts) if counts[0] > 1 and len(counts) == 1 else news.image
    look = news.look.without_limits()
    return CorrectedImage(one_plane(seen, news.plane), news.labels, news.reviewed, news.prediction, news.name, look)


def one_plane(image: ModelInput, index: PlaneIndex) -> ModelInput:
    """One plane of `image` as an image of axes "YX", with as many channels."""
    if isinstance(image, ChannelStack):
        parts = tuple(_grey_plane(part, index) for part in image.parts)
        return ChannelStack(parts, _grey_plane(image.grey, index))
    return _grey_plane(image, index)


def _grey_plane(image: Image, index: PlaneIndex) -> Image:
    return Image(image.plane(index), "YX", name=image.name)


def _changes(news: PlaneNews, before: _Ready | None) -> npt.NDArray[np.bool_]:
    """Where a plane is other than it was: there its newest corrections are."""
    if before is None or before.news.labels.shape != news.labels.shape:
        return news.reviewed.copy()
    old: Any = before.news
    changed: npt.NDArray[np.bool_] = (old.labels != news.labels) | (old.reviewed != news.reviewed)
    ids = np.unique(news.labels[changed])
    touched: npt.NDArray[np.bool_] = changed | np.isin(news.labels, ids[ids > 0])
    return touched & news.reviewed
