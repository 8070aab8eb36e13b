"""The kind of image that learns live, kept warm: its planes, its optimiser, and its averaged weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from napari_unet.finetuning.beginning import begin
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.events import PreviewRequest
from napari_unet.finetuning.live.feed import LiveView, PlaneNews
from napari_unet.finetuning.live.planes import LivePlanes, as_corrected_image
from napari_unet.finetuning.live.refresh import change_classes, change_objects, copy_view
from napari_unet.finetuning.preview import middle_of_view, predict_preview
from napari_unet.heads.registry import find_head
from napari_unet.labels.types import Labels
from napari_unet.learning.augmentation import augmentation_for
from napari_unet.learning.replay import find_replay, find_teacher
from napari_unet.learning.sampler import BatchSampler
from napari_unet.learning.teacher import Teacher
from napari_unet.learning.trainer import Trainer
from napari_unet.models.model import Model
from napari_unet.models.record import resampling_factor
from napari_unet.segmentation.looks import look_distances, measure_look
from napari_unet.segmentation.tiles.tiling import fitting_size

PATCH = 128
"""Pixels a side: small patches make short steps, of which several fit between a stroke and the refreshed view."""
_LARGEST = 1280  # pixels a side of the view that are predicted, at the model's object size
_FITTED_TO = 3  # objects; a last layer that is fitted to fewer knows these, and forgets the rest
_AVERAGE = 0.9  # decay of the running average: what was just learned is to be seen

Changes = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Labels, Labels]
"""Rows and columns of pixels, their values before and after."""


class LiveLearner:
    """Learns from planes that come one by one, beginning with those of `news`.

    What it begins from is found as for a fine-tuning: the kind of `parent` that answers for the image, with the
    channels that tell its objects best, and as much replay as serves what is taught.

    Raises
    ------
    UserError
        If the model cannot look at the image.
    """

    def __init__(self, parent: Model, news: PlaneNews, config: FinetuneConfig) -> None:
        self.config = config
        self.beginning = begin(parent, [as_corrected_image(news, parent)], config)
        self.kind = self.beginning.kind
        self._head = find_head(self.kind.record)
        self._patch = fitting_size(min(PATCH, config.patch), self.kind.record.architecture)
        self.planes = LivePlanes(self.kind, self._patch, config.engine)
        self._sampler: BatchSampler | None = None
        self._fitted = self.kind.record.untrained  # has no features worth a fit
        self._answers: dict[str, bool] = {}  # by the key of an image that nothing was learned from
        torch.manual_seed(config.seed)
        replay = find_replay(self.kind.record) if self.beginning.replay > 0 else None
        self._old = replay.training_planes(self.kind.record) if replay else []
        self.trainer = self._make_trainer()

    def _make_trainer(self) -> Trainer:
        network, record = self.kind.network, self.kind.record
        teacher = find_teacher(record) if self._old else None
        usual = self.config.optimization(record.untrained)
        return Trainer(
            network, self._head.loss, usual.model_copy(update={"average": _AVERAGE}), self.config.engine,
            Teacher(teacher or network, self._head), repeatable=False, statistics="keep",
        )  # fmt: skip

    @property
    def has_material(self) -> bool:
        """Whether there is anything to learn from."""
        return self._sampler is not None

    def take(self, news: PlaneNews, hurried: bool = False) -> None:
        """Learn from this plane too from now on, and from what is new in it first."""
        self.planes.take(news, hurried)
        planes = self.planes.planes
        if not planes:
            self._sampler = None
        elif self._sampler is None:
            share, seed = self.beginning.replay, self.config.seed
            varied = augmentation_for(self.kind.record.untrained)
            self._sampler = BatchSampler(self._head, planes, self._old, self._patch, share, seed, varied)
        else:
            self._sampler.replace(planes, self.planes.fresh)
        if self._sampler is not None and not self._fitted and self.planes.n_objects >= _FITTED_TO:
            self._fitted = True
            self.trainer.begin([self._sampler.draw(self.config.patches)])

    def step(self, progress: float) -> float:
        """One step, at `progress` (0 to 1) on the way of the learning rate; returns the loss."""
        assert self._sampler is not None
        return self.trainer.step(self._sampler.draw(self.config.patches), progress)

    def look(self, view: LiveView) -> Changes | None:
        """How the labels of `view` change by what was learned; None if nothing may be written, or nothing changes."""
        if view.prediction is None or not self.answers(view):
            return None
        record, shape = self.kind.record, view.labels.shape[-2:]
        diameter = view.look.diameter or self.planes.diameter(view.key) or record.diameter
        box = middle_of_view(view.region, round(_LARGEST / resampling_factor(record, diameter)))
        shown = copy_view(view, box)
        request = PreviewRequest(view.image, view.plane, box, view.look)
        with self.trainer.threads.as_chosen():
            found = predict_preview(self._model(), request, diameter, self.config.engine, 2 * _LARGEST)
        if self._head.keeps_values:
            now = change_classes(shown, found)
        else:
            now = change_objects(shown, found, (int(shape[0]), int(shape[1])))
        rows, columns = np.nonzero(now != shown.labels)
        if not rows.size:
            return None
        before, after = shown.labels[rows, columns], now[rows, columns]
        return rows + box[0].start, columns + box[1].start, before, after

    def answers(self, view: LiveView) -> bool:
        """Whether the kind that learns is the one to answer for the image of `view`, by what it looks like."""
        if not self.beginning.carries or self.planes.knows(view.key):
            return True
        if view.key not in self._answers:
            base = self.beginning.others[-1]
            assert self.beginning.looks is not None
            assert base.looks is not None
            looks = [*(one.looks for one in self.beginning.others if one.looks is not None), base.looks]
            found = look_distances(measure_look(view.image, base, view.plane)[None], [self.beginning.looks, *looks])[0]
            self._answers[view.key] = bool(found[0] <= found[1:].min())
        return self._answers[view.key]

    def _model(self) -> Model:
        return replace(self.kind, body=self.trainer.averaged)
