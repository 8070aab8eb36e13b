"""Does the review queue bring wrong objects first, and is it quick enough?

    python benchmarks/review_queue.py [--data ../shared/data] [--model NAME] [--role validation] [--types ...]
                                      [--images N] [--missed] [--speed]

The shipped model segments dsb2018's images of a role (and mnfinder's of that name), the first N of each type; an object
is wrong if no true object has an IoU of 0.5 or more with it. Printed for each measure of
`napari_unet/review/suspicion.py`, for the score that combines them, and for random order: which share of all wrong
objects is among the first 10, 25 and 50 % of each image's queue, and how often a wrong object is more suspicious than a
right one (AUC: 0.5 is chance), in all images together. Then the same of the score for each type of image, and what
`SUSPICIOUS` lists. Weights and limits of the measures were chosen on dsb2018's validation images, so the figures there
flatter a little; `role=test` is not used for it. The shipped model has learned from `train` and dsb2018's `validation`:
`--role unseen` and `--types mnfinder` are new to it.

`--missed` prints instead how many of the objects that the model missed have a row in the queue, and how many of these
rows are right (see `missed_rows.py`).

`--speed` prints the time of each part on 2048 x 2048 pixels with 2116 objects instead (no network, no data needed).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import rankdata
from skimage.draw import ellipse

sys.path.insert(0, str(Path(__file__).parent))

from accuracy import files
from missed_rows import report_missed, see

from napari_unet import load_model
from napari_unet.events import drain
from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.labels.object_runs import find_overlaps
from napari_unet.models.model import Model
from napari_unet.review.object_table import ObjectTable
from napari_unet.review.queue import ReviewQueue, suggest_region
from napari_unet.review.screening import ObjectScreening
from napari_unet.review.suspicion import MEASURES, SUSPICIOUS
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.second_look import SecondLook, look_again
from napari_unet.segmentation.segment import segment_steps

SHARES = (0.1, 0.25, 0.5)
DRAWS = 100  # of random order


@dataclass(frozen=True, eq=False)
class Judged:
    """An image's objects and which of them are wrong."""

    kind: str
    table: ObjectTable
    wrong: np.ndarray


def judge(kind: str, image_path: Path, labels_path: Path, model: Model) -> Judged:
    """Segment an image, screen its objects as the window does, and compare them with the truth."""
    image = read_image(image_path).select_channel(None)
    found = drain(segment_steps(image, model, SegmentConfig()))
    screening = ObjectScreening(found.labels.shape, "YX")
    for _ in screening.measure(found.labels):
        pass
    for look in look_again(image, model, found.view, [()]):
        if isinstance(look, SecondLook):
            screening.look(found.labels, (), look.labels, look.maps)
    truth = read_labels(labels_path, image)
    ids, others, shared = find_overlaps(found.labels, truth)
    best, sizes = np.zeros(len(screening.table)), np.bincount(truth.ravel().astype(np.int64))
    at = np.searchsorted(screening.table.ids, ids)
    np.maximum.at(best, at, shared / (screening.table.sizes[at] + sizes[others] - shared))
    return Judged(kind, screening.table, best < 0.5)


def found_early(images: Sequence[Judged], key: Callable[[Judged], np.ndarray]) -> list[float]:
    """Share of all wrong objects among the first 10, 25 and 50 % of each image's queue, highest `key` first."""
    hits = np.zeros(len(SHARES))
    for image in images:
        order = np.argsort(-key(image), kind="stable")
        hits += [image.wrong[order[: int(np.ceil(share * order.size))]].sum() for share in SHARES]
    return (hits / max(1, sum(image.wrong.sum() for image in images))).tolist()


def area_under_curve(values: np.ndarray, wrong: np.ndarray) -> float:
    n, m = wrong.sum(), (~wrong).sum()
    return float((rankdata(values)[wrong].sum() - n * (n + 1) / 2) / (n * m)) if n and m else float("nan")


def report(images: Sequence[Judged]) -> None:
    wrong = np.concatenate([image.wrong for image in images])
    print(f"{len(images)} images, {wrong.size} objects, {wrong.sum()} wrong ({wrong.mean():.1%})")
    print(f"{'wrong objects in the first':28}{'':6}" + "".join(f"{share:>7.0%}" for share in SHARES) + "     AUC")
    for measure in MEASURES:
        if any(np.any(image.table.values[measure.name] > 0) for image in images):
            line(images, measure.name, lambda image, name=measure.name: image.table.risks[name])
    line(images, "combined score", lambda image: image.table.score)
    rng = np.random.default_rng(0)
    draws = [found_early(images, lambda image: rng.random(len(image.table))) for _ in range(DRAWS)]
    print(f"{'random order':34}" + "".join(f"{value:7.1%}" for value in np.mean(draws, axis=0)) + "    .500")
    best = found_early(images, lambda image: image.wrong.astype(float))
    print(f"{'perfect order':34}" + "".join(f"{value:7.1%}" for value in best) + "   1.000")
    for kind in sorted({image.kind for image in images}):
        line([image for image in images if image.kind == kind], f"score, {kind}", lambda image: image.table.score)
    listed = np.concatenate([image.table.score for image in images]) >= SUSPICIOUS
    print(
        f"score >= {SUSPICIOUS}: {listed.mean():.1%} of all objects, {listed[wrong].mean():.1%} of the wrong ones; "
        f"{wrong[listed].mean():.1%} of those listed are wrong, {wrong[~listed].mean():.1%} of the others"
    )
    shares = np.array([image.wrong.mean() for image in images if image.wrong.size])
    means = np.array([image.table.score.mean() for image in images if image.wrong.size])
    rank = np.corrcoef(rankdata(means), rankdata(shares))[0, 1]
    print(f"image by image: mean score against share of wrong objects, rank correlation {rank:.2f}")


def line(images: Sequence[Judged], title: str, key: Callable[[Judged], np.ndarray]) -> None:
    values, wrong = (np.concatenate(parts) for parts in ([key(i) for i in images], [i.wrong for i in images]))
    shares = "".join(f"{value:7.1%}" for value in found_early(images, key))
    print(f"{title:34}{shares}   {area_under_curve(values, wrong):.3f}")


def report_speed(side: int = 2048, step: int = 45, repeats: int = 5) -> None:
    """Times on `side`^2 pixels with ellipses: shortest of some repeats."""
    rng = np.random.default_rng(0)
    labels, number = np.zeros((side, side), np.int32), 0
    for row in range(step // 2, side, step):
        for column in range(step // 2, side, step):
            number += 1
            labels[ellipse(row, column, *rng.uniform(12, 26, 2), shape=labels.shape)] = number
    maps, second = rng.random((2, side, side), dtype=np.float32), np.roll(labels, 1, axis=0)
    screening, reviewed = ObjectScreening(labels.shape, "YX"), np.zeros(labels.shape, np.uint8)
    edited = labels.copy()
    box = (900, 910, 900, 960)
    part = (slice(*box[:2]), slice(*box[2:]))
    edited[part] = 0
    ids = np.unique(labels[part]).tolist()
    parts: dict[str, Callable[[], object]] = {
        "measures from the labels alone": lambda: (list(screening.measure(labels)), screening.table.score),
        "with maps and a second opinion": lambda: (screening.look(labels, (), second, maps), screening.table.score),
        "what is reviewed, and the order": lambda: ReviewQueue(screening.table, screening.reviewed(reviewed)),
        "region to look at next": lambda: suggest_region(
            screening.table, np.zeros(len(screening.table), bool), labels.shape, (400, 500)
        ),
        "after an edit of three objects": lambda: (screening.update(edited, (), ids, box), screening.table.score),
    }
    print(f"{side} x {side}, {number} objects, milliseconds (shortest of {repeats})")
    for title, run in parts.items():
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        print(f"{title:36} {1000 * min(times):7.1f}")


def choose_files(args: argparse.Namespace) -> list[tuple[str, Path, Path]]:
    """(type, image, labels) of the images that were asked for."""
    counts: Counter[str] = Counter()
    chosen = []
    for kind, image, labels, _ in files(args.data, args.role):
        if (args.types is None or kind in args.types) and (args.images is None or counts[kind] < args.images):
            counts[kind] += 1
            chosen.append((kind, image, labels))
    return chosen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--model", default=None)
    parser.add_argument("--role", default="validation", choices=("train", "validation", "unseen"))
    parser.add_argument("--types", nargs="+", help="only these types of images")
    parser.add_argument("--images", type=int, help="at most so many of each type")
    parser.add_argument("--missed", action="store_true", help="rows for missed objects instead")
    parser.add_argument("--speed", action="store_true", help="times instead of scores")
    args = parser.parse_args()
    if args.speed:
        report_speed()
        return
    model, chosen = load_model(args.model), choose_files(args)
    if args.missed:
        report_missed([see(kind, image, labels, model) for kind, image, labels in chosen])
    else:
        report([judge(kind, image, labels, model) for kind, image, labels in chosen])


if __name__ == "__main__":
    main()
