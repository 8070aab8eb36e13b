"""How labels hold out when images are not as usual: other object sizes, poor light, noise, dark on bright, empty.

    python benchmarks/robustness.py [--data ../shared/data] [--model NAME] [--role validation] [--images 24]

Prints AP@0.5, AP@0.75 and the mean over 0.5:0.05:0.9, pooled over the objects of a role's fluorescence images of
dsb2018 and of mnfinder, each image changed in one way, with the difference in AP@0.5 to the same images unchanged; how
large objects seemed in relation to the truth; how many images were taken for negatives; and how many objects were found
in images that hold none. `--images N` takes N images spread evenly over all. Object sizes are estimated, as for a user
who changes nothing. Grey values g are scaled so that the 0.1 and 99.9 percentiles are 0 and 1:

- x4, x1/3: image resampled (bilinear, anti-aliased), labels too (nearest); also for those whose median object is at
  least 8 and at most 120 px then
- dim: 8 grey levels, with noise of a level (sd); noise: Gaussian, sd 0.15; saturated: g above 0.35 is white
- dim beside bright: half of the objects, with what is nearest to them, have a tenth of their light
- uneven: a slope of 0.7 across the image is added; shaded: light falls to 0.3 in the corners; inverted: 1 - g
- float32, tile 256: the image as it is, otherwise computed
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from accuracy import files
from scipy import ndimage
from torch.nn import functional as F

from napari_unet import load_model
from napari_unet.events import drain
from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.images.image import Image
from napari_unet.labels.scores import ObjectTally, tally_objects
from napari_unet.models.model import Model
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import Segmentation
from napari_unet.segmentation.segment import segment_steps

Pixels = npt.NDArray[Any]
Sample = tuple[Pixels, Pixels]
_SIZES = (8.0, 120.0)  # px: what is asked of the model


def samples(data: Path, role: str, count: int | None) -> list[Sample]:
    """(grey values 0 to 1, labels) of `count` images of a role."""
    found = [row for row in files(data, role) if row[0].startswith("fluo") or row[0] == "mnfinder"]
    chosen = np.unique(np.linspace(0, len(found) - 1, min(count or len(found), len(found))).round().astype(int))
    return [_read(*found[i][1:3]) for i in chosen]


def _read(image_path: Path, labels_path: Path) -> Sample:
    image = read_image(image_path).select_channel(None)
    grey = np.asarray(image.data, np.float32)
    low, high = np.percentile(grey, [0.1, 99.9])
    return (grey - low) / max(high - low, 1e-6), np.asarray(read_labels(labels_path, image))


def scaled(factor: float) -> Callable[[Pixels, Pixels], Sample]:
    def change(grey: Pixels, labels: Pixels) -> Sample:
        size = [max(1, round(side * factor)) for side in grey.shape]
        values = torch.from_numpy(np.ascontiguousarray(grey))[None, None]
        image = F.interpolate(values, size=size, mode="bilinear", antialias=True, align_corners=False)[0, 0].numpy()
        rows, columns = (
            ((np.arange(n) + 0.5) * old / n).astype(int) for n, old in zip(size, labels.shape, strict=True)
        )
        return image, labels[np.ix_(rows, columns)]

    return change


def unchanged(grey: Pixels, labels: Pixels) -> Sample:
    return grey, labels


def _noise(grey: Pixels) -> Pixels:
    return np.random.default_rng(grey.size).standard_normal(grey.shape).astype(np.float32)


def _ramp(grey: Pixels) -> tuple[Pixels, Pixels]:
    y, x = np.meshgrid(*(np.linspace(-1, 1, n, dtype=np.float32) for n in grey.shape), indexing="ij")
    return y, x


def uneven(grey: Pixels) -> Pixels:
    y, x = _ramp(grey)
    return grey + 0.175 * (y + x + 2)


def shaded(grey: Pixels) -> Pixels:
    y, x = _ramp(grey)
    return grey * (1 - 0.35 * (y**2 + x**2))


def half_dimmed(grey: Pixels, labels: Pixels) -> Sample:
    """Every second object and the pixels nearest to it at a tenth of their height over the background."""
    rows, columns = ndimage.distance_transform_edt(labels == 0, return_indices=True)[1]
    dimmed = np.random.default_rng(grey.size).random(int(labels.max()) + 1) < 0.5
    share = ndimage.gaussian_filter(dimmed[labels[rows, columns]].astype(np.float32), 1.0)
    background = np.percentile(grey, 5)
    return background + (grey - background) * (1 - 0.9 * share), labels


LOOKS: dict[str, Callable[[Pixels], Pixels]] = {
    "dim, 8 levels": lambda g: np.clip(np.round(8 * g + _noise(g) + 4), 0, 255).astype(np.uint8),
    "noise": lambda g: g + 0.15 * _noise(g),
    "saturated": lambda g: np.minimum(g, 0.35),
    "uneven": uneven,
    "shaded": shaded,
    "inverted": lambda g: 1 - g,
}

EMPTY: dict[str, Pixels] = {
    "black": np.zeros((512, 512), np.uint8),
    "grey": np.full((512, 512), 117, np.uint8),
    "gaussian noise": np.random.default_rng(0).normal(100, 10, (512, 512)).astype(np.float32),
    "few photons": np.random.default_rng(1).poisson(0.5, (512, 512)).astype(np.uint8),
    "slope and noise": (np.linspace(0, 100, 512) + np.random.default_rng(2).normal(100, 3, (512, 512))).astype(
        np.float32
    ),
    "hot pixels": np.where(np.random.default_rng(3).random((512, 512)) > 0.9995, 4000, 100).astype(np.uint16),
}


def run(model: Model, pixels: Pixels, config: SegmentConfig) -> Segmentation:
    found: Segmentation = drain(segment_steps(Image.from_array(pixels, "YX"), model, config))
    return found


def median_diameter(labels: Pixels) -> float:
    sizes = np.bincount(labels.ravel())[1:]
    return float(np.median(2 * np.sqrt(sizes[sizes > 0] / np.pi))) if sizes.any() else 0.0


class Row:
    """Pools what is found in images changed in one way."""

    def __init__(self) -> None:
        self.tallies: list[ObjectTally] = []
        self.sizes: list[float] = []
        self.inverted = 0
        self.seconds = 0.0
        self.asked: list[bool] = []

    def add(self, model: Model, pixels: Pixels, labels: Pixels, config: SegmentConfig) -> None:
        start = time.perf_counter()
        found = run(model, pixels, config)
        self.seconds += time.perf_counter() - start
        true = median_diameter(labels)
        self.tallies.append(tally_objects(labels, found.labels))
        self.asked.append(_SIZES[0] <= true <= _SIZES[1])
        self.sizes.append(found.diameter / true if true else 1.0)
        self.inverted += found.inverted

    def show(self, name: str, base: Row, chosen: list[bool] | None = None) -> None:
        here = [i for i in range(len(self.tallies)) if chosen is None or chosen[i]]
        pooled, usual = (sum((row.tallies[i] for i in here), ObjectTally()) for row in (self, base))
        if not here:
            return
        ap, difference = pooled.average_precision(), pooled.average_precision()[0.5] - usual.average_precision()[0.5]
        low, middle, high = np.percentile([self.sizes[i] for i in here], [10, 50, 90])
        print(
            f"{name:18} {len(here):6} {pooled.n_truth:7} {ap[0.5]:7.3f} {difference:+7.3f} {ap[0.75]:7.3f} "
            f"{pooled.mean_ap:6.3f}   {low:.2f} {middle:.2f} {high:.2f} {self.inverted:8} {self.seconds:7.1f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--model", default=None)
    parser.add_argument("--role", default="validation", choices=["validation", "test"])
    parser.add_argument("--images", type=int, default=None, help="how many; default: all")
    args = parser.parse_args()
    model, given = load_model(args.model), samples(args.data, args.role, args.images)
    auto = SegmentConfig()
    print(f"{model.name}, role {args.role}, {len(given)} images")
    print(f"{'':18} images objects  AP@0.5  change AP@0.75   mean   size/truth (10, 50, 90 %) inverted seconds")
    base = collect(model, given, unchanged, auto)
    base.show("as they are", base)
    for name, look in LOOKS.items():
        collect(model, given, lambda grey, labels, look=look: (look(grey), labels), auto).show(name, base)
    collect(model, given, half_dimmed, auto).show("dim beside bright", base)
    for name, config in (
        ("float32", auto.model_copy(update={"precision": "float32"})),
        ("tile 256", auto.model_copy(update={"tile": 256})),
    ):
        collect(model, given, unchanged, config).show(name, base)
    for name, factor in (("x1/3", 1 / 3), ("x4", 4.0)):
        row = collect(model, given, scaled(factor), auto)
        row.show(name, base)
        row.show(f"{name}, 8 to 120 px", base, row.asked)
    for name, pixels in EMPTY.items():
        print(f"objects in an image without any, {name}: {run(model, pixels, auto).n_objects}")


def collect(
    model: Model, given: list[Sample], change: Callable[[Pixels, Pixels], Sample], config: SegmentConfig
) -> Row:
    row = Row()
    for grey, labels in given:
        row.add(model, *change(grey, labels), config)
    return row


if __name__ == "__main__":
    main()
