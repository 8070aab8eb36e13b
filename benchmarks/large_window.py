"""How long the window stands still with a large image: opened, segmented, and stopped.

    scripts/with_screen.sh python benchmarks/large_window.py [--size 8000] [--seconds 20] [--stacks]

A dask image of noise, a window, the model in use. Prints the longest gap of the event loop in each phase (between two
ticks of a 5 ms timer), how much of a gap the window's own thread computed at most (the rest it waited: for the disk, or
for a processor that others used), and how long the job took to end after *Stop*. `--stacks` tells where the window's
thread was in the longest gap of each phase.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path

import own_folders  # noqa: F401  (first: it keeps napari from the user's settings)

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "window"))

import dask.array as da
import napari
import numpy as np
from qtpy.QtCore import QTimer
from window_driver import let_run

from napari_unet.ui.panel import UNetPanel

PATIENCE = 120.0


class Stacks:
    """Where the window's thread is, looked at every hundredth of a second from a thread beside it."""

    def __init__(self) -> None:
        self._main = threading.main_thread().ident
        self._seen: list[tuple[float, str]] = []
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while True:
            frame, names = sys._current_frames().get(self._main), []
            while frame is not None:
                names.append(f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}:{frame.f_lineno}")
                frame = frame.f_back
            self._seen.append((time.monotonic(), " < ".join(names[:14])))
            time.sleep(0.01)

    def between(self, start: float, end: float) -> list[tuple[str, int]]:
        """The most frequent places between two times, with how often each was seen."""
        return Counter(text for at, text in self._seen if start <= at <= end).most_common(6)


class Gaps:
    """The longest gap of the event loop by phase, and the most that the window's thread computed in one."""

    def __init__(self) -> None:
        self.phase, self._last, self._spent = "idle", time.monotonic(), time.thread_time()
        self.longest: defaultdict[str, float] = defaultdict(float)
        self.computed: defaultdict[str, float] = defaultdict(float)
        self.when: dict[str, tuple[float, float]] = {}
        self._timer = QTimer(interval=5)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        now, spent = time.monotonic(), time.thread_time()
        if now - self._last > self.longest[self.phase]:
            self.longest[self.phase], self.when[self.phase] = now - self._last, (self._last, now)
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
    parser.add_argument("--stacks", action="store_true")
    options = parser.parse_args()
    stacks = Stacks() if options.stacks else None
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
        for text, count in () if stacks is None else stacks.between(*gaps.when[phase]):
            print(f"    {count} x {text}")
    print(f"stopped after {took:.1f} s" if panel.session.job is None else f"not stopped after {took:.0f} s")
    panel.session.close()
    viewer.close()


if __name__ == "__main__":
    main()
