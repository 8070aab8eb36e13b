"""How often verdicts are right in simulated fine-tunings whose worth is known: by the rule, and by the one before it.

    python benchmarks/verdicts.py --sessions 1000

Each session has a new model that finds a share more (or less) of all objects than the old one: normally distributed,
around nothing. On each image that share is another one, so that objects of an image go up and down together, and most
objects that are hard for the old model are hard for the new one. So many objects of so many images are held out; the
verdict on these is right if the new model is better (or not better) over all images there are. How wide these
distributions are is assumed (`EFFECT`, `IMAGES`, `ALIKE`), so the table compares rules; it is no measurement of
fine-tunings, which is what `effort.py` is for.

The rule before this one drew objects anew, whatever image they were of, told a gain from five objects on, and said "not
better" of any loss on three.
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np

from napari_unet.heads.instances.verdict import judge_objects
from napari_unet.heads.outcome import Outcome
from napari_unet.heads.survey import ReviewedObject, Survey
from napari_unet.labels.evidence import Evidence, Score, compare_evidence
from napari_unet.labels.scores import THRESHOLDS

SIZES = ((5, 1), (8, 2), (10, 2), (12, 3), (20, 4), (40, 5), (40, 10))
"""Held-out objects, and of how many images they are."""
EFFECT = 0.1  # standard deviation of what the new model finds more
IMAGES = 0.12  # of what it finds more on one image than on others
ALIKE = 0.8  # of the objects are as hard for the new model as for the old one
_SURVEY = Survey((ReviewedObject(0, (), 1, (0.0, 0.0), 9, corrected=True),), (), 9)


def simulate(n: int, n_images: int, generator: np.random.Generator) -> tuple[float, Score, Score]:
    """What the new model finds more of all objects, and both scores on `n` held-out ones."""
    share, gain = generator.uniform(0.2, 0.8), float(generator.normal(0, EFFECT))
    image = np.arange(n) * n_images // n
    here = np.clip(share + gain + generator.normal(0, IMAGES, n_images)[image], 0, 1)
    hard = generator.uniform(size=n)
    other = np.where(generator.uniform(size=n) < ALIKE, hard, generator.uniform(size=n))
    return gain, _score(hard < share, image), _score(other < here, image)


def _score(found: np.ndarray, image: np.ndarray) -> Score:
    hits = np.repeat(found[:, None], len(THRESHOLDS), axis=1)
    rows = np.column_stack([hits, np.ones(len(found)), found]).astype(np.int64)
    keys = tuple((int(one), label + 1) for label, one in enumerate(image))
    return Score(*[float(found.mean())] * 3, len(found), Evidence(keys, rows))


def judge_before(before: Score, after: Score) -> bool | None:
    """As the rule before this one told it."""
    assert before.evidence is not None
    assert after.evidence is not None
    change = compare_evidence(before.evidence, after.evidence)
    if change.is_sure_gain:
        return True
    return False if change.difference < -1e-6 else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=1000, help="Of each size.")
    args = parser.parse_args()
    print("| held out | images | better, before: told | right | not better, before: told | right | "
          "better: told | right | not better: told | right |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|")
    for n, n_images in SIZES:
        generator, told, right = np.random.default_rng(n), Counter[tuple[str, bool]](), Counter[tuple[str, bool]]()
        for _ in range(args.sessions):
            gain, before, after = simulate(n, n_images, generator)
            rules = {"before": judge_before(before, after)}
            rules["now"] = judge_objects(Outcome(1, _SURVEY, before, after)).better
            for rule, better in rules.items():
                if better is not None:
                    told[rule, better] += 1
                    right[rule, better] += better == (gain > 0)
        kinds = [(rule, better) for rule in ("before", "now") for better in (True, False)]
        cells = [cell for kind in kinds for cell in _cells(told[kind], right[kind], args.sessions)]
        print(f"| {n} | {n_images} | " + " | ".join(cells) + " |", flush=True)


def _cells(told: int, right: int, sessions: int) -> tuple[str, str]:
    return f"{100 * told / sessions:.0f} %", f"{100 * right / told:.0f} %" if told else ""


if __name__ == "__main__":
    main()
