"""How well the shipped model agrees with the ground truth on images it never saw.

    python benchmarks/accuracy.py [--data ../shared/data] [--model NAME] [--role test] [--only TYPE ...]

Prints AP at IoU 0.5, 0.75, 0.9 and the mean over 0.5:0.05:0.9, pooled over objects, by image type and for all
fluorescence types of dsb2018's `role=test`, for mnfinder's `test_` images, for cells in phase contrast and for axons
in electron microscopy; `--only` some of them. Object sizes are estimated, as they are
for a user who changes nothing, and "other size" counts the images of which another is said to be convincing too;
`--diameter known` gives the segmentation each image's own median. Several `--model`s
(the same recipe with other seeds, say) are printed one by one, and then the spread of their scores.

Beside them stand the published figures of StarDist's paper. They are of its own 50 test images of the same challenge,
a random split, and not comparable to the digit; `benchmarks/representations.py --test` trains and scores the 2- and
3-class U-Nets that it compares with on the split used here.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from napari_unet import load_model
from napari_unet.events import drain
from napari_unet.images.channels import model_input
from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.labels.scores import ObjectTally, tally_objects
from napari_unet.models.model import Model
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import Segmentation
from napari_unet.segmentation.segment import segment_steps

# Schmidt et al., MICCAI 2018 (arXiv:1806.03535), table 1, "DSB2018": AP at IoU 0.5, 0.75, 0.9.
PUBLISHED = {
    "U-Net, 3 classes": (0.8060, 0.5777, 0.2258),
    "Mask R-CNN": (0.8323, 0.5974, 0.1891),
    "StarDist": (0.8641, 0.5862, 0.1191),
}


def files(data: Path, role: str) -> Iterator[tuple[str, Path, Path, float | None]]:
    """(type, image, labels, median diameter) of all images of a role."""
    with (data / "dsb2018" / "images.csv").open() as file:
        for row in csv.DictReader(file):
            if row["role"] == role:
                folder, name = data / "dsb2018", f"{row['id']}.png"
                diameter = float(row["median_diameter_px"] or 0) or None
                yield row["type"], folder / "images" / name, folder / "labels" / name, diameter
    for kind in ("phase_t98g", "axon_sem"):
        with (data / kind / "images.csv").open() as file:
            for row in csv.DictReader(file):
                if row["role"] == role:
                    paths = [data / kind / part / f"{row['id']}.png" for part in ("images", "labels")]
                    yield kind, *paths, float(row["median_diameter_px"])
    for image in sorted((data / "mnfinder_nuclei" / "images").glob(f"{role}_*")):
        yield "mnfinder", image, data / "mnfinder_nuclei" / "labels" / image.name, None


def score(image_path: Path, labels_path: Path, model: Model, config: SegmentConfig) -> tuple[ObjectTally, bool]:
    """The tally of one image, and whether another size is said to be convincing too."""
    image = read_image(image_path)
    seen = model_input(image, model.record.channel_counts)  # in colour, where a kind of the model sees it
    found: Segmentation = drain(segment_steps(seen, model, config))
    return tally_objects(read_labels(labels_path, image.select_channel(None)), found.labels), found.other is not None


def evaluate(model: Model, args: argparse.Namespace) -> dict[str, tuple[int, int, ObjectTally]]:
    """Images, those with another size, and pooled tally by type, and for all fluorescence types of dsb2018 together."""
    tallies: dict[str, ObjectTally] = defaultdict(ObjectTally)
    counts: dict[str, int] = defaultdict(int)
    others: dict[str, int] = defaultdict(int)
    for kind, image, labels, diameter in files(args.data, args.role):
        if args.only and kind not in args.only:
            continue
        config = SegmentConfig(diameter=diameter if args.diameter == "known" else None, quality=args.quality)
        tally, other = score(image, labels, model, config)
        for group in [kind, POOLED] if kind.startswith("fluo") else [kind]:
            tallies[group] = tallies[group] + tally
            counts[group] += 1
            others[group] += other
    return {group: (counts[group], others[group], tallies[group]) for group in sorted(tallies)}


POOLED = "dsb2018 fluorescence"


def show(found: dict[str, tuple[int, int, ObjectTally]]) -> None:
    print(f"{'type':24} images objects  AP@0.5 AP@0.75  AP@0.9  mean  other size")
    for group, (count, other, tally) in found.items():
        ap = tally.average_precision()
        figures = f"{ap[0.5]:7.3f} {ap[0.75]:7.3f} {ap[0.9]:7.3f} {tally.mean_ap:6.3f}"
        print(f"{group:24} {count:6} {tally.n_truth:7} {figures} {other:11}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--model", nargs="*", default=[None])
    parser.add_argument("--role", default="test", choices=["test", "validation", "unseen"])
    parser.add_argument("--diameter", default="auto", choices=["auto", "known"])
    parser.add_argument("--quality", default="normal", choices=["fast", "normal", "careful"])
    parser.add_argument("--only", nargs="*", metavar="TYPE", help="types of image; default: all")
    args = parser.parse_args()
    means = []
    for name in args.model:
        model, start = load_model(name), time.monotonic()
        found = evaluate(model, args)
        print(f"{model.name}, role {args.role}, {time.monotonic() - start:.0f} s")
        show(found)
        means.append(found[POOLED][-1].mean_ap if POOLED in found else float("nan"))
    if len(means) > 1:
        print(f"{POOLED}, mean AP over {len(means)} models: {min(means):.3f} to {max(means):.3f}")
    if args.role == "test":
        print("Published for other test images of the same challenge (Schmidt et al., MICCAI 2018, table 1):")
        for name, figures in PUBLISHED.items():
            print(f"{name:24} {50:6} {'':7} " + " ".join(f"{figure:7.3f}" for figure in figures))


if __name__ == "__main__":
    main()
