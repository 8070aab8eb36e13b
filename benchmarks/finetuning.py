"""What fine-tuning gains on image types that the base model never saw, or knows little of, with default settings.

    python benchmarks/finetuning.py --type hist_purple_on_purple --images 5 --seconds 60

Fine-tunes on a few fully labelled images of one type of dsb2018 (role `unseen`), drawn by group, and scores the model
before and after on images of all other groups: AP pooled over images, at IoU 0.5 and as the mean over 0.5:0.05:0.9.
`--type chloroplast_em`, far off, learns from the left half of one section (the first, the second, ... as draws go) and
is scored on the right halves of sections 8 and 10: other chloroplasts of the same leaf. `--type phase_t98g` and
`axon_sem` learn from images of role `train` and are scored on those of role `test`. All goes the way of the command
line: channels are chosen by the program, each image is answered by the kind that it resembles, and its object size is
estimated (`--diameter known` gives each image's own median instead). With --base also the score on `validation` images
of the types that the base model knows (forgetting).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import time
from pathlib import Path

import numpy as np
import torch
from skimage.io import imread

from napari_unet.corrections.comparison import object_areas
from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.corrections.reviewed import typical_diameter
from napari_unet.events import Finished, drain
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.events import ScoreDone
from napari_unet.finetuning.finetune import finetune_steps
from napari_unet.finetuning.material.widening import training_input
from napari_unet.images.image import Image
from napari_unet.labels.scores import ObjectTally, tally_objects
from napari_unet.models.library import load_model
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import Segmentation
from napari_unet.segmentation.segment import segment_steps

OF_THEIR_OWN = ("phase_t98g", "axon_sem")
"""Data sets with roles of their own (`images.csv`)."""


def read_type(data: Path, kind: str, role: str) -> dict[str, list[str]]:
    """Image ids by group."""
    groups: dict[str, list[str]] = {}
    with (data / "dsb2018" / "images.csv").open() as file:
        for row in csv.DictReader(file):
            if row["type"] == kind and row["role"] == role and int(row["n_objects"]) > 0:
                groups.setdefault(row["group"], []).append(row["id"])
    return groups


def load_labelled(data: Path, name: str, channels: str = "one", folder: str = "dsb2018") -> CorrectedImage:
    """An image with all of it reviewed; `channels` as in `FinetuneConfig`."""
    paths = [next((data / folder / part).glob(f"{name}.*")) for part in ("images", "labels")]
    pixels, labels = imread(paths[0]), imread(paths[1]).astype(np.int32)
    image = Image.from_array(pixels, "YXS" if pixels.ndim == 3 else "YX", name=name[:8])
    seen = training_input(image, ModelRecord(), channels)
    return CorrectedImage(seen, labels, np.ones(labels.shape, bool), name=name[:8])


def read_roles(data: Path, kind: str, role: str) -> list[str]:
    """Image ids of a data set that says itself which of its images may be learned from."""
    with (data / kind / "images.csv").open() as file:
        return [row["id"] for row in csv.DictReader(file) if row["role"] == role and int(row["n_objects"]) > 0]


def chloroplasts(data: Path, section: int, right: bool) -> CorrectedImage:
    """Half a section of electron microscopy, all of it reviewed."""
    folder = data / "chloroplast_em"
    pixels, labels = (imread(folder / part / f"z{section:03}.png") for part in ("images", "labels"))
    half = slice(pixels.shape[1] // 2, None) if right else slice(pixels.shape[1] // 2)
    labels = np.ascontiguousarray(labels[:, half]).astype(np.int32)
    image = Image.from_array(np.ascontiguousarray(pixels[:, half]), "YX", name=f"section {section}")
    return CorrectedImage(image, labels, np.ones(labels.shape, bool), name=image.name)


def draw_images(args: argparse.Namespace, draw: int) -> tuple[list[CorrectedImage], list[CorrectedImage]]:
    """Images to learn from, and images to be scored on."""
    if args.type == "chloroplast_em":
        return [chloroplasts(args.data, 1 + draw, False)], [chloroplasts(args.data, s, True) for s in (8, 10)]
    if args.type in OF_THEIR_OWN:
        names = read_roles(args.data, args.type, "train")
        random.Random(draw).shuffle(names)
        drawn, test = names[: args.images], read_roles(args.data, args.type, "test")
        return tuple([load_labelled(args.data, n, args.channels, args.type) for n in part] for part in (drawn, test))
    groups = read_type(args.data, args.type, "unseen")
    order = sorted(groups)
    random.Random(draw).shuffle(order)
    learned = [load_labelled(args.data, groups[group][0], args.channels) for group in order[: args.images]]
    return learned, [
        load_labelled(args.data, name, args.channels) for group in order[args.images :] for name in groups[group]
    ]


def score_images(model: Model, images: list[CorrectedImage], known: bool = False) -> dict[str, float]:
    """Pooled AP of `model` on fully labelled images, at the size it estimates or at the `known` one of each image."""
    tally = ObjectTally()
    for one in images:
        size = typical_diameter(object_areas(one.labels).values()) if known else None
        found: Segmentation = drain(segment_steps(one.image, model, SegmentConfig(diameter=size)))
        tally += tally_objects(one.labels, found.labels)
    ap50 = tally.average_precision()[0.5]
    return {"mean_ap": round(tally.mean_ap, 4), "ap50": round(ap50, 4), "objects": tally.n_truth}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--type", default="hist_purple_on_purple")
    parser.add_argument("--images", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--draws", type=int, default=1, help="Random draws of the images.")
    parser.add_argument("--model", help="Name or path; empty: the shipped one.")
    parser.add_argument("--base", action="store_true")
    parser.add_argument("--diameter", choices=["auto", "known"], default="auto", help="Of the images that are scored.")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--channels", choices=["one", "all", "auto"], default="auto", help="As in FinetuneConfig.")
    parser.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE", help="Fields of FinetuneConfig.")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    settings = {key: json.loads(value) for key, value in (pair.split("=") for pair in args.set)}
    model = load_model(args.model)
    for draw in range(args.draws):
        run(args, model, FinetuneConfig(seconds=args.seconds, channels=args.channels, **settings), draw)


def run(args: argparse.Namespace, model: Model, config: FinetuneConfig, draw: int) -> None:
    """One draw of images: fine-tune, and print the scores as JSON."""
    learned, others = draw_images(args, draw)
    known = args.diameter == "known"
    start, curve = time.perf_counter(), []
    for event in finetune_steps(model, learned, config):
        if isinstance(event, ScoreDone):
            curve.append(round(event.score.mean_ap, 3))
        if isinstance(event, Finished):
            result = event.result
    report = {
        "type": args.type, "channels": args.channels, "draw": draw, "images": len(learned),
        "objects": sum(len(np.unique(one.labels)) - 1 for one in learned), "steps": result.steps,
        "seconds": round(time.perf_counter() - start, 1), "before": score_images(model, others, known),
        "after": score_images(result.model, others, known), "parent": model.name,
        "held_out_curve": curve, "sentence": result.sentence,
    }  # fmt: skip
    if args.base:
        base = [load_labelled(args.data, n, args.channels) for names in base_groups(args.data) for n in names[:1]]
        report |= {"base_before": score_images(model, base), "base_after": score_images(result.model, base)}
    print(json.dumps(report), flush=True)


def base_groups(data: Path) -> list[list[str]]:
    """Validation images of the fluorescence types, one group each."""
    kinds = ("fluo_small_256", "fluo_hcs_520x696", "fluo_large")
    return [names for kind in kinds for names in list(read_type(data, kind, "validation").values())[:15]]


if __name__ == "__main__":
    main()
