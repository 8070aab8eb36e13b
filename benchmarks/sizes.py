"""How well object sizes are estimated, and what estimating costs.

    python benchmarks/sizes.py [--sizes 8 16 32 64 128 200] [--images 4] [--data ../shared/data]
    python benchmarks/sizes.py --model CHILD.safetensors --type phase_t98g

Images are brought to each size (their own median diameter becomes it), and segmented twice: at the size that is
estimated, and at the true one. By type and size: how many estimates are within a third of the truth, and the mean AP
at either. Images are of role `validation` of dsb2018, or of `train` where a data set has no such role; for a model that
was taught on images of `--type`, those that it was not taught (they are left out by name).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from finetuning import OF_THEIR_OWN, load_labelled, read_roles, read_type

from napari_unet.corrections.comparison import object_areas
from napari_unet.corrections.reviewed import typical_diameter
from napari_unet.events import drain
from napari_unet.images.channels import grey_input
from napari_unet.images.image import Image
from napari_unet.images.resampling import pick_nearest, resample, resampled_shape
from napari_unet.labels.scores import ObjectTally, tally_objects
from napari_unet.models.library import load_model
from napari_unet.models.model import Model
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.segment import segment_steps

KINDS = ("fluo_small_256", "fluo_hcs_520x696", "fluo_large", "phase_t98g", "axon_sem")
LARGEST = 2048  # pixels a side, of what an image is brought to
SMALLEST = 96


def images_of(args: argparse.Namespace, kind: str, model: Model) -> Iterator[tuple[Image, np.ndarray]]:
    """Grey images with their labels that the model was not taught."""
    if kind in OF_THEIR_OWN:
        names = read_roles(args.data, kind, "train")
    else:
        names = [group[0] for group in read_type(args.data, kind, "validation").values()]
    taught = {name for one in model.kinds for name in one.record.training.images}
    folder = kind if kind in OF_THEIR_OWN else "dsb2018"
    for name in [name for name in names if name[:8] not in taught][: args.images]:
        one = load_labelled(args.data, name, folder=folder)
        yield grey_input(one.image), one.labels


def at_size(image: Image, labels: np.ndarray, size: float) -> tuple[Image, np.ndarray] | None:
    """Both so that objects have the median diameter `size`; None where that is too large or too small an image."""
    factor = size / typical_diameter(object_areas(labels).values())
    shape = resampled_shape(labels.shape, factor)
    if max(shape) > LARGEST or min(shape) < SMALLEST:
        return None
    pixels = resample(image.plane(()).astype(np.float32)[None], shape)[0]
    return Image.from_array(pixels, "YX", name=image.name), pick_nearest(labels, factor)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--sizes", type=float, nargs="+", default=[8, 16, 32, 64, 128, 200])
    parser.add_argument("--images", type=int, default=4, help="Of each type.")
    parser.add_argument("--type", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--model", help="Name or path; empty: the shipped one.")
    args = parser.parse_args()
    model = load_model(args.model)
    print("| type | size | images | within a third | mean AP, estimated | mean AP, given |")
    print("|---|---|---|---|---|---|")
    for kind in args.type:
        pairs = list(images_of(args, kind, model))
        for size in args.sizes:
            show(kind, size, [made for pair in pairs if (made := at_size(*pair, size)) is not None], model)


def show(kind: str, size: float, pairs: list[tuple[Image, np.ndarray]], model: Model) -> None:
    """A row of the table."""
    near, estimated, given = 0, ObjectTally(), ObjectTally()
    for image, labels in pairs:
        found = drain(segment_steps(image, model, SegmentConfig()))
        near += abs(np.log(found.diameter / size)) <= np.log(4 / 3)
        estimated += tally_objects(labels, found.labels)
        told = drain(segment_steps(image, model, SegmentConfig(diameter=size)))
        given += tally_objects(labels, told.labels)
    if pairs:
        row = f"| {kind} | {size:g} | {len(pairs)} | {near} | {estimated.mean_ap:.3f} | {given.mean_ap:.3f} |"
        print(row, flush=True)


if __name__ == "__main__":
    main()
