"""`napari-unet segment`: labels for each image file."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unet.cli.options import add_general, add_model, add_parameters, add_reading, read_config, read_with_channel
from napari_unet.cli.terminal import Terminal, follow, seconds_text, stop_on_interrupt
from napari_unet.errors import UserError, listed, require
from napari_unet.heads.registry import find_head
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.workflows.pairing import is_label_name

if TYPE_CHECKING:
    from rich.progress import Progress

    from napari_unet.events import Finished
    from napari_unet.images.image import Image
    from napari_unet.models.record import ModelRecord
    from napari_unet.segmentation.events import Segmentation

PARAMETERS = {
    "diameter": "PX|auto",
    "device": "D",
    "foreground_threshold": "P",
    "seed_threshold": "P",
    "object_threshold": "P",
    "min_diameter": "SHARE",
    "link_overlap": "IOU",
    "tile": "PX",
    "invert": "I",
    "precision": "P",
}


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "segment",
        help="write labels for image files",
        description="Write <name>_labels.tif for each image: integer labels, OME-TIFF, of its shape and pixel size.",
        allow_abbrev=False,
    )
    parser.add_argument("input", nargs="+", type=Path, metavar="INPUT", help="image files, or folders of them")
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder for the labels (default: beside each image)")
    add_model(parser)
    add_reading(parser)
    add_parameters(parser, SegmentConfig, PARAMETERS)
    add_general(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, terminal: Terminal) -> bool:
    """Segment every file; a bad one does not keep the others from it. Returns whether the user stopped it."""
    config = read_config(args, SegmentConfig, PARAMETERS)
    targets = plan_outputs(expand_inputs(args.input), args.output)
    from napari_unet.images.channels import grey_input, model_input
    from napari_unet.models.library import load_model
    from napari_unet.segmentation.segment import segment_steps

    model = load_model(args.model)
    images: list[dict[str, Any]] = []
    errors: list[dict[str, str]] = []
    terminal.answer |= {"model": {"name": model.name, "sha256": model.sha256}, "images": images, "errors": errors}
    with stop_on_interrupt() as stop, terminal.progress() as bar:
        for number, (path, target) in enumerate(targets.items(), start=1):
            if stop.requested:
                break
            title = f"{path.name} ({number} of {len(targets)})" if len(targets) > 1 else path.name
            try:
                image, channel = read_with_channel(path, args)
                seen = model_input(image, model.record.architecture.in_channels, channel)
                grey = grey_input(seen)
                start = time.perf_counter()
                finished = _follow(segment_steps(seen, model, config, stop=stop), title, bar)
                row = _written(image, grey, target, finished) | _classes(model.record, finished.result)
            except UserError as error:
                errors.append({"input": str(path), "message": str(error)})
                continue
            row |= {
                "input": str(path),
                "diameter_estimated": config.diameter is None,
                "seconds": round(time.perf_counter() - start, 3),
            }
            images.append(row)
            terminal.say(_told(row))
    terminal.answer["stopped"] = stop.requested
    if errors:
        _raise(errors, len(targets))
    return stop.requested


def expand_inputs(inputs: list[Path]) -> list[Path]:
    """The files in `inputs`; a folder stands for its images, without labels that were written there before."""
    from napari_unet.images.files.reading import image_name, is_image_path, list_images

    paths: list[Path] = []
    for path in inputs:
        if path.is_dir() and not is_image_path(path):
            found = [p for p in list_images(path) if not is_label_name(image_name(p))]
            require(found, f"There are no images in {path}: give a folder of TIFF, PNG, JPEG or OME-Zarr images.")
            paths += found
        else:
            paths.append(path)
    return list(dict.fromkeys(paths))


def plan_outputs(paths: list[Path], folder: Path | None) -> dict[Path, Path]:
    """Where the labels of each of `paths` go; raises `UserError` if two would go to the same file."""
    from napari_unet.images.files.reading import image_name

    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{folder} cannot be used as output folder: {error.strerror}.") from error
    targets: dict[Path, Path] = {}
    for path in paths:
        target = (folder or path.parent) / f"{image_name(path)}_labels.tif"
        twin = next((p for p, t in targets.items() if t.resolve() == target.resolve()), None)
        require(twin is None, f"The labels of {twin} and {path} would both be {target}: rename one of the images.")
        targets[path] = target
    return targets


def _follow(steps: Iterator[Any], title: str, bar: Progress) -> Finished[Segmentation]:
    """Segment with the bar moving along: by slices where there are several, else by tiles."""
    from napari_unet.segmentation.events import Estimated, PlaneDone, TileDone

    task = bar.add_task(title, total=None, detail="")
    planes = 1

    def show(event: Any) -> None:
        nonlocal planes
        if isinstance(event, Estimated):
            planes = event.n_planes
        elif isinstance(event, PlaneDone if planes > 1 else TileDone):
            word = "slices" if planes > 1 else "tiles"
            detail = f"{event.done} of {event.total} {word}  {seconds_text(event.seconds_left)}"
            bar.update(task, completed=event.done, total=event.total, detail=detail)

    try:
        return follow(steps, show)
    finally:
        bar.remove_task(task)


def _written(image: Image, grey: Image, target: Path, finished: Finished[Segmentation]) -> dict[str, Any]:
    """Write the labels, unless it was stopped before anything was done; returns what --json says about them."""
    from napari_unet.images.files.writing import write_labels

    found = finished.result
    keep = not finished.stopped or found.done.any()
    return {
        "output": str(write_labels(target, found.labels, like=grey)) if keep else None,
        "description": image.describe(),
        "axes": found.axes,
        "shape": list(found.labels.shape),
        "objects": found.n_objects,
        "diameter": round(float(found.diameter), 2),
        "planes": int(found.done.size),
        "planes_done": int(found.done.sum()),
        "notes": list(image.notes),
    }


def _classes(record: ModelRecord, found: Segmentation) -> dict[str, Any]:
    """Share of the pixels by class name; empty for a model of objects."""
    found_of = find_head(record).summarize(found.labels[found.done], record)
    return {"classes": found_of["classes"]} if "classes" in found_of else {}


def _told(row: dict[str, Any]) -> str:
    how = "estimated" if row["diameter_estimated"] else "as given"
    if "classes" in row:
        shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in row["classes"].items())
        text = f"{row['input']}: {shares}, {row['seconds']:.1f} s"
        return f"{text} -> {row['output']}" if row["output"] else f"{text}; no labels written"
    text = (
        f"{row['input']}: {row['objects']} objects, diameter {row['diameter']:.1f} px ({how}), {row['seconds']:.1f} s"
    )
    if row["planes_done"] < row["planes"]:
        text += f", stopped after {row['planes_done']} of {row['planes']} slices"
    return f"{text} -> {row['output']}" if row["output"] else f"{text}; no labels written"


def _raise(errors: list[dict[str, str]], count: int) -> None:
    """One sentence about all files that could not be segmented."""
    if count == 1:
        raise UserError(errors[0]["message"])
    told = listed([f"{error['input']} ({error['message'].rstrip('.')})" for error in errors])
    raise UserError(f"{len(errors)} of {count} images could not be segmented: {told}.")
