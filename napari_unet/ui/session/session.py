"""What the window knows: the images that are worked on, each with its labels, and the one job. One session a viewer.

Steps read everything from here and listen to its signals; none of them keeps state of its own that another needs. What
an image has to tell comes from its own events (`ImageWork.events`); the session passes it on, with the image.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer
from psygnal import EmissionInfo, Signal
from qtpy.QtWidgets import QApplication

from napari_unet.errors import UserError
from napari_unet.labels.ids import compact_ids
from napari_unet.models import library
from napari_unet.models.running.engine import Engine
from napari_unet.ui.session.image_work import ImageWork
from napari_unet.ui.session.jobs import JobRunner
from napari_unet.ui.session.layers import is_image_layer, show_planes
from napari_unet.ui.session.napari_private import (
    added_unselected,
    draw_helpers_when_used,
    drawn_as_empty,
    labels_class,
)
from napari_unet.ui.session.running.model_in_use import ModelInUse

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_unet.models.library import ModelEntry
    from napari_unet.models.model import Model


class Service(Protocol):
    """What follows a session for as long as it lasts."""

    def __init__(self, session: Session) -> None: ...

    def close(self) -> None: ...


S = TypeVar("S", bound=Service)

# Which signal of the session tells that a field of an image's work has another value.
_SIGNALS = {
    "image": "image_changed",
    "channel": "image_changed",
    "prediction": "prediction_changed",
    "n_written": "labels_changed",
    "view": "diameter_changed",
    "locked": "locks_changed",
    "task": "classes_changed",
    "class_names": "classes_changed",
}

_SMALL = 2**21  # pixels of a layer that napari looks at in a moment

_sessions: WeakKeyDictionary[Any, Session] = WeakKeyDictionary()


def get_session(viewer: Viewer) -> Session:
    """The session of `viewer`, made when first asked for."""
    # napari hands plugins a proxy of the viewer; the session belongs to the viewer itself.
    viewer = getattr(viewer, "__wrapped__", viewer)
    if viewer not in _sessions:
        if not _sessions:
            QApplication.instance().aboutToQuit.connect(_close_all)
        _sessions[viewer] = Session(viewer)
    return _sessions[viewer]


def _close_all() -> None:
    for session in list(_sessions.values()):
        session.close()


class Session:
    """State of one viewer, with signals. Layers may vanish at any time: ask again, keep nothing.

    `current` is the `ImageWork` that the steps show. `works` has one for each image that was current before. An image
    layer that cannot be worked on is `refused`, and `problem` is the sentence that says why.
    """

    current_changed = Signal()  # another image is worked on, or none
    images_changed = Signal()  # layers that can be chosen came, went, moved or were renamed
    work_changed = Signal(object, str)  # work, and the field of it that has another value; those below tell more
    image_changed = Signal(object)  # work: its axes or channel are others (labels are gone if they no longer fit)
    labels_changed = Signal(object)  # work: its labels layer came, went, or was written to by us
    prediction_changed = Signal(object)  # work: its prediction is another one, or None
    reviewed_changed = Signal(object)  # work: its reviewed layer came or went (strokes: the layer's own events)
    diameter_changed = Signal(object)  # work
    locks_changed = Signal(object)  # work: other objects are locked
    refreshed = Signal(object)  # work: live mode wrote to its labels where nobody had corrected or reviewed
    classes_changed = Signal(object)  # work: its values stand for other classes, or these have other names
    model_changed = Signal()  # another model is used, or the same one has other contents
    models_changed = Signal()  # the library has another content
    closing = Signal()  # the window closes: last chance to save something

    def __init__(self, viewer: Viewer) -> None:
        # Weak, or the session would keep alive the viewer by which it is known.
        self._viewer = weakref.ref(viewer)
        self.jobs = JobRunner()
        # What nobody asked for and nobody waits for (see `ui.correct.queue.screening`). It gives way to `jobs`.
        self.background = JobRunner()
        self.works: list[ImageWork] = []
        self.current: ImageWork | None = None
        self.problem: str | None = None
        self.refused: ImageLayer | None = None
        self._turned = False  # whether the canvas shows another order of axes for the current image
        self._services: dict[type, Service] = {}
        self.engine = Engine()  # what models run on: as it was chosen for the last segmentation
        self._model = ModelInUse()
        library.changed.connect(self._on_library)
        self._connect()

    @property
    def viewer(self) -> Viewer:
        return self._viewer()

    def service(self, kind: type[S]) -> S:
        """The one `kind` of this session, made with it when first asked for, and closed with it."""
        if kind not in self._services:
            self._services[kind] = kind(self)
        return self._services[kind]  # type: ignore[return-value]

    @property
    def job(self) -> Any:
        """The running `Job`, or None."""
        return self.jobs.job

    def stop_jobs(self) -> None:
        """Ask whatever runs to stop and to keep what is done."""
        self.jobs.stop()
        self.background.stop()

    # -- images ---------------------------------------------------------------------------------------------------

    def image_layers(self) -> list[ImageLayer]:
        """Layers of the viewer that can be worked on, in its order."""
        return [layer for layer in self.viewer.layers if is_image_layer(layer)]

    def work_on(self, layer: ImageLayer | None) -> ImageWork | None:
        """Make `layer` the current image; `problem` says why, if it cannot be worked on."""
        if layer is None:
            work, problem = None, None
        else:
            work, problem = self._find_or_make(layer)
        if work is not self.current or problem != self.problem:
            self.current, self.problem = work, problem
            self.refused = layer if problem is not None else None
            self._turned = work is not None and show_planes(self.viewer, work.image, self._turned)
            self.current_changed.emit()
        return work

    def find_work(self, layer: Layer | None) -> ImageWork | None:
        """The work to which `layer` (image, labels, reviewed, ...) belongs."""
        return next((work for work in self.works if layer is not None and work.owns(layer)), None)

    def set_axes(self, axes: str) -> None:
        """Understand the current image as `axes`; raises `UserError`. Labels that no longer fit are let go."""
        if self.current is not None:
            self.current.set_axes(axes)
            self._turned = show_planes(self.viewer, self.current.image, self._turned)

    def set_channel(self, channel: int | None) -> None:
        if self.current is not None and self.current.channel != channel:
            self._show_channel(self.current, channel)
            with self.current.change():
                self.current.channel = channel
                self.current.view = self.current.view.without_limits()

    def _show_channel(self, work: ImageWork, channel: int | None) -> None:
        """Move the viewer's slider to a channel."""
        axes = work.image.axes.replace("S", "")
        if "C" in axes and channel is not None:
            dims = self.viewer.dims
            dims.set_current_step(dims.ndim - len(axes) + axes.index("C"), channel)

    def _find_or_make(self, layer: ImageLayer) -> tuple[ImageWork | None, str | None]:
        known = next((work for work in self.works if work.layer is layer), None)
        if known is not None:
            return known, None
        try:
            work = ImageWork(layer)
        except UserError as error:
            return None, str(error)
        work.events.connect(partial(self._pass_on, work))
        self.works.append(work)
        return work, None

    def _pass_on(self, work: ImageWork, info: EmissionInfo) -> None:
        """A field of an image's work has another value: tell it, with the image."""
        field = info.signal.name
        self.work_changed.emit(work, field)
        if field == "layers":
            now, before = info.args
            for role, signal in (("labels", self.labels_changed), ("reviewed", self.reviewed_changed)):
                if now.get(role) is not before.get(role):
                    signal.emit(work)
        elif field in _SIGNALS:
            getattr(self, _SIGNALS[field]).emit(work)

    # -- layers that belong to an image ---------------------------------------------------------------------------

    def add_layer(
        self, work: ImageWork, role: str, data: npt.NDArray[Any], empty: bool = False, **options: Any
    ) -> Labels | ImageLayer:
        """Show `data` (axes `work.axes`; a probability may be float) over the image as its layer of `role`.

        A layer of the same role is replaced. Which layer is selected does not change. `empty`: all of `data` is 0.
        """
        self.remove_layer(work, role)
        make = ImageLayer if role == "probability" else labels_class(work.shape[-2:])
        # A large one is not visible at first: napari looks at all of it each time that something about it is set.
        small = data.size <= _SMALL
        layer = make(work.geometry.to_layer(data), visible=small, **(work.layer_options(role) | options))
        if isinstance(layer, Labels):
            draw_helpers_when_used(layer)
        with drawn_as_empty(layer) if empty else contextlib.nullcontext():
            with added_unselected(self.viewer.layers):
                self.viewer.add_layer(layer)
            layer.visible = True
            work.put_layer(role, layer)
        return layer

    def adopt_labels(self, work: ImageWork, layer: Labels) -> None:
        """Use a Labels layer of the user as the labels of `work`; raises `UserError` if its shape is another one."""
        (small,), ids = compact_ids([work.labels_of(layer)])
        if ids is None:
            work.adopt(layer, "labels")
        else:
            layer.visible = False  # a copy with small ids takes its place; the user's layer stays as it is
            self.add_layer(work, "labels", small)

    def remove_layer(self, work: ImageWork, role: str) -> None:
        """Remove the layer of `role` from the viewer, if there is one."""
        layer = work.put_layer(role, None)
        if layer is not None and layer in self.viewer.layers:
            self.viewer.layers.remove(layer)

    @contextlib.contextmanager
    def keep_selection(self) -> Iterator[None]:
        """Leave the selected layer as it is, although layers are added or removed."""
        active = self.viewer.layers.selection.active
        yield
        if active is not None and active in self.viewer.layers:
            self.viewer.layers.selection.active = active

    # -- model ----------------------------------------------------------------------------------------------------

    def model_entries(self) -> list[ModelEntry]:
        """All models of the library, the shipped ones first."""
        return library.list_models()

    @property
    def model_entry(self) -> ModelEntry | None:
        """The model in use: the chosen one while it exists, else the default; None if there is none at all."""
        return self._model.entry

    def use_model(self, name: str | None, remember: bool = True) -> None:
        """Use the model of this name from now on (None: the shipped one); `remember` it for the next start."""
        self._model.choose(name, remember)
        self.model_changed.emit()

    def model_loader(self) -> Callable[[], Model]:
        """A function for the worker thread that gives the model in use, read from its file once."""
        return self._model.loader()

    # -- events of the viewer -------------------------------------------------------------------------------------

    def _connect(self) -> None:
        events = self.viewer.layers.events
        # After the viewer's own callbacks: only then is the layer sliced and drawn, and may be given another scale.
        events.inserted.connect(self._on_inserted, position="last")
        events.removed.connect(self._on_removed)
        events.reordered.connect(self._on_images)
        self.viewer.layers.selection.events.active.connect(self._on_active)
        for layer in self.viewer.layers:
            layer.events.name.connect(self._on_images)
        self.work_on(next(iter(reversed(self.image_layers())), None))

    def _on_inserted(self, event: Any) -> None:
        event.value.events.name.connect(self._on_images)
        self.images_changed.emit()
        if self.current is None and is_image_layer(event.value):
            extent = event.value.extent.world
            self.work_on(event.value)
            if len(self.viewer.layers) == 1 and not np.array_equal(extent, event.value.extent.world):
                self.viewer.reset_view()

    def _on_removed(self, event: Any) -> None:
        layer = event.value
        work = self.find_work(layer)
        if work is not None:
            self.jobs.stop_about(work)
            self.background.stop_about(work)
        if work is not None and work.layer is layer:
            self.works.remove(work)
            for signs in work.signs.values():
                signs.remove()
        elif work is not None:
            work.forget(layer)
        self.images_changed.emit()
        if layer is self.refused or (work is not None and work is self.current and work.layer is layer):
            self.work_on(next(iter(reversed(self.image_layers())), None))

    def _on_library(self) -> None:
        self._model.look_again()
        self.models_changed.emit()

    def _on_images(self, event: Any = None) -> None:
        self.images_changed.emit()

    def _on_active(self, event: Any) -> None:
        """Follow the layer that the user selects: an image, or something that belongs to one."""
        layer = event.value
        work = self.find_work(layer)
        if work is not None:
            self.work_on(work.layer)
        elif layer is not None and is_image_layer(layer):
            self.work_on(layer)

    def close(self) -> None:
        """The window closes: the job is stopped, and no callback comes any more."""
        library.changed.disconnect(self._on_library, missing_ok=True)
        self.closing.emit()
        self.jobs.shutdown()
        self.background.shutdown()
        for service in reversed(list(self._services.values())):
            service.close()
