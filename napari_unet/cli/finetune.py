"""`napari-unet finetune`: a model that has learned from a person's labels."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unet.cli.options import (
    add_folders,
    add_general,
    add_model,
    add_parameters,
    add_reading,
    read_config,
    read_with_channel,
)
from napari_unet.cli.terminal import Terminal, follow, seconds_text, stop_on_interrupt
from napari_unet.errors import require
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.new_files import new_file
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.workflows.pairing import Pair, find_pairs

if TYPE_CHECKING:
    from rich.progress import Progress

    from napari_unet.corrections.corrected_image import CorrectedImage
    from napari_unet.events import Finished, StopFlag
    from napari_unet.finetuning.events import FinetuneResult, Prepared
    from napari_unet.labels.evidence import Score
    from napari_unet.models.model import Model

_WRITING_SECONDS = 0.5
PARAMETERS = {
    "seconds": "S",
    "learning_rate": "RATE",
    "weight_decay": "DECAY",
    "batch_size": "N",
    "patch": "PX",
    "max_steps": "N",
    "held_out": "SHARE",
    "replay": "SHARE",
    "channels": "one|all|auto",
    "dimensions": "2|3",
    "seed": "N",
    "device": "D",
}
LOOK = {
    "kind": "KIND",
    "diameter": "PX",
    "invert": "no|yes|auto",
    "foreground_threshold": "P",
    "seed_threshold": "P",
    "object_threshold": "P",
}
"""How the images are looked at, and as which kind; without a diameter: that of the reviewed objects."""


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "finetune",
        help="teach a model by corrected labels",
        description="Adapt a model to corrected labels and write the new one. Some objects are held out to score it.",
        allow_abbrev=False,
    )
    add_folders(parser)
    parser.add_argument(
        "--reviewed",
        type=Path,
        metavar="DIR",
        help="folder of images that are non-zero where the labels were looked at",
    )
    add_model(parser)
    parser.add_argument("--output", type=Path, required=True, metavar="NEW.safetensors", help="file for the new model")
    parser.add_argument("--name", help="display name of the new model (default: the name of its file)")
    parser.add_argument(
        "--keep-new", action="store_true", help="write the new weights even if they are no better than the old ones"
    )
    parser.add_argument("--force", action="store_true", help="overwrite the output")
    add_reading(parser)
    add_parameters(parser, FinetuneConfig, PARAMETERS)
    add_parameters(parser, SegmentConfig, LOOK)
    add_general(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, terminal: Terminal) -> bool:
    """Train within the time given, save the child, say whether it is better; returns whether the user stopped it."""
    start = time.monotonic()
    config = read_config(args, FinetuneConfig, PARAMETERS)
    look = read_config(args, SegmentConfig, {**LOOK, "device": "D"})
    output = check_output(args.output, args.force)
    pairs = find_pairs(args.images, args.labels, args.reviewed)
    from napari_unet.finetuning.guidance import advise
    from napari_unet.heads.registry import find_head
    from napari_unet.models.library import load_model

    model = load_model(args.model)
    images = corrected_images(pairs, args, model, config, look)
    terminal.warn(config.engine.note)
    objects = find_head(model.record).draws_objects
    if objects:
        _warn(images, config, terminal)
    # Reading torch, model and images is part of what the user waits for, and so is writing the child.
    left = config.seconds - (time.monotonic() - start) - _WRITING_SECONDS
    config = config.model_copy(update={"seconds": max(config.seconds / 2, left)})
    with stop_on_interrupt() as stop, terminal.progress() as bar:
        prepared, finished = _follow(model, images, config, stop, bar)
    result = finished.result
    kept = result.model if args.keep_new else result.to_keep
    record = kept.record.model_copy(update={"name": args.name or output.stem})
    saved = save_model_file(replace(kept, record=record), output)
    n_objects = prepared.n_objects + prepared.n_held_out if prepared else 0
    said = advise(images, n_objects, result.better, finished=True) if objects else []
    terminal.answer |= {
        "output": str(output),
        "name": saved.name,
        "sha256": saved.sha256,
        "parent": {"name": model.name, "sha256": model.sha256},
        "images": [str(pair.image) for pair in pairs],
        "objects": prepared.n_objects if prepared else None,
        "held_out": prepared.n_held_out if prepared else None,
        "before": score_row(result.before),
        "after": score_row(result.after),
        "better": result.better,
        "change": None if result.change is None else asdict(result.change),
        "base_before": score_row(result.base_before),
        "base_after": score_row(result.base_after),
        "kept": "new" if kept is result.model else "old",
        "sentence": result.sentence,
        "advice": said,
        "steps": result.steps,
        "seconds": round(result.seconds, 3),
        "stopped": finished.stopped,
    }
    terminal.show(result.sentence)
    for sentence in said:
        terminal.say(sentence)
    terminal.say(f"{result.steps} steps in {result.seconds:.0f} s on {len(pairs)} images -> {output}")
    if kept is not result.model:
        terminal.say(f"{output.name} holds the old model's weights, unchanged; --keep-new would write the new ones.")
    return stop.requested


def _warn(images: list[CorrectedImage], config: FinetuneConfig, terminal: Terminal) -> None:
    """Say on what it runs, for how long, and what in the labels contradicts itself."""
    from napari_unet.corrections.consistency import find_inconsistencies
    from napari_unet.finetuning.guidance import describe_cost

    terminal.say(describe_cost(config.seconds, config.engine.describe()))
    terminal.answer["problems"] = found = find_inconsistencies(images)
    for sentence in found:
        terminal.say(f"Check the labels: {sentence}")


def check_output(path: Path, force: bool) -> Path:
    """`path`, once it is clear that a model can be written there; found out before the training, not after it."""
    require(path.suffix == ".safetensors", f"The output must be a .safetensors file, and {path.name} is not.")
    require(not path.is_dir(), f"{path} is a folder: give the name of a file.")
    require(force or not path.exists(), f"{path} exists already: give another --output, or --force to overwrite it.")
    require(path.parent.is_dir(), f"There is no folder {path.parent} to write {path.name} to: make it first.")
    return path


def corrected_images(
    pairs: list[Pair], args: argparse.Namespace, model: Model, config: FinetuneConfig, look: SegmentConfig
) -> list[CorrectedImage]:
    """Everything in `pairs`, labels in memory; without a reviewed image all of an image counts as reviewed."""
    from napari_unet.segmentation.appearance import decide_view
    from napari_unet.workflows.teaching import make_corrected_image

    record = model.record
    kind = "" if look.kind == "auto" else model.kind_called(look.kind).record.kind_name
    found = []
    for pair in pairs:
        image, channel = read_with_channel(pair.image, args)
        one = make_corrected_image(image, pair.labels, pair.reviewed, None, channel, record, config.channels)
        found.append(replace(one, view=replace(decide_view(one.image, model, look), kind=kind)))
    return found


def save_model_file(model: Model, output: Path, half: bool = False) -> Model:
    """Write `model` to `output`; what is there (--force) is replaced only by a complete file."""
    from napari_unet.models.model_file import save_model

    if not output.exists():
        return save_model(model, output, half=half)
    with new_file(output) as partial:
        saved = save_model(model, partial, half=half)
    return replace(saved, path=output)


def score_row(score: Score | None) -> dict[str, Any] | None:
    return None if score is None else score.figures()


def _follow(
    model: Model, images: list[CorrectedImage], config: FinetuneConfig, stop: StopFlag, bar: Progress
) -> tuple[Prepared | None, Finished[FinetuneResult]]:
    """Fine-tune with the bar moving along, loss and score beside it."""
    from napari_unet.finetuning.events import Prepared, ScoreDone
    from napari_unet.finetuning.finetune import finetune_steps
    from napari_unet.learning.events import StepDone

    task = bar.add_task("Preparing", total=config.seconds, detail="")
    prepared, told = None, ""

    def show(event: Any) -> None:
        nonlocal prepared, told
        if isinstance(event, Prepared):
            prepared, told = event, _score_text(event.before)
        elif isinstance(event, ScoreDone):
            told = _score_text(event.score)
        elif isinstance(event, StepDone):
            detail = f"step {event.step}, loss {event.loss:.3f}{told}, {seconds_text(event.seconds_left)}"
            bar.update(task, description="Fine-tuning", completed=event.seconds, detail=detail)

    finished = follow(finetune_steps(model, images, config, stop=stop), show)
    return prepared, finished


def _score_text(score: Score | None) -> str:
    return "" if score is None else f", held-out {score.title} {score.main:.2f}"
