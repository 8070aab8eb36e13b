"""The sample images under File > Open Sample: layer tuples with pixel size, units, axis labels and the file's path."""

from __future__ import annotations

from typing import Any

LayerTuple = tuple[Any, dict[str, Any], str]


def nuclei_2d() -> list[LayerTuple]:
    """A field of nuclei (YX)."""
    return _open("nuclei_2d")


def nuclei_3d() -> list[LayerTuple]:
    """A z-stack of nuclei (ZYX)."""
    return _open("nuclei_3d")


def nuclei_timelapse() -> list[LayerTuple]:
    """A time-lapse of dividing nuclei (TYX)."""
    return _open("nuclei_timelapse")


def two_channel() -> list[LayerTuple]:
    """DNA and membranes of a cell sheet (CYX)."""
    return _open("two_channel")


def membranes() -> list[LayerTuple]:
    """A z-stack of an epithelium with stained cell borders (ZYX)."""
    return _open("membranes")


def _open(name: str) -> list[LayerTuple]:
    from napari_unet.images.files.reading import read_image
    from napari_unet.images.files.sample_data import sample_path
    from napari_unet.ui.session.layers import image_to_layer

    return [image_to_layer(read_image(sample_path(name)))]
