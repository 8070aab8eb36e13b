"""One image being worked on: its layer, its labels, what the model predicted and what was reviewed."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, ClassVar, Protocol
from uuid import uuid4

import numpy as np
import numpy.typing as npt
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer
from psygnal import SignalGroupDescriptor

from napari_unet.classification.marked import MarkedObjects
from napari_unet.errors import UserError
from napari_unet.heads.head import Head
from napari_unet.heads.registry import head_named
from napari_unet.images.bands import row_bands
from napari_unet.images.channels import ModelInput, stack_channels
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.images.written import written_rows
from napari_unet.labels.types import Place
from napari_unet.segmentation.config import StackName
from napari_unet.ui.session.kept_maps import KeptMaps
from napari_unet.ui.session.layers import KEY, Geometry, layer_to_image, name_values, placement
from napari_unet.ui.session.napari_private import draw_by_parts


class Sign(Protocol):
    """Small marks over an image, which go with it."""

    def clear(self) -> None: ...

    def remove(self) -> None: ...


# Large values are the same only if they are the same object: to compare their contents would take too long.
_BY_IDENTITY = ("image", "prediction", "maps", "prediction_undo")
# They belong to the image for as long as it is open, or tell nothing that another field does not tell.
_UNTOLD = ("key", "layer", "geometry", "signs", "lock_places", "_changing")


@dataclass(eq=False)
class ImageWork:
    """An image layer with all that belongs to it. Arrays have axes out of "TZYX" (`axes`), without channels.

    `events` tells of every field that gets another value, as `events.diameter(new, old)`. So values are replaced, never
    changed in place; what changes together goes into one `change`.

    `prediction` is never painted on. `layers` has our layers by role ("labels", "reviewed", "probability", "preview").
    `n_written` counts how often we wrote to the labels as a whole, past their history. `locked` has the ids that no
    tool changes, in every frame; `lock_places` a pixel of those that were locked by hand. `maps` is what the network
    said of planes that were segmented, where that is not too large to keep. `signs` are small marks over the image, by
    what they say. `view` is how the image is looked at. `task` names the head of the model that labelled it, and
    `head` is that; `class_names` are those of the model, by
    value, and `class_shares` how much of the pixels each covers; both are empty where labels are objects. `marked` has
    the classes of objects, and those that were given one by hand. `lineage` has the mother of each daughter, by ids,
    where objects were tracked: an id is a track then; None where they were not.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor(
        equality_operators=dict.fromkeys(_BY_IDENTITY, operator.is_), signal_aliases=dict.fromkeys(_UNTOLD)
    )

    layer: ImageLayer
    key: str = field(default_factory=lambda: uuid4().hex, init=False)
    image: Image = field(init=False)
    geometry: Geometry = field(init=False)
    channel: int | None = field(default=None, init=False)
    prediction: npt.NDArray[np.int32] | None = field(default=None, init=False)
    layers: Mapping[str, Layer] = field(default_factory=lambda: MappingProxyType({}), init=False)
    n_written: int = field(default=0, init=False)
    view: View = field(default_factory=View, init=False)
    wanted_kind: str = field(default="auto", init=False)
    wanted_stack: StackName = field(default="auto", init=False)
    segmented_by: str | None = field(default=None, init=False)
    seconds: float | None = field(default=None, init=False)
    n_objects: int | None = field(default=None, init=False)
    prediction_undo: Any = field(default=None, init=False)
    lock_places: Mapping[int, Place] = field(default_factory=dict, init=False)
    locked: frozenset[int] = field(default=frozenset(), init=False)
    maps: KeptMaps | None = field(default=None, init=False)
    signs: dict[str, Sign] = field(default_factory=dict, init=False)
    task: str = field(default="instances", init=False)
    class_names: tuple[str, ...] = field(default=(), init=False)
    class_shares: Mapping[str, float] = field(default_factory=dict, init=False)
    marked: MarkedObjects = field(default_factory=MarkedObjects, init=False)
    lineage: Mapping[int, int] | None = field(default=None, init=False)
    _changing: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.image = layer_to_image(self.layer)
        self.geometry = Geometry(self.image)
        self.channel = 0 if "C" in self.image.axes else None
        self.events.class_names.connect(self._name_values)
        self.events.layers.connect(self._name_values)

    @property
    def head(self) -> Head:
        """What the labels mean."""
        return head_named(self.task)

    @contextmanager
    def change(self) -> Iterator[None]:
        """Set several fields as one: they tell, once each and in their order, after all of them are set."""
        with ExitStack() as stack:
            # A change within a change is part of it; and who was entered last is left first.
            for name in () if self._changing else reversed(list(self.events)):
                stack.enter_context(self.events[name].paused(_join_changes))
            outermost, self._changing = not self._changing, True
            try:
                yield
            finally:
                self._changing = not outermost

    @property
    def name(self) -> str:
        return self.layer.name

    @property
    def axes(self) -> str:
        """Axes of labels, prediction and reviewed region."""
        return self.geometry.axes

    @property
    def shape(self) -> tuple[int, ...]:
        return self.geometry.shape

    @property
    def grey(self) -> Image:
        """The image as it is segmented: the chosen channel, axes `axes`, nothing read yet."""
        return self.image.select_channel(self.channel)

    @property
    def seen(self) -> ModelInput:
        """The image with all of its channels, of which a model takes those that it looks at; nothing read yet."""
        return stack_channels(self.image, self.channel)

    # -- layers -----------------------------------------------------------------------------------------------------

    @property
    def labels_layer(self) -> Labels | None:
        return self.layers.get("labels")

    @property
    def reviewed_layer(self) -> Labels | None:
        return self.layers.get("reviewed")

    @property
    def labels(self) -> npt.NDArray[Any] | None:
        """The labels as they are painted now: a view of the layer's own memory. Write through the layer."""
        return self._array("labels")

    @property
    def reviewed(self) -> npt.NDArray[Any] | None:
        """The reviewed region as it is painted now (non-zero: reviewed): a view of the layer's own memory."""
        return self._array("reviewed")

    @property
    def has_corrections(self) -> bool:
        """Whether a person changed the labels, or marked anything as reviewed."""
        labels, reviewed, prediction = self.labels, self.reviewed, self.prediction
        if labels is None:
            return False
        held = np.logical_or.reduce([written_rows(one) for one in (labels, reviewed, prediction) if one is not None])
        for band in row_bands(labels.shape):
            if not held[band].any():
                continue
            if reviewed is not None and reviewed[band].any():
                return True
            if labels[band].any() if prediction is None else not np.array_equal(labels[band], prediction[band]):
                return True
        return False

    def _array(self, role: str) -> npt.NDArray[Any] | None:
        layer = self.layers.get(role)
        return None if layer is None else self.geometry.from_layer(layer.data)

    def owns(self, layer: Layer) -> bool:
        return layer is self.layer or any(layer is own for own in self.layers.values())

    def put_layer(self, role: str, layer: Layer | None) -> Layer | None:
        """Have `layer` as ours of this role (None: none any more); returns the one of before."""
        if isinstance(layer, Labels):
            draw_by_parts(layer)
        others = {known: own for known, own in self.layers.items() if known != role}
        before = self.layers.get(role)
        self.layers = MappingProxyType(others if layer is None else {**others, role: layer})
        return before

    def forget(self, layer: Layer) -> None:
        """Drop one of our layers, which the user removed; without labels there is no prediction either."""
        role = next(role for role, own in self.layers.items() if own is layer)
        with self.change():
            self.put_layer(role, None)
            if role == "labels":
                self.prediction = None

    def adopt(self, layer: Layer, role: str) -> None:
        """Take a layer of the user's as ours."""
        layer.metadata = {**layer.metadata, KEY: self._mark(role)}
        self.put_layer(role, layer)

    def _name_values(self) -> None:
        if self.labels_layer is not None:
            name_values(self.labels_layer, self.class_names)

    def note_written(self) -> None:
        """Say that we wrote to the labels, past their history or all over them."""
        self.n_written += 1

    def layer_options(self, role: str) -> dict[str, Any]:
        """Keyword arguments of a new layer of `role`: name, place, and the mark by which we know it."""
        return {
            "name": f"{self.name} {role}",
            "metadata": {KEY: self._mark(role)},
            **placement(self.layer, self.geometry),
        }

    def _mark(self, role: str) -> dict[str, Any]:
        return {"role": role, "image": self.key, "axes": self.axes}

    # -- how it is understood -----------------------------------------------------------------------------------------

    def labels_of(self, layer: Labels) -> npt.NDArray[Any]:
        """The data of a Labels layer of the user, with axes `axes`; raises `UserError` if its shape is another one."""
        labels = self.geometry.from_layer(layer.data)
        if labels is None:
            raise UserError(f"{layer.name} has another shape than {self.layer.name}: choose labels made for it.")
        return labels

    def set_axes(self, axes: str) -> None:
        """Understand the image as `axes` (raises `UserError`).

        Labels stay as layers, but are ours no longer: they were made for other axes.
        """
        image = self.image.with_axes(axes)
        if image.axes == self.image.axes:
            return
        with self.change():
            self.geometry = Geometry(image)
            self.image = image
            self.channel = 0 if "C" in image.axes else None
            self.view = self.view.without_limits()
            self.layers = MappingProxyType({})
            self.prediction = self.segmented_by = self.seconds = self.n_objects = self.maps = None
            self.task, self.class_names, self.class_shares, self.lineage = "instances", (), {}, None
            self.marked = replace(self.marked, places=())
            self.lock_places, self.locked = {}, frozenset()

    def set_diameter(self, diameter: float | None, estimated: bool = False) -> None:
        """Object diameter in pixels; None: to be estimated when the image is segmented."""
        self.view = self.view.with_diameter(diameter, estimated)

    @property
    def diameter(self) -> float | None:
        """Of the objects, in pixels; None: to be estimated."""
        return self.view.diameter

    @property
    def diameter_estimated(self) -> bool:
        return self.view.estimated

    def lock(self, ids: set[int] | frozenset[int], places: Mapping[int, Place] | None = None) -> None:
        """Lock these objects, and no others; `places`: a pixel of each, as far as it is known."""
        self.lock_places = places or {}
        self.locked = frozenset(ids)

    # -- what is in view ----------------------------------------------------------------------------------------------

    def plane_at(self, position: npt.ArrayLike) -> tuple[int, ...]:
        """Index of the plane (over `axes` before YX) at a world position, as of `viewer.dims.point`."""
        return self.geometry.plane_at(position, self.layer)

    def visible_region(self) -> tuple[slice, slice] | None:
        """Rows and columns in view; None if the canvas shows other axes or was not drawn yet."""
        corners = np.asarray(self.layer.corner_pixels)
        axes = self.image.axes.replace("S", "")
        found = []
        for letter in "YX":
            low, high = corners[:, axes.index(letter)]
            size = self.image.sizes[letter]
            first, last = max(0, int(low)), min(size, int(high) + 1)
            if last - first < 2:
                return None
            found.append(slice(first, last))
        return found[0], found[1]


def _join_changes(first: tuple[Any, Any], last: tuple[Any, Any]) -> tuple[Any, Any]:
    """Of (new, old) twice over: the newest and the oldest value."""
    return last[0], first[1]
