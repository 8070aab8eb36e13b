"""Which representation tells objects apart best? The same network, images and budget for each, scored on validation.

    python benchmarks/representations.py --results runs/representations [--only NAME ...] [--steps 600]
    python benchmarks/representations.py --results runs/representations --table
    python benchmarks/representations.py --results runs/representations --test

Trains every representation below on the recipe's images (dsb2018 `train`, bbbc039, mnfinder `training_`), chooses its
two thresholds on one half of the validation images and scores the other half, and the other way round (AP, pooled over
both halves). Then it learns for `--tune-steps` more steps from three images of types that the model never saw, and is
scored on other groups of these. Decoding is timed on 2048 x 2048 pixels of maps of validation images, side by side.
`--test` scores what was trained on the fluorescence images of `role=test`, with the thresholds chosen on validation:
the 2- and 3-class U-Nets are the baselines of StarDist's paper, on this split and budget. What is finished is kept in
`--results`: after a kill the script goes on where it was.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import edt
import numpy as np
import torch
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.io import imread, imsave
from skimage.segmentation import find_boundaries, watershed
from torch import Tensor
from torch.nn import functional as F

from napari_unet.events import Finished
from napari_unet.heads.instances.decoding import label_instances
from napari_unet.heads.instances.losses import instance_loss
from napari_unet.heads.instances.representation import STANDARD, Representation
from napari_unet.heads.instances.targets import OUTPUTS, make_targets
from napari_unet.heads.losses import soft_dice_loss
from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.images.image import Image
from napari_unet.images.normalization import measure_limits, normalize
from napari_unet.images.resampling import resample
from napari_unet.labels.scores import ObjectTally, tally_objects
from napari_unet.learning.augmentation import AugmentationConfig
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.unet import UNet
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.training.base_data import Validation, load_samples, load_validation, median_diameter
from napari_unet.training.checkpoint import load_weights, save_weights
from napari_unet.training.loop import train_steps
from napari_unet.training.recipe import RECIPES, Recipe, SimulationConfig, find_files, read_recipe
from napari_unet.training.samples import make_sample

Maps = np.ndarray
FOREGROUND = (0.4, 0.5, 0.6)
SEED = (0.3, 0.45, 0.6, 0.75)


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A representation, how its logits become maps, and how maps and two thresholds become labels."""

    representation: Representation
    activate: Callable[[Tensor], Tensor]
    decode: Callable[[Maps, float, float, float], np.ndarray]
    border_weight: float
    what: str
    simulated: bool = False
    auxiliary: bool = False


# -- targets -------------------------------------------------------------------------------------------------------


def foreground(labels: np.ndarray) -> np.ndarray:
    return (labels > 0).astype(np.float32)[None]


def interior_and_boundary(labels: np.ndarray) -> np.ndarray:
    """The boundary class: a band of 2 px inside each object, as in the 3-class U-Net of StarDist's comparison."""
    distance = edt.edt(np.ascontiguousarray(labels, np.uint32), black_border=False)
    return np.stack([distance > 2, (labels > 0) & (distance <= 2)]).astype(np.float32)


def absolute_distance(labels: np.ndarray) -> np.ndarray:
    distance = edt.edt(np.ascontiguousarray(labels, np.uint32), black_border=False)
    return np.stack([labels > 0, distance]).astype(np.float32)


def offsets(labels: np.ndarray) -> np.ndarray:
    """Foreground, and the vector (y, x) in pixels to the object's centroid."""
    out = np.zeros((3, *labels.shape), np.float32)
    out[0] = labels > 0
    ids = np.unique(labels[labels > 0])
    centres = np.array(ndimage.center_of_mass(labels > 0, labels, ids)).reshape(-1, 2)
    table = np.zeros((int(labels.max()) + 1, 2), np.float32)
    table[ids] = centres
    for axis, place in enumerate(np.indices(labels.shape)):
        out[1 + axis] = np.where(labels > 0, table[labels][..., axis] - place, 0)
    return out


def relative_distance(labels: np.ndarray) -> np.ndarray:
    return make_targets(labels)[:2]


# -- after resampling ----------------------------------------------------------------------------------------------


def round_first(targets: Tensor, linear: Tensor) -> None:
    targets[:, 0] = (targets[:, 0] > 0.5).float()


def round_both(targets: Tensor, linear: Tensor) -> None:
    one, two = targets[:, 0], targets[:, 1]
    inside, first = one + two > 0.5, one >= two
    targets[:, 0], targets[:, 1] = (inside & first).float(), (inside & ~first).float()


def scale_distance(targets: Tensor, linear: Tensor) -> None:
    round_first(targets, linear)
    targets[:, 1] /= torch.linalg.det(linear).abs().sqrt()[:, None, None]


def turn_offsets(targets: Tensor, linear: Tensor) -> None:
    round_first(targets, linear)
    targets[:, 1:] = torch.einsum("nij,njyx->niyx", torch.linalg.inv(linear), targets[:, 1:])


# -- losses --------------------------------------------------------------------------------------------------------


def mean(loss: Tensor, weights: Tensor) -> Tensor:
    return (loss * weights).sum() / weights.sum().clamp_min(1.0)


def foreground_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    logits = logits.float()
    entropy = F.binary_cross_entropy_with_logits(logits[:, :1], targets[:, :1], reduction="none")
    overlap = soft_dice_loss(torch.sigmoid(logits[:, :1]), targets[:, :1], torch.ones_like(weights))
    return mean(entropy, weights) + 0.5 * overlap


def three_class_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    wanted = torch.cat([1 - targets.sum(1, keepdim=True), targets], 1)
    entropy = -(F.log_softmax(logits.float(), 1) * wanted).sum(1, keepdim=True)
    inside = torch.softmax(logits.float(), 1)[:, 1:].sum(1, keepdim=True)
    return mean(entropy, weights) + 0.5 * soft_dice_loss(inside, targets.sum(1, keepdim=True), torch.ones_like(weights))


def distance_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    error = F.smooth_l1_loss(logits[:, 1:2].float(), targets[:, 1:2] / 8, reduction="none", beta=0.05)
    place = weights * (0.2 + 0.8 * (targets[:, :1] > 0.5).float())
    return foreground_loss(logits, targets, weights) + 2 * mean(error, place)


def offset_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    error = F.smooth_l1_loss(logits[:, 1:].float(), targets[:, 1:] / 8, reduction="none", beta=0.05)
    return foreground_loss(logits, targets, weights) + mean(error, weights * targets[:, :1])


# -- decoding ------------------------------------------------------------------------------------------------------


def smallest_object(diameter: float) -> float:
    """Pixels of the smallest object in an image with objects of `diameter`, as in the product."""
    return float(np.pi / 4 * (SegmentConfig().min_diameter * diameter) ** 2)


def grow(seeds: np.ndarray, landscape: np.ndarray, mask: np.ndarray, smallest: float) -> np.ndarray:
    labels = watershed(landscape, seeds, mask=mask).astype(np.int32)
    fill_holes(labels)
    return drop_small(labels, smallest)


def fill_holes(labels: np.ndarray) -> None:
    """Give, in place, background that one object encloses to that object."""
    for label, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is not None:
            inside = ndimage.binary_fill_holes(labels[box] == label)
            labels[box][inside & (labels[box] == 0)] = label


def drop_small(labels: np.ndarray, smallest: float) -> np.ndarray:
    small = np.bincount(labels.ravel()) < smallest
    labels[small[labels]] = 0
    return labels


def decode_foreground(maps: Maps, threshold: float, unused: float, smallest: float) -> np.ndarray:
    labels = ndimage.label(maps[0] > threshold)[0].astype(np.int32)
    fill_holes(labels)
    return drop_small(labels, smallest)


def decode_three_classes(maps: Maps, inside: float, core: float, smallest: float) -> np.ndarray:
    """As the distance is decoded, with the probability of the interior in its place."""
    return decode_relative(np.stack([1 - maps[0], maps[1]]), inside, core, smallest)


def decode_absolute(maps: Maps, inside: float, smooth: float, smallest: float) -> np.ndarray:
    mask = maps[0] > inside
    distance = ndimage.gaussian_filter(maps[1] * 8, 2 * smooth)
    peaks = peak_local_max(
        distance, min_distance=3, threshold_abs=1.5, labels=mask.astype(np.uint8), exclude_border=False
    )
    seeds = np.zeros(mask.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return grow(seeds, -distance, mask, smallest)


def decode_relative(maps: Maps, inside: float, core: float, smallest: float) -> np.ndarray:
    return label_instances(maps, inside, core, smallest)


def decode_seams(maps: Maps, inside: float, core: float, smallest: float) -> np.ndarray:
    """The core map is cut by the seams."""
    return decode_relative(np.stack([maps[0], maps[1] * (1 - maps[2])]), inside, core, smallest)


def decode_offsets(maps: Maps, inside: float, share: float, smallest: float) -> np.ndarray:
    """Every pixel votes for its centre; peaks of the votes are objects, and a pixel belongs where its vote landed."""
    mask = maps[0] > inside
    places = np.argwhere(mask)
    votes = np.rint(places + 8 * maps[1:, mask].T).astype(int)
    votes = np.clip(votes, 0, np.array(mask.shape) - 1)
    landed = np.zeros(mask.shape, np.float32)
    np.add.at(landed, tuple(votes.T), 1)
    landed = ndimage.gaussian_filter(landed, 1.5)
    peaks = peak_local_max(landed, min_distance=3, threshold_abs=2 * share, exclude_border=False)
    seeds = np.zeros(mask.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    basins = watershed(-landed, seeds, mask=landed > 1e-3)
    labels = np.zeros(mask.shape, np.int32)
    labels[tuple(places.T)] = basins[tuple(votes.T)]
    fill_holes(labels)
    return drop_small(labels, smallest)


def softmax(logits: Tensor) -> Tensor:
    return torch.softmax(logits, 1)


def linear_tail(logits: Tensor) -> Tensor:
    return torch.cat([torch.sigmoid(logits[:, :1]), logits[:, 1:]], 1)


def _make(name: str, outputs: tuple[str, ...], targets: Any, loss: Any, mend: Any, *rest: Any) -> Candidate:
    return Candidate(Representation(name, outputs, targets, loss, mend), *rest)


THREE = ("background", "interior", "boundary")
CANDIDATES = [
    _make("foreground", ("foreground",), foreground, foreground_loss, round_first, torch.sigmoid, decode_foreground,
          0.0, "foreground (2 classes)"),
    _make("foreground-weighted", ("foreground",), foreground, foreground_loss, round_first, torch.sigmoid,
          decode_foreground, 10.0, "foreground (2 classes), border weights of 2015"),
    _make("boundary", THREE, interior_and_boundary, three_class_loss, round_both, softmax,
          decode_three_classes, 0.0, "boundary class (3 classes)"),
    _make("boundary-weighted", THREE, interior_and_boundary, three_class_loss, round_both, softmax,
          decode_three_classes, 10.0, "boundary class (3 classes), border weights of 2015"),
    _make("absolute", ("foreground", "distance"), absolute_distance, distance_loss, scale_distance, linear_tail,
          decode_absolute, 2.0, "foreground + distance to the border in pixels"),
    _make("relative", ("foreground", "distance"), relative_distance, instance_loss, round_first, torch.sigmoid,
          decode_relative, 2.0, "foreground + object-normalized distance"),
    _make("offsets", ("foreground", "dy", "dx"), offsets, offset_loss, turn_offsets, linear_tail, decode_offsets, 2.0,
          "foreground + offsets to the centre"),
    _make("seam", OUTPUTS, make_targets, instance_loss, round_first, torch.sigmoid, decode_seams, 2.0,
          "foreground + object-normalized distance + seam between objects"),
    Candidate(dataclasses.replace(STANDARD, name="auxiliary"), torch.sigmoid, decode_relative, 2.0,
              "foreground + object-normalized distance, seams learned beside them and dropped", auxiliary=True),
]  # fmt: skip
_RELATIVE = next(c for c in CANDIDATES if c.representation.name == "relative")
CANDIDATES.append(
    dataclasses.replace(
        _RELATIVE,
        representation=dataclasses.replace(_RELATIVE.representation, name="relative-simulated"),
        what=_RELATIVE.what + ", a sixth of the patches simulated",
        simulated=True,
    )
)


# -- training and scoring ------------------------------------------------------------------------------------------


def recipe_for(base: Recipe, candidate: Candidate, steps: int) -> Recipe:
    """The shipped model's images and network, with this candidate's outputs and a short budget."""
    shape = UNetConfig(base_channels=16, depth=4, out_channels=len(candidate.representation.outputs))
    changes = {
        "architecture": shape,
        "steps": steps,
        "border_weight": candidate.border_weight,
        "weigh_inside": False,
        "seams": candidate.auxiliary,
        "augmentation": AugmentationConfig(invert=0.1),
    }
    simulation = SimulationConfig(images=400 if candidate.simulated else 0, share=0.2)
    return base.model_copy(update={"training": base.training.model_copy(update=changes), "simulation": simulation})


def train(candidate: Candidate, recipe: Recipe, data: Path, folder: Path) -> UNet:
    samples = load_samples(recipe, find_files(recipe.learn, data), candidate.representation)
    events = train_steps(samples, recipe.training, folder, representation=candidate.representation)
    for event in events:
        if isinstance(event, Finished):
            save_weights(folder, "last", event.result)
            return event.result
        if event.step % 100 == 0:
            print(f"{candidate.representation.name}: step {event.step} loss {event.loss:.3f}", flush=True)
    raise AssertionError("a training ends with its result")


@torch.inference_mode()
def predict(network: UNet, candidate: Candidate, image: Image, diameter: float) -> Maps:
    """Maps (outputs, Y, X) of a grey image of known object size, at that size or within the model's range."""
    pixels = image.plane(())
    factor = min(max(diameter, 12.0), 48.0) / diameter
    size = tuple(max(16, round(s * factor)) for s in pixels.shape)
    pixels = resample(normalize(pixels, measure_limits(pixels))[None], (size[0], size[1]))[0]
    pad = [(0, -s % 16) for s in pixels.shape]
    batch = torch.from_numpy(np.pad(pixels, pad, mode="reflect"))[None, None].contiguous(
        memory_format=torch.channels_last
    )
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(batch)
    maps = candidate.activate(logits.float())[0, :, : size[0], : size[1]].numpy()
    return resample(maps, image.shape) if factor != 1 else maps


def score(network: UNet, candidate: Candidate, images: Any, thresholds: tuple[float, float]) -> list[ObjectTally]:
    found = []
    for image, labels, diameter in images:
        maps = predict(network, candidate, image, diameter)
        found.append(tally_objects(labels, candidate.decode(maps, *thresholds, smallest_object(diameter))))
    return found


def cross_scored(
    network: UNet, candidate: Candidate, validation: Validation
) -> tuple[ObjectTally, tuple[float, float]]:
    """Each half scored with the thresholds that were best on the other half."""
    grid = [(a, b) for a in FOREGROUND for b in SEED]
    maps = [predict(network, candidate, image, diameter) for image, _, diameter in validation.images]
    tallies = {
        t: [
            tally_objects(labels, candidate.decode(m, *t, smallest_object(diameter)))
            for m, (_, labels, diameter) in zip(maps, validation.images, strict=True)
        ]
        for t in grid
    }
    total, best = ObjectTally(), grid[0]
    for half in (0, 1):
        best = max(grid, key=lambda t: sum(tallies[t][1 - half :: 2], ObjectTally()).mean_ap)
        total = total + sum(tallies[best][half::2], ObjectTally())
    return total, best


def unseen(data: Path, kind: str) -> tuple[list[Any], list[Any]]:
    """Three images to learn from and the other groups' images to score, of an `unseen` type."""
    with (data / "dsb2018" / "images.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["type"] == kind and row["role"] == "unseen"]
    groups = sorted({row["group"] for row in rows})
    first = [next(row for row in rows if row["group"] == group) for group in groups[:3]]
    rest = [row for row in rows if row["group"] not in groups[:3]]
    return [_read(data, row["id"]) for row in first], [_read(data, row["id"]) for row in rest]


def _read(data: Path, name: str) -> tuple[Image, np.ndarray, float]:
    image = read_image(data / "dsb2018" / "images" / f"{name}.png").select_channel(None)
    labels = read_labels(data / "dsb2018" / "labels" / f"{name}.png", image)
    return image, labels, median_diameter(labels)


def tune(network: UNet, candidate: Candidate, recipe: Recipe, images: list[Any], steps: int) -> UNet:
    """Plain further training on a few images, at a lower rate."""
    samples = [
        make_sample(
            normalize(i.plane(()), measure_limits(i.plane(()))),
            labels,
            candidate.border_weight,
            1.0,
            candidate.representation,
        )
        for i, labels, _ in images
    ]
    config = recipe.training.model_copy(update={"steps": steps, "learning_rate": 1e-3, "average": 0.95})
    *_, last = train_steps(samples, config, representation=candidate.representation, start=network)
    return last.result  # type: ignore[union-attr]


def decode_seconds(
    network: UNet, candidate: Candidate, thresholds: tuple[float, float], validation: Validation
) -> float:
    """Least of three times for the maps of validation images, side by side to 2048 x 2048."""
    tiles, side = [], 512
    for image, _, diameter in [one for one in validation.images if min(one[0].shape) >= side][:16]:
        tiles.append(predict(network, candidate, image, diameter)[:, :side, :side])
    rows = [np.concatenate([tiles[(4 * r + c) % len(tiles)] for c in range(4)], 2) for r in range(4)]
    maps, times = np.concatenate(rows, 1), []
    for _ in range(3):
        start = time.perf_counter()
        candidate.decode(maps, *thresholds, smallest_object(24.0))
        times.append(time.perf_counter() - start)
    return min(times)


def failures(network: UNet, candidate: Candidate, thresholds: Any, validation: Validation, path: Path) -> None:
    """The image where this representation does worst, and a fixed one: truth in green, what was found in red."""
    images = [one for one in validation.images if one[1].max() >= 8]
    tallies = score(network, candidate, images, thresholds)
    worst = min(range(len(images)), key=lambda i: tallies[i].average_precision()[0.5])
    fixed = max(range(len(images)), key=lambda i: min(60, images[i][1].max()))
    panels = []
    for image, labels, diameter in (images[fixed], images[worst]):
        maps = predict(network, candidate, image, diameter)
        found = candidate.decode(maps, *thresholds, smallest_object(diameter))
        grey = normalize(image.plane(()), measure_limits(image.plane(()))).clip(0, 1) ** 0.6
        picture = np.stack([grey] * 3, -1)[:256, :256]
        truth, mine = picture.copy(), picture.copy()
        truth[find_boundaries(labels[:256, :256], mode="inner")] = (0, 0.9, 0.2)
        mine[find_boundaries(found[:256, :256], mode="inner")] = (1, 0.25, 0.1)
        second = np.stack([np.clip(maps[-1][:256, :256] / max(1e-6, np.abs(maps[-1]).max()), 0, 1)] * 3, -1)
        panels.append(
            np.concatenate(
                [np.pad(p, ((0, 256 - p.shape[0]), (0, 260 - p.shape[1]), (0, 0))) for p in (truth, mine, second)], 1
            )
        )
    imsave(path, (np.concatenate(panels, 1) * 255).astype(np.uint8), check_contrast=False)


def row(tally: ObjectTally) -> list[float]:
    ap = tally.average_precision()
    return [round(v, 3) for v in (ap[0.5], ap[0.75], ap[0.9], tally.mean_ap)]


def run(candidate: Candidate, args: argparse.Namespace, base: Recipe) -> None:
    name = candidate.representation.name
    done = args.results / f"{name}.json"
    if done.exists():
        return
    recipe = recipe_for(base, candidate, args.steps)
    start = time.monotonic()
    network = train(candidate, recipe, args.data, args.results / name).eval()
    seconds = time.monotonic() - start
    validation = load_validation(base, find_files(base.validate_on, args.data))
    tally, thresholds = cross_scored(network, candidate, validation)
    result: dict[str, Any] = {"what": candidate.what, "validation": row(tally), "thresholds": thresholds}
    result |= {"seconds": seconds, "steps": args.steps}
    result["decode_seconds"] = decode_seconds(network, candidate, thresholds, validation)
    failures(network, candidate, thresholds, validation, args.results / f"{name}.png")
    for kind in ("hist_purple_on_purple", "brightfield_gray"):
        few, others = unseen(args.data, kind)
        tuned = tune(network, candidate, recipe, few, args.tune_steps).eval()
        result[kind] = row(sum(score(tuned, candidate, others, thresholds), ObjectTally()))
    done.write_text(json.dumps(result))
    print(name, result, flush=True)


def rescore(candidate: Candidate, args: argparse.Namespace, base: Recipe) -> None:
    """Score once more what was trained, for a change of the decoding."""
    name = candidate.representation.name
    done = args.results / f"{name}.json"
    result = json.loads(done.read_text())
    network = UNet(recipe_for(base, candidate, result["steps"]).training.architecture)
    load_weights(args.results / name, "last", network)
    network.eval()
    validation = load_validation(base, find_files(base.validate_on, args.data))
    tally, result["thresholds"] = cross_scored(network, candidate, validation)
    result["validation"] = row(tally)
    result["decode_seconds"] = decode_seconds(network, candidate, result["thresholds"], validation)
    failures(network, candidate, result["thresholds"], validation, args.results / f"{name}.png")
    done.write_text(json.dumps(result))


def table(results: Path) -> None:
    print("| representation | AP@0.5 | AP@0.75 | AP@0.9 | mean | tuned: histology | tuned: brightfield | decode, s |")
    print("|---|---|---|---|---|---|---|---|")
    for candidate in CANDIDATES:
        path = results / f"{candidate.representation.name}.json"
        if path.exists():
            found = json.loads(path.read_text())
            cells = [candidate.what, *(f"{v:.3f}" for v in found["validation"])]
            cells += [
                f"{found[kind][0]:.3f} / {found[kind][3]:.3f}" for kind in ("hist_purple_on_purple", "brightfield_gray")
            ]
            print("| " + " | ".join([*cells, f"{found['decode_seconds']:.2f}"]) + " |")


def picture(results: Path, path: Path) -> None:
    """All representations below one another, in the order of the table, at half their size."""
    names = [candidate.representation.name for candidate in CANDIDATES]
    rows = [imread(results / f"{name}.png")[::2, ::2] for name in names if (results / f"{name}.png").exists()]
    imsave(path, np.concatenate([np.pad(row, ((0, 4), (0, 0), (0, 0))) for row in rows]), check_contrast=False)


def show_test(args: argparse.Namespace, base: Recipe) -> None:
    images = []
    with (args.data / "dsb2018" / "images.csv").open() as file:
        for line in csv.DictReader(file):
            if line["role"] == "test" and line["type"].startswith("fluo"):
                images.append(_read(args.data, line["id"]))
    print(f"role=test, {len(images)} fluorescence images: AP@0.5, AP@0.75, AP@0.9, mean")
    for candidate in CANDIDATES:
        name = candidate.representation.name
        if (args.results / f"{name}.json").exists():
            found = json.loads((args.results / f"{name}.json").read_text())
            recipe = recipe_for(base, candidate, found["steps"])
            network = UNet(recipe.training.architecture)
            load_weights(args.results / name, "last", network)
            tallies = score(network.eval(), candidate, images, tuple(found["thresholds"]))
            print(
                f"| {candidate.what} | " + " | ".join(f"{v:.3f}" for v in row(sum(tallies, ObjectTally()))) + " |",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--only", nargs="*", choices=[c.representation.name for c in CANDIDATES])
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--tune-steps", type=int, default=100)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--test", action="store_true")
    parser.add_argument("--rescore", action="store_true", help="Score what was trained once more.")
    parser.add_argument("--picture", type=Path, help="Write where each fails to a PNG file.")
    args = parser.parse_args()
    args.results.mkdir(parents=True, exist_ok=True)
    base = read_recipe(RECIPES / "nuclei-2d.toml")
    if args.test:
        show_test(args, base)
        return
    if args.picture:
        picture(args.results, args.picture)
        return
    if not args.table:
        for candidate in CANDIDATES:
            if args.only is None or candidate.representation.name in args.only:
                done = (args.results / f"{candidate.representation.name}.json").exists()
                (rescore if args.rescore and done else run)(candidate, args, base)
    table(args.results)


if __name__ == "__main__":
    main()
