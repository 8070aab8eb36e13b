"""Live mode in the real window: how long after a correction the view is drawn anew, and how much better it becomes.

    python benchmarks/live.py [--image FILE --truth FILE] [--size 1024] [--corrections 12] [--picture FOLDER]

Without a screen: run it through scripts/with_screen.sh. An image of --size x --size pixels (made of mirrored copies of
the given one; by default of the membranes that ship, which the shipped model does not know) is segmented, *Live* is
switched on, and object after object is drawn as the truth has it, the worst in view first; each time it is waited until
the view was drawn anew. Printed as JSON: for each correction the seconds from its end to the refreshed view, and AP@0.5
of what nobody reviewed; the longest gap of the event loop before live mode and in it; and the verdict at its end.

Torch is imported before, as it is in a window where something was segmented. `load` is that of the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

from own_folders import FOLDER  # first: it keeps napari from the user's settings

os.environ["NAPARI_UNET_MODELS"] = str(FOLDER / "models")

import numpy as np
from PIL import Image as Picture
from qtpy.QtCore import QTimer

from napari_unet.finetuning.live.events import Learned
from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_labels_path, sample_path
from napari_unet.labels.matching import overlap_table
from napari_unet.labels.scores import tally_objects
from napari_unet.ui.demo.run import close_window, open_window
from napari_unet.ui.demo.user import DemoUser, pause, wait_until
from napari_unet.ui.session.trackers import get_trackers

TICK_MS = 4
PATIENCE = 300.0


class Gaps:
    """How long the event loop was away, between two ticks of a timer."""

    def __init__(self) -> None:
        self.found: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer(interval=TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        now = time.perf_counter()
        self.found.append(now - self._last)
        self._last = now

    def take(self) -> dict[str, float]:
        """The longest gap and the 99th percentile in milliseconds, and begin anew."""
        found, self.found = np.array(self.found or [0.0]) * 1000, []
        return {"p99_ms": round(float(np.quantile(found, 0.99)), 1), "longest_ms": round(float(found.max()), 1)}


def fill(pixels: np.ndarray, truth: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """An image of `size` x `size` of mirrored copies, and its labels, each object with an id of its own."""
    rows, columns = (-(-size // n) for n in pixels.shape)
    image, labels = np.zeros((size, size), pixels.dtype), np.zeros((size, size), np.int32)
    highest = int(truth.max())
    for row in range(rows):
        for column in range(columns):
            flip = (slice(None, None, -1 if row % 2 else 1), slice(None, None, -1 if column % 2 else 1))
            at = (slice(row * pixels.shape[0], size), slice(column * pixels.shape[1], size))
            part = truth[flip]
            shape = image[at].shape
            box = (slice(0, min(shape[0], part.shape[0])), slice(0, min(shape[1], part.shape[1])))
            target = tuple(slice(s.start, s.start + b.stop) for s, b in zip(at, box, strict=True))
            image[target] = pixels[flip][box]
            labels[target] = np.where(part > 0, part + highest * (row * columns + column), 0)[box]
    return image, labels


def worst(truth: np.ndarray, labels: np.ndarray, reviewed: np.ndarray) -> int:
    """The true object that is found worst, of those that nobody reviewed and that the edge does not cut."""
    table = overlap_table(truth, labels)
    best = np.zeros(int(truth.max()) + 1)
    np.maximum.at(best, table.truth, table.iou)
    edge = np.unique(np.concatenate([truth[0], truth[-1], truth[:, 0], truth[:, -1]]))
    ids = np.setdiff1d(np.unique(truth[~reviewed]), [0, *edge, *np.unique(truth[reviewed])])
    return int(ids[np.argmin(best[ids])])


def ap50(truth: np.ndarray, labels: np.ndarray, reviewed: np.ndarray) -> float:
    """AP@0.5 of the objects that nobody reviewed any of."""
    done = np.unique(truth[reviewed])
    seen = np.unique(labels[reviewed])
    left = [np.where(np.isin(one, gone), 0, one) for one, gone in ((truth, done), (labels, seen))]
    return round(tally_objects(*left).main, 3)


class Session:
    """One live session of a simulated user."""

    def __init__(self, args: argparse.Namespace) -> None:
        from napari_unet.ui.session.session import get_session

        self.args = args
        self.viewer, self.panel = open_window((1280, 800))
        self.user, self.session = DemoUser(self.viewer, self.panel), get_session(self.viewer)
        pixels = read_image(args.image).select_channel(None)
        index = tuple(n // 2 for n in pixels.shape[:-2])
        truth = np.asarray(read_labels(args.truth, pixels))[index]
        image, self.truth = fill(pixels.plane(index), truth.astype(np.int32), args.size)
        self.viewer.add_image(image, name="cells")
        self.user.adjust_contrast()
        self.user.segment()
        self.viewer.reset_view()
        self.gaps = Gaps()
        self.n_learned = 0
        self.refreshed: list[tuple[float, int]] = []  # when, and how many corrections had been learned from by then
        self.session.refreshed.connect(lambda work: self.refreshed.append((time.monotonic(), self.n_learned)))

    @property
    def reviewed(self) -> np.ndarray:
        reviewed = self.user.work.reviewed
        return np.zeros(self.truth.shape, bool) if reviewed is None else reviewed > 0

    def draw(self) -> None:
        """Draw the worst object as the truth has it."""
        work = self.user.work
        number = worst(self.truth, work.labels, self.reviewed)
        layer = work.labels_layer
        wrong = np.unique(work.labels[self.truth == number])
        mostly = [key for key in wrong if key and np.mean(self.truth[work.labels == key] == number) > 0.5]
        with layer.block_history():
            layer.data_setitem(np.nonzero(np.isin(work.labels, mostly) & (self.truth != number)), 0)
            layer.data_setitem(np.nonzero(self.truth == number), int(work.labels.max()) + 1)
        get_trackers(self.session).of(work).note_edit([()])

    def run(self) -> dict[str, Any]:
        step, work = self.panel.finetune_step, self.user.work
        said: dict[str, Any] = {"load": os.getloadavg()[0], "before": ap50(self.truth, work.labels, self.reviewed)}
        step.set_open(True)
        self.draw()
        pause(2)
        said["gaps_without"] = self.gaps.take()
        step.live.button.click()
        step.live.job.advanced.connect(self._on_event)
        wait_until(lambda: self.refreshed, PATIENCE, "The first refresh")
        self.picture("live_first")
        said["corrections"] = [self.correct() for _ in range(self.args.corrections)]
        said["gaps_with"] = self.gaps.take()
        self.picture("live")
        step.live.status.stop_button.click()
        wait_until(lambda: step.result_view.result is not None or step.message.text, PATIENCE, "The verdict")
        self.user.settle()
        self.picture("live_verdict")
        said["verdict"] = step.message.text or step.result_view.result.sentence
        close_window(self.viewer)
        return said

    def _on_event(self, event: Any) -> None:
        self.n_learned += isinstance(event, Learned)

    def correct(self) -> dict[str, float]:
        n_learned = self.n_learned
        self.draw()
        start = time.monotonic()

        def after() -> list[float]:
            return [when for when, learned in self.refreshed if learned > n_learned and when > start]

        wait_until(after, PATIENCE, "The view")
        return {"seconds": round(after()[0] - start, 2), "ap50": ap50(self.truth, self.user.work.labels, self.reviewed)}

    def picture(self, name: str) -> None:
        if self.args.picture is not None:
            pixels = self.viewer.screenshot(canvas_only=False, flash=False)[..., :3]
            Picture.fromarray(pixels).save(self.args.picture / f"{name}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", type=Path, default=sample_path("membranes"))
    parser.add_argument("--truth", type=Path, default=sample_labels_path("membranes"))
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--corrections", type=int, default=12)
    parser.add_argument("--picture", type=Path, help="Folder for pictures of the window.")
    print(json.dumps(Session(parser.parse_args()).run()))


if __name__ == "__main__":
    main()
