"""Whether the window keeps its frame rate while a model learns in the background.

    python benchmarks/responsiveness.py [--seconds 12] [--rounds 2]

Opens the real window (without a screen: run it through scripts/with_screen.sh) on a field of nuclei of 2048 x 2048
pixels, and paints with real mouse events at 60 Hz: rounds without training (A) and with training (B) take turns, so
that both meet the same machine. Live counts, curves and the live preview are on, as the user finds them. Prints the
gaps of the event loop for A and B and their ratio, and what kept the main thread in our own code for more than 16 ms.

A gap is the time between two ticks of a 4 ms timer: how long an event had to wait at worst. Mesa's software OpenGL
draws on the processor, so compare B with A, not with another machine.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import inspect
import json
import os
import pkgutil
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from own_folders import FOLDER  # first: it keeps napari from the user's settings

os.environ["NAPARI_UNET_MODELS"] = str(FOLDER / "models")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "window"))

import napari
import numpy as np
from napari.layers import Labels
from qtpy.QtCore import Qt, QTimer
from window_driver import FRAME_SECONDS, Hand, let_run, wait_for

SIZE = 2048
TICK_MS = 4
OWN_STALL_SECONDS = 0.016
STROKE_SECONDS, PAUSE_SECONDS = 0.9, 0.35  # the pause is long enough for the live counts to catch up


@dataclass
class Stall:
    """Time in our own code, from one event of the loop, and where most of it went.

    `busy` seconds of it the thread computed; the rest it waited, for Python's lock or for a processor.
    """

    seconds: float
    busy: float
    entry: str
    inside: dict[str, float]

    @property
    def cause(self) -> str:
        deepest = sorted(self.inside.items(), key=lambda item: -item[1])[:4]
        return ", ".join(f"{name} {1000 * seconds:.0f} ms" for name, seconds in deepest)


class Watch:
    """Times every function of `napari_unet.ui` on the main thread; keeps calls from outside that took too long."""

    def __init__(self) -> None:
        self.stalls: list[Stall] = []
        self.entries: dict[str, list[float]] = defaultdict(list)
        self.busy: dict[str, list[float]] = defaultdict(list)  # seconds that the thread computed in them
        self._depth = 0
        self._inside: dict[str, float] = {}
        self._main = threading.get_ident()

    def wrap_package(self) -> None:
        """Wrap all methods before any object is made of their classes."""
        import napari_unet.ui as ui

        for info in pkgutil.iter_modules(ui.__path__, "napari_unet.ui."):
            module = importlib.import_module(info.name)
            for cls in vars(module).values():
                if inspect.isclass(cls) and cls.__module__ == module.__name__:
                    for name, function in list(vars(cls).items()):
                        if inspect.isfunction(function) and not inspect.isgeneratorfunction(function):
                            setattr(cls, name, self.timed(function, f"{cls.__name__}.{name}"))
        # What our code calls in napari, so that a cause has a name.
        for name in ("refresh", "data_setitem", "paint_polygon"):
            setattr(Labels, name, self.timed(getattr(Labels, name), f"Labels.{name}", outermost=False))

    def timed(self, function: Any, name: str, outermost: bool = True) -> Any:
        most = _most_arguments(function)

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            args = args[:most]  # Qt gives a slot as many as it takes, and cannot see that behind a wrapper
            if threading.get_ident() != self._main or (self._depth == 0 and not outermost):
                return function(*args, **kwargs)
            if self._depth == 0:
                self._inside = {}
            self._depth += 1
            start, begun = time.perf_counter(), time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                seconds, busy = time.perf_counter() - start, time.thread_time() - begun
                self._depth -= 1
                self._note(name, seconds, busy)

        return call

    def _note(self, name: str, seconds: float, busy: float) -> None:
        if self._depth > 0:
            self._inside[name] = self._inside.get(name, 0.0) + seconds
            return
        self.entries[name].append(seconds)
        self.busy[name].append(busy)
        if seconds > OWN_STALL_SECONDS:
            self.stalls.append(Stall(seconds, busy, name, self._inside))


def _most_arguments(function: Any) -> int | None:
    kinds = [parameter.kind for parameter in inspect.signature(function).parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return None
    return sum(kind is not inspect.Parameter.KEYWORD_ONLY for kind in kinds)


@dataclass
class Round:
    """What was seen in one round of painting."""

    gaps: list[float] = field(default_factory=list)
    strokes: list[float] = field(default_factory=list)  # of napari's own handling of a mouse move
    stalls: list[Stall] = field(default_factory=list)
    entries: dict[str, list[float]] = field(default_factory=dict)
    steps: int = 0


class Painter:
    """Draws rings at 60 Hz, by the clock: a late event makes a longer piece, as with a person's hand."""

    def __init__(self, hand: Hand, layer: Any, seed: int) -> None:
        self._hand, self._layer = hand, layer
        self._random = np.random.default_rng(seed)
        self.round = Round()
        self._down = False
        self._begun = self._last = 0.0
        self._frames, self._ticks = QTimer(), QTimer()
        for timer, interval, slot in (
            (self._frames, round(1000 * FRAME_SECONDS), self._frame),
            (self._ticks, TICK_MS, self._tick),
        ):
            timer.setTimerType(Qt.TimerType.PreciseTimer)
            timer.setInterval(interval)
            timer.timeout.connect(slot)

    def paint_for(self, seconds: float) -> Round:
        self.round = Round()
        self._next_stroke()
        self._last = time.perf_counter()
        self._frames.start()
        self._ticks.start()
        let_run(seconds)
        self._ticks.stop()
        self._frames.stop()
        if self._down:
            self._hand.release(self._hand.place(self._layer, self._centre))
            self._down = False
        return self.round

    def _tick(self) -> None:
        now = time.perf_counter()
        self.round.gaps.append(now - self._last)
        self._last = now

    def _next_stroke(self) -> None:
        self._begun = time.perf_counter()
        self._centre = self._random.uniform(0.15 * SIZE, 0.85 * SIZE, 2)
        self._radius = float(self._random.uniform(30, 150))

    def _frame(self) -> None:
        age = time.perf_counter() - self._begun
        if age > STROKE_SECONDS + PAUSE_SECONDS:
            self._next_stroke()
            age = 0.0
        angle = 2 * np.pi * min(age, STROKE_SECONDS)
        at = tuple(self._centre + self._radius * np.array([np.sin(angle), np.cos(angle)]))
        place = self._hand.place(self._layer, at)
        start = time.perf_counter()
        if age > STROKE_SECONDS:
            if self._down:
                self._hand.release(place)
                self._down = False
        else:
            self._hand.move(place)
            if not self._down:
                self._hand.press(place)
                self._down = True
            self.round.strokes.append(time.perf_counter() - start)


# -- the scene --------------------------------------------------------------------------------------------------------


def make_scene(viewer: Any, panel: Any) -> Any:
    """The sample field of nuclei, repeated to 2048 x 2048, with labels that are partly wrong and partly reviewed."""
    import tifffile

    from napari_unet.images.files.sample_data import sample_labels_path, sample_path

    image, labels = (tifffile.imread(path("nuclei_2d")) for path in (sample_path, sample_labels_path))
    times = -(-SIZE // image.shape[0])
    image = np.tile(image, (times, times))[:SIZE, :SIZE]
    n = int(labels.max())
    offsets = np.kron(np.arange(times * times).reshape(times, times) * n, np.ones(labels.shape, int))[:SIZE, :SIZE]
    labels = np.tile(labels, (times, times))[:SIZE, :SIZE].astype(np.int32)
    labels = np.where(labels > 0, labels + offsets, 0).astype(np.int32)
    prediction = np.where(labels % 40 == 0, 0, labels)
    shifted = labels % 40 == 20
    prediction = np.where(shifted & (np.roll(labels, 5, axis=1) != labels), 0, prediction).astype(np.int32)
    work = panel.session.work_on(viewer.add_image(image, name="nuclei"))
    panel.session.add_layer(work, "labels", labels)
    work.prediction = prediction
    panel.correct_step.tools.run("review_slice")
    return work


def train(panel: Any) -> list[int]:
    """Click Fine-tune; the list grows by the number of each step that the window hears of."""
    from napari_unet.learning.events import StepDone

    step = panel.finetune_step
    step.time_box.setCurrentIndex(step.time_box.count() - 1)
    step.set_open(True)
    step.start_button.click()
    if step.run is None:
        raise SystemExit(f"Fine-tuning did not start: {step.message.text}")
    heard: list[int] = []
    step.run.advanced.connect(lambda event: heard.append(event.step) if isinstance(event, StepDone) else None)
    return heard


def priorities() -> dict[int, int]:
    """How many threads of this process have which niceness (Linux)."""
    found: dict[int, int] = defaultdict(int)
    for task in Path("/proc/self/task").iterdir():
        found[os.getpriority(os.PRIO_PROCESS, int(task.name))] += 1
    return dict(sorted(found.items()))


def measure(args: argparse.Namespace) -> dict[str, list[Round]]:
    watch = Watch()
    watch.wrap_package()
    from napari_unet.ui.panel import UNetPanel

    viewer = napari.Viewer(show=True)
    viewer.window.resize(1280, 800)
    panel = UNetPanel(viewer)
    viewer.window.add_dock_widget(panel, name="U-Net", area="right")
    work = make_scene(viewer, panel)
    hand, layer = Hand(viewer), work.labels_layer
    hand.show_all()
    panel.correct_step.buttons["new_object"].click()
    layer.brush_size = 24
    painter = Painter(hand, layer, seed=0)
    painter.paint_for(2.0)  # all is compiled and cached
    heard = train(panel)
    wait_for(lambda: heard, 120, "the training did not begin")
    stop_training(panel)
    rounds: dict[str, list[Round]] = {"A": [], "B": []}
    for _ in range(args.rounds):
        for kind in ("A", "B"):
            rounds[kind].append(measure_round(kind, panel, painter, watch, args.seconds))
    if args.screenshot:
        viewer.screenshot(str(args.screenshot), canvas_only=False, flash=False)
    panel.session.close()
    viewer.close()
    return rounds


def measure_round(kind: str, panel: Any, painter: Painter, watch: Watch, seconds: float) -> Round:
    heard: list[int] = []
    if kind == "B":
        heard = train(panel)
        wait_for(lambda: heard, 120, "the training did not begin")
    let_run(1.0)
    watch.stalls.clear()
    watch.entries.clear()
    before = heard[-1] if heard else 0
    seen = painter.paint_for(seconds)
    seen.stalls, seen.entries = list(watch.stalls), {name: list(times) for name, times in watch.entries.items()}
    if kind == "B":
        seen.steps = heard[-1] - before
        print("threads by niceness:", priorities(), flush=True)
        stop_training(panel)
    return seen


def stop_training(panel: Any) -> None:
    panel.finetune_step.training.discard_button.click()
    wait_for(lambda: panel.session.job is None, 120, "the training did not end")
    let_run(0.5)


# -- report -----------------------------------------------------------------------------------------------------------


def summarize(rounds: list[Round]) -> dict[str, float]:
    gaps = 1000 * np.concatenate([one.gaps for one in rounds])
    strokes = 1000 * np.concatenate([one.strokes for one in rounds])
    p50, p95, p99 = np.percentile(gaps, (50, 95, 99))
    return {
        "p50": p50, "p95": p95, "p99": p99, "longest": gaps.max(),
        "mouse_event_p50": float(np.median(strokes)), "mouse_event_p99": float(np.percentile(strokes, 99)),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=12.0, help="of painting in each round")
    parser.add_argument("--rounds", type=int, default=2, help="each without and with training")
    parser.add_argument("--entries", action="store_true", help="also the time of each of our handlers")
    parser.add_argument("--screenshot", type=Path)
    args = parser.parse_args()
    rounds = measure(args)
    report = {kind: summarize(seen) for kind, seen in rounds.items()}
    print(f"{'gaps of the event loop, ms':30}{'A: no training':>16}{'B: training':>14}{'B / A':>8}")
    for name, value in report["A"].items():
        print(f"{name:30}{value:16.1f}{report['B'][name]:14.1f}{report['B'][name] / value:8.2f}")
    for kind, seen in rounds.items():
        for number, one in enumerate(seen):
            gaps = 1000 * np.array(one.gaps)
            learned = f", {one.steps} steps learned" if kind == "B" else ""
            print(f"round {number + 1}{kind}: p99 {np.percentile(gaps, 99):.1f}, longest {gaps.max():.1f} ms{learned}")
        stalls = sorted((stall for one in seen for stall in one.stalls), key=lambda stall: -stall.seconds)
        print(f"{kind}: {len(stalls)} times our own code took more than {1000 * OWN_STALL_SECONDS:.0f} ms")
        for stall in stalls[:20]:
            print(f"  {1000 * stall.seconds:6.1f} ms, {1000 * stall.busy:.1f} computing  {stall.entry}: {stall.cause}")
        if args.entries:
            print_entries(seen)
    print(json.dumps({kind: {k: round(float(v), 2) for k, v in values.items()} for kind, values in report.items()}))


def print_entries(rounds: list[Round]) -> None:
    times: dict[str, list[float]] = defaultdict(list)
    for one in rounds:
        for name, values in one.entries.items():
            times[name] += values
    for name, values in sorted(times.items(), key=lambda item: -sum(item[1]))[:25]:
        print(
            f"    {name:45} {len(values):6} calls  {1000 * sum(values):8.1f} ms  longest {1000 * max(values):6.1f} ms"
        )


if __name__ == "__main__":
    main()
