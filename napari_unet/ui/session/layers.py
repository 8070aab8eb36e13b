"""Between napari's layers and the package's images: axes, pixel size, and which layer is which.

Our layers are known by `layer.metadata["napari_unet"]`, never by name, which belongs to the user. An image layer may
have its axes in any order and a channel axis; labels are kept as arrays with axes out of "TZYX", and shown as a view of
the same memory in the order of the image layer, so that both line up in the viewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer
from napari.utils.transforms import Affine

from napari_unet.errors import UserError
from napari_unet.images.axes import guess_axes
from napari_unet.images.files.reading import is_image_path, read_image
from napari_unet.images.image import Image
from napari_unet.images.units import to_standard

KEY = "napari_unet"
_LETTER_OF_LABEL = {
    "t": "T", "time": "T", "frame": "T", "frames": "T",
    "c": "C", "ch": "C", "channel": "C", "channels": "C",
    "z": "Z", "depth": "Z", "plane": "Z", "slice": "Z",
    "y": "Y", "row": "Y", "rows": "Y",
    "x": "X", "column": "X", "columns": "X",
}  # fmt: skip


def role_of(layer: Layer) -> str | None:
    """What this layer is to us: "image", "labels", "reviewed", "probability", "preview", or None."""
    return layer.metadata.get(KEY, {}).get("role")


def is_image_layer(layer: Layer) -> bool:
    """Whether `layer` can be worked on: an Image layer that we did not make ourselves for another purpose."""
    return isinstance(layer, ImageLayer) and role_of(layer) in (None, "image")


def image_to_layer(image: Image) -> tuple[Any, dict[str, Any], str]:
    """`image` as a napari layer tuple (data, keyword arguments, "image"), its channel axis moved to the front.

    With the channels in front, labels without them line up with the image.
    """
    image = image.with_channels_first()
    data, axes = image.data, image.axes
    spatial = axes.replace("S", "")
    known = {
        "role": "image", "axes": axes, "channel_names": image.channel_names,
        "path": str(image.path) if image.path else None, "notes": image.notes, "assumed": image.assumed,
    }  # fmt: skip
    options = {
        "name": image.name,
        "rgb": "S" in axes,
        "scale": image.scale_of(spatial),
        "units": image.units_of(spatial),
        "axis_labels": tuple(spatial.lower()),
        "metadata": {KEY: known},
    }
    return data, options, "image"


def show_planes(viewer: Any, image: Image, turned: bool) -> bool:
    """Let the canvas show rows and columns of `image`, wherever its layer has these axes; the layer stays as it is.

    The view is left alone if the axes are in the usual order and it was not `turned` before; returns whether it is now.
    """
    axes = image.axes.replace("S", "")
    dims = viewer.dims
    first = dims.ndim - len(axes)
    if first < 0:
        return turned
    usual = tuple(range(dims.ndim))
    wanted = usual[:first] + tuple(first + axes.index(letter) for letter in "CTZYX" if letter in axes)
    if wanted != usual or turned:
        dims.order = wanted
    return wanted != usual


def layer_to_image(layer: ImageLayer) -> Image:
    """The pixels of an Image layer (the finest level of a pyramid) with the axes they probably have.

    A file that napari's own reader opened is asked for axes and pixel size, and the layer gets them too. Raises
    `UserError` if there are more axes than can be understood.
    """
    data = layer.data[0] if layer.multiscale else layer.data
    if from_file := _image_of_file(layer, data):
        return from_file
    known = layer.metadata.get(KEY, {})
    axes = known.get("axes") or axes_from_labels(layer) or guess_axes(data.shape, rgb=bool(layer.rgb))
    if len(axes) != len(data.shape):
        axes = guess_axes(data.shape, rgb=bool(layer.rgb))
    scale, units = _scale_and_units(layer, axes.replace("S", ""))
    return Image(
        data, axes, scale, units, tuple(known.get("channel_names", ())), layer.name, _path_of(layer),
        tuple(known.get("notes", ())), known.get("assumed", ""),
    )  # fmt: skip


def _image_of_file(layer: ImageLayer, data: Any) -> Image | None:
    """The layer's pixels with what its file says of them, where napari's reader dropped that; else None.

    Used for a layer without any scale or axis names of its own, if the file has pixels of the same shape.
    """
    path = _path_of(layer)
    plain = KEY not in layer.metadata and axes_from_labels(layer) is None and np.all(layer.scale == 1)
    if not plain or path is None or not is_image_path(path):
        return None
    try:
        image = read_image(path)
    except UserError:
        return None  # napari could read it, so its pixels are good: only the axes stay a guess
    if image.shape != tuple(data.shape) or ("S" in image.axes) != bool(layer.rgb):
        return None
    _place(layer, image)
    return replace(image, data=data, name=layer.name)


def _place(layer: ImageLayer, image: Image) -> None:
    """Give a layer the pixel size, units and axis names of its file."""
    spatial = image.axes.replace("S", "")
    layer.axis_labels = tuple(spatial.lower())
    # The scale comes last: napari slices anew after a change of scale, not after one of units.
    layer.units = image.units_of(spatial)
    layer.scale = image.scale_of(spatial)


def axes_from_labels(layer: Layer) -> str | None:
    """Axes from the layer's own axis labels, if these name every axis once; None if they do not."""
    letters = [_LETTER_OF_LABEL.get(str(label).strip().lower(), "") for label in layer.axis_labels]
    axes = "".join(letters)
    complete = all(letters) and len(set(letters)) == len(letters) and {"Y", "X"} <= set(letters)
    return (axes + "S" if getattr(layer, "rgb", False) else axes) if complete else None


def _scale_and_units(layer: Layer, axes: str) -> tuple[dict[str, float], dict[str, str]]:
    """Pixel size and unit by axis letter; empty where the layer has napari's defaults only."""
    scale: dict[str, float] = {}
    units: dict[str, str] = {}
    for letter, value, unit in zip(axes, layer.scale, layer.units, strict=True):
        found = to_standard(float(value), str(unit))
        if letter != "C" and found is not None and (found[0] != 1 or found[1] != "pixel"):
            scale[letter], units[letter] = found
    return scale, units


def _path_of(layer: Layer) -> Any:
    known = layer.metadata.get(KEY, {}).get("path")
    source = known or getattr(layer.source, "path", None)
    return Path(source) if isinstance(source, str | Path) else None


class Geometry:
    """How labels with axes out of "TZYX" stand beside an image layer with `image.axes`.

    The layer of labels has the image layer's axes, without RGB samples and without channels that come first. A channel
    axis further back has to be kept, or the axes would not line up: there, all channels show the same memory.
    """

    def __init__(self, image: Image) -> None:
        spatial = image.axes.replace("S", "")
        self.axes = "".join(letter for letter in "TZYX" if letter in spatial)
        self.layer_axes = spatial.removeprefix("C")
        self.shape = tuple(image.sizes[letter] for letter in self.axes)
        self.layer_shape = tuple(image.sizes[letter] for letter in self.layer_axes)
        # Of the layer's axes, in order, where each is found in the labels' axes (channels are not).
        self._order = [self.axes.index(letter) for letter in self.layer_axes if letter != "C"]

    def to_layer(self, labels: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Labels of `axes`, or a part of them, as a writable view of `layer_axes`, on the same memory."""
        view = labels.transpose(self._order)
        if "C" not in self.layer_axes:
            return view
        at = self.layer_axes.index("C")
        strides = (*view.strides[:at], 0, *view.strides[at:])
        shape = (*view.shape[:at], self.layer_shape[at], *view.shape[at:])
        return np.lib.stride_tricks.as_strided(view, shape, strides)

    def from_layer(self, data: Any) -> npt.NDArray[Any] | None:
        """Data of `layer_axes` as labels of `axes`, on the same memory; None if the shape is another one."""
        if tuple(data.shape) != self.layer_shape:
            return None
        view = np.asarray(data)
        if "C" in self.layer_axes:
            view = view[(slice(None),) * self.layer_axes.index("C") + (0,)]
        return view.transpose(np.argsort(self._order))

    def layer_index(self, index: tuple[Any, ...]) -> tuple[Any, ...]:
        """An index over `axes` (numbers, slices or arrays of one length) as one over `layer_axes`."""
        at = dict(zip(self.axes, index, strict=True))
        first = np.zeros_like(index[-1]) if isinstance(index[-1], np.ndarray) else 0
        return tuple(at.get(letter, first) for letter in self.layer_axes)

    def layer_box(self, index: tuple[int | slice, ...]) -> tuple[slice, ...]:
        """The box of an index over `axes` (numbers, or slices with a start) in the layer, a slice for each axis."""
        parts = (part if isinstance(part, slice) else slice(part, part + 1) for part in index)
        at = dict(zip(self.axes, parts, strict=True))
        return tuple(at.get(letter, slice(None)) for letter in self.layer_axes)

    def corner(self, layer: ImageLayer, index: tuple[int, ...]) -> npt.NDArray[np.float64]:
        """The `translate` of a layer whose first pixel lies on pixel `index` (over `axes`) of an image layer."""
        place = placement(layer, self)
        known = {key: place[key] for key in ("scale", "translate", "rotate", "shear") if place[key] is not None}
        return np.asarray(Affine(**known)(np.array(self.layer_index(index), float)), float)

    def plane_at(self, position: npt.ArrayLike, layer: Layer) -> tuple[int, ...]:
        """Index of the plane (over `axes` before YX) at a world position, as seen by an image or labels layer."""
        data = np.asarray(layer.world_to_data(position))[-len(self.layer_axes) :]
        at = dict(zip(self.layer_axes, np.rint(data).astype(int), strict=True))
        return tuple(
            int(np.clip(at[letter], 0, size - 1)) for letter, size in zip(self.axes[:-2], self.shape, strict=False)
        )


def placement(layer: ImageLayer, geometry: Geometry) -> dict[str, Any]:
    """Keyword arguments that put a layer with `geometry.layer_axes` exactly onto an image layer."""
    ndim = len(geometry.layer_axes)
    affine = layer.affine.affine_matrix
    keep = [*range(layer.ndim - ndim, layer.ndim), layer.ndim]
    return {
        "scale": layer.scale[-ndim:],
        "translate": layer.translate[-ndim:],
        "rotate": layer.rotate[-ndim:, -ndim:],
        "shear": layer.shear if layer.ndim == ndim else None,
        "affine": affine[np.ix_(keep, keep)],
        "units": layer.units[-ndim:],
        "axis_labels": layer.axis_labels[-ndim:],
    }


def name_values(layer: Labels, names: Sequence[str]) -> None:
    """Let the viewer's status line tell the class under the cursor; `names` by value, none where labels are objects."""
    if names:
        layer.features = {"index": np.arange(len(names)), "class": list(names)}
        if layer.selected_label >= len(names):
            layer.selected_label = 1
    elif "class" in layer.features and "label" not in layer.features:  # measurements stay
        layer.features = {}
