"""Readers and a writer for napari: projects and models go to the panel, labels come with the image that they are of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

LayerTuple = tuple[Any, ...]
_NO_LAYER: list[LayerTuple] = [(None,)]  # napari's sign that a reader has done what there is to do
_NAPARI_MASKS = ("_cp_masks", "_masks", "_labels")


def get_project_reader(path: str | list[str]) -> Callable[[Any], list[LayerTuple]] | None:
    """For a project, or a model: the panel opens, and takes it."""
    from napari_unet.ui.conventions.dropping import MODEL, PROJECT

    if not isinstance(path, str) or Path(path).suffix not in (PROJECT, MODEL):
        return None

    def read(path: Any) -> list[LayerTuple]:
        from napari_unet.ui.conventions.docked import panel_of
        from napari_unet.ui.conventions.dropping import take_paths

        take_paths(panel_of(), [Path(path)])
        return _NO_LAYER

    return read


def get_labels_reader(path: str | list[str]) -> Callable[[Any], list[LayerTuple]] | None:
    """For labels that lie beside their image: `cells_masks.tif` beside `cells.tif`. Both are opened."""
    if not isinstance(path, str) or _image_of(Path(path)) is None:
        return None
    return read_labels_with_image


def read_labels_with_image(path: Any) -> list[LayerTuple]:
    """The image and its labels as layers that lie on each other."""
    from napari_unet.images.files.label_files import read_labels
    from napari_unet.images.files.reading import read_image
    from napari_unet.ui.session.layers import Geometry, image_to_layer

    path = Path(path)
    image = read_image(_image_of(path) or path)
    layer = image_to_layer(image)
    grey = image.select_channel(0 if "C" in image.axes else None)
    labels = Geometry(image.with_channels_first()).to_layer(read_labels(path, grey))
    keep = len(labels.shape)
    options = {name: layer[1][name][-keep:] for name in ("scale", "units", "axis_labels")}
    return [layer, (labels, {"name": path.stem, **options}, "labels")]


def _image_of(path: Path) -> Path | None:
    """The image beside labels whose name says what they are of; None if there is none."""
    for ending in _NAPARI_MASKS:
        if path.stem.endswith(ending):
            stem = path.stem.removesuffix(ending)
            found = [path.with_name(stem + suffix) for suffix in (path.suffix, ".tif", ".tiff", ".ome.tif", ".png")]
            return next((image for image in found if image.is_file() and image != path), None)
    return None


def write_labels(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write a Labels layer as a TIFF with its pixel size, which Fiji, QuPath and the panel read."""
    from napari_unet.images.axes import guess_axes
    from napari_unet.images.files import writing
    from napari_unet.images.image import Image
    from napari_unet.images.units import to_standard

    known = meta.get("metadata", {}).get("napari_unet", {}).get("axes")
    axes = known if known and len(known) == data.ndim else guess_axes(data.shape, rgb=False)
    scale, units = {}, {}
    for letter, size, unit in zip(axes, meta.get("scale", ()), meta.get("units", ()), strict=False):
        found = to_standard(float(size), str(unit))
        if found is not None and found != (1, "pixel"):
            scale[letter], units[letter] = found
    like = Image(data, axes, scale, units, (), meta.get("name", Path(path).stem))
    return [str(writing.write_labels(path, data, like))]
