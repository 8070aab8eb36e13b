"""One fine-tuning in the window: from what was reviewed, through the background job, to two models to choose from."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from napari_unet.corrections.comparison import carry_ids
from napari_unet.corrections.consistency import find_inconsistencies
from napari_unet.events import Finished, StopFlag
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.events import FinetuneResult, ImageUse, Prepared, PreviewDone, PreviewRequest
from napari_unet.finetuning.forecast import curve_of, forecast
from napari_unet.finetuning.guidance import advise
from napari_unet.heads.registry import find_head
from napari_unet.learning.events import StepDone
from napari_unet.models.running.engine import Engine
from napari_unet.ui.finetune.guidance import Advice
from napari_unet.ui.session.image_work import ImageWork
from napari_unet.ui.session.jobs import FINETUNE
from napari_unet.ui.session.session import Session
from napari_unet.ui.session.trackers import collect_corrections, reviewed_works

if TYPE_CHECKING:
    from napari_unet.corrections.corrected_image import CorrectedImage
    from napari_unet.models.model import Model
    from napari_unet.ui.finetune.earlier import ReadEarlier

OWNER = FINETUNE
_COMPARED = 2048  # pixels a side, at the model's object size, that are compared before and after
_CONTOUR = 2  # pixels; outlines leave what is painted under them to be seen
_EARLIER_SHARE = 0.15  # of the time may go into reading images that are not open
_STEP = 64  # pixels: extents of previews are multiples of it


@dataclass(frozen=True, eq=False)
class Compared:
    """Labels (Y, X) of the plane in view by the old and by the new model."""

    request: PreviewRequest
    before: npt.NDArray[np.int32]
    after: npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Outlines:
    """What a preview shows: `labels` (Y, X) in the rows and columns `region` of the view of `request`."""

    request: PreviewRequest
    region: tuple[slice, slice]
    labels: npt.NDArray[np.int32]


def finetune_in_background(
    load: Callable[[], Model],
    images: list[CorrectedImage],
    config: FinetuneConfig,
    stop: StopFlag,
    preview: Callable[[], PreviewRequest | None],
    compare: Callable[[], PreviewRequest | None],
    earlier: ReadEarlier | None = None,
    began: float | None = None,
) -> Iterator[Any]:
    """The events of a fine-tuning, for the worker thread, with advice, and at the end the view before and after.

    `images` are the open ones as they were when it `began` (seconds since 1970), and `earlier` reads what was corrected
    in others.
    """
    from napari_unet.finetuning.finetune import finetune_steps

    start = time.monotonic()
    parent = load()
    left_out: list[str] = []
    if earlier is not None:
        until = time.monotonic() + _EARLIER_SHARE * config.seconds
        found, left_out = earlier(parent.record, images, lambda: time.monotonic() > until)
        images = [*images, *found]
    objects = find_head(parent.record).draws_objects  # what there is to say of labels is of objects
    yield Advice((*filter(None, [config.engine.note]), *left_out, *(find_inconsistencies(images) if objects else ())))
    n_objects = 0
    # Reading the model, and torch itself the first time, is part of what the user waits for.
    left = max(config.seconds / 2, config.seconds - (time.monotonic() - start))
    config = config.model_copy(update={"seconds": left})
    shown: PreviewDone | None = None
    outlines: Outlines | None = None
    for event in finetune_steps(parent, images, config, stop, preview, began=began):
        if isinstance(event, PreviewDone):
            event = shown = _with_same_colours(shown, event) if objects else event
            outlines = draw_outlines(shown, outlines)
            yield outlines
        if isinstance(event, Prepared):
            n_objects = event.n_objects + event.n_held_out
        if isinstance(event, Finished):
            yield from _compare(parent, event.result.model, compare(), config.engine)
            said = advise(images, n_objects, event.result.better, finished=True) if objects else []
            yield Advice((*_forecast(event.result), *said), final=True)
        yield event


def _forecast(result: FinetuneResult) -> list[str]:
    """What the scores of the model and of those that it came of say of the next objects; empty if nothing."""
    from napari_unet.models.library import list_models

    if result.better is False:
        return []
    known = {entry.sha256: entry.record for entry in list_models()}
    found = forecast(curve_of(result.model.record, known))
    return [] if found is None else [found.sentence]


def _with_same_colours(last: PreviewDone | None, event: PreviewDone) -> PreviewDone:
    """The preview with the ids that its objects had in the last one, so that they keep their colours."""
    if last is None or last.request.key != event.request.key or last.labels.shape != event.labels.shape:
        return event
    return PreviewDone(event.step, event.request, carry_ids(last.labels, event.labels), event.seconds)


def draw_outlines(event: PreviewDone, last: Outlines | None) -> Outlines:
    """The outlines of a preview, cut to where there are any: drawing a whole plane would hold up the window."""
    labels = event.labels
    inside = np.ones(labels.shape, bool)
    for axis in (0, 1):
        for shift in range(-_CONTOUR, _CONTOUR + 1):
            same = np.roll(labels, shift, axis) == labels
            same[_wrapped(shift, axis)] = True  # no outline where the view ends
            inside &= same
    rows, columns = (_extent(np.any(labels > 0, axis=1 - axis)) for axis in (0, 1))
    if last is not None and last.request.key == event.request.key:
        rows, columns = (_join(*parts) for parts in zip((rows, columns), last.region, strict=True))
    return Outlines(event.request, (rows, columns), np.where(inside, 0, labels)[rows, columns].astype(np.int32))


def _wrapped(shift: int, axis: int) -> tuple[slice, ...]:
    """The rows or columns that `np.roll` brought from the other end."""
    edge = slice(0, shift) if shift >= 0 else slice(shift, None)
    return (edge, slice(None)) if axis == 0 else (slice(None), edge)


def _extent(occupied: npt.NDArray[np.bool_]) -> slice:
    """Where `occupied`, in steps of some size, so that it seldom changes."""
    where = np.flatnonzero(occupied)
    if not where.size:
        return slice(0, min(_STEP, occupied.size))
    return slice(int(where[0]) // _STEP * _STEP, min(occupied.size, (int(where[-1]) // _STEP + 1) * _STEP))


def _join(a: slice, b: slice) -> slice:
    return slice(min(a.start, b.start), max(a.stop, b.stop))


def _compare(parent: Model, child: Model, request: PreviewRequest | None, engine: Engine) -> Iterator[Compared]:
    from napari_unet.finetuning.preview import predict_preview

    if request is None:
        return
    sides = [predict_preview(model, request, None, engine, _COMPARED) for model in (parent, child)]
    whole = []
    for side in sides:
        plane = np.zeros(request.image.shape[-2:], np.int32)
        plane[request.view] = side
        whole.append(plane)
    yield Compared(request, *whole)


def _together(uses: Iterable[tuple[str | None, ImageUse]]) -> list[tuple[str | None, ImageUse]]:
    """What is used of each image: of a large one, parts are learned from."""
    found: list[tuple[str | None, ImageUse]] = []
    for key, use in uses:
        if found and key is not None and found[-1][0] == key:
            before = found.pop()[1]
            use = ImageUse(use.name, before.learned + use.learned, before.held_out + use.held_out)
        found.append((key, use))
    return found


class FinetuneRun:
    """Trains in the background, and shows previews. Says how it goes by signals."""

    advanced = Signal(object)  # events of finetune_steps
    ended = Signal(object)  # Finished | Failed | None

    def __init__(self, session: Session) -> None:
        self.session = session
        self.work: ImageWork | None = session.current
        self.compared: Compared | None = None
        self.discarded = False
        self.shows_preview = True
        self._stop = StopFlag()
        self._request: PreviewRequest | None = None
        self._previewed: ImageWork | None = None
        self._place: object = None  # of the preview's layer, and its data
        self._data: npt.NDArray[np.int32] = np.zeros((0, 0), np.int32)
        self._keys: list[str] = []  # of the images that are learned from
        self.diameters: dict[str, float] = {}  # of the objects reviewed in them, by key
        self.uses: list[tuple[str | None, ImageUse]] = []  # what is learned from; key None: an image that is not open

    def start(
        self,
        config: FinetuneConfig,
        images: list[CorrectedImage] | None = None,
        earlier: ReadEarlier | None = None,
    ) -> bool:
        """Begin, with what is reviewed in all open images and in `earlier` ones; raises UserError without a model."""
        load = self.session.model_loader()
        self._note_view()
        works = reviewed_works(self.session)
        images = collect_corrections(self.session, config.channels) if images is None else images
        self._keys = [image.tag for image in images]
        events = finetune_in_background(
            load,
            images,
            config,
            self._stop,
            lambda: self._request if self.shows_preview else None,
            lambda: self._request,
            earlier,
            time.time(),
        )
        started = self.session.jobs.start(
            events, self._stop, self._on_event, self._on_finished, "Fine-tuning", OWNER, works
        )
        if started and self.shows_preview and self.work is not None:
            # A new layer holds up the window for a moment: better now than in the middle of a stroke.
            work = self.work
            self._data = np.zeros((1,) * len(work.shape[:-2]) + (1, 1), np.int32)
            self._put_layer(work, False, work.geometry.corner(work.layer, (0,) * len(work.shape)))
        return started

    def discard(self) -> None:
        """Stop, and forget what was learned."""
        self.discarded = True
        self.session.jobs.stop(OWNER)

    def set_preview(self, shown: bool) -> None:
        self.shows_preview = shown
        if not shown:
            self.hide_preview()

    def hide_preview(self) -> None:
        if self._previewed is not None:
            self.session.remove_layer(self._previewed, "preview")
            self._previewed = None

    # -- events, on the main thread -------------------------------------------------------------------------------

    def _on_event(self, event: Any) -> None:
        if isinstance(event, Prepared):
            known = zip(self._keys, event.diameters, strict=False)
            self.diameters = {key: diameter for key, diameter in known if diameter is not None}
            keys: list[str | None] = [*self._keys, *[None] * (len(event.uses) - len(self._keys))]
            self.uses = _together(zip(keys, event.uses, strict=True))
        elif isinstance(event, StepDone):
            self._note_view()
        elif isinstance(event, Outlines):
            self._show_preview(event)
            return
        elif isinstance(event, Compared):
            self.compared = event
            return
        self.advanced.emit(event)

    def _on_finished(self, outcome: Any) -> None:
        self.hide_preview()
        self.ended.emit(outcome)

    def _note_view(self) -> None:
        """What is in view now: the worker thread asks for it when it is time for a preview."""
        work, dims = self.session.current, self.session.viewer.dims
        if work is None:
            self._request = None
            return
        plane = work.plane_at(dims.point)
        view = work.visible_region() if dims.ndisplay == 2 else None
        view = view or (slice(0, work.shape[-2]), slice(0, work.shape[-1]))
        # The reviewed objects tell their size better than the old model does.
        look = work.view.with_diameter(self.diameters.get(work.key, work.diameter))
        key = (work.key, plane, tuple((part.start, part.stop) for part in view), look)
        if self._request is None or self._request.key != key:
            self._request = PreviewRequest(work.seen, plane, view, look, key)

    def _show_preview(self, event: Outlines) -> None:
        key = event.request.key[0]
        work = next((work for work in self.session.works if work.key == key), None)
        if work is None or not self.shows_preview or self.discarded:
            return
        view, plane = event.request.view, event.request.plane
        corner = tuple(int(v.start or 0) + part.start for v, part in zip(view, event.region, strict=True))
        if plane not in set(np.ndindex(*work.shape[:-2])):
            return
        place = (event.request.key, event.region)
        shown = self._previewed is work and work.layers.get("preview") in self.session.viewer.layers
        if not shown or place != self._place:
            self._data = np.zeros((1,) * len(plane) + event.labels.shape, np.int32)
            self._put_layer(work, shown, work.geometry.corner(work.layer, (*plane, *corner)))
            self._place = place
        self._data[...] = event.labels
        work.layers["preview"].refresh(thumbnail=False, extent=False)

    def _put_layer(self, work: ImageWork, shown: bool, translate: npt.NDArray[np.float64]) -> None:
        """Move the preview's layer to another place, which is much quicker than another layer; or make one."""
        if shown:
            work.layers["preview"].data = work.geometry.to_layer(self._data)
            work.layers["preview"].translate = translate
            return
        self.hide_preview()
        self.session.add_layer(work, "preview", self._data, translate=translate, opacity=0.9)
        self._previewed = work
