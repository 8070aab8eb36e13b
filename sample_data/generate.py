"""Make the sample images: python sample_data/generate.py [--output FOLDER] [--previews FOLDER] [NAME ...]

Each sample has its own seed, so that running this again gives the same files.
"""

from __future__ import annotations

import argparse
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

sys.path.insert(0, str(Path(__file__).resolve().parent))

from nuclei import Sample, nuclei_2d, nuclei_3d, nuclei_timelapse
from tissue import membranes, two_channel

SAMPLES: dict[str, tuple[Callable[[np.random.Generator], Sample], int]] = {
    "nuclei_2d": (nuclei_2d, 20150518),
    "nuclei_3d": (nuclei_3d, 20150519),
    "nuclei_timelapse": (nuclei_timelapse, 20150520),
    "two_channel": (two_channel, 20150521),
    "membranes": (membranes, 20150522),
}


def make(name: str) -> Sample:
    """The sample `name`, from its seed."""
    function, seed = SAMPLES[name]
    return function(np.random.default_rng(seed))


def write(sample: Sample, name: str, folder: Path) -> None:
    """Write the image and its labels to `folder`."""
    label_axes = sample.axes.replace("C", "")
    for path, data, axes in (
        (folder / f"{name}.ome.tif", sample.image, sample.axes),
        (folder / f"{name}_labels.tif", sample.labels, label_axes),
    ):
        metadata = {"axes": axes, "Name": path.name.split(".")[0], **_pixel_size(sample, label_axes)}
        metadata["UUID"] = str(uuid.uuid5(uuid.NAMESPACE_URL, path.name))  # a random one would change every time
        if "C" in axes:
            metadata["Channel"] = {"Name": list(sample.channels)}
        tifffile.imwrite(
            path, data, photometric="minisblack", compression="zlib", compressionargs={"level": 9}, ome=True,
            metadata=metadata,
        )  # fmt: skip


def _pixel_size(sample: Sample, axes: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for axis, size in zip(axes.replace("T", ""), sample.pixel, strict=True):
        found |= {f"PhysicalSize{axis}": size, f"PhysicalSize{axis}Unit": "µm"}
    if sample.interval is not None:
        found |= {"TimeIncrement": sample.interval, "TimeIncrementUnit": "s"}
    return found


def preview(sample: Sample, name: str, folder: Path) -> None:
    """Write pictures of the first, middle and last plane, with and without outlines of the labels, to look at."""
    from PIL import Image as Picture
    from skimage.segmentation import find_boundaries

    planes = [sample.image] if sample.image.ndim == 2 else [sample.image[i] for i in (0, len(sample.image) // 2, -1)]
    labels = [sample.labels] * len(planes)
    if sample.labels.ndim == 3:
        labels = [sample.labels[i] for i in (0, len(sample.labels) // 2, -1)]
    rows = []
    for plane, ids in zip(planes, labels, strict=True):
        low, high = np.percentile(plane, [0.5, 99.8])
        grey = np.clip((plane - low) / (high - low) * 255, 0, 255).astype(np.uint8)
        plain = np.repeat(grey[..., None], 3, axis=2)
        outlined = plain.copy()
        outlined[find_boundaries(ids, mode="inner")] = (255, 60, 0)
        rows.append(np.concatenate([plain, outlined], axis=1))
    Picture.fromarray(np.concatenate(rows)).save(folder / f"{name}.png")


def main() -> None:
    """Parse the command line and make what it asks for."""
    parser = argparse.ArgumentParser(description="Make the simulated sample images.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"samples to make, of {', '.join(SAMPLES)} (default: all)"
    )
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent, help="folder for the files")
    parser.add_argument("--previews", type=Path, help="folder for PNG previews (default: none)")
    options = parser.parse_args()
    for folder in filter(None, (options.output, options.previews)):
        folder.mkdir(parents=True, exist_ok=True)
    for name in options.names or SAMPLES:
        sample = make(name)
        write(sample, name, options.output)
        if options.previews:
            preview(sample, name, options.previews)
        print(f"{name}: {sample.axes} {sample.image.shape}, {len(np.unique(sample.labels)) - 1} objects")


if __name__ == "__main__":
    main()
