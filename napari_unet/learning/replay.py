"""Replay: a few labelled crops of what a base model learned from, that keep its children from forgetting it.

A set is one zip file that any program can open: `index.json`, and an image and a label PNG for each crop. A model's
record names the set it belongs to, and its children inherit the name. Sets are looked for among the shipped models
and in the user's own model folder, as `NAME.replay.zip`.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Picture

from napari_unet.heads.planes import HeldOutPlane, TrainingPlane
from napari_unet.images.normalization import Limits
from napari_unet.images.resampling import pick_nearest, resample, resampled_shape
from napari_unet.models.library import PRETRAINED, models_dir
from napari_unet.models.model_file import load_model_file
from napari_unet.models.record import ModelRecord, resampling_factor
from napari_unet.models.unet import UNet

SUFFIX = ".replay.zip"
LOOKS_SUFFIX = ".looks.npy"
"""Beside a set: how the base model sees images like those that it was made of, as `segmentation.looks` measures it."""
_BLACK, _WHITE = -0.25, 1.75  # normalized grey values that a crop's 0 and 255 stand for


@dataclass(frozen=True, eq=False)
class ReplayCrop:
    """A crop (Y, X): uint8 `pixels`, `labels`, and the median object `diameter` of its image in pixels.

    `use` is "learn" or "score": what a child is scored on, it never learned from.
    """

    source: str
    use: str
    diameter: float
    pixels: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint16]

    def training_plane(self, record: ModelRecord) -> TrainingPlane:
        """The crop as something to learn from, at the object size that the model of `record` knows."""
        zoom = resampling_factor(record, self.diameter)
        levels = self.pixels.astype(np.float32) / 255 * (_WHITE - _BLACK) + _BLACK
        values = resample(levels[None], resampled_shape(levels.shape, zoom))
        # a model of several channels says of a grey image what the one it came of said
        n = record.architecture.in_channels
        values = values[0] if n == 1 else np.repeat(values, n, axis=0)
        labels = pick_nearest(self.labels, zoom).astype(np.int32)
        everywhere = np.ones(labels.shape, bool)
        return TrainingPlane(values, labels, everywhere, everywhere, np.zeros_like(everywhere))

    def held_out_plane(self) -> HeldOutPlane:
        """The crop as something to score on."""
        zero, one = ((value - _BLACK) / (_WHITE - _BLACK) * 255 for value in (0.0, 1.0))
        everywhere = np.ones(self.labels.shape, bool)
        return HeldOutPlane(self.pixels, self.labels.astype(np.int32), everywhere, Limits(zero, one), self.diameter)


@dataclass(frozen=True, eq=False)
class ReplaySet:
    """Crops and where they come from: `origins` has licence and attribution by source."""

    crops: tuple[ReplayCrop, ...]
    origins: dict[str, str]

    def training_planes(self, record: ModelRecord) -> list[TrainingPlane]:
        return [crop.training_plane(record) for crop in self.crops if crop.use == "learn"]

    def held_out_planes(self) -> list[HeldOutPlane]:
        return [crop.held_out_plane() for crop in self.crops if crop.use == "score"]


def quantize(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Normalized grey values as a crop keeps them."""
    levels: npt.NDArray[np.uint8] = np.clip((pixels - _BLACK) / (_WHITE - _BLACK) * 255 + 0.5, 0, 255).astype(np.uint8)
    return levels


def find_replay(record: ModelRecord) -> ReplaySet | None:
    """The set that the model of `record` names, or None if it names none or its file is gone."""
    if record.replay is None:
        return None
    for folder in (PRETRAINED, models_dir()):
        path = folder / f"{record.replay}{SUFFIX}"
        if path.is_file():
            return read_replay(path)
    return None


def find_teacher(record: ModelRecord) -> UNet | None:
    """The network whose answers replay is to teach: that of the model which the set was made for.

    A descendant some fine-tunings on has drifted a little with each; were every parent the teacher of its child, these
    would add up. None where that model is gone or looks at other channels: then the parent itself is to be asked.
    """
    for folder in (PRETRAINED, models_dir()):
        path = folder / f"{record.replay}.safetensors"
        if record.replay is not None and path.is_file():
            network = load_model_file(path).network
            return network if network.config.in_channels == record.architecture.in_channels else None
    return None


def find_looks(record: ModelRecord) -> npt.NDArray[np.float32] | None:
    """What images of the base model that the record names its replay set by look like (images, features)."""
    for folder in (PRETRAINED, models_dir()):
        path = folder / f"{record.replay}{LOOKS_SUFFIX}"
        if record.replay is not None and path.is_file():
            looks: npt.NDArray[np.float32] = np.load(path, allow_pickle=False).astype(np.float32)
            return looks
    return None


@lru_cache(maxsize=2)
def read_replay(path: Path) -> ReplaySet:
    """The set in a file."""
    with zipfile.ZipFile(path) as file:
        index = json.loads(file.read("index.json"))
        crops = tuple(
            ReplayCrop(
                entry["source"], entry["use"], float(entry["diameter"]),
                _decode(file.read(f"images/{number:03}.png")).astype(np.uint8),
                _decode(file.read(f"labels/{number:03}.png")).astype(np.uint16),
            )
            for number, entry in enumerate(index["crops"])
        )  # fmt: skip
    return ReplaySet(crops, index["origins"])


def write_replay(path: Path, crops: Sequence[ReplayCrop], origins: dict[str, str]) -> None:
    """Write a set, the same bytes for the same crops."""
    entries = [_fields(crop) for crop in crops]
    files = {"index.json": json.dumps({"origins": origins, "crops": entries}, indent=1).encode()}
    for number, crop in enumerate(crops):
        labels = crop.labels.astype(np.uint8) if crop.labels.max(initial=0) < 256 else crop.labels
        files[f"images/{number:03}.png"] = _encode(crop.pixels)
        files[f"labels/{number:03}.png"] = _encode(labels)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        for name, content in files.items():
            file.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)


def _fields(crop: ReplayCrop) -> dict[str, Any]:
    return {"source": crop.source, "use": crop.use, "diameter": round(crop.diameter, 2)}


def _encode(values: npt.NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    Picture.fromarray(values).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _decode(content: bytes) -> npt.NDArray[Any]:
    with Picture.open(io.BytesIO(content)) as picture:
        return np.asarray(picture)
