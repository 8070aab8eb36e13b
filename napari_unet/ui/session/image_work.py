"""One image being worked on: its layer, its labels, what the model predicted and what was reviewed."""

from __future__ import annotations

from typing import Any, Protocol
from uuid import uuid4

import numpy as np
import numpy.typing as npt
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer

from napari_unet.images.channels import ModelInput, stack_channels
from napari_unet.images.image import Image
from napari_unet.ui.session.kept_maps import KeptMaps
from napari_unet.ui.session.layers import KEY, Geometry, layer_to_image, placement


class Sign(Protocol):
    """Small marks over an image, which go with it."""

    def clear(self) -> None: ...

    def remove(self) -> None: ...


class ImageWork:
    """An image layer with all that belongs to it. Arrays have axes out of "TZYX" (`axes`), without channels.

    `prediction` is never painted on. `layers` has our layers by role ("labels", "reviewed", "probability", "preview").
    `locked` has the ids that no tool changes, in every frame. `maps` is what the network said of planes that were
    segmented, where that is not too large to keep. `signs` are small marks over the image, by what they say.
    `class_names` are those of the model that labelled it, by value, and
    `class_shares` how much of the pixels each covers; both are empty where labels are objects.
    """

    def __init__(self, layer: ImageLayer) -> None:
        self.key = uuid4().hex
        self.layer = layer
        self.image: Image = layer_to_image(layer)
        self.geometry = Geometry(self.image)
        self.channel: int | None = 0 if "C" in self.image.axes else None
        self.layers: dict[str, Layer] = {}
        self.prediction: npt.NDArray[np.int32] | None = None
        self.diameter: float | None = None
        self.diameter_estimated = False
        self.segmented_by: str | None = None
        self.seconds: float | None = None
        self.n_objects: int | None = None
        self.prediction_undo: Any = None
        self.locked: set[int] = set()
        self.maps: KeptMaps | None = None
        self.signs: dict[str, Sign] = {}
        self.class_names: tuple[str, ...] = ()
        self.class_shares: dict[str, float] = {}

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
        labels, reviewed = self.labels, self.reviewed
        if labels is None:
            return False
        changed = labels.any() if self.prediction is None else not np.array_equal(labels, self.prediction)
        return bool(changed) or (reviewed is not None and bool(reviewed.any()))

    def _array(self, role: str) -> npt.NDArray[Any] | None:
        layer = self.layers.get(role)
        return None if layer is None else self.geometry.from_layer(layer.data)

    def set_axes(self, axes: str) -> bool:
        """Understand the image as `axes` (raises `UserError`); False if nothing changes.

        Labels stay as layers, but are ours no longer: they were made for other axes.
        """
        image = self.image.with_axes(axes)
        if image.axes == self.image.axes:
            return False
        self.image, self.geometry = image, Geometry(image)
        self.channel = 0 if "C" in image.axes else None
        self.layers.clear()
        self.prediction = self.segmented_by = self.seconds = self.n_objects = self.maps = None
        self.class_names, self.class_shares = (), {}
        self.locked.clear()
        return True

    def owns(self, layer: Layer) -> bool:
        return layer is self.layer or any(layer is own for own in self.layers.values())

    def forget(self, layer: Layer) -> str:
        """Drop one of our layers, which the user removed; returns its role."""
        role = next(role for role, own in self.layers.items() if own is layer)
        del self.layers[role]
        return role

    def adopt(self, layer: Layer, role: str) -> None:
        layer.metadata = {**layer.metadata, KEY: self._mark(role)}
        self.layers[role] = layer

    def layer_options(self, role: str) -> dict[str, Any]:
        """Keyword arguments of a new layer of `role`: name, place, and the mark by which we know it."""
        return {
            "name": f"{self.name} {role}",
            "metadata": {KEY: self._mark(role)},
            **placement(self.layer, self.geometry),
        }

    def _mark(self, role: str) -> dict[str, Any]:
        return {"role": role, "image": self.key, "axes": self.axes}

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
