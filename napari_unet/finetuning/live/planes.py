"""What is learned from in live mode: planes that come again and again, of which only what is new is made ready anew."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.finetuning.live.feed import PlaneKey, PlaneNews
from napari_unet.finetuning.live.pieces import Drawn, LivePieces
from napari_unet.heads.planes import TrainingPlane
from napari_unet.heads.registry import find_head
from napari_unet.images.channels import ModelInput, change_channels, model_input
from napari_unet.images.image import Image
from napari_unet.labels.types import Mask, PlaneIndex
from napari_unet.models.model import Model
from napari_unet.models.running.engine import Engine
from napari_unet.segmentation.predictor import Predictor

_SAME_SIZE = 1.15  # times as large or small: objects count as the size that they had at first


@dataclass(frozen=True, eq=False)
class _Known:
    """A plane as it came last, in pieces, and how many objects of it were reviewed."""

    news: PlaneNews
    pieces: LivePieces
    n_objects: int
    diameter: float


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
        self.model, self._patch = model, patch
        self._predictor = Predictor(model, engine)
        self._known: dict[PlaneKey, _Known] = {}

    def take(self, news: PlaneNews, hurried: bool = False) -> None:
        """Make ready what is new. If `hurried`, background is taken at its word without a look by the model.

        Raises
        ------
        UserError
            If the model looks at another number of channels.
        """
        for one in self._known.values():
            one.pieces.settle()
        key, record = (news.key, news.plane), self.model.record
        head, corrected = find_head(record), as_corrected_image(news)
        survey = head.survey([corrected], record)
        n_objects = survey.n_objects + len(survey.removed)
        if not n_objects:
            self._known.pop(key, None)
            return
        before = self._known.get(key)
        diameter = survey.diameter(0) or record.diameter
        pieces = self._pieces_for(news, diameter, before)
        fresh = _changes(news, before.news if before is not None and before.pieces is pieces else None)
        changed = head.changed(corrected, ())
        parts = news.labels, news.reviewed, changed, fresh, news.prediction is not None
        pieces.draw(Drawn(*parts, class_weights=survey.class_weights), sure=hurried)
        self._known[key] = _Known(news, pieces, n_objects, diameter)

    def _pieces_for(self, news: PlaneNews, diameter: float, before: _Known | None) -> LivePieces:
        """Those that there are, unless objects are of quite another size."""
        if before is not None:
            ratio = diameter / before.pieces.diameter
            if max(ratio, 1 / ratio) < _SAME_SIZE:
                return before.pieces
        record = self.model.record
        whole = model_input(news.image, record.architecture.in_channels)
        limits = news.look.limits_of(whole, news.plane, record.normalization)
        return LivePieces(whole.plane(news.plane), limits, diameter, self._patch, self._predictor)

    @property
    def planes(self) -> list[TrainingPlane]:
        return [plane for one in self._known.values() for plane in one.pieces.planes]

    @property
    def fresh(self) -> list[Mask]:
        """Where each of the planes is new since the last `take`."""
        return [mask for one in self._known.values() for mask in one.pieces.fresh]

    @property
    def n_objects(self) -> int:
        """Objects that were reviewed, those that were erased included."""
        return sum(one.n_objects for one in self._known.values())

    def knows(self, key: str) -> bool:
        """Whether something of this image is learned from."""
        return any(one.news.key == key for one in self._known.values())

    def diameter(self, key: str) -> float | None:
        """How large objects are in an image, in its pixels, as far as was reviewed; else as in the others."""
        found = {one.news.key: one.diameter for one in self._known.values()}
        return found.get(key) or (float(np.median(list(found.values()))) if found else None)


def as_corrected_image(news: PlaneNews, model: Model | None = None) -> CorrectedImage:
    """The plane as an image of its own, with all channels, or those that kinds of `model` may look at."""
    seen = news.image
    if model is not None:
        counts = model.record.channel_counts
        seen = model_input(seen, counts) if counts[0] > 1 and len(counts) == 1 else seen
    look = news.look.without_limits()
    return CorrectedImage(_one_plane(seen, news.plane), news.labels, news.reviewed, news.prediction, news.name, look)


def _one_plane(image: ModelInput, index: PlaneIndex) -> ModelInput:
    """One plane of `image` as an image of axes "YX", with as many channels."""
    return change_channels(image, partial(_grey_plane, index=index))


def _grey_plane(image: Image, index: PlaneIndex) -> Image:
    return Image(image.plane(index), "YX", name=image.name)


def _changes(news: PlaneNews, before: PlaneNews | None) -> npt.NDArray[np.bool_]:
    """Where a plane is other than it was: there its newest corrections are, each with all of its object."""
    if before is None or before.labels.shape != news.labels.shape:
        return news.reviewed.copy()
    changed = (before.labels != news.labels) & (before.reviewed | news.reviewed)  # the rest is the model's
    changed |= before.reviewed != news.reviewed
    ids = np.unique(news.labels[changed & news.reviewed])
    touched: npt.NDArray[np.bool_] = changed | np.isin(news.labels, ids[ids > 0])
    return touched
