"""How well objects are told apart after 5, 10 and 25 clicks a class: ours against shape features alone.

    python benchmarks/classification.py [--repeats 5] [--sets simulated dsb2018]

- `simulated`: 400 discs of one size, bright inside, with one of three textures: what shape cannot tell
- `dsb2018`: nuclei of four image types of `role=train`; clicks are on one half of the images, the score is on the other

Clicks are drawn at random, the same ones for both. Printed as JSON: mean and standard deviation of the balanced
accuracy over all objects that were not clicked (dsb2018: of images that nobody clicked in), and `told`, the mean
held-out score that the user would have been told. `seconds` is from the last click to the classes of all objects.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
from pathlib import Path

import numpy as np
from scipy import ndimage
from skimage.io import imread

from napari_unet.classification.looking import look_at_objects
from napari_unet.classification.object_features import SHAPE, ObjectFeatures, join_features
from napari_unet.classification.teaching import CANDIDATES, Candidate, learn_classes, score_classes
from napari_unet.events import drain
from napari_unet.images.image import Image
from napari_unet.models.library import load_model

SHAPE_ALONE = (Candidate((SHAPE,), 5.0), Candidate((SHAPE,), 100.0))
_IMAGES = 6  # of each type


def simulated(seed: int = 0) -> tuple[ObjectFeatures, np.ndarray, np.ndarray]:
    """Features, classes, and whether an object may be clicked."""
    random = np.random.default_rng(seed)
    n, cell = 20, 40
    labels = np.zeros((n * cell, n * cell), np.int32)
    image = random.normal(20, 4, labels.shape).astype(np.float32)
    y, x = np.mgrid[:cell, :cell] - cell // 2
    classes = random.integers(0, 3, n * n)
    for number, corner in enumerate(np.ndindex(n, n)):
        disc = y**2 + x**2 < random.uniform(9, 13) ** 2
        texture = ndimage.gaussian_filter(random.normal(0, 1, (cell, cell)), (1, 1.5, 2)[classes[number]])
        part = tuple(slice(at * cell, (at + 1) * cell) for at in corner)
        labels[part][disc] = number + 1
        image[part][disc] = (60 + 12 * texture / texture.std() + random.normal(0, 4, texture.shape))[disc]
    features = drain(look_at_objects(Image(labels, "YX"), Image(image, "YX"), load_model(None)))
    return features, classes, np.ones(n * n, bool)


def dsb2018() -> tuple[ObjectFeatures, np.ndarray, np.ndarray]:
    """Nuclei of four types of image; a class is a type."""
    folder = (
        Path(os.environ.get("NAPARI_UNET_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")) / "dsb2018"
    )
    with (folder / "images.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["role"] == "train"]
    model, parts, classes, clickable = load_model(None), [], [], []
    counts = {kind: sum(row["type"] == kind for row in rows) for kind in {row["type"] for row in rows}}
    types = sorted(counts, key=lambda kind: -counts[kind])[:4]
    for number, kind in enumerate(types):
        of_groups = {row["group"]: row for row in rows if row["type"] == kind}  # one of each field of view
        for place, row in enumerate(list(of_groups.values())[:_IMAGES]):
            path = next(path for path in (folder / "images").iterdir() if path.stem == row["id"])
            pixels = np.asarray(imread(path))
            labels = imread(next(p for p in (folder / "labels").iterdir() if p.stem == row["id"]))
            grey = pixels[..., :3].mean(axis=-1).astype(np.float32) if pixels.ndim == 3 else pixels
            part = drain(look_at_objects(Image(labels.astype(np.int32), "YX"), Image(grey, "YX"), model))
            parts.append(part)
            classes.append(np.full(len(part), number))
            clickable.append(np.full(len(part), place < _IMAGES // 2))
    return join_features(parts), np.concatenate(classes), np.concatenate(clickable)


def click(classes: np.ndarray, clickable: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Rows of `n` objects of each class."""
    random = np.random.default_rng(seed)
    return np.concatenate([
        random.permutation(np.flatnonzero((classes == own) & clickable))[:n] for own in np.unique(classes)
    ])  # fmt: skip


def run(name: str, repeats: int) -> list[dict[str, object]]:
    features, classes, clickable = {"simulated": simulated, "dsb2018": dsb2018}[name]()
    names = tuple(f"class {number}" for number in np.unique(classes))
    found = []
    for n in (5, 10, 25):
        for method, candidates in (("shape", SHAPE_ALONE), ("ours", CANDIDATES)):
            scores, told, seconds = [], [], []
            for seed in range(repeats):
                rows = click(classes, clickable, n, seed)
                examples = {tuple(features.objects[row].tolist()): int(classes[row]) for row in rows}
                start = time.perf_counter()
                said = learn_classes(features, examples, names, candidates=candidates).probabilities(features).argmax(1)
                seconds.append(time.perf_counter() - start)
                rest = ~clickable if not clickable.all() else ~np.isin(np.arange(len(classes)), rows)
                recalls = [np.mean(said[rest & (classes == own)] == own) for own in np.unique(classes)]
                scores.append(float(np.mean(recalls)))
                held = score_classes(features, examples, names, candidates)
                told.append(held.balanced_accuracy if held is not None else float("nan"))
            found.append({
                "set": name, "objects": len(classes), "classes": len(names), "clicks": n, "method": method,
                "balanced_accuracy": round(float(np.mean(scores)), 3), "spread": round(float(np.std(scores)), 3),
                "told": round(float(np.nanmean(told)), 3), "seconds": round(float(np.median(seconds)), 2),
            })  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--sets", nargs="+", default=["simulated", "dsb2018"], choices=["simulated", "dsb2018"])
    args = parser.parse_args()
    for name in args.sets:
        for row in run(name, args.repeats):
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
