"""How long the window stands still with a large image: opened, segmented, and stopped.

    scripts/with_screen.sh python benchmarks/large_window.py [--size 8000] [--seconds 20]

A dask image of noise, a window, the model in use. Prints the longest gap of the event loop in each phase (between two
ticks of a 5 ms timer), how much of a gap the window's own thread computed at most (the rest it waited: for the disk, or
for a processor that others used), and how long the job took to end after *Stop*.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import defaultdict
from pathlib import Path

os.environ["NAPARI_CONFIG"] = ""
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "window"))

import dask.array as da
import napari
import numpy as np
from qtpy.QtCore import QTimer
from window_driver import let_run

from napari_unet.ui.panel import UNetPanel

PATIENCE = 120.0


class Gaps:
    """The longest gap of the event loop by phase, and the most that the window's thread computed in one."""

    def __init__(self) -> None:
        self.phase, self._last, self._spent = "idle", time.monotonic(), time.thread_time()
        self.longest: defaultdict[str, float] = defaultdict(float)
        self.computed: defaultdict[str, float] = defaultdict(float)
        self._timer = QTimer(interval=5)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        now, spent = time.monotonic(), time.thread_time()
        self.longest[self.phase] = max(self.longest[self.phase], now - self._last)
        self.computed[self.phase] = max(self.computed[self.phase], spent - self._spent)
        self._last, self._spent = now, spent


def wait_for_job(panel: UNetPanel) -> None:
    start = time.monotonic()
    while panel.session.job is not None and time.monotonic() - start < PATIENCE:
        let_run(0.02)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=8000)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    viewer = napari.Viewer(show=True)
    panel = UNetPanel(viewer)
    viewer.window.add_dock_widget(panel, name="U-Net")
    let_run(0.5)
    gaps = Gaps()
    tile = (np.random.default_rng(0).random((1000, 1000)) * 255).astype(np.uint8)
    gaps.phase = "a small image first"  # what is loaded once, by napari, torch and us, counts here
    small = viewer.add_image(tile[:400, :400], contrast_limits=(0, 255), name="small")
    panel.segment_step.start()
    wait_for_job(panel)
    viewer.layers.remove(small)
    let_run(2)
    gaps.phase = "open"
    repeats = -(-options.size // 1000)
    image = da.tile(da.from_array(tile, chunks=1000), (repeats, repeats))[: options.size, : options.size]
    viewer.add_image(image, contrast_limits=(0, 255), name="large")
    let_run(1)
    gaps.phase = "begin"
    panel.session.current.set_diameter(30.0)
    panel.segment_step.start()
    let_run(1)
    gaps.phase = "segment"
    let_run(options.seconds)
    gaps.phase = "stop"
    start = time.monotonic()
    panel.segment_step.progress.stop_button.click()
    wait_for_job(panel)
    took = time.monotonic() - start
    gaps.phase = "afterwards"
    let_run(5)
    for phase, longest in gaps.longest.items():
        print(f"{phase}: longest gap {longest:.2f} s, computed at most {gaps.computed[phase]:.2f} s in one")
    print(f"stopped after {took:.1f} s" if panel.session.job is None else f"not stopped after {took:.0f} s")
    panel.session.close()
    viewer.close()


if __name__ == "__main__":
    main()
