"""`napari-unet train`: a base model from scratch, from fully labelled images or from a recipe file."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unet.cli.options import add_general
from napari_unet.cli.terminal import Terminal, follow, seconds_text, stop_on_interrupt
from napari_unet.errors import require
from napari_unet.workflows.pairing import find_pairs

if TYPE_CHECKING:
    from rich.progress import Progress

    from napari_unet.events import Finished
    from napari_unet.models.model import Model
    from napari_unet.training.recipe import Recipe, TrainingFile

_TRAINING = {"steps": int, "seed": int, "batch_size": int, "patch": int, "learning_rate": float}
_ARCHITECTURE = {"base_channels": int, "depth": int, "stem": int}


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "train",
        help="train a model from scratch",
        description="Train a model from scratch on fully labelled images; long, and resumable after a stop or a kill. "
        "To adapt a model to a few corrected images, use finetune.",
        allow_abbrev=False,
    )
    parser.add_argument("--images", type=Path, metavar="DIR", help="folder of images")
    parser.add_argument("--labels", type=Path, metavar="DIR", help="folder of label images of the same base names")
    parser.add_argument("--recipe", type=Path, metavar="TOML", help="recipe file, instead of --images and --labels")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder that the recipe's files are relative to")
    parser.add_argument("--output", type=Path, metavar="NEW.safetensors", help="file for the new model")
    parser.add_argument(
        "--pack",
        type=Path,
        metavar="OUT.zip",
        help="train nothing: write what the recipe needs of --data as one small file, for another machine",
    )
    parser.add_argument(
        "--start",
        metavar="MODEL",
        help="model file, or name in the library, whose weights to begin with (default: none)",
    )
    parser.add_argument("--name", help="display name of the new model (default: the recipe's, or that of its file)")
    parser.add_argument("--force", action="store_true", help="overwrite the output")
    parser.add_argument(
        "--checkpoint", type=Path, metavar="DIR", help="folder to go on from after a stop (default: OUTPUT.checkpoint)"
    )
    parser.add_argument(
        "--validation",
        type=float,
        default=0.1,
        metavar="SHARE",
        help="share of the images kept to judge by: the last ones by name, so that neighbours stay together "
        "(default: 0.1; a recipe says itself)",
    )
    for name, kind in (_TRAINING | _ARCHITECTURE).items():
        parser.add_argument(_flag(name), type=kind, metavar="N", help=f"{_about(name)}; default: the recipe's")
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N", help="processes that read and simulate images (default: 1)"
    )
    add_general(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, terminal: Terminal) -> bool:
    """Train, save the best model, say how well it does; returns whether the user stopped it."""
    from napari_unet.cli.finetune import check_output, save_model_file
    from napari_unet.finetuning.material.widening import widen_model
    from napari_unet.models.library import load_model
    from napari_unet.training.base_model import train_model_steps

    if args.pack is not None:
        return _pack(args, terminal)
    require(args.output is not None, "Say with --output where the new model is to be saved.")
    output = check_output(args.output, args.force)
    require(args.workers >= 1, "--workers is a number of processes: 1 or more.")
    recipe, learn, validate = _read_recipe(args) if args.recipe else _make_recipe(args)
    recipe = _with_options(recipe, args)
    start = widen_model(load_model(args.start), recipe.training.architecture.in_channels) if args.start else None
    checkpoint = args.checkpoint or output.with_suffix(".checkpoint")
    terminal.say(f"{len(learn)} images to learn from, {len(validate)} to judge by; checkpoints in {checkpoint}")
    with stop_on_interrupt() as stop, terminal.progress() as bar:
        events = train_model_steps(recipe, learn, validate, checkpoint, stop, start, args.workers)
        finished = _follow(events, recipe.training.steps, bar, terminal)
    saved = save_model_file(finished.result, output, half=True)
    training = saved.record.training
    terminal.answer |= {
        "output": str(output),
        "name": saved.name,
        "sha256": saved.sha256,
        "images": len(learn),
        "objects": training.n_objects,
        "steps": training.steps,
        "scores": saved.record.scores,
        "stopped": finished.stopped,
    }
    if saved.record.scores:
        terminal.show(f"Validation AP@0.5 {saved.record.scores['validation_ap50']:.3f} on {len(validate)} images.")
    terminal.say(f"{training.steps} steps on {len(learn)} images with {training.n_objects} objects -> {output}")
    return stop.requested


def _pack(args: argparse.Namespace, terminal: Terminal) -> bool:
    from napari_unet.training.pack import write_pack

    require(args.recipe is not None, "What to pack is said by a --recipe.")
    require(args.force or not args.pack.exists(), f"{args.pack} exists: choose another name, or --force.")
    _, learn, validate = _read_recipe(args)
    size = write_pack([*learn, *validate], args.data, args.pack)
    terminal.answer |= {"pack": str(args.pack), "images": len(learn) + len(validate), "bytes": size}
    terminal.say(
        f"{len(learn) + len(validate)} images, {size / 1e6:.0f} MB -> {args.pack}; there: "
        f"python -m zipfile -e {args.pack.name} FOLDER, and train with --data FOLDER"
    )
    return False


def _read_recipe(args: argparse.Namespace) -> tuple[Recipe, list[TrainingFile], list[TrainingFile]]:
    from napari_unet.training.recipe import find_files, read_recipe

    require(args.images is None and args.labels is None, "Give either --recipe or --images and --labels, not both.")
    require(args.data is not None, "A recipe needs --data: the folder that its images are in.")
    require(args.data.is_dir(), f"There is no folder {args.data}.")
    recipe = read_recipe(args.recipe)
    return recipe, list(find_files(recipe.learn, args.data)), list(find_files(recipe.validate_on, args.data))


def _make_recipe(args: argparse.Namespace) -> tuple[Recipe, list[TrainingFile], list[TrainingFile]]:
    """A recipe for one folder of images, of which the last ones are kept to judge by."""
    from napari_unet.training.recipe import DataSource, Recipe, TrainingFile

    require(args.images is not None and args.labels is not None, "Give --images and --labels, or a --recipe.")
    require(0 <= args.validation < 1, "--validation is a share: at least 0, less than 1.")
    source = DataSource(name=args.images.resolve().name, images=str(args.images), labels=str(args.labels))
    files = [TrainingFile(source, pair.image, pair.labels) for pair in find_pairs(args.images, args.labels)]
    kept = min(len(files) - 1, max(1, round(args.validation * len(files)))) if args.validation > 0 else 0
    recipe = Recipe(name=args.output.stem, learn=(source,), validate_on=(source,) if kept else ())
    return recipe, files[: len(files) - kept], files[len(files) - kept :]


def _with_options(recipe: Recipe, args: argparse.Namespace) -> Recipe:
    """`recipe` with what the options say in place of its own. Raises `UserError` for what is impossible."""
    from pydantic import ValidationError

    from napari_unet.errors import UserError

    fields = recipe.model_dump()
    if args.name:
        fields["name"] = args.name
    training = fields["training"]
    for names, place in ((_TRAINING, training), (_ARCHITECTURE, training["architecture"])):
        place.update({name: getattr(args, name) for name in names if getattr(args, name) is not None})
    try:
        return type(recipe)(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        why = first["msg"].removeprefix("Value error, ").lower()
        raise UserError(f"{_flag(str(first['loc'][-1]))} is not possible: {why}.") from None


def _follow(events: Iterator[Any], steps: int, bar: Progress, terminal: Terminal) -> Finished[Model]:
    from napari_unet.learning.events import StepDone, Validated

    task = bar.add_task("Reading", total=steps, detail="")
    told = ""

    def show(event: Any) -> None:
        nonlocal told
        if isinstance(event, Validated):
            told = f", validation {event.score:.3f}"
            terminal.say(f"step {event.step}: validation mean AP {event.score:.4f}")
        elif isinstance(event, StepDone):
            detail = f"step {event.step}, loss {event.loss:.3f}{told}, {seconds_text(event.seconds_left)}"
            bar.update(task, description="Training", completed=event.step, detail=detail)

    return follow(events, show)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _about(name: str) -> str:
    return name.replace("_", " ")
