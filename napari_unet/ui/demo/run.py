"""The demo: the window on the sample, for a person or, without a screen, driven by itself through the whole loop."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_unet.ui.demo.user import Correction, DemoUser
    from napari_unet.ui.panel import UNetPanel

SAMPLE = "membranes"
SECONDS = 60.0
WINDOW = (1500, 940)
VIEWS = (((3,), (118, 128)), ((4,), (262, 262)))
"""Where the demo's user corrects: slice, and row and column of the middle of the view."""
VIEW_WIDTH = 150.0
"""Of the image, in pixels, that is in view while correcting: about five cells wide."""


def main(output: Path, interactive: bool) -> int:
    """Open the window on the sample (`interactive`), or run the whole loop in it and write pictures to `output`.

    Returns
    -------
    int
        Exit code: 0, or 1 if a step failed or the new model is no better, which is said on stderr.
    """
    if interactive:
        return run_interactive()
    try:
        report = run_unattended(output)
    except UserError as error:
        print(f"The demo failed. {error}", file=sys.stderr, flush=True)
        return 1
    if report["ap50_after"] <= report["ap50_before"]:
        print("The demo failed. The new model is not better: is the computer very busy? Try again.", file=sys.stderr)
        return 1
    return 0


def run_interactive() -> int:
    """Open napari with the sample and the panel, nothing clicked; returns when the window is closed."""
    import napari

    from napari_unet.images.files.sample_data import sample_path
    from napari_unet.ui.demo.user import DemoUser

    viewer, panel = open_window()
    panel.image_step.open_paths([sample_path(SAMPLE)])
    DemoUser(viewer, panel).adjust_contrast()
    napari.run()
    return 0


def open_window(size: tuple[int, int] | None = None) -> tuple[Viewer, UNetPanel]:
    """A napari window with the panel docked."""
    import napari

    from napari_unet.ui.panel import UNetPanel

    viewer = napari.Viewer()
    panel = UNetPanel(viewer)
    viewer.window.add_dock_widget(panel, name="U-Net", area="right")
    if size is not None:
        viewer.window.resize(*size)
    return viewer, panel


def run_unattended(output: Path, seconds: float = SECONDS) -> dict[str, Any]:
    """Drive the window through the whole loop; returns the report that was written to `output`."""
    output.mkdir(parents=True, exist_ok=True)
    with user_folders_untouched():
        from napari_unet.ui.demo.user import DemoUser, pause

        start = time.monotonic()
        with errors_are_failures():
            say("Opening the window")
            viewer, panel = open_window(WINDOW)
            try:
                pause(0.5)
                loop = Loop(DemoUser(viewer, panel), output)
                loop.segment()
                loop.correct()
                loop.finetune(seconds)
                loop.segment_again()
                report = loop.report(start)
            finally:
                close_window(viewer)
    say(report["sentence"])
    say(f"Written to {output}: {', '.join(sorted(path.name for path in output.iterdir()))}")
    return report


class Loop:
    """The steps of the work on the sample, with what is known after each."""

    def __init__(self, user: DemoUser, output: Path) -> None:
        from napari_unet.images.files.label_files import read_labels
        from napari_unet.images.files.sample_data import sample_labels_path

        self.user, self.output = user, output
        user.open_sample()
        user.adjust_contrast()
        self.image = user.work.grey
        say(f"Opened the sample {SAMPLE}: {self.image.describe()}")
        self.truth = read_labels(sample_labels_path(SAMPLE), self.image)
        self.corrections: list[Correction] = []

    def segment(self) -> None:
        """Segment all slices with the model that ships."""
        user = self.user
        user.look_at(VIEWS[0][0])
        user.segment()
        self.model_before = user.work.segmented_by
        self.before, self.diameter_before = present(user.work.prediction).copy(), present(user.work.diameter)
        say(f"Segmented with {self.model_before}: {user.work.n_objects} objects in {user.work.seconds:.0f} s")

    def correct(self) -> None:
        """Draw the cells of a few views, and mark these as reviewed."""
        user, step = self.user, self.user.panel.correct_step
        # In a tissue without gaps, what surrounds a corrected cell is cells that nobody drew yet, not background.
        if step.automatic_box.isChecked():
            user.click(step.automatic_box)
        for plane, center in VIEWS:
            user.look_at(plane, center, VIEW_WIDTH)
            self.corrections.append(user.correct_view(self.truth[plane]))
        self.drawn = sorted({cell for done in self.corrections for cell in done.drawn})
        if not self.drawn:
            raise UserError("The model that ships was right everywhere: there was nothing to correct.")
        self.corrected = present(user.work.labels).copy()
        self.reviewed = present(user.work.reviewed) != 0
        counts = present(step.tracker).counts
        say(f"Corrected: {len(self.drawn)} cells drawn in {len(self.corrections)} slices ({counts.sentence})")

    def finetune(self, seconds: float) -> None:
        """Fine-tune in the background, compare, take a picture of the window, and use the new model."""
        user, step = self.user, self.user.panel.finetune_step
        user.look_at(VIEWS[0][0])
        user.finetune(seconds)
        self.result = present(step.result_view.result)
        say(f"Fine-tuned for {self.result.seconds:.0f} s, {self.result.steps} steps. {self.result.sentence}")
        if "after" in step.result_view.views and step.result_view.views["after"].isVisibleTo(user.panel):
            user.click(step.result_view.views["after"])
        user.settle()
        picture = user.viewer.screenshot(canvas_only=False, flash=False)
        save_picture(picture, self.output / "window.png")
        user.click(step.result_view.use_button)
        user.check(step)

    def segment_again(self) -> None:
        """Segment all slices with the new model; corrections are kept."""
        user = self.user
        user.click(user.panel.finetune_step.result_view.again_button)
        user.finish_segmenting()
        self.model_after = user.work.segmented_by
        self.after = present(user.work.labels).copy()
        say(f"Segmented again with {self.model_after}: {user.work.n_objects} objects in {user.work.seconds:.0f} s")

    def report(self, start: float) -> dict[str, Any]:
        """Write labels, pictures and figures."""
        from napari_unet.images.files.writing import write_labels
        from napari_unet.models.library_exchange import export_model

        write_labels(self.output / "labels.tif", self.after, self.image)
        export_model(present(self.model_after), self.output / "model.safetensors", overwrite=True)
        found = self.figures() | {"seconds_in_all": round(time.monotonic() - start, 1)}
        self.draw(found)
        (self.output / "report.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        return found

    def figures(self) -> dict[str, Any]:
        """What the loop achieved, measured on cells that were not corrected."""
        from napari_unet.ui.demo.score import HOW_SCORED, score_untouched, touched_area

        touched = touched_area(self.truth, self.drawn, self.reviewed)
        before, n_cells = score_untouched(self.truth, self.before, touched)
        after, _ = score_untouched(self.truth, self.after, touched)
        ap = [round(tally.average_precision()[0.5], 4) for tally in (before, after)]
        return {
            "sample": SAMPLE,
            "ap50_before": ap[0],
            "ap50_after": ap[1],
            "seconds_finetuning": round(self.result.seconds, 1),
            "objects_corrected": len(self.drawn),
            "slices_corrected": sorted({done.plane[0] for done in self.corrections}),
            "share_reviewed": round(float(self.reviewed.mean()), 4),
            "n_scored": before.n_truth,
            "n_cells_scored": n_cells,
            "held_out": held_out(self.result),
            "finetuning_steps": self.result.steps,
            "diameter_before_px": round(self.diameter_before, 1),
            "diameter_after_px": round(present(self.user.work.diameter), 1),
            "model_before": self.model_before,
            "model_after": self.model_after,
            "how_scored": HOW_SCORED,
            "sentence": (
                f"On {before.n_truth} outlines of {n_cells} cells that nobody corrected, AP@0.5 went from {ap[0]:.2f} "
                f"to {ap[1]:.2f}: {len(self.drawn)} cells were corrected, and the model learned from them for "
                f"{self.result.seconds:.0f} s."
            ),
        }

    def draw(self, found: dict[str, Any]) -> None:
        """Image, labels before, corrections and labels after, of the slice that was corrected first."""
        from napari_unet.ui.demo.picture import (
            draw_labels,
            draw_reviewed,
            draw_scale_bar,
            grey_to_rgb,
            join_panels,
        )

        plane, colormap = self.corrections[0].plane, present(self.user.work.labels_layer).colormap
        picture, reviewed = grey_to_rgb(self.image.plane(plane)), self.reviewed[plane]
        sheet = join_panels(
            {
                f"Image, slice {plane[0] + 1} of {self.image.shape[0]}": draw_scale_bar(
                    picture, self.image.scale_of("X")[0]
                ),
                f"Labels before: {self.model_before}": draw_labels(picture, self.before[plane], colormap),
                "Corrections, reviewed region framed in blue": draw_reviewed(
                    draw_labels(picture, self.corrected[plane], colormap), reviewed
                ),
                "Labels after: the new model around what was corrected": draw_reviewed(
                    draw_labels(picture, self.after[plane], colormap), reviewed, 0.0
                ),
            },
            f"AP@0.5 on {found['n_scored']} outlines of cells that nobody corrected: "
            f"{found['ap50_before']:.2f} before, {found['ap50_after']:.2f} after.",
        )
        sheet.save(self.output / "before_after.png", optimize=True)


def held_out(result: Any) -> dict[str, Any] | None:
    """The score that the window showed, on reviewed objects that were not learned from."""
    if result.before is None or result.after is None:
        return None
    return {
        "ap50_before": round(result.before.ap50, 4),
        "ap50_after": round(result.after.ap50, 4),
        "n_objects": result.after.n_objects,
    }


def save_picture(pixels: npt.NDArray[Any], path: Path) -> None:
    """Save an RGB(A) uint8 picture as PNG."""
    from PIL import Image

    Image.fromarray(np.asarray(pixels)[..., :3]).save(path, optimize=True)


def close_window(viewer: Viewer) -> None:
    """Close the window and let its threads end."""
    from napari_unet.ui.demo.user import pause
    from napari_unet.ui.session.session import get_session

    get_session(viewer).close()
    viewer.close()
    pause(0.2)


@contextmanager
def user_folders_untouched() -> Iterator[None]:
    """Let no models, settings or recovered work of the user be read or changed: the demo starts the same each time."""
    folder = tempfile.mkdtemp(prefix="napari-unet-demo-")
    own = {"NAPARI_UNET_MODELS": f"{folder}/models", "NAPARI_UNET_RECOVERY": f"{folder}/recovery"}
    changed = {"NAPARI_CONFIG": "", "NAPARI_UNET_NO_TOUR": "1", **own}
    known = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for name, value in known.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def errors_are_failures() -> Iterator[None]:
    """Fail if napari caught an error on the way, which it would only show as a notification."""
    from napari.utils.notifications import NotificationSeverity, notification_manager

    from napari_unet.ui.demo.user import DemoError

    seen = len(notification_manager.records)
    with notification_manager:
        yield
    errors = [n for n in notification_manager.records[seen:] if n.severity >= NotificationSeverity.ERROR]
    if errors:
        raise DemoError(f"napari reported: {errors[0].message}")


def say(text: str) -> None:
    print(text, flush=True)
