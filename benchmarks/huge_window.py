"""How soon the window is there with an image that no memory holds: opened, first labels, a stroke.

    scripts/with_screen.sh python benchmarks/huge_window.py [--side 50000] [--sparse 8]

A multiscale OME-Zarr of `--side` pixels a side with `--sparse` patches of the sample, else nothing; one of them is in
view. Prints the seconds until the image is drawn, from *Segment* to the first labels in view, the longest gaps of the
event loop, and the memory that this process alone has (files that are mapped do not count: the system keeps of them
what there is room for), beside the same for a small image (512 pixels a side) in the same window.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import own_folders  # noqa: F401  (first: it keeps napari from the user's settings)

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "window"))

import napari
import numpy as np
import zarr
from large_window import Gaps, wait_for_job
from scale import patch_places
from window_driver import Hand, let_run, wait_for

from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_path
from napari_unet.ui.panel import UNetPanel

CHUNK = 512  # pixels a side of what lies together on the disk, in each level of the pyramid
COARSEST = 1024  # pixels a side, at most: levels are made until one is no larger


def make_pyramid(folder: Path, side: int, patches: int) -> list[Any]:
    """The levels of a multiscale OME-Zarr (side, side) in `folder` with `patches` patches of the sample."""
    tile = np.asarray(read_image(sample_path("nuclei_2d")).data)
    background = int(np.percentile(tile, 1))
    group = zarr.open_group(str(folder / "huge.ome.zarr"), mode="w")
    places = patch_places(*(-(-side // size) for size in tile.shape), patches)
    levels = []
    for level in range(max(1, math.ceil(math.log2(side / COARSEST)) + 1)):
        small = tile[:: 2**level, :: 2**level]
        shape = (side >> level, side >> level)
        array = group.create_array(
            str(level), shape=shape, chunks=(CHUNK, CHUNK), dtype=tile.dtype, fill_value=background
        )
        for row, column in places:
            y, x = row * small.shape[0], column * small.shape[1]
            array[y : y + small.shape[0], x : x + small.shape[1]] = small[: shape[0] - y, : shape[1] - x]
        levels.append(array)
    return levels


def own_memory() -> float:
    """Gigabytes that this process has in memory and shares with no file."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 2**20


def look(viewer: Any, panel: UNetPanel, name: str, data: Any) -> None:
    """Open, segment and paint `data` (an array, or the levels of one), and print how long each took."""
    gaps, start = Gaps(), time.perf_counter()
    viewer.scene.camera.center, viewer.scene.camera.zoom = (256, 256), 1.0
    layer = viewer.add_image(data, contrast_limits=(100, 900), name=name)
    work = panel.session.work_on(layer)
    let_run(0.01)
    opened = time.perf_counter() - start
    let_run(2)
    viewer.scene.camera.center, viewer.scene.camera.zoom = (256, 256), 1.0
    work.set_diameter(30.0)
    let_run(1)
    start, gaps.phase = time.perf_counter(), "segment"
    panel.segment_step.start()
    wait_for(lambda: work.labels_layer is not None and np.asarray(work.labels[:512, :512]).any(), 120, "no labels came")
    first = time.perf_counter() - start
    panel.segment_step.progress.stop_button.click()
    wait_for_job(panel)
    let_run(3)
    viewer.scene.camera.center, viewer.scene.camera.zoom = (256, 256), 1.0
    viewer.layers.selection.active = work.labels_layer
    work.labels_layer.mode, work.labels_layer.brush_size = "paint", 9
    let_run(1)
    gaps.phase = "stroke"
    Hand(viewer).stroke(work.labels_layer, [(200, 200), (200, 300), (260, 300)])
    let_run(0.5)
    gaps.phase = "after the stroke"
    let_run(3)
    told = ", ".join(f"{phase} {gaps.longest[phase]:.2f} s" for phase in ("segment", "stroke", "after the stroke"))
    times = f"drawn after {opened:.2f} s, first labels after {first:.2f} s"
    print(f"{name}: {times}; longest gaps: {told}; {own_memory():.2f} GB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=50_000)
    parser.add_argument("--sparse", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        levels = make_pyramid(Path(folder), options.side, options.sparse)
        viewer = napari.Viewer(show=True)
        panel = UNetPanel(viewer)
        viewer.window.add_dock_widget(panel, name="U-Net")
        let_run(1)
        small = np.asarray(read_image(sample_path("nuclei_2d")).data)
        look(viewer, panel, "first of all", small)  # what is loaded once counts here
        look(viewer, panel, "512 x 512", small.copy())
        look(viewer, panel, f"{options.side} x {options.side}", levels)
        panel.session.close()
        viewer.close()


if __name__ == "__main__":
    main()
