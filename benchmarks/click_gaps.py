"""How long the window stands still after each usual click: the longest gap of the event loop, in ms.

usage: scripts/with_screen.sh python benchmarks/click_gaps.py [--cold] [--tune] [--size N]

The sample of nuclei is opened and segmented, painted on and undone, and so on, in the real window; the longest time
between two ticks of a timer is printed from each click until its effect has settled. Beside it stands what napari by
itself takes for the same (an image added, labels added and written to, an image put before the others, ...), in a
program of its own that is started just before: on a busy computer, or one that draws without a graphics card, that is
all that can be compared. --cold clicks *Segment* before what it needs was loaded; --tune fine-tunes too, and uses the
new model; --size takes N x N pixels in place of the sample.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QEventLoop, QTimer
from tifffile import imread, imwrite

WINDOW = (1280, 800)
SETTLED = 0.6  # seconds after a click, beyond what is waited for


class Gaps:
    """Watches the event loop; `rows` has the longest gap (ms) after each act."""

    def __init__(self) -> None:
        self.rows: dict[str, float] = {}
        self._ticks: list[float] = []
        self._timer = QTimer(interval=2)
        self._timer.timeout.connect(lambda: self._ticks.append(time.perf_counter()))
        self._timer.start()

    def act(self, name: str, click: Callable[[], object], done: Callable[[], bool] | None = None) -> None:
        """Click, wait until it is `done` and has settled, and note the longest gap."""
        rest(0.3)
        begun, until = time.perf_counter(), time.monotonic() + 300
        click()
        while done is not None and not done() and time.monotonic() < until:
            rest(0.02)
        rest(SETTLED)
        ticks = [tick for tick in self._ticks if tick >= begun - 0.02]
        self.rows[name] = 1000 * max(b - a for a, b in pairwise(ticks))
        self._ticks.clear()


def rest(seconds: float) -> None:
    """Let the window live for a while."""
    loop = QEventLoop()
    QTimer.singleShot(max(1, round(1000 * seconds)), loop.quit)
    loop.exec()


def measure_bare(path: Path) -> dict[str, float]:
    """The gaps of napari without any plugin's panel, by the names of our clicks."""
    import napari

    pixels = imread(path)
    viewer = napari.Viewer()
    viewer.window.resize(*WINDOW)
    rest(2)
    gaps, layers = Gaps(), viewer.layers
    gaps.act("Open an image", lambda: viewer.add_image(pixels))
    gaps.act("Segment", lambda: viewer.add_labels(np.zeros(pixels.shape, np.int32)))
    labels: Any = layers[-1]
    gaps.act("Labels appear", lambda: (labels.data.__setitem__((slice(9, 99), slice(9, 99)), 7), labels.refresh()))
    gaps.act("Take the brush", lambda: setattr(labels, "mode", "paint"))
    gaps.act("A stroke", lambda: labels.paint_polygon([(30, 30), (30, 60), (60, 60)], 9))
    gaps.act("Undo", labels.undo)
    gaps.act("Open a second image", lambda: viewer.add_image(pixels))
    gaps.act("The image before", lambda: (layers.move_multiple([0, 1], len(layers)), select(layers, -1)))
    gaps.act("The image after", lambda: (layers.move(0, len(layers)), select(layers, -1)))
    viewer.close()
    return gaps.rows


def select(layers: Any, index: int) -> None:
    layers.selection.active = layers[index]


def measure_ours(path: Path, cold: bool, tune: bool) -> dict[str, float]:
    """The gaps of our window."""
    from napari_unet.ui.demo.run import close_window, errors_are_failures, open_window, user_folders_untouched
    from napari_unet.ui.demo.user import DemoUser, wait_until
    from napari_unet.ui.session.keeping.undo import get_undo

    if cold:
        os.environ["NAPARI_UNET_NO_WARMING"] = "1"
    with user_folders_untouched(), errors_are_failures():
        viewer, panel = open_window(WINDOW)
        session, correct, user = panel.session, panel.correct_step, DemoUser(viewer, panel)
        if not cold:
            wait_until(lambda: "napari_unet.segmentation.segment" in sys.modules, 120, "Loading")
        rest(3)
        gaps = Gaps()

        def idle() -> bool:
            return session.job is None and session.background.job is None

        def press(button: Any) -> Callable[[], object]:
            return lambda: (correct.parts.reveal(button), button.click())

        gaps.act("Open an image", lambda: panel.image_step.open_paths([path]), lambda: session.current is not None)
        begun = [False]

        def started() -> bool:
            begun[0] = begun[0] or session.job is not None
            return begun[0]

        gaps.act("Segment", panel.segment_step.segment_button.click, started)
        gaps.act("Labels appear", lambda: None, idle)
        user.settle()
        gaps.act("Take the brush", press(correct.buttons["paint"]))
        labels = session.current.labels_layer
        gaps.act("A stroke", lambda: labels.paint_polygon([(30, 30), (30, 60), (60, 60)], labels.selected_label))
        gaps.act("Undo", lambda: get_undo(session).undo(session.current))
        for name in ("Review", "Queue", "Tools"):
            gaps.act(f"Correct: {name}", correct.parts.buttons[name].click, idle)
        gaps.act("Open Results", lambda: panel.results_step.set_open(True), idle)
        gaps.act("Open a second image", lambda: panel.image_step.open_paths([path]), lambda: len(session.works) > 1)
        gaps.act("The image before", lambda: panel.strip.step(-1))
        gaps.act("The image after", lambda: panel.strip.step(1))
        if tune:
            panel.strip.step(-1)
            press(correct.buttons["review_slice"])()
            labels.paint_polygon([(30, 30), (30, 60), (60, 60)], labels.selected_label)
            user.settle()
            step = panel.finetune_step
            step.time_box.setCurrentIndex(step.time_box.findData(30.0))
            gaps.act("Fine-tune, to its end", step.start_button.click, idle)
            gaps.act("Use new model", step.result_view.use_button.click)
        close_window(viewer)
    return gaps.rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--tune", action="store_true")
    parser.add_argument("--size", type=int)
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.bare:
        print(json.dumps(measure_bare(args.bare)))
        return
    from napari_unet.images.files.sample_data import sample_path

    with tempfile.TemporaryDirectory() as scratch:
        path = Path(sample_path("nuclei_2d"))
        if args.size:
            pixels = imread(path)
            path = Path(scratch) / "large.tif"
            imwrite(path, np.pad(pixels, [(0, args.size - n) for n in pixels.shape], mode="reflect"))
        bare = subprocess.run([sys.executable, __file__, "--bare", path], capture_output=True, text=True, check=True)
        napari = json.loads(bare.stdout.splitlines()[-1])
        ours = measure_ours(path, args.cold, args.tune)
    print("| click | longest gap, ms | napari by itself |\n|---|---|---|")
    for name, gap in ours.items():
        print(f"| {name} | {gap:.0f} | {f'{napari[name]:.0f}' if name in napari else ''} |")


if __name__ == "__main__":
    main()
