"""Make the pictures of the documentation: every state of the panel, in the real window, at 1280 x 800.

usage: scripts/with_screen.sh python scripts/screenshots.py [FOLDER] [--seconds S]      (or: make screenshots)

With --every each state is taken in three sizes of the window, dark and light, and once in large letters:
SCREEN=1600x1000 scripts/with_screen.sh python scripts/screenshots.py FOLDER --every
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

os.environ["NAPARI_CONFIG"] = ""  # letters and themes are changed here, and not in the settings of who runs this

import numpy as np
import zarr
from napari.settings import get_settings
from PIL import Image, ImageOps
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QDockWidget
from skimage.filters import gaussian
from skimage.measure import regionprops
from tifffile import imwrite

from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_labels_path, sample_path
from napari_unet.segmentation.blocks.events import BlockDone
from napari_unet.ui.demo.run import (
    VIEW_WIDTH,
    VIEWS,
    close_window,
    errors_are_failures,
    open_window,
    run_unattended,
    user_folders_untouched,
)
from napari_unet.ui.demo.user import DemoUser, pause, wait_until

SIZE = (1280, 800)
SIZES, THEMES = ((1024, 768), SIZE, (1500, 940)), ("dark", "light")
LARGEST = 390_000  # bytes; a larger picture is saved with fewer shades
DOCS = Path(__file__).resolve().parents[1] / "docs" / "images"


class Photographer:
    """Takes pictures of one window, as small PNG files; of each state in `every` size and theme, if that is asked."""

    every = False

    def __init__(self, user: DemoUser, folder: Path) -> None:
        self.user, self.folder = user, folder

    def take(self, name: str) -> None:
        if not self.every:
            self._shoot(name)
            return
        for theme in THEMES:
            self.user.viewer.theme = theme
            for width, height in SIZES:
                self.user.viewer.window.resize(width, height)
                self._shoot(f"{name}_{width}_{theme}")
        self.user.viewer.theme = THEMES[0]
        self.user.viewer.window.resize(*SIZE)
        appearance = get_settings().appearance
        usual = appearance.font_size
        appearance.font_size = round(1.5 * usual)
        self._shoot(f"{name}_{SIZE[0]}_large_font")
        appearance.font_size = usual
        self.user.settle()

    def _shoot(self, name: str) -> None:
        self.user.settle()
        pixels = self.user.viewer.screenshot(canvas_only=False, flash=False)[..., :3]
        save(Image.fromarray(pixels), self.folder / f"{name}.png")


def photograph_nuclei(folder: Path) -> None:
    """Empty, loaded, segmented, correcting and error, on nuclei that the shipped model knows."""
    viewer, panel = open_window(SIZE)
    user = DemoUser(viewer, panel)
    camera = Photographer(user, folder)
    pause(1)
    camera.take("empty")
    panel.image_step.open_paths([sample_path("nuclei_2d")])
    user.adjust_contrast()
    camera.take("loaded")
    user.segment()
    camera.take("segmented")
    truth = read_labels(sample_labels_path("nuclei_2d"), user.work.grey)
    user.look_at((), (256, 256), 220)
    user.correct_view(truth)
    user.click(panel.correct_step.buttons["paint"])
    camera.take("correcting")
    panel.image_step.set_open(True)
    with tempfile.TemporaryDirectory() as scratch:
        broken = Path(scratch) / "embryo.tif"
        broken.write_text("not an image")
        panel.image_step.open_paths([broken])
    panel.scroll.verticalScrollBar().setValue(0)
    camera.take("error")
    close_window(viewer)


def photograph_queue(folder: Path) -> None:
    """The review queue, on nuclei: one object accepted, the next in the frame, and the list."""
    viewer, panel = open_window(SIZE)
    user = DemoUser(viewer, panel)
    camera = Photographer(user, folder)
    panel.image_step.open_paths([sample_path("nuclei_2d")])
    user.adjust_contrast()
    user.segment()
    step = panel.correct_step
    wait_until(lambda: not step.review_queue.keeper.busy, user.patience, "Measuring the objects")
    step.review_queue.list_fold.heading.click()
    for action in ("next_suspicious", "accept_object", "next_suspicious"):
        user.click(step.buttons[action])
    panel.finetune_step.set_open(False)
    user.settle()
    panel.scroll.ensureWidgetVisible(step.review_queue.list.where_button)
    camera.take("review_queue")
    close_window(viewer)


def photograph_tools(folder: Path) -> None:
    """The tools: a split with its line on the canvas, the preview of small objects, and the keys."""
    viewer, panel = open_window(SIZE)
    user = DemoUser(viewer, panel)
    camera = Photographer(user, folder)
    pause(1)
    panel.image_step.open_paths([sample_path("nuclei_2d")])
    user.adjust_contrast()
    user.segment()
    user.look_at((), (256, 256), 150)
    step, labels = panel.correct_step, user.work.labels
    user.click(step.grid.more_button)
    region = regionprops(labels[200:310, 200:310])[0]
    row, column = (200 + round(middle) for middle in region.centroid)
    user.click(step.buttons["lock"])
    step.tools.use_stroke([(row, column)])
    user.click(step.buttons["split"])
    step.tools.show_line(
        [user.work.labels_layer.data_to_world(at) for at in ((row - 45, column - 8), (row + 45, column))]
    )
    camera.take("tools")
    step.tools.show_line([])
    user.look_at(())
    user.click(step.buttons["remove_small"])
    wait_until(lambda: not step.small.measuring, 30, "Measuring objects")
    step.small.size_box.setValue(150)
    camera.take("small_objects")
    step.small.put_away()
    panel.keys_button.click()
    pause(0.5)
    keys = next(window for window in panel.findChildren(QDialog) if window.isVisible())
    path = folder / "keys.png"
    keys.grab().save(str(path))
    save(Image.open(path).convert("RGB"), path)
    keys.close()
    close_window(viewer)


LARGE_SIDE, LARGE_BLOCK = 1536, 512  # pixels: what is large for the picture, so that it need not be awaited for minutes


def photograph_large(folder: Path) -> None:
    """An image that is treated as too large for memory: stopped halfway, and done, with where its labels lie."""
    viewer, panel = open_window(SIZE)
    user = DemoUser(viewer, panel)
    camera = Photographer(user, folder)
    with (
        patch("napari_unet.ui.session.planes.largeness.LARGE_PIXELS", LARGE_SIDE**2 - 1),
        patch("napari_unet.segmentation.blocks.grid._SIDE", LARGE_BLOCK),
        tempfile.TemporaryDirectory() as scratch,
    ):
        panel.image_step.open_paths([write_large(Path(scratch))])
        user.adjust_contrast()
        panel.project_bar.new_at(Path(scratch) / "slide.unetproj")
        step = panel.segment_step
        step.set_open(True)
        blocks: list[Any] = []
        user.click(step.segment_button)
        step.run.advanced.connect(lambda event: blocks.append(event) if isinstance(event, BlockDone) else None)
        wait_until(lambda: len(blocks) >= 4, user.patience, "Segmenting some blocks")
        camera.take("large_blocks")
        user.click(step.progress.stop_button)
        user.finish(step, "Stopping")
        user.segment()
        step.set_open(True)
        user.settle()
        panel.scroll.ensureWidgetVisible(step.place)
        camera.take("large_kept")
        close_window(viewer)


def write_large(folder: Path) -> Path:
    """The sample of nuclei over and over, as a Zarr array in chunks."""
    tile = read_image(sample_path("nuclei_2d")).plane()
    path = folder / "slide.zarr"
    array: Any = zarr.create_array(str(path), shape=(LARGE_SIDE,) * 2, chunks=(256, 256), dtype=tile.dtype)
    array[...] = np.tile(tile, (-(-LARGE_SIDE // tile.shape[0]), -(-LARGE_SIDE // tile.shape[1])))[
        :LARGE_SIDE, :LARGE_SIDE
    ]
    return path


def open_labelled() -> DemoUser:
    """A window with the sample of nuclei and their true labels."""
    viewer, panel = open_window(SIZE)
    user = DemoUser(viewer, panel)
    panel.image_step.open_paths([sample_path("nuclei_2d")])
    user.adjust_contrast()
    truth = read_labels(sample_labels_path("nuclei_2d"), user.work.grey)
    panel.session.add_layer(user.work, "labels", truth.copy())
    user.work.prediction = truth
    return user


def photograph_results(folder: Path) -> None:
    """Measured nuclei, coloured by their area, one of them in its frame; and many files as they are done."""
    user = open_labelled()
    panel, camera = user.panel, Photographer(user, folder)
    results = panel.results_step
    for step in panel.steps:
        step.set_open(step is results)
    user.click(results.measure_button)
    user.finish(results, "Measuring")
    results.table.selectRow(results.table.rows.rowCount() // 2)
    results.colours.box.setCurrentIndex(results.colours.box.findData("area"))
    pause(1)
    camera.take("results")
    with tempfile.TemporaryDirectory() as scratch:
        pixels = read_image(sample_path("nuclei_2d")).plane()
        for number, row in enumerate(range(0, 256, 64), start=1):
            imwrite(Path(scratch) / f"well_B{number}.tif", pixels[row : row + 256, row : row + 256])
        (Path(scratch) / "well_B5.tif").write_text("not an image")
        results.show_files()
        files: Any = results.files_window
        files.choice.choose([scratch])
        files.start_button.click()
        wait_until(lambda: panel.session.job is None, user.patience, "Segmenting files")
        files.choice.images_edit.setText("plate_3")  # the name of a scratch folder tells nobody anything
        path = folder / "segment_files.png"
        files.grab().save(str(path))
        save(Image.open(path).convert("RGB"), path)
        files.close()
    close_window(user.viewer)


def photograph_images(user: DemoUser, scratch: Path, path: Path) -> None:
    """Classes of whole images: twelve pieces of a sample, sharp and out of focus in turn; four get a class."""
    pixels = read_image(sample_path("nuclei_2d")).plane()
    for number, (row, column) in enumerate(np.ndindex(3, 4)):
        piece = pixels[120 * row : 120 * row + 160, 100 * column : 100 * column + 160].astype(np.float32)
        imwrite(scratch / f"well_{'ABC'[row]}{column + 1}.tif", gaussian(piece, 4) if number % 2 else piece)
    button = user.panel.classify_step.images_button
    button.open()
    window: Any = button.images_window
    for which, name in enumerate(("sharp", "blurred")):
        window.rows.renamed.emit(which, name)
    window.add([scratch])
    wait_until(lambda: not window.busy, user.patience, "Looking at the images")
    for number in range(4):
        window.table.selectRow(number)
        window.give(number % 2)
    wait_until(lambda: not window.busy, user.patience, "Learning")
    window.table.clearSelection()
    user.settle()
    window.grab().save(str(path))
    save(Image.open(path).convert("RGB"), path)
    window.close()


def photograph_tasks(folder: Path) -> None:
    """Classes of objects from a few clicks, in their colours."""
    user = open_labelled()
    panel, camera = user.panel, Photographer(user, folder)
    step = panel.classify_step
    for other in panel.steps:
        other.set_open(other is step)
    step.give_button.setChecked(True)
    for name, which in (("small", 0), ("large", 1)):
        step._change(lambda marked, name=name, which=which: marked.renamed(which, name))
    largest = sorted(regionprops(user.work.prediction), key=lambda region: region.area)
    for which, regions in enumerate((largest[10:16], largest[-12:-6])):
        for region in regions:
            at = region.coords[len(region.coords) // 2]
            step.give((int(at[0]), int(at[1])), which)
    wait_until(lambda: not step.classifying.busy, user.patience, "Looking at the objects")
    step.colors_box.setChecked(True)
    pause(1)
    camera.take("classes")
    with tempfile.TemporaryDirectory() as scratch:
        photograph_images(user, Path(scratch), folder / "classes_of_images.png")
    close_window(user.viewer)


def photograph_restoration(folder: Path, seconds: float) -> None:
    """A noisy image with its middle denoised; and a channel made of another one, with where that is unsure."""
    user = open_labelled()
    panel, camera = user.panel, Photographer(user, folder)
    restore = panel.restore_step
    pixels = read_image(sample_path("nuclei_2d")).plane().astype(float)
    noisy = pixels + np.random.default_rng(0).normal(0, 0.15 * np.ptp(pixels), pixels.shape)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "noisy.ome.tif"  # with a pixel size, or napari warns of units that differ
        scale, units = user.work.image.scale, user.work.image.units
        size = {f"PhysicalSize{axis}{what}": of[axis] for axis in "YX" for what, of in (("", scale), ("Unit", units))}
        imwrite(path, noisy.clip(0, 65535).astype("uint16"), metadata={"axes": "YX", **size})
        panel.image_step.open_paths([path])
        user.adjust_contrast()
        for other in panel.steps:
            other.set_open(other is restore)
        user.click(restore.try_button)
        user.finish(restore, "Restoring")
        camera.take("restored")
    panel.image_step.open_paths([sample_path("two_channel")])
    panel.session.set_channel(1)
    for layer in user.viewer.layers:
        layer.visible = layer is user.work.layer
    user.viewer.reset_view()
    restore.task_box.setCurrentText("Another channel")
    restore.pair_box.setCurrentText("channel 1: DNA")
    restore.form.set_values(restore.form.values() | {"uncertainty": True, "seconds": seconds})
    user.click(restore.restore_button)
    user.finish(restore, "Restoring", seconds)
    camera.take("synthesized")
    close_window(user.viewer)


def photograph_movie(folder: Path) -> None:
    """A time-lapse whose objects were tracked: where each went, and a place where a track looks broken."""
    viewer, panel = open_window(SIZE)
    user = DemoUser(viewer, panel)
    camera = Photographer(user, folder)
    panel.image_step.open_paths([sample_path("nuclei_timelapse")])
    user.adjust_contrast()
    user.segment()
    step = panel.track_step
    for other in panel.steps:
        other.set_open(other is step)
    user.click(step.track_button)
    user.finish(step, "Tracking")
    user.look_at((3,))
    camera.take("tracked")
    user.click(step.next_button)
    labels = user.work.labels[step.frame]
    rows, columns = np.nonzero(labels == step.other.value())
    user.look_at((step.frame,), (rows.mean(), columns.mean()), 110)
    camera.take("doubtful_track")
    close_window(viewer)


def photograph_sides(folder: Path) -> None:
    """A z-stack with its side views: one nucleus is reviewed from the front, with the box."""
    viewer, panel = open_window(SIZE)
    user = DemoUser(viewer, panel)
    camera = Photographer(user, folder)
    panel.image_step.open_paths([sample_path("nuclei_3d")])
    user.adjust_contrast()
    panel.segment_step.set_open(True)
    user.click(panel.segment_step.stacks.buttons.buttons()[0])  # slice by slice, which is quicker
    user.segment()
    step = panel.correct_step
    for other in panel.steps:
        other.set_open(other is step)
    step.sides.heading.click()
    dock: Any = panel
    while not isinstance(dock, QDockWidget):
        dock = dock.parentWidget()
    panel.window().resizeDocks(
        [dock], [410], Qt.Orientation.Horizontal
    )  # wider, as one drags it to see more from the side
    user.settle()
    regions = regionprops(user.work.prediction)
    middle = min(regions, key=lambda region: np.abs(np.subtract(region.centroid, (8, 128, 128)) * (8, 1, 1)).sum())
    place = tuple(round(at) for at in middle.centroid)
    user.look_at(place[:1])
    views = step.sides.content
    views.follow(user.work.labels_layer.data_to_world(place))
    user.click(step.buttons["review_box"])
    top, _, left, bottom, _, right = middle.bbox
    views.strokes.begin((max(top - 1, 0), place[1], left - 4), -2)
    views.strokes.go_on((min(bottom, user.work.shape[0] - 1), place[1], right + 4))
    views.strokes.end()
    user.click(step.buttons["add"])
    user.settle()
    panel.finetune_step.set_open(False)  # what is reviewed opened it
    user.settle()
    panel.scroll.ensureWidgetVisible(step.sides)
    camera.take("side_views")
    close_window(viewer)


def photograph_membranes(folder: Path, seconds: float) -> None:
    """Training and compared, on membranes that the shipped model does not know."""
    viewer, panel = open_window(SIZE)
    user = DemoUser(viewer, panel)
    camera = Photographer(user, folder)
    user.open_sample()
    user.adjust_contrast()
    truth = read_labels(sample_labels_path("membranes"), user.work.grey)
    user.look_at(VIEWS[0][0])
    user.segment()
    user.click(panel.correct_step.automatic_box)
    for plane, center in VIEWS:
        user.look_at(plane, center, VIEW_WIDTH)
        user.correct_view(truth[plane])
    user.look_at(VIEWS[0][0])

    def while_learning() -> None:
        job: Any = panel.session.job
        wait_until(lambda: panel.session.job is not job or seconds_since(job) > 0.6 * seconds, 2 * seconds, "Training")
        camera.take("training")

    user.finetune(seconds, while_learning)
    user.click(panel.finetune_step.result_view.views["after"])
    camera.take("compared")
    camera.take("window")
    close_window(viewer)


def photograph_live(folder: Path) -> None:
    """Live mode: some membranes were corrected, and the others follow."""
    viewer, panel = open_window(SIZE)
    user = DemoUser(viewer, panel)
    camera = Photographer(user, folder)
    user.open_sample()
    user.adjust_contrast()
    truth = read_labels(sample_labels_path("membranes"), user.work.grey)
    plane, center = VIEWS[0]
    user.look_at(plane)
    user.segment()
    step = panel.finetune_step
    step.set_open(True)
    user.click(step.live.button)
    user.look_at(plane, center, VIEW_WIDTH)
    user.correct_view(truth[plane])
    user.look_at(plane)
    wait_until(lambda: "ready" in step.live.status.text, user.patience, "Learning live")
    camera.take("live")
    panel.session.stop_jobs()
    wait_until(lambda: not step.live.on, user.patience, "Stopping")
    panel.session.stop_jobs()  # the fine-tuning that follows
    wait_until(lambda: panel.session.job is None, user.patience, "Stopping")
    close_window(viewer)


def picture_before_after(folder: Path) -> None:
    """The picture that the demo makes, smaller."""
    with tempfile.TemporaryDirectory() as scratch:
        run_unattended(Path(scratch))
        picture = Image.open(Path(scratch) / "before_after.png")
        picture.thumbnail((660, 740), Image.Resampling.LANCZOS)
        save(picture, folder / "before_after.png")


def save(picture: Image.Image, path: Path) -> None:
    """Save as PNG, with fewer shades, which nobody sees, if the file would be large."""
    picture.save(path, optimize=True)
    for bits in (7, 6, 5):
        if path.stat().st_size > LARGEST:
            ImageOps.posterize(picture, bits).save(path, optimize=True)
    print(f"{path}: {picture.width} x {picture.height}, {path.stat().st_size / 1000:.0f} kB", flush=True)


def seconds_since(job: Any) -> float:
    return time.monotonic() - job.started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DOCS)
    parser.add_argument("--seconds", type=float, default=60.0, help="of fine-tuning (default: 60)")
    views = [
        "nuclei", "queue", "tools", "large", "results", "tasks", "restoration", "movie", "sides",
        "membranes", "live", "demo",
    ]  # fmt: skip
    parser.add_argument("--only", choices=views)
    parser.add_argument("--every", action="store_true", help="in every size and theme")
    args = parser.parse_args()
    Photographer.every = args.every
    args.folder.mkdir(parents=True, exist_ok=True)
    photographs: dict[str, Callable[[], None]] = {
        "nuclei": lambda: photograph_nuclei(args.folder),
        "queue": lambda: photograph_queue(args.folder),
        "tools": lambda: photograph_tools(args.folder),
        "large": lambda: photograph_large(args.folder),
        "results": lambda: photograph_results(args.folder),
        "tasks": lambda: photograph_tasks(args.folder),
        "restoration": lambda: photograph_restoration(args.folder, args.seconds),
        "movie": lambda: photograph_movie(args.folder),
        "sides": lambda: photograph_sides(args.folder),
        "membranes": lambda: photograph_membranes(args.folder, args.seconds),
        "live": lambda: photograph_live(args.folder),
    }
    for name, photograph in photographs.items():
        if args.only in (None, name):
            with user_folders_untouched(), errors_are_failures():  # anew each time: nothing to be recovered
                photograph()
    if args.only in (None, "demo") and not args.every:
        picture_before_after(args.folder)


if __name__ == "__main__":
    main()
