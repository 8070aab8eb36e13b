"""`napari-unet track`: ids that stay with their objects through a time-lapse."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unet.cli.options import add_general, add_parameters, read_config
from napari_unet.cli.terminal import Terminal, follow, seconds_text, stop_on_interrupt
from napari_unet.errors import UserError, listed, require
from napari_unet.tracking.config import TrackConfig

if TYPE_CHECKING:
    from rich.progress import Progress

    from napari_unet.events import StopFlag

PARAMETERS = {"max_step": "DIAMETERS", "overlap_weight": "W", "gap_frames": "N", "divisions": "yes|no"}
FORMATS = ("tiff", "ctc", "geff")


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "track",
        help="follow the objects of label images through time",
        description="Link the objects of each frame of a time-lapse: labels with one id an object through time, and "
        "who is whose daughter.",
        allow_abbrev=False,
    )
    parser.add_argument("labels", nargs="+", type=Path, metavar="LABELS", help="label images with a time axis")
    parser.add_argument("--image", type=Path, metavar="IMAGE", help="the image that they belong to, for axes and pixel "
                        "size; only with one LABELS")  # fmt: skip
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder to write to")
    parser.add_argument("--format", choices=FORMATS, default="tiff", help="tiff: labels and a table of tracks; ctc: "
                        "Cell Tracking Challenge; geff: labels and a graph (default: tiff)")  # fmt: skip
    parser.add_argument("--axes", metavar="AXES", help="axes of the files, as letters of TCZYX, if they do not say")
    add_parameters(parser, TrackConfig, PARAMETERS)
    add_general(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, terminal: Terminal) -> bool:
    """Track every file; a bad one does not keep the others from it. Returns whether the user stopped it."""
    config = read_config(args, TrackConfig, PARAMETERS)
    require(args.image is None or len(args.labels) == 1, "--image belongs to one file: give one LABELS with it.")
    movies: list[dict[str, Any]] = []
    errors: list[dict[str, str]] = []
    terminal.answer |= {"movies": movies, "errors": errors}
    with stop_on_interrupt() as stop, terminal.progress() as bar:
        for path in dict.fromkeys(args.labels):
            if stop.requested:
                break
            try:
                row = _track(path, args, config, bar, stop)
            except UserError as error:
                errors.append({"input": str(path), "message": str(error)})
                continue
            movies.append(row)
            terminal.say(_told(row))
    terminal.answer["stopped"] = stop.requested
    if errors:
        told = listed([f"{error['input']} ({error['message'].rstrip('.')})" for error in errors])
        one = len(args.labels) == 1
        raise UserError(errors[0]["message"] if one else f"{len(errors)} files could not be tracked: {told}.")
    return stop.requested


def _track(path: Path, args: argparse.Namespace, config: TrackConfig, bar: Progress, stop: StopFlag) -> dict[str, Any]:
    """Track one file and write it; returns what --json says about it."""
    from napari_unet.workflows.tracking import movie_name, open_movie, track_image_steps, write_movie

    labels = open_movie(path, args.axes, args.image)
    start = time.perf_counter()
    task = bar.add_task(path.name, total=labels.sizes["T"], detail="")

    def show(event: Any) -> None:
        detail = f"{event.done} of {event.total} frames  {seconds_text(event.seconds_left)}"
        bar.update(task, completed=event.done, detail=detail)

    try:
        movie = follow(track_image_steps(labels, config, stop), show).result
    finally:
        bar.remove_task(task)
    seconds = time.perf_counter() - start
    written = write_movie(movie, labels, movie_name(path), args.output, args.format)
    return {
        "input": str(path),
        "output": [str(target) for target in written],
        "frames": labels.sizes["T"],
        "frames_done": len(movie.found.frames),
        "objects": int(movie.tracks.frame.size),
        "tracks": len(movie.tracks),
        "divisions": len(set(movie.tracks.parents.values())),
        "diameter": round(movie.found.diameter, 2),
        "seconds": round(seconds, 3),
    }


def _told(row: dict[str, Any]) -> str:
    text = f"{row['input']}: {row['tracks']} tracks, {row['divisions']} divisions, {row['seconds']:.1f} s"
    if row["frames_done"] < row["frames"]:
        text += f", stopped after {row['frames_done']} of {row['frames']} frames"
    return f"{text} -> {', '.join(row['output'])}"
