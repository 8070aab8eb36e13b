"""How well objects are told apart after 5, 10 and 25 clicks a class: ours against each group of features alone.

    python benchmarks/classification.py [--repeats 5] [--sets simulated phenotypes dsb2018 axons]
    python benchmarks/classification.py --clock

What the sets are is told in `object_sets.py`. Clicks are drawn at random, the same ones for all methods: `shape`,
`grey` (grey values and texture), `network` and `all` are logistic regression on these features, and `ours` is what the
program chooses. Printed as JSON: mean and standard deviation of the balanced accuracy over the objects that are scored,
and `told`, the mean held-out score that the user would have been told. `seconds` of one core are from the last click to
the classes of all objects (time of the processor, whatever else the machine does).

`--clock` has 10,000 objects instead (the drawn cells again and again, with noise), 3 classes and 25 clicks of each.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import replace

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from object_sets import SETS, ObjectSet, phenotypes

from napari_unet.classification.choice.candidates import CANDIDATES, Candidate
from napari_unet.classification.object_features import INTENSITY, MEASURED, NETWORK, SHAPE, TEXTURE
from napari_unet.classification.teaching import learn_classes, score_classes

_ALONE = {"shape": (SHAPE,), "grey": (INTENSITY, TEXTURE), "network": (NETWORK,), "all": (*MEASURED, NETWORK)}
METHODS: dict[str, Sequence[Candidate]] = {
    name: tuple(Candidate(families, strength) for strength in (5.0, 100.0)) for name, families in _ALONE.items()
} | {"ours": CANDIDATES}


def click(objects: ObjectSet, n: int, seed: int) -> np.ndarray:
    """Rows of `n` objects of each class."""
    random = np.random.default_rng(seed)
    return np.concatenate([
        random.permutation(np.flatnonzero((objects.classes == own) & objects.clickable))[:n]
        for own in np.unique(objects.classes)
    ])  # fmt: skip


def try_once(objects: ObjectSet, rows: np.ndarray, candidates: Sequence[Candidate]) -> tuple[float, float, float, str]:
    """Balanced accuracy, the score that is told, seconds, and what was chosen."""
    names = tuple(f"class {number}" for number in np.unique(objects.classes))
    examples = {tuple(objects.features.objects[row].tolist()): int(objects.classes[row]) for row in rows}
    start = time.process_time()
    classifier = learn_classes(objects.features, examples, names, candidates=candidates)
    said = classifier.probabilities(objects.features).argmax(axis=1)
    seconds = time.process_time() - start
    scored = objects.scored(rows)
    recalls = [np.mean(said[scored & (objects.classes == own)] == own) for own in np.unique(objects.classes)]
    held = score_classes(objects.features, examples, names, candidates)
    return float(np.mean(recalls)), np.nan if held is None else held.balanced_accuracy, seconds, classifier.method


def run(name: str, repeats: int) -> None:
    """Print a row for each number of clicks and method."""
    objects = SETS[name]()
    for n in (5, 10, 25):
        for method, candidates in METHODS.items():
            tries = [try_once(objects, click(objects, n, seed), candidates) for seed in range(repeats)]
            right, told, seconds, chosen = zip(*tries, strict=True)
            print(json.dumps({
                "set": name, "objects": len(objects.classes), "clicks": n, "method": method,
                "balanced_accuracy": round(float(np.mean(right)), 3), "spread": round(float(np.std(right)), 3),
                "told": round(float(np.nanmean(told)), 3), "seconds": round(float(np.median(seconds)), 2),
                "chosen": sorted(set(chosen)) if method == "ours" else [],
            }), flush=True)  # fmt: skip


def run_clock(repeats: int) -> None:
    """Print what one more click costs with 10,000 objects: as it is, and where boosted trees are what is chosen."""
    drawn = phenotypes(20)
    few = np.flatnonzero(drawn.classes < 3)
    rows = np.random.default_rng(0).choice(few, 10_000)
    spread = drawn.features.values.std(axis=0)
    noise = np.random.default_rng(1).normal(0, 0.3, (len(rows), len(spread))) * spread
    values = (drawn.features.values[rows] + noise).astype(np.float32)
    keys = np.stack([np.zeros(len(rows), np.int64), np.arange(1, len(rows) + 1)], axis=1)
    objects = ObjectSet(
        replace(drawn.features, objects=keys, values=values), drawn.classes[rows], np.ones(len(rows), bool)
    )
    for method, candidates in (("ours", CANDIDATES), ("trees alone", CANDIDATES[-1:])):
        seconds = [try_once(objects, click(objects, 25, seed), candidates)[2] for seed in range(repeats)]
        print(json.dumps({
            "objects": len(rows), "features": len(spread), "clicks": 25, "method": method,
            "seconds": round(float(np.median(seconds)), 3), "first": round(seconds[0], 3),
        }))  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--clock", action="store_true")
    args = parser.parse_args()
    if args.clock:
        run_clock(args.repeats)
    else:
        for name in args.sets:
            run(name, args.repeats)


if __name__ == "__main__":
    main()
