"""What a recipe needs of a data folder as one small file, for a training on another machine."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from napari_unet.images.files.reading import read_image
from napari_unet.training.recipe import TrainingFile


def write_pack(files: Iterable[TrainingFile], data: Path, output: Path) -> int:
    """Write images, labels and tables of `files` to the zip archive `output`, under their names in the folder `data`.

    Unpacked, it is a data folder that the same recipes find the same images in. Grey values become 8 bits (0 is the
    darkest, 255 the brightest but for a ten-thousandth): normalization takes their scale away anyhow. Labels stay as
    they are. Returns the size in bytes.
    """
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted({**_tables(files, data), **_images(files, data)}.items()):
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_STORED if name.endswith(".png") else None)
    return output.stat().st_size


def _tables(files: Iterable[TrainingFile], data: Path) -> dict[str, bytes]:
    names = {file.source.table for file in files if file.source.table}
    return {name: (data / name).read_bytes() for name in names}


def _images(files: Iterable[TrainingFile], data: Path) -> dict[str, bytes]:
    packed = {}
    for file in files:
        image, name = read_image(file.image), file.image.relative_to(data)
        if image.axes == "YX":
            packed[name.with_suffix(".png").as_posix()] = _png(_eight_bits(np.asarray(image.data)))
        else:  # colour and stacks as they are
            packed[name.as_posix()] = file.image.read_bytes()
        packed[file.labels.relative_to(data).as_posix()] = file.labels.read_bytes()
    return packed


def _eight_bits(pixels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    if pixels.dtype == np.uint8:
        return pixels
    low, high = float(pixels.min()), float(np.percentile(pixels, 99.99))
    return np.clip((pixels - low) / max(high - low, 1e-6) * 255, 0, 255).round().astype(np.uint8)


def _png(pixels: npt.NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return file.getvalue()
