"""Stacks with every third slice alone: sharpened along z by a network, by cubic interpolation; segmentation of each.

    python benchmarks/isotropic.py [--every 3] [--steps 600] [--only nuclei_3d 1135_mini ...] [--no-labels]

Of each stack with labels in 3D (see volumes.py) one slice in `--every` is kept. A network learns on the sharp planes
of what is left, and makes the slices between; `cubic` interpolates them. PSNR is over the range of the stack
(percentiles 1 to 99.8), of the slices that were left out alone. AP@0.5 is in 3D over the whole stack: of `thin`, the
thinned stack segmented as a volume, its labels repeated for the slices between; of `cubic` and `network` the labels
of the finer stack; of `full`, the stack as it was. Steps are fixed, so that a busy machine gives the same figures.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
from volumes import Stack, segment_stack, stacks

from napari_unet import load_model
from napari_unet.events import drain
from napari_unet.images.image import Image
from napari_unet.labels.scores import tally_objects
from napari_unet.models.model import Model
from napari_unet.restoration.applying import restore_steps
from napari_unet.restoration.config import RestoreConfig
from napari_unet.restoration.material import gather
from napari_unet.restoration.side_views import stretch
from napari_unet.restoration.tasks import TASKS
from napari_unet.restoration.teaching import teach_steps


def thinned(image: Image, every: int) -> Image:
    """One slice in `every`, with the voxel size that goes with it."""
    scale = {letter: image.scale.get(letter, 1.0) for letter in "ZYX"}
    grey = image.select_channel()
    return replace(grey, data=np.asarray(grey.data)[::every], scale=scale | {"Z": scale["Z"] * every}, assumed="")


def cubic(image: Image, every: float) -> Image:
    """The slices between by cubic interpolation."""
    pixels = np.asarray(image.data)
    rows = stretch(pixels.reshape(len(pixels), -1), every)
    info = np.iinfo(pixels.dtype) if pixels.dtype.kind in "ui" else None
    rows = rows if info is None else np.clip(np.rint(rows), info.min, info.max)
    scale = dict(image.scale) | {"Z": image.scale["Z"] / every}
    return replace(image, data=rows.reshape(-1, *pixels.shape[1:]).astype(pixels.dtype), scale=scale)


def psnr(found: np.ndarray, stack: np.ndarray, every: int) -> float:
    """Of the slices that were left out, as far as both have them."""
    n = min(len(found), len(stack))
    out = [z for z in range(n) if z % every]
    low, high = np.percentile(stack, (1, 99.8))
    error = np.mean((found[out].astype(float) - stack[out]) ** 2)
    return float(10 * np.log10((high - low) ** 2 / error))


def resliced(image: Image, at: np.ndarray) -> np.ndarray:
    """The slices of `image` nearest to places `at` (in slices)."""
    return np.asarray(image.data)[np.clip(np.rint(at).astype(int), 0, len(image.data) - 1)]


def score(model: Model, image: Image, truth: np.ndarray, at: np.ndarray) -> float:
    """AP@0.5 of a stack whose slices `at` are those of `truth`."""
    labels = np.asarray(segment_stack(model, image, "volume").labels)
    picked = labels[np.clip(np.rint(at).astype(int), 0, len(labels) - 1)]
    return tally_objects(truth, picked).main


def run(stack: Stack, every: int, steps: int, labels: bool, model: Model) -> list[dict[str, object]]:
    thin = thinned(stack.image, every)
    config = RestoreConfig(seconds=80_000, max_steps=steps)
    material = gather([thin], None, TASKS["isotropic"])
    taught = drain(teach_steps(material, config, "isotropic"))
    whole = np.asarray(stack.image.select_channel().data)
    fine = drain(restore_steps(thin, taught.model))
    # Finer slices are as close as rows are: of a stack that was anisotropic before, closer than its own.
    per_slice = material.grey.ratio / every
    places = np.arange(len(whole))
    pictures = {"cubic": cubic(thin, material.grey.ratio), "network": fine}
    rows: list[dict[str, object]] = []
    for name, picture in pictures.items():
        at = places * per_slice
        value = psnr(resliced(picture, at), whole, every)
        rows.append({"stack": stack.name, "method": name, "psnr": round(value, 2), "note": material.notes[0]})
        if labels:
            rows[-1]["ap50"] = round(score(model, picture, stack.truth, at), 3)
    if labels:
        for name, image, at in (("thin", thin, places / every), ("full", stack.image, places)):
            found = score(model, image, stack.truth, at)
            rows.append({"stack": stack.name, "method": name, "ap50": round(found, 3)})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--every", type=int, default=3)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--only", nargs="*", metavar="NAME")
    parser.add_argument("--no-labels", action="store_true")
    args = parser.parse_args()
    model = load_model(None)
    for stack in stacks(args.data):
        if args.only is None or stack.name in args.only:
            for row in run(stack, args.every, args.steps, not args.no_labels, model):
                print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
