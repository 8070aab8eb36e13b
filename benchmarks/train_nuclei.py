"""Train the nucleus model that ships, from the open images of the data folder.

    python benchmarks/train_nuclei.py --data ../shared/data --checkpoint runs/nuclei --output nuclei-2d.safetensors

Learns from dsb2018 `train` and `validation` images (or `train` alone with --hold-validation), bbbc039 and mnfinder's
`training_` images; never from `test` or `unseen` ones. Resumes from the checkpoint folder after a kill.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from skimage.color import rgb2gray
from skimage.io import imread

from napari_unet.events import Finished
from napari_unet.finetuning.base_training import BaseTrainingConfig, TrainingSample, make_sample, train_steps
from napari_unet.images.normalization import measure_limits, normalize
from napari_unet.models.architecture import UNetConfig

# How often each kind of image is drawn: the fluorescence types by how common they are in practice, not by count.
SHARES = {
    "fluo_small_256": 0.34, "fluo_hcs_520x696": 0.10, "fluo_large": 0.20, "fluo_mixed_512x640": 0.05,
    "hist_purple_on_white": 0.05, "bbbc039": 0.12, "mnfinder": 0.14,
}  # fmt: skip


def read_grey(path: Path) -> np.ndarray:
    """Image (Y, X) as float32; RGB becomes luminance."""
    image = imread(path)
    if image.ndim == 3:
        image = image[..., 0] if np.ptp(image[..., :3], axis=-1).max() == 0 else rgb2gray(image[..., :3]) * 255
    return image.astype(np.float32)


def training_files(data: Path, roles: tuple[str, ...]) -> Iterator[tuple[str, Path, Path]]:
    """(kind, image path, labels path) of all that may be learned from."""
    with (data / "dsb2018" / "images.csv").open() as file:
        for row in csv.DictReader(file):
            if row["role"] in roles:
                yield row["type"], *pair(data / "dsb2018", row["id"])
    for path in sorted((data / "bbbc039" / "images").iterdir()):
        yield "bbbc039", *pair(data / "bbbc039", path.stem)
    for path in sorted((data / "mnfinder_nuclei" / "images").glob("training_*")):
        yield "mnfinder", *pair(data / "mnfinder_nuclei", path.stem)


def pair(folder: Path, stem: str) -> tuple[Path, Path]:
    image = next(p for p in (folder / "images").iterdir() if p.name.startswith(stem + "."))
    labels = next(p for p in (folder / "labels").iterdir() if p.name.startswith(stem + "."))
    return image, labels


def load_samples(data: Path, roles: tuple[str, ...], border_weight: float) -> list[TrainingSample]:
    samples, kinds = [], []
    for kind, image_path, labels_path in training_files(data, roles):
        labels = imread(labels_path)
        if labels.max() == 0:
            continue
        image = read_grey(image_path)
        samples.append(make_sample(normalize(image, measure_limits(image)), labels, border_weight))
        kinds.append(kind)
    shares = {kind: SHARES[kind] / kinds.count(kind) for kind in set(kinds)}
    return [dataclasses.replace(sample, share=shares[kind]) for sample, kind in zip(samples, kinds, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("NAPARI_UNET_DATA", "../shared/data")))
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--steps", type=int, default=BaseTrainingConfig.model_fields["steps"].default)
    parser.add_argument("--base-channels", type=int, default=32)
    parser.add_argument("--hold-validation", action="store_true")
    args = parser.parse_args()
    config = BaseTrainingConfig(architecture=UNetConfig(base_channels=args.base_channels), steps=args.steps)
    roles = ("train",) if args.hold_validation else ("train", "validation")
    start = time.monotonic()
    samples = load_samples(args.data, roles, config.border_weight)
    print(f"{len(samples)} images in {time.monotonic() - start:.0f} s", flush=True)
    for event in train_steps(samples, config, checkpoint=args.checkpoint):
        if isinstance(event, Finished):
            save(event.result, config, samples, time.monotonic() - start, args.output)
        elif event.step % 50 == 0:
            print(f"step {event.step} loss {event.loss:.4f} left {event.seconds_left:.0f} s", flush=True)


# Chosen on the validation images: the best mean AP of the thresholds tried from 0.4 to 0.7.
THRESHOLDS = {"foreground_threshold": 0.55, "seed_threshold": 0.55}


def save(network, config, samples, seconds: float, output: Path | None, n_objects: int = 0) -> None:  # type: ignore[no-untyped-def]
    from napari_unet.models.model import Model
    from napari_unet.models.model_file import save_model
    from napari_unet.models.record import ModelRecord, TrainingRecord

    if output is None:
        return
    training = TrainingRecord(
        images=("dsb2018", "bbbc039", "mnfinder_nuclei"),
        n_objects=n_objects,
        seconds=round(seconds),
        steps=config.steps,
        settings=config.model_dump(mode="json") | {"n_images": len(samples)},
    )
    record = ModelRecord(
        name="Nuclei 2D",
        description="Fluorescent nuclei in 2D, 12 to 48 px across (other sizes are resampled to that).",
        architecture=config.architecture,
        training=training,
        licence="BSD-3-Clause",
        **THRESHOLDS,
    )
    save_model(Model(network.float().cpu().eval(), record), output, half=True)


if __name__ == "__main__":
    main()
