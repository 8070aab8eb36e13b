"""A decoding that fits what was reviewed, in threshold and outlines: it adapts as weights do, and costs nearly nothing.

A model is less sure of images of a new kind, and drops objects that it does find; or it is sure of too many. How sure
it has to be of an object is chosen anew on what was learned from, never on what is held out, and only as far as the
images that the base model was made for allow it. The threshold of single pixels stays: chosen on few corrections it
made labels worse elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

from napari_unet.finetuning.judging.outline_style import measure_evenness, measure_outlines
from napari_unet.heads.outcome import Evenness
from napari_unet.heads.planes import HeldOutPlane
from napari_unet.heads.registry import find_head
from napari_unet.labels.evidence import Evidence, Score, add_evidence, compare_evidence
from napari_unet.labels.types import Array
from napari_unet.learning.scoring import decode_maps, predict_maps
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.running.engine import Engine
from napari_unet.segmentation.predictor import Predictor

_OBJECT = (0.6, 0.7, 0.78, 0.84, 0.88, 0.92)
_MOST_OUTLINE = 4.0  # pixels; more is no style
_MOST_PIXELS = 6_000_000  # learned from that are looked at
_FORGOTTEN = 0.01
"""Of the mean of AP@0.5 and mean AP on the base images, which thresholds may cost in all."""


def calibrate(
    model: Model,
    learned: Sequence[HeldOutPlane],
    base: Sequence[HeldOutPlane] = (),
    base_before: Score | None = None,
    direction: int = 0,
    engine: Engine = Engine(),
    enough: Callable[[], bool] = lambda: False,
) -> tuple[ModelRecord, Evenness | None]:
    """The record of `model` with the object threshold and outlines that are surely better on `learned`, or as it is.

    With it comes how evenly the objects of `learned` were drawn; None if they are too few to tell.

    Some draw tighter than others: what is found grows or shrinks as far as it differs from what was drawn.

    Parameters
    ----------
    base, base_before : sequence of HeldOutPlane, Score
        Images of the kinds that the base model was made for, and the parent's score on them.
    direction : int
        1: objects may only be dropped more readily than now, -1: only less readily, 0: either. Who deletes more than he
        adds has not seen too few; what was reviewed, being mostly mistakes, does not say how many there are in all.
    enough : callable
        Asked between two thresholds: whether there is no more time.
    """
    predictor = Predictor(model, engine)
    new, old = _Maps(predictor, _some(learned)), _Maps(predictor, base)
    record, best = model.record, new.score(model.record)
    for tried in chain(_candidates(record, direction), _outlines(new, model.record)):
        if enough():
            break
        candidate = record.model_copy(update=tried)
        found = new.score(candidate)
        if compare_evidence(best, found).is_sure_gain and not _forgets(old.score(candidate), base_before):
            record, best = candidate, found
    return record, measure_evenness(new.pairs(record))


def _candidates(record: ModelRecord, direction: int) -> Iterator[dict[str, float]]:
    """Thresholds to try, nearest values first."""
    now = record.object_threshold
    allowed = [value for value in _OBJECT if (value - now) * (direction or value - now) > 0]
    yield from ({"object_threshold": value} for value in sorted(allowed, key=lambda value: abs(value - now)))


def _outlines(maps: _Maps, record: ModelRecord) -> Iterator[dict[str, float]]:
    """As wide as was drawn, if that is not as the model draws."""
    if offset := measure_outlines(maps.pairs(record)):
        yield {"outline": float(np.clip(record.outline + offset, -_MOST_OUTLINE, _MOST_OUTLINE))}


def _forgets(now: Evidence, before: Score | None) -> bool:
    if before is None or before.evidence is None:
        return False
    return compare_evidence(before.evidence, now, draws=1).difference < -_FORGOTTEN


def _some(planes: Sequence[HeldOutPlane]) -> list[HeldOutPlane]:
    """The first planes, as many as are quickly looked at; at least one."""
    sizes = np.cumsum([plane.region.size for plane in planes])
    return list(planes[: max(1, int(np.searchsorted(sizes, _MOST_PIXELS, side="right")))])


class _Maps:
    """Probability maps of planes, made once, to be decoded with any thresholds."""

    def __init__(self, predictor: Predictor, planes: Sequence[HeldOutPlane]) -> None:
        self._planes = planes
        self._maps: list[npt.NDArray[np.float16]] = [
            predict_maps(predictor, plane).astype(np.float16) for plane in planes
        ]

    def pairs(self, record: ModelRecord) -> Iterator[tuple[Array, Array]]:
        """Labels as drawn, and as found with `record`, where somebody looked."""
        for plane, maps in zip(self._planes, self._maps, strict=True):
            found = _decode(plane, maps, record)
            if found.ndim == 3:
                yield from ((one.labels * one.region, found[z] * one.region) for z, one in plane.slices)
            else:
                yield plane.labels * plane.region, found * plane.region

    def score(self, record: ModelRecord) -> Evidence:
        """What is found with the thresholds of `record`, object by object."""
        head = find_head(record)
        pairs = zip(self._planes, self._maps, strict=True)
        parts = [head.compare(plane, _decode(plane, maps, record), record) for plane, maps in pairs]
        return head.pool(parts, record).evidence or add_evidence([])


def _decode(plane: HeldOutPlane, maps: npt.NDArray[np.float16], record: ModelRecord) -> npt.NDArray[np.int32]:
    return decode_maps(maps.astype(np.float32), plane, record)
