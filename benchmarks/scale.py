"""Images larger than memory: time, peak memory and labels in blocks; and the plan of 10^6 blocks, simulated.

    python benchmarks/scale.py measure --side 8192      # so many pixels a side, the sample repeated
    python benchmarks/scale.py measure --side 8192 --workers 2 --kill    # on two processes, one killed in the midst
    python benchmarks/scale.py simulate --side 1000     # blocks a side: planner and merge tree, no pixels

The image is an OME-Zarr whose chunks are one file under many names, so that it takes no room on the disk.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import zarr

from napari_unet.events import Finished, drain
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_path
from napari_unet.images.image import Image
from napari_unet.models.library import load_model
from napari_unet.segmentation.blocks import stitching
from napari_unet.segmentation.blocks.distributed import open_scheduler
from napari_unet.segmentation.blocks.events import BlockDone, BlockSegmentation
from napari_unet.segmentation.blocks.grid import BlockGrid
from napari_unet.segmentation.blocks.segment import Blocks, segment_blocks_steps
from napari_unet.segmentation.blocks.stitching import MergeTree
from napari_unet.segmentation.blocks.work import FileSource
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.segment import segment_steps

CONFIG = SegmentConfig(diameter=25, device="cpu")
PART = 1536  # pixels a side of what is segmented in one piece as well


def make_repeated(folder: Path, side: int) -> Path:
    """A Zarr array (side, side) of the sample image over and over."""
    tile = np.asarray(read_image(sample_path("nuclei_2d")).data)
    path = folder / "repeated.zarr"
    array: Any = zarr.create_array(str(path), shape=(side, side), chunks=tile.shape, dtype=tile.dtype, fill_value=0)
    array[: tile.shape[0], : tile.shape[1]] = tile
    first = path / "c" / "0" / "0"
    for row in range(-(-side // tile.shape[0])):
        for column in range(-(-side // tile.shape[1])):
            other = path / "c" / str(row) / str(column)
            other.parent.mkdir(parents=True, exist_ok=True)
            if not other.exists():
                os.link(first, other)
    return path


class Watch:
    """The most memory that this process and its children hold, above what they held at first."""

    def __init__(self) -> None:
        self.idle, self.most, self._on = self._now(), 0, True
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """In gigabytes."""
        self._on = False
        self._thread.join()
        return (self.most - self.idle) / 1e9

    def _look(self) -> None:
        while self._on:
            self.most = max(self.most, self._now())
            time.sleep(0.05)

    def _now(self) -> int:
        process, total = psutil.Process(), 0
        for one in (process, *process.children(recursive=True)):
            try:
                total += one.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total


def measure(side: int, workers: int, kill: bool, block: int | None) -> dict[str, Any]:
    """Segment a repeated image and compare a part of the labels with those of this part in one piece."""
    with tempfile.TemporaryDirectory() as name:
        path = make_repeated(Path(name), side)
        model, image, target = load_model(), read_image(path), Path(name) / "labels.ome.zarr"
        part = np.asarray(image.data[:PART, :PART])
        drain(segment_steps(Image.from_array(part[:64, :64], "YX"), model, CONFIG))  # libraries are loaded
        watch, start = Watch(), time.perf_counter()
        found = _run(image, path, target, workers, kill, block)
        seconds, memory = time.perf_counter() - start, watch.stop()
        print(f"{seconds:.0f} s, {memory:.2f} gigabytes above idle; now a part is compared", flush=True)
        labels: Any = zarr.open_group(str(target), mode="r")["0"]
        labels = np.asarray(labels[:PART, :PART])
        whole = drain(segment_steps(Image.from_array(part, "YX"), model, CONFIG)).labels
        inner = (
            slice(0, PART - 256),
            slice(0, PART - 256),
        )  # the edge of the part cuts objects
        return {
            "side": side, "megapixels": side**2 / 1e6, "workers": workers, "killed": kill, "seconds": round(seconds, 1),
            "megapixels_a_second": round(side**2 / 1e6 / seconds, 2), "peak_gigabytes_above_idle": round(memory, 2),
            "objects": found.n_objects, "large": found.n_large, "stages": found.seconds,
            "part_agrees": bool(((labels[inner] > 0) == (whole[inner] > 0)).mean() > 0.9999),
            "same_objects_of_part": same_objects(labels[inner], whole[inner]),
        }  # fmt: skip


def same_objects(labels: np.ndarray, whole: np.ndarray) -> list[int]:
    """How many objects have the very same pixels in both, and how many there are in `whole`."""
    there = (labels > 0) | (whole > 0)
    pairs = np.unique(np.stack([labels[there], whole[there]], axis=1).astype(np.int64), axis=0)
    once = [
        np.isin(side, ids[counts == 1]) for side in pairs.T for ids, counts in [np.unique(side, return_counts=True)]
    ]
    return [int(((pairs > 0).all(axis=1) & once[0] & once[1]).sum()), np.unique(whole[whole > 0]).size]


def _run(image: Image, path: Path, target: Path, workers: int, kill: bool, block: int | None) -> BlockSegmentation:
    model = load_model()
    if not workers:
        return drain(segment_blocks_steps(image, model, target, CONFIG, Blocks(block)))
    assert model.path is not None
    with open_scheduler(f"local:{workers}") as scheduler:
        files = FileSource(path, model.path)
        for event in segment_blocks_steps(image, model, target, CONFIG, Blocks(block), scheduler, files):
            if isinstance(event, BlockDone) and event.stage == "blocks" and kill and event.done >= event.total // 2:
                kill = False
                busiest = max(psutil.Process().children(recursive=True), key=lambda one: one.memory_info().rss)
                busiest.kill()  # a worker: its nanny starts another
            if isinstance(event, Finished):
                return event.result
    raise RuntimeError("no result")


def simulate(side: int, pieces: int, seed: int = 0) -> dict[str, Any]:
    """Plan and stitch side x side blocks with `pieces` objects across each face, and look at every merge."""
    grid, rng = BlockGrid((side * 2048,) * 2, (2048, 2048), 80), np.random.default_rng(seed)
    start = time.perf_counter()
    numbers = np.arange(side * side, dtype=np.int64).reshape(side, side)
    edges = []
    for one, other in ((numbers[:-1], numbers[1:]), (numbers[:, :-1], numbers[:, 1:])):
        ids = rng.integers(1, 7000, (2, one.size, pieces))
        ends = [(side.ravel()[:, None] << 32) + own for side, own in zip((one, other), ids, strict=True)]
        edges.append(np.stack([end.ravel() for end in ends], axis=1))
    planned = time.perf_counter() - start
    sizes: dict[int, list[int]] = defaultdict(list)
    merge = stitching.merge_groups

    def watched(groups: Any, here: Any, stays_open: Any) -> Any:
        found = merge(groups, here, stays_open)
        sizes[stays_open.keywords["level"]].append(sum(one.pieces.size for one in groups) + len(here))
        return found

    stitching.merge_groups = watched
    start = time.perf_counter()
    given_up, _ = stitching.stitch(MergeTree(grid), np.concatenate(edges))
    stitched = time.perf_counter() - start
    stitching.merge_groups = merge
    levels = {level: {"merges": len(found), "largest": max(found)} for level, found in sorted(sizes.items())}
    return {
        "blocks": side * side, "pieces_a_face": pieces, "edges": sum(map(len, edges)), "joined": int(given_up.size),
        "plan_seconds": round(planned, 1), "stitch_seconds": round(stitched, 1), "levels": levels,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["measure", "simulate"])
    parser.add_argument("--side", type=int, default=4096, help="pixels a side; of a simulation, blocks a side")
    parser.add_argument("--workers", type=int, default=0, help="processes (0: this one)")
    parser.add_argument("--kill", action="store_true", help="kill a worker in the midst")
    parser.add_argument("--block", type=int, help="side of a block")
    parser.add_argument("--pieces", type=int, default=4, help="objects across each face, in a simulation")
    args = parser.parse_args()
    if args.what == "measure":
        found = measure(args.side, args.workers, args.kill, args.block)
    else:
        found = simulate(args.side, args.pieces)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
