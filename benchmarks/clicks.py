"""What the usual ways through the window cost a person: clicks, strokes, keys, and seconds of hand.

usage: scripts/with_screen.sh python benchmarks/clicks.py [--only NAME] [--json FILE]

Each session is done in the real window by a simulated person. Pointing takes what Fitts' law says (MacKenzie 1992:
0.23 s and 0.166 s a bit, for a mouse), a stroke 0.3 s and its path at 250 pixels of the screen a second, a key 0.28 s
(Card, Moran and Newell 1980). What the computer takes is told apart: it depends on the computer. No time for thinking
is counted.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QPoint
from qtpy.QtWidgets import QWidget
from skimage.measure import regionprops
from tifffile import imread, imwrite

from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.sample_data import sample_labels_path, sample_path
from napari_unet.ui.demo.run import close_window, errors_are_failures, open_window, user_folders_untouched
from napari_unet.ui.demo.user import DemoUser, pause, wait_until

FITTS = (0.23, 0.166)  # seconds, and seconds a bit
STROKE_SECONDS, STROKE_SPEED = 0.3, 250.0  # to press and let go; pixels of the screen a second
KEY_SECONDS = 0.28
DIALOG = (400, 200)  # where the button of a file dialog is from the last place, about
SIZE = (1280, 800)


@dataclass
class Effort:
    """Of one session. `waited` seconds are the computer's."""

    session: str
    clicks: int = 0
    strokes: int = 0
    keys: int = 0
    hand_seconds: float = 0.0
    waited_seconds: float = 0.0


def pointing_seconds(distance: float, width: float) -> float:
    """Time to move the mouse by `distance` to a target of `width` pixels (Fitts' law, in Shannon's form)."""
    constant, per_bit = FITTS
    return constant + per_bit * math.log2(distance / max(width, 1.0) + 1)


class Hand:
    """Counts what a person does with one window."""

    def __init__(self, session: str) -> None:
        self.effort = Effort(session)
        self.viewer, self.panel = open_window(SIZE)
        self.user = DemoUser(self.viewer, self.panel)
        self._at = np.array([SIZE[0] / 2, SIZE[1] / 2])
        pause(1)

    def click(self, widget: Any, press: Callable[[], object] | None = None) -> None:
        """Click a control that is in view; `press` in place of the click where a menu or a dialog would wait."""
        window = widget.window()
        if not widget.isVisible() or not widget.isEnabled():
            raise RuntimeError(f"{widget.toolTip()!r} cannot be clicked")
        self._point(self._middle(widget, window), min(widget.width(), widget.height()))
        self.effort.clicks += 1
        (press or widget.click)()
        pause(0.05)

    def choose(self, what: str = "a file dialog or a menu") -> None:
        """A click that is made outside of our window."""
        self._point(self._at + DIALOG, 30)
        self.effort.clicks += 1

    def key(self, act: Callable[[], object]) -> None:
        self.effort.keys += 1
        self.effort.hand_seconds += KEY_SECONDS
        act()
        pause(0.05)

    def stroke(self, places: list[tuple[int, int]]) -> None:
        """Draw with the tool in the hand, along rows and columns of the image."""
        zoom = self.viewer.scene.camera.zoom * float(self.user.work.layer.scale[-1])
        path = np.array(places, float) * zoom
        length = float(np.hypot(*np.diff(path, axis=0).T).sum())
        self._point(np.array([400.0, 400.0]) + path[0] % 200, 6)
        self.effort.strokes += 1
        self.effort.hand_seconds += STROKE_SECONDS + length / STROKE_SPEED
        self.panel.correct_step.tools.use_stroke(places)
        pause(0.05)

    def wait(self, done: Callable[[], bool], what: str) -> None:
        begun = time.monotonic()
        wait_until(done, 600, what)
        self.effort.waited_seconds += time.monotonic() - begun

    def wait_for_job(self, what: str) -> None:
        pause(0.2)
        self.wait(lambda: self.panel.session.job is None, what)
        self.user.settle()

    def finish(self) -> Effort:
        close_window(self.viewer)
        return self.effort

    def _point(self, at: Any, width: float) -> None:
        self.effort.hand_seconds += pointing_seconds(float(np.hypot(*(at - self._at))), width)
        self._at = np.asarray(at, float)

    def _middle(self, widget: QWidget, window: QWidget) -> Any:
        middle = widget.mapTo(window, QPoint(widget.width() // 2, widget.height() // 2))
        return np.array([middle.x(), middle.y()], float)


def zero_to_labels() -> Effort:
    """The panel has just been opened: a sample, and its labels."""
    hand = Hand("zero to labels")
    hand.click(hand.panel.image_step.sample_button)
    hand.wait(lambda: hand.panel.session.current is not None, "Opening the sample")
    hand.click(hand.panel.segment_step.segment_button)
    hand.wait_for_job("Segmenting")
    assert hand.user.work.n_objects
    return hand.finish()


def folder_to_model(seconds: float = 30.0, n: int = 30) -> Effort:
    """A folder of pairs of images and masks, and a model tuned with them."""
    hand = Hand(f"folder of {n} pairs to tuned model")
    panel = hand.panel
    with tempfile.TemporaryDirectory() as scratch:
        write_pairs(Path(scratch), n)
        hand.click(panel.image_step.open_button, lambda: None)
        hand.choose()  # the line of the menu
        hand.choose()  # the folder
        pairs = panel.image_step.pairs
        pairs.show()
        pairs.choose(Path(scratch))
        hand.wait(pairs.add_button.isEnabled, "Looking at the pairs")
        hand.click(pairs.add_button)
        hand.wait_for_job("Adding the images")
        panel.finetune_step.set_open(True)  # it opens by itself where corrections are there
        tune(hand, seconds)
        return hand.finish()


def correct_and_again(seconds: float = 30.0, n: int = 7) -> Effort:
    """Segment, redraw objects, fine-tune, use the new model, segment again."""
    hand = Hand(f"segment, correct {n}, tune, use, segment again")
    panel = hand.panel
    panel.image_step.open_paths([sample_path("nuclei_2d")])
    hand.user.settle()
    hand.click(panel.segment_step.segment_button)
    hand.wait_for_job("Segmenting")
    truth = read_labels(sample_labels_path("nuclei_2d"), hand.user.work.grey)
    inner = [region for region in regionprops(truth) if min(region.bbox) > 0 and max(region.bbox) < min(truth.shape)]
    hand.click(panel.correct_step.buttons["outline"])
    for region in sorted(inner, key=lambda region: -region.area)[:n]:
        hand.stroke(outline_of(region))
    hand.user.settle()
    tune(hand, seconds)
    result = panel.finetune_step.result_view
    hand.click(result.again_button)
    pause(0.3)
    question = panel.segment_step.question
    if question.isVisible():
        hand.click(question.go)
    hand.wait_for_job("Segmenting again")
    return hand.finish()


def there_and_back(n: int = 20) -> Effort:
    """Images opened, gone through and back by key."""
    hand = Hand(f"{n} images through and back")
    with tempfile.TemporaryDirectory() as scratch:
        pixels = imread(sample_path("nuclei_2d"))
        paths = []
        for number in range(n):
            paths.append(Path(scratch) / f"image_{number:02}.tif")
            imwrite(paths[-1], pixels[: 128 + number, :128])
        hand.panel.image_step.open_paths(paths)
        strip = hand.panel.strip
        strip.go(strip.entries[0]) if strip.entries else hand.user.settle()
        seen = set()
        for by in (*[1] * (n - 1), *[-1] * (n - 1)):
            hand.key(lambda by=by: strip.step(by))
            seen.add(hand.user.work.name)
        assert len(seen) == n, seen
        return hand.finish()


def tune(hand: Hand, seconds: float) -> None:
    """Fine-tune, and use the new model."""
    step = hand.panel.finetune_step
    step.time_box.setCurrentIndex(step.time_box.findData(seconds))  # it stays from the last time
    hand.wait(step.start_button.isEnabled, "Counting what there is to learn from")
    hand.click(step.start_button)
    hand.wait_for_job("Fine-tuning")
    if step.message.text and step.message.kind == "error":
        raise RuntimeError(step.message.text)
    hand.click(step.result_view.use_button)


def outline_of(region: Any) -> list[tuple[int, int]]:
    """A closed line round an object, as rows and columns."""
    (row, column), radius = region.centroid, region.equivalent_diameter_area / 2
    turn = np.linspace(0, 2 * np.pi, 40)
    return [(round(row + radius * math.sin(angle)), round(column + radius * math.cos(angle))) for angle in turn]


def write_pairs(folder: Path, n: int) -> None:
    """`n` parts of the sample with its exact labels, in two folders."""
    pixels, labels = imread(sample_path("nuclei_2d")), imread(sample_labels_path("nuclei_2d"))
    for name in ("images", "masks"):
        (folder / name).mkdir()
    for number in range(n):
        row, column = divmod(number, 6)
        part = (slice(76 * row, 76 * row + 128), slice(64 * column, 64 * column + 128))
        imwrite(folder / "images" / f"field_{number:02}.tif", pixels[part])
        imwrite(folder / "masks" / f"field_{number:02}.tif", labels[part])


SESSIONS: dict[str, Callable[[], Effort]] = {
    "zero": zero_to_labels, "folder": folder_to_model, "correct": correct_and_again, "images": there_and_back,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(SESSIONS))
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    print("| session | clicks | strokes | keys | hand, s | computer, s |\n|---|---|---|---|---|---|", flush=True)
    efforts = []
    for name, run in SESSIONS.items():
        if args.only in (None, name):
            with user_folders_untouched(), errors_are_failures():
                effort = run()
            efforts.append(asdict(effort))
            counts = f"{effort.clicks} | {effort.strokes} | {effort.keys}"
            seconds = f"{effort.hand_seconds:.1f} | {effort.waited_seconds:.1f}"
            print(f"| {effort.session} | {counts} | {seconds} |", flush=True)
    if args.json:
        args.json.write_text(json.dumps(efforts, indent=1))


if __name__ == "__main__":
    main()
