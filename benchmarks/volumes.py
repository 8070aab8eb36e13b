"""Z-stacks slice by slice and as a volume: AP at IoU 0.5 in 3D, before and after fine-tuning on three reviewed slices.

    python benchmarks/volumes.py [--data ../shared/data] [--only NAME ...] [--fine-tune] [--seconds 60 | --steps N]
                                 [--dimensions 2 3] [--cube 256 [--ways slices volume native]]

Each stack that has labels in 3D, by the model that ships: what is right of it, and how long it took. With `--fine-tune`
three slices of each stack (a quarter, a half and three quarters through it) are corrected in what the model said of it
as a volume, as a user corrects them; the model learns from them for so long, or so many steps, in 2D and in 3D, and the
stack is segmented again by both, and so are others of its kind, of which nobody reviewed anything. The reviewed slices
are a small part of what is scored. "native", with 3 among the dimensions, is a network of volumes: before, the network
of planes inflated, with poolings along z ("z/2") and without.
Thresholds for volumes were chosen on the stacks marked *; the others were only scored.
`--cube` times a simulated volume of so many voxels a side, with nuclei of 24 pixels: processor time counts on a busy
machine, and what share of it the network has, which is divided among threads.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from napari_unet.models.inflation import inflate_model
from napari_unet.models.model import Model
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import Segmentation
from napari_unet.segmentation.kinds import choose_kind
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.segment import segment_steps
from napari_unet.segmentation.volumes.choice import measure_flatness

STACKS = {
    "plant_nuclei_3d": ("1135_mini", "1136_mini"),
    "mouse_embryo_nuclei_3d": ("16_cell_stage", "8_cell_stage"),
    "stardist_demo_3d": ("img3d",),
}
WAYS = ("slices", "volume", "native")
TUNED_ON = ("nuclei_3d", "1135_mini", "16_cell_stage")


@dataclass(frozen=True, eq=False)
class Stack:
    """A z-stack (Z, Y, X) with its ground truth."""

    name: str
    image: Image
    truth: npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Corrected:
    """Labels, what of them is reviewed, and what the model had said, each (Z, Y, X)."""

    labels: npt.NDArray[np.int32]
    reviewed: npt.NDArray[np.uint8]
    predicted: npt.NDArray[np.int32]


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


def tell(model: Model, stack: Stack, when: str, ways: tuple[str, ...] = ("slices", "volume")) -> None:
    """Print a line for each of the ways; a network of volumes has one, "native"."""
    for how in ways:
        start = time.perf_counter()
        found = segment_stack(model, stack.image, "auto" if how == "native" else how)
        seconds = time.perf_counter() - start
        score = tally_objects(stack.truth, found.labels)
        star = "*" if stack.name in TUNED_ON else " "
        chosen = found.stack.words if found.stack is not None else ""
        print(
            f"{stack.name + star:16} {when:12} {how:7} AP@0.5 {score.main:.3f}  mean AP {score.mean_ap:.3f}  "
            f"{score.true_positives[0]:3} right of {score.n_truth:3}, {score.n_predicted:3} found  {seconds:6.1f} s  "
            f"{chosen}",
            flush=True,
        )


def correct_slices(stack: Stack, predicted: npt.NDArray[np.int32]) -> Corrected:
    """What a user has who corrected three slices of what was predicted: an object keeps its id where it has one."""
    reviewed = np.zeros(stack.truth.shape, np.uint8)
    reviewed[[len(reviewed) * part // 4 for part in (1, 2, 3)]] = 1
    there = reviewed > 0
    labels, free = predicted.copy(), int(predicted.max()) + 1
    labels[there] = 0
    taken: set[int] = set()
    for label in np.unique(stack.truth[there]):
        if label == 0:
            continue
        mask = (stack.truth == label) & there
        ids, counts = np.unique(predicted[mask], return_counts=True)
        best = [int(one) for one in ids[np.argsort(-counts)] if one and int(one) not in taken][:1]
        if best and 2 * counts[ids == best[0]][0] > np.count_nonzero((predicted == best[0]) & there):
            taken.add(best[0])
            labels[mask] = best[0]
        else:
            labels[mask], free = free, free + 1
    return Corrected(labels, reviewed, predicted)


def learn(model: Model, stack: Stack, corrected: Corrected, limits: dict[str, Any], dimensions: str) -> Model:
    """The child that three reviewed slices of the stack make, in 2D or in 3D."""
    result = finetune(
        stack.image, corrected.labels, corrected.reviewed, model, predictions=corrected.predicted,
        dimensions=dimensions, **limits,
    )  # fmt: skip
    print(f"{stack.name:16} {dimensions}D: {result.steps} steps, {result.seconds:.0f} s. {result.sentence}", flush=True)
    return result.model


def compare(model: Model, stack: Stack, others: list[Stack], limits: dict[str, Any], ways: Sequence[str]) -> None:
    """Three slices teach a child in 2D and one in 3D; both segment this stack, and others of its kind."""
    tell(model, stack, "before")
    kind = choose_kind(stack.image, model).model
    for pooling, when in ((True, "before, z/2"), (False, "before")) if "3" in ways else ():
        tell(inflate_model(kind, measure_flatness(stack.image)[0], pooling), stack, when, ("native",))
    corrected = correct_slices(stack, segment_stack(model, stack.image, "volume").labels)
    for dimensions in ways:
        child = learn(model, stack, corrected, limits, dimensions)
        how = ("slices", "volume") if dimensions == "2" else ("native",)
        tell(child, stack, "after", how)
        for other in others:
            tell(child, other, "by the other", how)


def cube(side: int) -> Image:
    """Nuclei of about 24 pixels in a volume of cubic voxels."""
    generator = np.random.default_rng(0)
    places = generator.uniform(12, side - 12, (max(1, side**3 // 40_000), 3)).astype(int)
    far = np.ones((side,) * 3, bool)
    far[tuple(places.T)] = False
    distance = ndimage.distance_transform_edt(far)
    pixels = 100 + 900 / (1 + np.exp((distance - 11) * 1.5)) + generator.normal(0, 30, far.shape)
    return Image(pixels.clip(0).astype(np.uint16), "ZYX", dict.fromkeys("ZYX", 0.3), dict.fromkeys("ZYX", "micrometer"))


class NetworkTime:
    """Adds up the processor seconds that networks of planes take, from now on."""

    def __init__(self) -> None:
        self.seconds, predict = 0.0, Predictor._predict

        def timed(predictor: Predictor, tiles: Any, region: Any) -> Any:
            start = time.process_time()
            try:
                return predict(predictor, tiles, region)
            finally:
                self.seconds += time.process_time() - start

        Predictor._predict = timed  # type: ignore[method-assign]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--only", nargs="*", metavar="NAME")
    parser.add_argument("--fine-tune", action="store_true")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--dimensions", nargs="*", choices=("2", "3"), default=("2", "3"))
    parser.add_argument("--cube", type=int)
    parser.add_argument(
        "--ways", nargs="*", choices=("slices", "volume", "native"), default=("slices", "volume", "native")
    )
    args = parser.parse_args()
    model = load_model(None)
    if args.cube:
        image = cube(args.cube)
        deep = inflate_model(choose_kind(image, model).model)
        for how in args.ways:
            network = NetworkTime()
            busy = time.process_time()
            found = segment_stack(deep if how == "native" else model, image, "auto" if how == "native" else how)
            busy = time.process_time() - busy
            stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in found.timing.items())
            print(
                f"{args.cube}^3 {how}: {found.n_objects} objects; {busy:.1f} s of processor, "
                f"{network.seconds / busy:.0%} in the network, which takes all threads; seconds: {stages}",
                flush=True,
            )
        return
    limits = {"seconds": args.seconds} if args.steps is None else {"seconds": 3600.0, "max_steps": args.steps}
    chosen = [stack for stack in stacks(args.data) if args.only is None or stack.name in args.only]
    for stack in chosen:
        if not args.fine_tune:
            tell(model, stack, "before")
            continue
        others = [one for one in chosen if one is not stack and kind_of(one) == kind_of(stack)]
        compare(model, stack, others, limits, args.dimensions)


def kind_of(stack: Stack) -> str:
    """Stacks of one folder are of one kind."""
    return next((folder for folder, names in STACKS.items() if stack.name in names), stack.name)


if __name__ == "__main__":
    main()
