"""How long each correction tool takes on large labels, and whether the window keeps up with a fast brush.

    python benchmarks/editing.py [--seconds 8] [--repeats 5] [--examples 1000]

Opens the real window (without a screen: run it through scripts/with_screen.sh) on labels of 4096 x 4096 pixels (int32)
with 10,000 objects. Prints

- for each tool, the time from the end of the click or stroke until the labels layer holds the result and its step of
  undo, napari's update of the picture included (some repeats, each on other objects); how much of it the main thread
  computed, as on a machine with nothing else to do; and the time of the operation alone. Aim: under 50 ms.
- the use of a tool that waited longest without computing, and how often the thread was put aside meanwhile: by the
  system, for another program (preempted), or because it waited for something itself (Python's lock, a disk).
- the gaps of the event loop while the brush is drawn fast over the labels with real mouse events at 60 Hz, without and
  with locked objects. A gap is the time between two ticks of a 4 ms timer. Aim: at most 33 ms. Mesa's software OpenGL
  draws on the processor and takes most of that: compare on one machine only. And of the same strokes, as processor
  time of the main thread, which no other program lengthens: the longest that one event kept it in our own code
  (`napari_unet.ui` and what it calls), and the longest that one picture took napari to draw.
- with `--examples`, how many random sequences of operations were undone one by one to the same labels, bit for bit.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from responsiveness import Painter, Watch, summarize  # first: it keeps napari from the user's settings

# isort: split
import napari
import numpy as np
from window_driver import Hand, let_run

Times = tuple[list[float], list[float], list[float]]  # in the window, of the operation alone, computing
SIZE, COUNT = 4096, 100  # objects along each side
PITCH = SIZE // COUNT
AIM_MS, AIM_GAP_MS = 50.0, 33.0


def make_labels() -> np.ndarray:
    """10,000 discs with a hole each, and a piece that lies apart, on 4096 x 4096 pixels; every 50th is very small."""
    rows, columns = np.indices((PITCH, PITCH))
    away = np.hypot(rows - 18, columns - 18)
    one = (away < 15) & (away > 2)
    one[35:38, 15:20] = True
    small = away < 3
    labels = np.zeros((SIZE, SIZE), np.int32)
    for number in range(COUNT * COUNT):
        row, column = divmod(number, COUNT)
        at = np.s_[row * PITCH : (row + 1) * PITCH, column * PITCH : (column + 1) * PITCH]
        labels[at] = np.where(small if number % 50 == 7 else one, number + 1, 0)
    labels[0], labels[:, 0] = labels[5], labels[:, 5]  # the first row and column touch the edge
    return labels


watch = Watch()
draws: list[float] = []  # seconds that the main thread computed for each picture
waits: list[tuple[float, int, int]] = []  # of each call: milliseconds, preempted, waited
computing: list[float] = []  # milliseconds of the main thread in each call that was measured: no other program counts


class Bench:
    """The window on these labels, with the tools."""

    def __init__(self) -> None:
        from napari_unet.ui.panel import UNetPanel
        from napari_unet.ui.session.kept_maps import KeptMaps

        self.viewer = napari.Viewer(show=True)
        self.viewer.window.resize(1280, 800)
        self.panel = UNetPanel(self.viewer)
        self.viewer.window.add_dock_widget(self.panel, name="U-Net", area="right")
        labels = make_labels()
        image = self.viewer.add_image((labels > 0).astype(np.uint8), name="large")
        session = self.panel.session
        self.work = session.work_on(image)
        session.add_layer(self.work, "labels", labels.copy())
        self.work.prediction = labels
        self.viewer.layers.selection.active = self.work.labels_layer
        self.work.maps = KeptMaps(np.stack([labels > 0] * 2).astype(np.float16), np.ones((), bool))
        self.work.set_diameter(30.0)
        self.tools = self.panel.correct_step.tools
        self.tools.failed.connect(lambda sentence: print("refused:", sentence))
        Hand(self.viewer).show_all()
        self.settle()

    @property
    def layer(self) -> Any:
        return self.work.labels_layer

    def settle(self) -> None:
        from napari_unet.ui.session.trackers import get_trackers

        get_trackers(self.panel.session).of(self.work).finish()
        let_run(0.3)


def place(number: int, row: float = 18, column: float = 10) -> tuple[int, int]:
    """A pixel of an object, from the corner of its cell."""
    return int(number // COUNT * PITCH + row), int(number % COUNT * PITCH + column)


def strokes(number: int) -> dict[str, list[tuple[int, int]]]:
    """For each tool, what the mouse does around an object."""
    angles = np.linspace(0, 2 * np.pi, 30)
    ring = [place(number, 18 + 13 * np.sin(a), 16 + 13 * np.cos(a)) for a in angles]
    one = [place(number)]
    return {
        "split": [place(number, 0, 19), place(number, 34, 19)],
        "merge": [place(number), place(number + 1)],
        "delete": one,
        "add": one,
        "outline": ring,
        "erase_inside": ring,
        "swap": [place(number), place(number + 1)],
        **dict.fromkeys(("fill_holes", "smooth", "grow", "shrink", "keep_largest", "new_id", "lock"), one),
    }


def measure_tools(bench: Bench, repeats: int) -> dict[str, Times]:
    """Milliseconds of each tool: in the window, and of the operation alone."""
    numbers = np.random.default_rng(0).permutation(COUNT * (COUNT - 1) - 1)
    numbers = numbers[(numbers % 50 != 7) & (numbers % 50 != 6) & (numbers % COUNT < COUNT - 1)].tolist()
    times: dict[str, Times] = {}
    for repeat in range(repeats + 1):
        for name in strokes(0):
            stroke = strokes(numbers.pop())[name]
            if name == "add":  # where an object was missed
                bench.tools.objects.apply("delete", bench.work, stroke)
            seconds = measure_call(bench, lambda stroke=stroke, name=name: apply(bench, name, stroke))
            alone = measure_alone(bench, name, strokes(numbers.pop())[name])
            if repeat:  # the first one imports and compiles
                note(times, name, seconds, alone)
        many = [place(numbers[-1] // COUNT * COUNT, 18, 10), place(numbers[-1] // COUNT * COUNT + 60, 18, 10)]
        seconds = measure_call(bench, lambda many=many: apply(bench, "delete", many))
        bench.layer.undo()
        if repeat:
            note(times, "delete, stroke over 61", seconds, 0.0)
    note(times, "clear_border", measure_call(bench, lambda: bench.tools.run("clear_border")), 0.0)
    measure_small(bench, times)
    return times


def note(times: dict[str, Times], name: str, seconds: float, alone: float) -> None:
    window, operation, busy = times.setdefault(name, ([], [], []))
    window.append(1000 * seconds)
    operation.append(1000 * alone)
    busy.append(computing[-1])


def apply(bench: Bench, name: str, stroke: list[tuple[int, int]]) -> None:
    bench.tools.objects.apply(name, bench.work, stroke)
    bench.tools.edited.emit(name)  # the panel follows, as after a click


def measure_call(bench: Bench, call: Any) -> float:
    before = resource.getrusage(resource.RUSAGE_THREAD)
    start, begun = time.perf_counter(), time.thread_time()
    call()
    computing.append(1000 * (time.thread_time() - begun))
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_THREAD)
    waits.append((1000 * seconds - computing[-1], after.ru_nivcsw - before.ru_nivcsw, after.ru_nvcsw - before.ru_nvcsw))
    bench.settle()
    return seconds


def measure_alone(bench: Bench, name: str, stroke: list[tuple[int, int]]) -> float:
    if name in ("lock", "add"):
        return 0.0
    start = time.perf_counter()
    bench.tools.objects._change(name, bench.work, stroke)
    return time.perf_counter() - start


def measure_small(bench: Bench, times: dict[str, Times]) -> None:
    """Removing small objects: the pieces of measuring them between two events, the preview, and the removal.

    The first time on an image a layer is made for the crosses, in an event of its own.
    """
    small = bench.panel.correct_step.small
    note(times, "remove_small, asked", measure_call(bench, lambda: (small.ask(), small._slices.stop())), 0.0)
    note(times, "remove_small, a layer for crosses (once)", measure_call(bench, small._marks.prepare), 0.0)
    steps = small._measure(bench.work, small._index)
    while not small._index.is_ready(small._planes):
        start, begun = time.perf_counter(), time.thread_time()
        next(steps, None)
        computing.append(1000 * (time.thread_time() - begun))
        note(times, "remove_small, a step of measuring", time.perf_counter() - start, 0.0)
    note(times, "remove_small, preview", measure_call(bench, small._show), 0.0)
    small.size_box.setValue(60)
    note(times, "remove_small, removed (200 objects)", measure_call(bench, small.remove_button.click), 0.0)


def measure_brush(bench: Bench, seconds: float) -> dict[str, dict[str, float]]:
    """Gaps of the event loop during fast strokes, without and with locked objects."""
    hand = Hand(bench.viewer)
    bench.panel.correct_step.buttons["new_object"].click()
    bench.layer.brush_size = 40
    painter = Painter(hand, bench.layer, seed=0)
    painter.paint_for(2.0)
    found = {}
    for name, locked in (("brush", set()), ("brush, 1000 locked objects", set(range(1, 10000, 10)))):
        bench.work.lock(locked)
        let_run(2.0)
        watch.busy.clear()
        draws.clear()
        found[name] = summarize([painter.paint_for(seconds)])
        own = max(watch.busy, key=lambda entry: max(watch.busy[entry]))
        found[name] |= {"own_longest": 1000 * max(watch.busy[own]), "draw_p50": 1000 * float(np.median(draws)),
                        "draw_longest": 1000 * max(draws)}  # fmt: skip
        print(f"{name}: longest in our own code {found[name]['own_longest']:.1f} ms ({own})")
    bench.work.lock(set())
    return found


def time_draws() -> None:
    """Note what each picture of the canvas takes."""
    from vispy.app.backends._qt import CanvasBackendDesktop

    draw = CanvasBackendDesktop.paintGL

    def timed(canvas: Any) -> None:
        begun = time.thread_time()
        draw(canvas)
        draws.append(time.thread_time() - begun)

    CanvasBackendDesktop.paintGL = timed


def run_undo_examples(examples: int) -> str:
    """The last line of the test of random sequences, run with this many of them."""
    test = Path(__file__).resolve().parents[1] / "tests" / "corrections" / "operations" / "test_undo.py"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)]
    environment = {**os.environ, "NAPARI_UNET_UNDO_EXAMPLES": str(examples)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=test.parents[3], check=False)
    return f"{examples} random sequences: {done.stdout.strip().splitlines()[-1]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="of painting, without and with locked objects")
    parser.add_argument("--repeats", type=int, default=5, help="of each tool")
    parser.add_argument("--examples", type=int, default=0, help="random sequences to be undone")
    args = parser.parse_args()
    watch.wrap_package()
    time_draws()
    bench = Bench()
    times = measure_tools(bench, args.repeats)
    print(f"{'ms on 4096 x 4096, 10,000 objects':40}{'median':>9}{'longest':>9}{'computing':>10}{'operation':>10}")
    for name, (window, alone, busy) in times.items():
        own = f"{np.median(alone):10.1f}" if any(alone) else ""
        late = "  over the aim" if np.median(window) > AIM_MS else ""
        print(f"{name:40}{np.median(window):9.1f}{max(window):9.1f}{np.median(busy):10.1f}{own}{late}")
    waited, preempted, gave_way = max(waits)
    print(
        f"the longest that a use waited: {waited:.1f} ms; meanwhile preempted {preempted} and waited {gave_way} times"
    )
    brush = measure_brush(bench, args.seconds)
    for name, gaps in brush.items():
        print(f"{name}: gaps p50 {gaps['p50']:.1f}, p99 {gaps['p99']:.1f}, longest {gaps['longest']:.1f} ms "
              f"(aim {AIM_GAP_MS:.0f}); a mouse event p99 {gaps['mouse_event_p99']:.1f} ms; processor time: our own "
              f"code at most {gaps['own_longest']:.1f}, a picture p50 {gaps['draw_p50']:.1f}, longest "
              f"{gaps['draw_longest']:.1f} ms")  # fmt: skip
    if args.examples:
        print(run_undo_examples(args.examples))
    medians = {name: round(float(np.median(window)), 1) for name, (window, _, _) in times.items()}
    print(json.dumps({"tools_ms": medians, "brush_ms": brush}))
    bench.panel.session.close()
    bench.viewer.close()


if __name__ == "__main__":
    main()
