"""How long it takes to measure many objects of a large image, and to write their outlines.

    python benchmarks/measuring.py [--side 4096] [--objects 10000] [--repeats 3]

Makes labels of that many discs of different sizes, some touching, over an image of two channels; measures them with the
default columns, and writes GeoJSON. Prints the best of the repeats, by the clock and in processor time of this process:
on a busy machine compare the latter.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from napari_unet.events import drain
from napari_unet.images.image import Image
from napari_unet.results.exports.formats import export_labels
from napari_unet.results.measurements.measure import measure_steps


def make_discs(side: int, count: int) -> tuple[Image, Image]:
    """Labels (YX) int32 and an image (CYX) uint16, with pixels of 0.5 micrometers."""
    per_row = int(np.ceil(np.sqrt(count)))
    cell = side / per_row
    generator = np.random.default_rng(0)
    labels = np.zeros((side, side), np.int32)
    for number in range(count):
        centre = (np.array(divmod(number, per_row)) + 0.5) * cell + generator.uniform(-2, 2, 2)
        radius = generator.uniform(0.2, 0.5) * cell
        low, high = (np.clip(np.array([centre - radius, centre + radius + 1]), 0, side)).astype(int)
        y, x = np.mgrid[low[0] : high[0], low[1] : high[1]]
        inside = np.hypot(y - centre[0], x - centre[1]) < radius
        labels[low[0] : high[0], low[1] : high[1]][inside] = number + 1
    grey = generator.integers(0, 4000, (2, side, side)).astype(np.uint16)
    scale, units = {"Y": 0.5, "X": 0.5}, {"Y": "micrometer", "X": "micrometer"}
    return Image(labels, "YX", scale, units, name="discs_labels"), Image(grey, "CYX", scale, units, name="discs")


def best_of(run: Callable[[], object], repeats: int) -> str:
    clock, processor = [], []
    for _ in range(repeats):
        start, spent = time.perf_counter(), time.process_time()
        run()
        clock.append(time.perf_counter() - start)
        processor.append(time.process_time() - spent)
    return f"{min(clock):.2f} s by the clock, {min(processor):.2f} s of processor time"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    labels, image = make_discs(args.side, args.objects)
    drain(measure_steps(labels, image))  # imports, and code that is compiled at first
    table = drain(measure_steps(labels, image))
    print(f"{len(table)} objects of {args.side} x {args.side}, 2 channels, {table.shape[1]} columns")
    print(f"measuring: {best_of(lambda: drain(measure_steps(labels, image)), args.repeats)}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        print(f"GeoJSON: {best_of(lambda: export_labels(labels, 'geojson', folder, force=True), args.repeats)}")


if __name__ == "__main__":
    main()
