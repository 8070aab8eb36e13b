"""Z-stacks slice by slice and as a volume: AP at IoU 0.5 in 3D, before and after fine-tuning on three reviewed slices.

    python benchmarks/volumes.py [--data ../shared/data] [--only NAME ...] [--seconds 60] [--cube 256]

Each stack that has labels in 3D, by the model that ships: what is right of it, and how long it took. With `--seconds`
three slices of each stack (a quarter, a half and three quarters through it) count as reviewed, the model learns from
them for so long, and the stack is segmented again both ways; the reviewed slices are a small part of what is scored.
Thresholds for volumes were chosen on the stacks marked *; the others were only scored.
`--cube` times a simulated volume of so many voxels a side, with nuclei of 24 pixels.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unet import finetune, load_model
from napari_unet.events import drain
from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_labels_path, sample_path
from napari_unet.images.image import Image
from napari_unet.labels.scores import tally_objects
from napari_unet.models.model import Model
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import Segmentation
from napari_unet.segmentation.segment import segment_steps

STACKS = {
    "plant_nuclei_3d": ("1135_mini", "1136_mini"),
    "mouse_embryo_nuclei_3d": ("16_cell_stage", "8_cell_stage"),
    "stardist_demo_3d": ("img3d",),
}
TUNED_ON = ("nuclei_3d", "1135_mini", "16_cell_stage")


@dataclass(frozen=True, eq=False)
class Stack:
    """A z-stack (Z, Y, X) with its ground truth."""

    name: str
    image: Image
    truth: npt.NDArray[np.int32]


def stacks(data: Path) -> Iterator[Stack]:
    image = read_image(sample_path("nuclei_3d"))
    yield Stack("nuclei_3d", image, np.asarray(read_labels(sample_labels_path("nuclei_3d"), image), np.int32))
    for folder, names in STACKS.items():
        for name in names:
            image, truth = (data / folder / part / f"{name}.tif" for part in ("images", "labels"))
            if image.is_file():
                opened = read_image(image)
                yield Stack(name, opened, np.asarray(read_labels(truth, opened), np.int32))


def segment_stack(model: Model, image: Image, how: str) -> Segmentation:
    return drain(segment_steps(image, model, SegmentConfig.model_validate({"stack": how})))


def tell(model: Model, stack: Stack, when: str) -> None:
    """Print a line for each of the two ways."""
    for how in ("slices", "volume"):
        start = time.perf_counter()
        found = segment_stack(model, stack.image, how)
        seconds = time.perf_counter() - start
        score = tally_objects(stack.truth, found.labels)
        star = "*" if stack.name in TUNED_ON else " "
        chosen = found.stack.words if found.stack is not None else ""
        print(
            f"{stack.name + star:16} {when:7} {how:7} AP@0.5 {score.main:.3f}  mean AP {score.mean_ap:.3f}  "
            f"{score.true_positives[0]:3} right of {score.n_truth:3}, {score.n_predicted:3} found  {seconds:6.1f} s  "
            f"{chosen}",
            flush=True,
        )


def learn(model: Model, stack: Stack, seconds: float) -> Model:
    """The child that three reviewed slices of the stack make."""
    reviewed = np.zeros(stack.truth.shape, np.uint8)
    reviewed[[len(reviewed) * part // 4 for part in (1, 2, 3)]] = 1
    result = finetune(stack.image, stack.truth, reviewed, model, seconds)
    print(f"{stack.name:16} {result.sentence}", flush=True)
    return result.model


def cube(side: int) -> Image:
    """Nuclei of about 24 pixels in a volume of cubic voxels."""
    generator = np.random.default_rng(0)
    places = generator.uniform(12, side - 12, (max(1, side**3 // 40_000), 3)).astype(int)
    far = np.ones((side,) * 3, bool)
    far[tuple(places.T)] = False
    distance = ndimage.distance_transform_edt(far)
    pixels = 100 + 900 / (1 + np.exp((distance - 11) * 1.5)) + generator.normal(0, 30, far.shape)
    return Image(pixels.clip(0).astype(np.uint16), "ZYX", dict.fromkeys("ZYX", 0.3), dict.fromkeys("ZYX", "micrometer"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--only", nargs="*", metavar="NAME")
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--cube", type=int)
    args = parser.parse_args()
    model = load_model(None)
    if args.cube:
        image = cube(args.cube)
        for how in ("slices", "volume"):
            busy = time.process_time()
            found = segment_stack(model, image, how)
            busy = time.process_time() - busy
            stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in found.timing.items())
            print(
                f"{args.cube}^3 {how}: {found.n_objects} objects; {busy:.0f} s of processor; seconds: {stages}",
                flush=True,
            )
        return
    for stack in stacks(args.data):
        if args.only is None or stack.name in args.only:
            tell(model, stack, "before")
            if args.seconds:
                tell(learn(model, stack, args.seconds), stack, "after")


if __name__ == "__main__":
    main()
