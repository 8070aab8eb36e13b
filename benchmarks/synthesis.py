"""One channel made of another: how alike it is, what is found in it, and whether it is unsure where it is wrong.

    python benchmarks/synthesis.py [--steps 500] [--sets phase two_channel]

- `phase`: simulated. Cells and nuclei as they lengthen the path of light, seen as phase contrast shows it (halos,
  noise); the other channel is the nuclei with a blur and noise of their own. Four images teach, two others are scored.
- `two_channel`: the sample that ships. Membranes with cytoplasm teach the DNA on the left two thirds; the right one is
  scored.

Pearson's r with the true channel, and AP@0.5 of nuclei that the model that ships finds in the synthetic channel and
(`real`) in the true one. Two networks learn, `steps` each (`--uncertainty`): `unsure_r` is Spearman's correlation, over
cells of 8 x 8 pixels, of their disagreement with how wrong the channel is; `unsure_tenth` the share of the squared
error that lies in the tenth of these cells where they disagree most (a tenth would be chance).
"""

from __future__ import annotations

import argparse
import json

import numpy as np
from scipy import ndimage, stats

from napari_unet import load_model
from napari_unet.events import Finished, drain
from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_labels_path, sample_path
from napari_unet.images.image import Image
from napari_unet.labels.scores import tally_objects
from napari_unet.restoration.applying import Unsure, restore_steps
from napari_unet.restoration.config import RestoreConfig
from napari_unet.restoration.material import gather
from napari_unet.restoration.tasks import TASKS
from napari_unet.restoration.teaching import teach_steps
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.segment import segment_steps

Triple = tuple[np.ndarray, np.ndarray, np.ndarray]


def draw_phase(seed: int, side: int = 320, n: int = 40) -> Triple:
    """Phase contrast, nuclei, labels of the nuclei."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    labels = np.zeros((side, side), np.int32)
    body = np.zeros((side, side))
    dna = np.zeros((side, side))
    for _ in range(20 * n):
        label = int(labels.max()) + 1
        if label > n:
            break
        cy, cx, turn = random.uniform(10, side - 10), random.uniform(10, side - 10), random.uniform(0, np.pi)
        a, b = random.uniform(9, 13), random.uniform(7, 10)
        u, v = (y - cy) * np.cos(turn) + (x - cx) * np.sin(turn), (x - cx) * np.cos(turn) - (y - cy) * np.sin(turn)
        far = np.hypot(u / a, v / b)
        if labels[far < 1.25].any():
            continue
        labels[far < 1] = label
        body = np.maximum(body, np.exp(-((np.hypot(u / (2.2 * a), v / (2.0 * b))) ** 4)))
        dna[far < 1] = random.uniform(0.6, 1.4)
    grain = ndimage.gaussian_filter(random.normal(0, 1, body.shape), 1.2)
    nucleoli = ndimage.gaussian_filter(random.normal(0, 1, body.shape), 2) * (labels > 0)
    path = body + 0.35 * (labels > 0) + 0.1 * grain / grain.std() * body + 0.2 * nucleoli / nucleoli.std()
    path = ndimage.gaussian_filter(path, 1)
    phase = 1000 + 300 * (path - ndimage.gaussian_filter(path, 9)) + random.normal(0, 12, body.shape)
    stained = random.poisson(50 + 300 * ndimage.gaussian_filter(dna, 1.5)) + random.normal(0, 5, body.shape)
    return phase.astype(np.float32), stained.astype(np.float32), labels


def read_two_channel() -> tuple[list[Triple], list[Triple]]:
    image = read_image(sample_path("two_channel"))
    truth = np.asarray(read_labels(sample_labels_path("two_channel"), image.select_channel(0)), np.int32)
    dna, sheet = (np.asarray(image.select_channel(i).data, np.float32) for i in (0, 1))
    at = dna.shape[1] * 2 // 3
    return [(sheet[:, :at], dna[:, :at], truth[:, :at])], [(sheet[:, at:], dna[:, at:], truth[:, at:])]


def read_sets(name: str) -> tuple[list[Triple], list[Triple]]:
    if name == "two_channel":
        return read_two_channel()
    return [draw_phase(seed) for seed in range(4)], [draw_phase(seed) for seed in (10, 11)]


def cells(plane: np.ndarray) -> np.ndarray:
    """Means over 8 x 8 pixels."""
    rows, columns = (size // 8 for size in plane.shape)
    return plane[: 8 * rows, : 8 * columns].reshape(rows, 8, columns, 8).mean(axis=(1, 3)).ravel()


def run(name: str, steps: int) -> dict[str, object]:
    learned, scored = read_sets(name)
    config = RestoreConfig(seconds=80_000, max_steps=steps, uncertainty=True)
    seen = [Image(one[0], "YX", name=f"seen {i}") for i, one in enumerate(learned)]
    wanted = [Image(one[1], "YX", name=f"wanted {i}") for i, one in enumerate(learned)]
    taught = drain(teach_steps(gather(seen, wanted, TASKS["synthesize"]), config, "synthesis"))
    base = load_model(None)
    rows: list[dict[str, float]] = []
    for grey, true, labels in scored:
        made, doubts = np.zeros(0), np.zeros(0)
        for event in restore_steps(Image(grey, "YX"), taught.model, unsure=True):
            if isinstance(event, Unsure):
                doubts = np.asarray(event.image.data)
            elif isinstance(event, Finished) and event.result is not None:
                made = np.asarray(event.result.data)
        found = {
            which: np.asarray(drain(segment_steps(Image(plane, "YX"), base, SegmentConfig())).labels)
            for which, plane in (("synthetic", made), ("real", true))
        }
        wrong, apart = cells((made - true) ** 2), cells(doubts)
        worst = np.argsort(-apart)[: len(apart) // 10]
        rows.append({
            "pearson_r": float(np.corrcoef(made.ravel(), true.ravel())[0, 1]),
            **{f"ap50_{which}": tally_objects(labels, one).main for which, one in found.items()},
            "unsure_r": float(stats.spearmanr(apart, wrong).statistic),
            "unsure_tenth": float(wrong[worst].sum() / wrong.sum()),
        })  # fmt: skip
    means = {key: round(float(np.mean([row[key] for row in rows])), 3) for key in rows[0]}
    return {"set": name, "images": len(rows), **means}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=["phase", "two_channel"], choices=["phase", "two_channel"])
    parser.add_argument("--steps", type=int, default=500)
    args = parser.parse_args()
    for name in args.sets:
        print(json.dumps(run(name, args.steps)), flush=True)


if __name__ == "__main__":
    main()
