"""Pictures for the model card: where the shipped model does well, and where it fails.

    python benchmarks/model_card.py [--data ../shared/data] [--model NAME] --output docs/images/model-card.png
    python benchmarks/model_card.py --card cells --output docs/images/model-card-cells.png
    python benchmarks/model_card.py --card histology --output docs/images/model-card-histology.png

One row an image type, of images to judge by, and types that the model never saw (nuclei: validation images, which its
last two trainings learned from): an
image of middling score on the left, the worst on the right; ground truth in green, what the model finds in red. Prints
the AP@0.5 of each. Images of `role=test` are not looked at.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from accuracy import files
from skimage.io import imsave
from skimage.segmentation import find_boundaries

from napari_unet import load_model
from napari_unet.events import drain
from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.images.image import Image
from napari_unet.images.normalization import measure_limits, normalize
from napari_unet.labels.scores import tally_objects
from napari_unet.models.model import Model
from napari_unet.segmentation.segment import segment_steps
from napari_unet.training.recipe import RECIPES, find_files, read_recipe

CARDS = {
    "nuclei": (
        ("validation", "fluo_small_256"),
        ("validation", "fluo_hcs_520x696"),
        ("validation", "fluo_large"),
        ("validation", "mnfinder"),
    ),
    "cells": (
        ("cells-2d", "cells in phase contrast"),
        ("cells-2d", "axons in scanning electron microscopy"),
        ("unseen", "brightfield_gray"),
    ),
    "histology": (
        ("histology-2d", "histology, purple on white"),
        ("unseen", "hist_purple_on_purple"),
        ("unseen", "hist_he_pink"),
    ),
}
SIDE, AT_MOST = 256, 24


def pairs(data: Path, source: str, kind: str) -> list[tuple[Path, Path]]:
    """Images with their labels: of a type of dsb2018 by its role, or those that a recipe judges by."""
    if source in ("validation", "unseen"):
        return [one[1:3] for one in files(data, source) if one[0] == kind]
    judged = read_recipe(RECIPES / f"{source}.toml").validate_on
    return [(file.image, file.labels) for file in find_files(judged, data) if file.source.name == kind]


def examples(data: Path, source: str, kind: str, model: Model) -> list[tuple[float, np.ndarray]]:
    """(AP@0.5, picture) of images with at least five objects, the best first."""
    found = []
    for image_path, labels_path in pairs(data, source, kind)[:AT_MOST]:
        image = read_image(image_path)
        truth = read_labels(labels_path, image.select_channel(None))
        if len(np.unique(truth)) > 5:
            labels = drain(segment_steps(image, model)).labels
            found.append((tally_objects(truth, labels).average_precision()[0.5], picture(image, truth, labels)))
    return sorted(found, key=lambda one: -one[0])


def picture(image: Image, truth: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(SIDE, 2 SIDE, 3): ground truth beside what was found, of the part with most objects."""
    pixels = image.plane(())
    shown = normalize(pixels, measure_limits(pixels)).clip(0, 1) ** 0.7 if pixels.ndim == 2 else pixels[..., :3] / 255
    grey = np.broadcast_to(shown[..., None], (*pixels.shape, 3)) if pixels.ndim == 2 else shown
    corners = [(y, x) for y in range(0, grey.shape[0], SIDE // 2) for x in range(0, grey.shape[1], SIDE // 2)]
    y, x = max(corners, key=lambda c: len(np.unique(truth[c[0] : c[0] + SIDE, c[1] : c[1] + SIDE])))
    part = (slice(y, y + SIDE), slice(x, x + SIDE))
    halves = []
    for outlines, colour in ((truth, (0.0, 0.9, 0.25)), (labels, (1.0, 0.3, 0.15))):
        half = grey[part].copy()
        half[find_boundaries(outlines[part], mode="inner")] = colour
        halves.append(np.pad(half, ((0, SIDE - half.shape[0]), (0, SIDE - half.shape[1]), (0, 0))))
    return np.concatenate(halves, axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--model", default=None)
    parser.add_argument("--card", choices=CARDS, default="nuclei")
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    model, rows = load_model(args.model), []
    gap = np.ones((SIDE, 8, 3))
    for source, kind in CARDS[args.card]:
        found = examples(args.data, source, kind, model)
        middle, worst = found[len(found) // 2], found[-1]
        rows.append(np.concatenate([middle[1], gap, worst[1]], axis=1))
        print(f"{kind:24} AP@0.5 of the middle one {middle[0]:.2f}, of the worst {worst[0]:.2f}", flush=True)
    imsave(args.output, (np.concatenate(rows) * 255).astype(np.uint8), check_contrast=False)


if __name__ == "__main__":
    main()
