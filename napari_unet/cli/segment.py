"""`napari-unet segment`: labels for each image file."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unet.cli.blocks import add_blocks, open_large
from napari_unet.cli.options import add_general, add_model, add_parameters, add_reading, read_config, read_with_channel
from napari_unet.cli.terminal import Terminal, follow, seconds_text, stop_on_interrupt
from napari_unet.errors import UserError, listed, require
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.tracking.config import TrackConfig
from napari_unet.workflows.files.batch_plan import batch_settings, expand_inputs, plan_outputs, targets_of

if TYPE_CHECKING:
    from rich.progress import Progress

    from napari_unet.images.channels import ModelInput
    from napari_unet.images.image import Image
    from napari_unet.models.record import ModelRecord

PARAMETERS = {
    "diameter": "PX|auto",
    "device": "D",
    "foreground_threshold": "P",
    "seed_threshold": "P",
    "object_threshold": "P",
    "min_diameter": "SHARE",
    "stack": "slices|volume|auto",
    "link_overlap": "IOU",
    "tile": "PX",
    "kind": "KIND",
    "outline": "PX",
    "invert": "I",
    "dim_objects": "auto|no|yes",
    "quality": "Q",
    "precision": "P",
    "runtime": "E",
}


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "segment",
        help="write labels for image files",
        description="Write <name>_labels.tif for each image: integer labels, OME-TIFF, of its shape and pixel size.",
        allow_abbrev=False,
    )
    parser.add_argument("input", nargs="+", type=Path, metavar="INPUT", help="image files, or folders of them")
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder for the labels (default: beside each "
                        "image); NAME.ome.zarr: the labels of one image, made in blocks")  # fmt: skip
    parser.add_argument(
        "--resume", action="store_true",
        help="keep a journal beside the labels, and leave what it knows as done: a run that was killed goes on",
    )  # fmt: skip
    parser.add_argument("--watch", action="store_true", help="go on with images as they come into the folders, until "
                        "Ctrl-C; keeps a journal as --resume does")  # fmt: skip
    parser.add_argument("--track", action="store_true", help="ids stay with their objects through a time-lapse; "
                        "<name>_tracks.csv says who is whose daughter")  # fmt: skip
    add_blocks(parser)
    add_model(parser)
    add_reading(parser)
    add_parameters(parser, SegmentConfig, PARAMETERS)
    add_general(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, terminal: Terminal) -> bool:
    """Segment every file; a bad one does not keep the others from it. Returns whether the user stopped it."""
    config = read_config(args, SegmentConfig, PARAMETERS)
    if args.watch:
        folders = [path for path in args.input if path.is_dir() and path.suffix != ".zarr"]
        require(len(folders) == len(args.input), "--watch looks into folders: give nothing but folders.")
    targets = {} if args.watch else plan_outputs(expand_inputs(args.input), args.output)
    from napari_unet.models.library import load_model
    from napari_unet.workflows.files.batch import segment_files_steps, watch_folders
    from napari_unet.workflows.files.batch_journal import BatchJournal

    model = load_model(args.model)
    shown = _BatchReport(terminal, len(targets), quiet_errors=not args.watch)
    terminal.answer |= {"model": {"name": model.name, "sha256": model.sha256}} | shown.answer
    tracking = TrackConfig() if args.track else None
    journal = None
    if args.resume or args.watch:
        journal = BatchJournal(model.sha256 or model.name, batch_settings(config, args.axes, args.channel, tracking))
    terminal.warn(config.engine.note)
    with stop_on_interrupt() as stop, terminal.progress() as bar, open_large(args) as large:
        files = targets_of(watch_folders(args.input, stop), args.output) if args.watch else iter(targets.items())
        read = partial(_read, args=args, record=model.record)
        steps = segment_files_steps(files, read, model, config, journal, stop, tracking, large)
        follow(steps, lambda event: shown.show(event, bar))
    terminal.answer["stopped"] = stop.requested
    if shown.errors and not args.watch:
        _raise(shown.errors, len(targets))
    return stop.requested


def _read(path: Path, args: argparse.Namespace, record: ModelRecord) -> tuple[Image, ModelInput]:
    from napari_unet.images.channels import model_input

    image, channel = read_with_channel(path, args)
    return image, model_input(image, record.channel_counts, channel)


class _BatchReport:
    """What the terminal shows of a batch, and what --json says of it."""

    def __init__(self, terminal: Terminal, total: int, quiet_errors: bool) -> None:
        self.images: list[dict[str, Any]] = []
        self.errors: list[dict[str, str]] = []
        self.answer: dict[str, Any] = {"images": self.images, "errors": self.errors}
        self._terminal, self._total, self._quiet_errors = terminal, total, quiet_errors
        self._task: Any = None
        self._planes = 1

    def show(self, event: Any, bar: Progress) -> None:
        from napari_unet.workflows.files.batch import FileDone, FileFailed, FileStarted

        if isinstance(event, FileStarted):
            number = f" ({event.number} of {self._total})" if self._total > 1 else ""
            self._task = bar.add_task(f"{event.path.name}{number}", total=None, detail="")
        elif isinstance(event, FileDone | FileFailed):
            if self._task is not None:
                bar.remove_task(self._task)
            self._task = None
            self._end(event)
        else:
            self._move(event, bar)

    def _end(self, event: Any) -> None:
        from napari_unet.workflows.files.batch import FileFailed

        if isinstance(event, FileFailed):
            self.errors.append({"input": str(event.path), "message": event.message})
            if not self._quiet_errors:
                self._terminal.say(event.message)
            return
        self.images.append(event.row | ({"resumed": True} if event.resumed else {}))
        self._terminal.say(f"{event.path}: done before" if event.resumed else _told(event.row))

    def _move(self, event: Any, bar: Progress) -> None:
        """The bar moves by slices where there are several, else by tiles."""
        from napari_unet.segmentation.blocks.events import BlockDone, StageStep, told_of
        from napari_unet.segmentation.events import Estimated, PlaneDone, TileDone
        from napari_unet.segmentation.volumes.events import SideDone

        if isinstance(event, BlockDone | StageStep):
            left = event.seconds_left if isinstance(event, BlockDone) else None
            detail = f"{told_of(event)}  {seconds_text(left)}"
            bar.update(self._task, completed=event.done, total=event.total, detail=detail)
        elif isinstance(event, Estimated):
            self._planes = event.n_planes
        elif isinstance(event, SideDone):
            detail = f"{event.done} of {event.total} side views  {seconds_text(event.seconds_left)}"
            bar.update(self._task, completed=event.done, total=event.total, detail=detail)
        elif isinstance(event, PlaneDone if self._planes > 1 else TileDone):
            word = "slices" if self._planes > 1 else "tiles"
            detail = f"{event.done} of {event.total} {word}  {seconds_text(event.seconds_left)}"
            bar.update(self._task, completed=event.done, total=event.total, detail=detail)


def _told(row: dict[str, Any]) -> str:
    how = "estimated" if row["diameter_estimated"] else "as given"
    if "classes" in row:
        shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in row["classes"].items())
        text = f"{row['input']}: {shares}, {row['seconds']:.1f} s"
        return f"{text} -> {row['output']}" if row["output"] else f"{text}; no labels written"
    if row.get("other_diameter"):
        other = f"{row['other_diameter']:.0f}"
        how += f"; {other} px is convincing too: --diameter {other}"
    text = (
        f"{row['input']}: {row['objects']} objects, diameter {row['diameter']:.1f} px ({how}), {row['seconds']:.1f} s"
    )
    if row.get("kind"):
        text += f", answered by {row['kind']}"
    if "tracks" in row:
        text += f", {row['tracks']} tracks, {row['divisions']} divisions"
    if "stack" in row:
        text += f", {row['stack']} ({row['stack_reason']})"
    if "blocks" in row and row["output"] is None:
        done = f"{row['blocks_done']} of {row['blocks']} blocks"
        return f"{row['input']}: stopped after {done}, which are kept; the same command goes on with the rest"
    if row.get("planes_done", 0) < row.get("planes", 0):
        text += f", stopped after {row['planes_done']} of {row['planes']} slices"
    return f"{text} -> {row['output']}" if row["output"] else f"{text}; no labels written"


def _raise(errors: list[dict[str, str]], count: int) -> None:
    """One sentence about all files that could not be segmented."""
    if count == 1:
        raise UserError(errors[0]["message"])
    told = listed([f"{error['input']} ({error['message'].rstrip('.')})" for error in errors])
    raise UserError(f"{len(errors)} of {count} images could not be segmented: {told}.")
