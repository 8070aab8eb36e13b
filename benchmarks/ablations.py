"""What each part of augmentation and normalization is worth: the recipe without it, at a short equal budget.

    python benchmarks/ablations.py --results runs/ablations [--only NAME ...] [--steps 400]
    python benchmarks/ablations.py --results runs/ablations --table

Trains the shipped model's recipe anew for each arm, one thing left out or changed, and scores the last averaged weights
on the fluorescence images of the `validation` role, at known object sizes: AP at IoU 0.5, 0.75, 0.9 and the mean over
0.5:0.05:0.9, pooled over objects. A short training is less sure of what it sees than a long one, so thresholds are
chosen for each arm: on one half of the images for the other half, and the other way round. Then AP@0.5 on every third
of these images changed: in looks as `benchmarks/robustness.py` describes them, and (off size) as they are but with the
object size told 1.4 times too large and 1.4 times too small; these with thresholds chosen on all images as they are.
What is finished is kept in `--results`, its model too: after a kill the script goes on there.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from robustness import LOOKS

from napari_unet.events import Finished, drain
from napari_unet.images.image import Image
from napari_unet.labels.scores import ObjectTally, tally_objects
from napari_unet.models.library import load_model
from napari_unet.models.model import Model
from napari_unet.models.model_file import save_model
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.segment import segment_steps
from napari_unet.training.base_data import Validation, load_samples, load_validation
from napari_unet.training.loop import train_steps
from napari_unet.training.recipe import RECIPES, Recipe, find_files, read_recipe

_NO_LIGHT = {"gamma": 0.0, "contrast": 0.0, "brightness": 0.0, "shading": 0.0}
_NO_SHAPE = {"scale": 0.0, "stretch": 0.0, "elastic": 0.0}
_MIN_MAX = {"low": 0.0, "high": 100.0}
ARMS: dict[str, tuple[str, dict[str, Any]]] = {
    "all": ("the recipe", {}),
    "seed-1": ("the recipe, another seed", {"training": {"seed": 1}}),
    "seed-2": ("the recipe, a third seed", {"training": {"seed": 2}}),
    "no-geometry": ("no stretching, bending, random size", {"augmentation": _NO_SHAPE}),
    "no-sizes": ("no patches of any size of the range", {"training": {"any_size": 0.0}}),
    "no-light": ("no gamma, contrast, brightness, shading", {"augmentation": _NO_LIGHT}),
    "no-noise": ("no noise, no blur", {"augmentation": {"noise": 0.0, "blur": 0.0}}),
    "no-inversion": ("no inverted contrast", {"augmentation": {"invert": 0.0}}),
    "no-simulation": ("no simulated images", {"simulation": {"images": 0}}),
    "min-max": ("smallest and largest grey value to 0 and 1", {"record": {"normalization": _MIN_MAX}}),
    "no-averaging": ("last weights, not their moving average", {"training": {"average": 0.0}}),
}  # fmt: skip


def recipe_for(base: Recipe, steps: int, changes: dict[str, Any]) -> Recipe:
    """`base` with a short budget and one thing changed."""
    fields = base.model_dump()
    fields["training"] |= {"steps": steps} | changes.get("training", {})
    fields["training"]["augmentation"] |= changes.get("augmentation", {})
    fields["simulation"] |= changes.get("simulation", {})
    fields["record"] = fields["record"] | changes.get("record", {})
    return Recipe(**fields)


def train(name: str, recipe: Recipe, data: Path, folder: Path) -> Model:
    samples = load_samples(recipe, find_files(recipe.learn, data))
    for event in train_steps(samples, recipe.training, folder):
        if isinstance(event, Finished):
            return Model(event.result.float().eval(), recipe.model_record())
        if event.step % 100 == 0:
            print(f"{name}: step {event.step}", flush=True)
    raise AssertionError("a training ends with its result")


def changed_scores(model: Model, validation: Validation) -> dict[str, float]:
    """AP@0.5 on every third image, for each change."""
    some = validation.images[::3]
    found: dict[str, ObjectTally] = {name: ObjectTally() for name in (*LOOKS, "off size")}
    for image, labels, diameter in some:
        grey = np.asarray(image.plane(()), np.float32)
        low, high = np.percentile(grey, [0.1, 99.9])
        grey = (grey - low) / max(high - low, 1e-6)
        for name, look in LOOKS.items():
            found[name] += _tally(model, Image.from_array(look(grey), "YX"), labels, diameter)
        for factor in (1.4, 1 / 1.4):
            found["off size"] += _tally(model, image, labels, diameter * factor)
    return {name: round(tally.average_precision()[0.5], 3) for name, tally in found.items()}


def _tally(model: Model, image: Image, labels: Any, diameter: float) -> ObjectTally:
    return tally_objects(labels, drain(segment_steps(image, model, SegmentConfig(diameter=diameter))).labels)


def run(name: str, args: argparse.Namespace, base: Recipe) -> None:
    done, kept = args.results / f"{name}.json", args.results / f"{name}.safetensors"
    if done.exists():
        return
    recipe = recipe_for(base, args.steps, ARMS[name][1])
    if not kept.exists():
        save_model(train(name, recipe, args.data, args.results / name), kept)
    model = load_model(str(kept))
    validation = load_validation(recipe, find_files(recipe.validate_on, args.data))
    tally = crossed(model, validation)
    ap = tally.average_precision()
    usual = [round(value, 3) for value in (ap[0.5], ap[0.75], ap[0.9], tally.mean_ap)]
    record, _ = validation.choose_thresholds(model.network)
    changed = changed_scores(replace(model, record=record), validation)
    done.write_text(json.dumps({"steps": args.steps, "usual": usual, "changed": changed}))
    print(name, done.read_text(), flush=True)


def crossed(model: Model, validation: Validation) -> ObjectTally:
    """Each half of the images with the thresholds that are best on the other."""
    halves = [replace(validation, images=validation.images[start::2]) for start in (0, 1)]
    total = ObjectTally()
    for one, other in (halves, halves[::-1]):
        record, _ = one.choose_thresholds(model.network)
        total += replace(other, record=record).tally(model.network)
    return total


def table(results: Path) -> None:
    columns = [*LOOKS, "off size"]
    print("| training | AP@0.5 | AP@0.75 | AP@0.9 | mean | " + " | ".join(columns) + " |")
    print("|---" * (5 + len(columns)) + "|")
    for name, (what, _) in ARMS.items():
        if (results / f"{name}.json").exists():
            found = json.loads((results / f"{name}.json").read_text())
            values = [*found["usual"], *(found["changed"][column] for column in columns)]
            print(f"| {what} | " + " | ".join(f"{value:.3f}" for value in values) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--only", nargs="*", choices=list(ARMS))
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--table", action="store_true")
    args = parser.parse_args()
    args.results.mkdir(parents=True, exist_ok=True)
    base = read_recipe(RECIPES / "nuclei-2d.toml")
    for name in () if args.table else args.only or ARMS:
        run(name, args, base)
    table(args.results)


if __name__ == "__main__":
    main()
