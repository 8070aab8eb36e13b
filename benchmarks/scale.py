"""Images larger than memory: time, peak memory and labels in blocks; and the plan of 10^6 blocks, simulated.

    python benchmarks/scale.py measure --side 8192      # so many pixels a side, the sample repeated
    python benchmarks/scale.py measure --side 32768 --sparse 8 --folder scratch    # 8 places of it, and nothing else
    python benchmarks/scale.py workers --side 4096 --block 1024    # one process; 2; 4; 2 of which one is killed
    python benchmarks/scale.py reads --side 131072      # of a sparse image: a block through dask, and directly
    python benchmarks/scale.py simulate --side 1000     # blocks a side: planner and merge tree, no pixels

The image is an OME-Zarr whose chunks are one file under many names, so that it takes no room on the disk. A sparse one
has a patch of 2 x 2 samples in the corner and others at random places; where nothing is, it has one grey value, and no
chunk. `measure` segments a part at the corner in one piece as well, by the view of the whole image, and compares all
labels of it. `workers` compares all labels of all runs. With `--folder` a run that was cut short goes on there (its
time is that of the last run then).
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
from napari_unet.images.view import View
from napari_unet.labels.types import Labels
from napari_unet.models.library import load_model
from napari_unet.models.model import Model
from napari_unet.segmentation.blocks.distributed import open_scheduler
from napari_unet.segmentation.blocks.events import BlockDone, BlockSegmentation
from napari_unet.segmentation.blocks.grid import BlockGrid
from napari_unet.segmentation.blocks.segment import Blocks, segment_blocks_steps
from napari_unet.segmentation.blocks.stitching.tasks import Stitching
from napari_unet.segmentation.blocks.stitching.tree import MergeTree
from napari_unet.segmentation.blocks.work import FileSource
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.kinds import choose_kind
from napari_unet.segmentation.plan import make_plan
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.segment import segment_steps
from napari_unet.segmentation.tiles.queue import predict_plane

CONFIG = SegmentConfig(diameter=25, device="cpu")
OBJECTS = 7000  # of a block, in a simulation
PART = 1536  # pixels a side of what is segmented in one piece as well


def make_repeated(folder: Path, side: int, patches: int | None = None) -> Path:
    """A Zarr array (side, side) of the sample image over and over, or (sparse) in some `patches` alone."""
    tile = np.asarray(read_image(sample_path("nuclei_2d")).data)
    path = folder / "repeated.zarr"
    if path.exists():
        return path
    background = int(np.percentile(tile, 1))
    array: Any = zarr.create_array(
        str(path), shape=(side, side), chunks=tile.shape, dtype=tile.dtype, fill_value=background
    )
    array[: tile.shape[0], : tile.shape[1]] = tile
    first = path / "c" / "0" / "0"
    rows, columns = (-(-side // size) for size in tile.shape)
    places = list(np.ndindex(rows, columns)) if patches is None else patch_places(rows, columns, patches)
    for row, column in places:
        other = path / "c" / str(row) / str(column)
        other.parent.mkdir(parents=True, exist_ok=True)
        if not other.exists():
            os.link(first, other)
    return path


def patch_places(rows: int, columns: int, count: int) -> list[tuple[int, int]]:
    """Chunks of `count` patches of 2 x 2, the first in the corner."""
    rng = np.random.default_rng(0)
    corners = [(0, 0), *zip(rng.integers(0, rows - 1, count - 1), rng.integers(0, columns - 1, count - 1), strict=True)]
    return [(int(row) + y, int(column) + x) for row, column in corners for y in (0, 1) for x in (0, 1)]


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


def measure(folder: Path, side: int, block: int | None, patches: int | None) -> dict[str, Any]:
    """Segment a repeated or sparse image and compare a part of the labels with those of this part in one piece."""
    path, target = make_repeated(folder, side, patches), folder / "labels.ome.zarr"
    model, image = load_model(), read_image(path)
    part = Image.from_array(np.asarray(image.data[:PART, :PART]), "YX")
    drain(segment_steps(Image.from_array(part.data[:64, :64], "YX"), model, CONFIG))  # libraries are loaded
    watch, start = Watch(), time.perf_counter()
    found = _run(image, path, target, 0, False, block)
    seconds, memory = time.perf_counter() - start, watch.stop()
    print(f"{seconds:.0f} s, {memory:.2f} gigabytes above idle; now a part is compared", flush=True)
    labels: Any = zarr.open_group(str(target), mode="r")["0"]
    whole = in_one_piece(part, model, found.view)
    inner = (slice(0, PART - 256),) * 2  # the edge of the part cuts objects
    return {
        "side": side, "gigapixels": round(side**2 / 1e9, 3), "patches": patches, "blocks": found.n_blocks,
        "seconds": round(seconds, 1), "megapixels_a_second": round(side**2 / 1e6 / seconds, 2),
        "peak_gigabytes_above_idle": round(memory, 2),
        "objects": found.n_objects, "large": found.n_large, "stages": found.seconds,
        "same_objects_of_part": same_objects(np.asarray(labels[inner]), whole[inner]),
    }  # fmt: skip


def in_one_piece(part: Image, model: Model, view: View) -> Labels:
    """Labels (Y, X) of an image that is looked at as a larger one of which it is a part was: no blocks, no tiles kept.

    Segmented by itself it would be scaled by its own grey values, and some objects would be others.
    """
    choice = choose_kind(part, model, view.kind or "auto", (), CONFIG.engine, CONFIG.invert)
    plan = make_plan(((),), view, choice.model.record, CONFIG)
    seen = plan.see(choice.image, ())
    return plan.decode(predict_plane(Predictor(choice.model, CONFIG.engine), seen).at_image_size())


def compare_reads(folder: Path, side: int, times: int = 5) -> dict[str, Any]:
    """Processor seconds for the pixels of a block in which nothing is: through dask, and from the source itself."""
    image, seen = read_image(make_repeated(folder, side, 8)), 2500
    spent = {}
    for way, read in (("dask", lambda box: np.asarray(image.data[box])), ("source", lambda box: image.part((), box))):
        read((slice(0, 64), slice(0, 64)))
        start = time.process_time()
        for number in range(times):
            corner = side // 2 + 2048 * number
            read((slice(corner, corner + seen), slice(side // 4, side // 4 + seen)))
        spent[way] = round((time.process_time() - start) / times, 3)
    return {"side": side, "seconds_a_block": spent}


def compare_workers(folder: Path, side: int, block: int | None) -> list[dict[str, Any]]:
    """The same image in this process, by 2 and by 4 others, and by 2 of which one is killed: all labels of each."""
    path, rows = make_repeated(folder, side), []
    first: Any = None
    for workers, kill in ((0, False), (2, False), (4, False), (2, True)):
        target = folder / f"labels-{workers}{'-killed' if kill else ''}.ome.zarr"
        image, watch, start = read_image(path), Watch(), time.perf_counter()
        found = _run(image, path, target, workers, kill, block)
        seconds, memory = time.perf_counter() - start, watch.stop()
        labels = np.asarray(zarr.open_group(str(target), mode="r")["0"])
        first = labels if first is None else first
        rows.append({
            "workers": workers, "killed": kill, "seconds": round(seconds, 1), "peak_gigabytes": round(memory, 2),
            "objects": found.n_objects, "labels_identical": bool(np.array_equal(labels, first)),
        })  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def same_objects(labels: Any, whole: Any) -> list[int]:
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


class MemoryTables:
    """Tables of stitching in memory; `rows` counts what was read and kept since it was set to 0."""

    def __init__(self) -> None:
        self.rows = 0
        self._kept: dict[tuple[str, int, int], dict[str, Any]] = {}

    def keep(self, kind: str, level: int, number: int, **arrays: Any) -> None:
        self.rows += sum(map(len, arrays.values()))
        self._kept[kind, level, number] = arrays

    def read(self, kind: str, level: int, number: int) -> dict[str, Any]:
        found = self._kept.get((kind, level, number), {})
        self.rows += sum(map(len, found.values()))
        return found


class DrawnPieces:
    """`pieces` objects of each block across each of its faces, joined with any of the block beyond by chance."""

    def __init__(self, grid: BlockGrid, pieces: int, seed: int = 0) -> None:
        rng, side = np.random.default_rng(seed), grid.counts[0]
        numbers = np.arange(side * side, dtype=np.int64).reshape(side, side)
        edges = []
        for one, other in ((numbers[:-1], numbers[1:]), (numbers[:, :-1], numbers[:, 1:])):
            ids = rng.integers(1, OBJECTS, (2, one.size, pieces))
            ends = [(side.ravel()[:, None] << 32) + own for side, own in zip((one, other), ids, strict=True)]
            edges.append(np.stack([end.ravel() for end in ends], axis=1))
        found = np.concatenate(edges)
        self.all = found[np.argsort(found[:, 0], kind="stable")]
        self._starts = np.searchsorted(self.all[:, 0], np.arange(side * side + 1) << 32)

    def count(self, number: int) -> int:
        return OBJECTS

    def edges(self, number: int) -> Any:
        return self.all[self._starts[number] : self._starts[number + 1]]


def simulate(side: int, pieces: int) -> dict[str, Any]:
    """Plan and stitch side x side blocks with `pieces` objects across each face, and look at every task."""
    grid = BlockGrid((side * 2048,) * 2, (2048, 2048), 80)
    start = time.perf_counter()
    drawn, tables = DrawnPieces(grid, pieces), MemoryTables()
    planned = time.perf_counter() - start
    stitching, sizes, own = Stitching(MergeTree(grid), tables, drawn), defaultdict(list), 0
    start = time.perf_counter()
    for step, level, count in stitching.steps():
        for number in range(count):
            tables.rows = 0
            found = getattr(stitching, step)(level, number)
            held = found if step == "join" else 0  # pieces and pairs, of which level 1 reads none from a table
            sizes[f"{step} {level}"].append(max(tables.rows, held))
            own += found if (step, level) == ("settle", 1) else 0
    stitched = time.perf_counter() - start
    levels = {name: {"tasks": len(found), "rows in the largest": max(found)} for name, found in sizes.items()}
    return {
        "blocks": side * side, "pieces_a_face": pieces, "pairs": len(drawn.all), "objects": own,
        "joined": side * side * OBJECTS - own, "plan_seconds": round(planned, 1),
        "stitch_seconds": round(stitched, 1), "tasks": levels,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["measure", "workers", "reads", "simulate"])
    parser.add_argument("--side", type=int, default=4096, help="pixels a side; of a simulation, blocks a side")
    parser.add_argument("--sparse", type=int, metavar="PATCHES", help="so many patches of the sample, else nothing")
    parser.add_argument("--block", type=int, help="side of a block")
    parser.add_argument("--folder", type=Path, help="where image and labels stay (default: a temporary folder)")
    parser.add_argument("--pieces", type=int, default=4, help="objects across each face, in a simulation")
    args = parser.parse_args()
    if args.what == "simulate":
        print(json.dumps(simulate(args.side, args.pieces), indent=1))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = args.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        if args.what == "workers":
            found: Any = compare_workers(folder, args.side, args.block)
        elif args.what == "reads":
            found = compare_reads(folder, args.side)
        else:
            found = measure(folder, args.side, args.block, args.sparse)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
