"""`napari-unet restore`: denoise, enlarge, or make one channel of another."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unet.cli.options import add_general, add_parameters, check_channel, read_config
from napari_unet.cli.terminal import Terminal, follow, seconds_text, stop_on_interrupt
from napari_unet.errors import require
from napari_unet.restoration.config import RestoreConfig
from napari_unet.restoration.tasks import TASKS
from napari_unet.workflows.files.batch_plan import expand_inputs

if TYPE_CHECKING:
    from napari_unet.workflows.tasks.restoring import RestoredFiles

PARAMETERS = {
    "seconds": "S", "structure": "S", "voxel_ratio": "R", "blind": "B", "patch": "PX", "batch_size": "N",
    "learning_rate": "R", "base_channels": "N", "depth": "N", "held_out": "SHARE", "max_steps": "N", "seed": "N",
    "device": "D",
}  # fmt: skip


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "restore",
        help="denoise images, enlarge them, or make one channel of another",
        description="Teach a network on the images themselves, or on pairs, and write the restored images: in their "
        "own units and type of values, with their pixel size.",
        allow_abbrev=False,
    )
    parser.add_argument("image", nargs="+", type=Path, metavar="IMAGE", help="image files, or folders of them")
    parser.add_argument(
        "--task", choices=list(TASKS), default="denoise",
        help="upscale: twice the rows and columns; isotropic: slices of a stack as close as its rows; synthesize: one "
        "channel of another, from pairs (default: denoise)",
    )  # fmt: skip
    parser.add_argument(
        "--clean", type=Path, metavar="PAIR",
        help="what the image is to become, to learn from: a file, or a folder of files of the same base names",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, required=True, metavar="OUT.tif", help="image to write; of several images a folder"
    )
    parser.add_argument("--model", metavar="M", help="a model that was taught to restore: nothing is learned")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the model in a new .safetensors file")
    parser.add_argument("--axes", metavar="AXES", help="axes of the files, as letters of TCZYXS, if they do not say")
    parser.add_argument(
        "--channel", metavar="N", type=int, help="channel to restore, counted from 1 (default: the first)"
    )
    parser.add_argument(
        "--uncertainty", action="store_true", help=RestoreConfig.model_fields["uncertainty"].description
    )
    add_parameters(parser, RestoreConfig, PARAMETERS)
    add_general(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, terminal: Terminal) -> bool:
    """Learn, restore, write. Returns whether the user stopped it."""
    from napari_unet.learning.events import StepDone
    from napari_unet.models.library import load_model
    from napari_unet.models.model_file import save_model
    from napari_unet.workflows.pairing import find_partners
    from napari_unet.workflows.tasks.restoring import restore_files_steps

    config = read_config(args, RestoreConfig, (*PARAMETERS, "uncertainty"))
    images = expand_inputs(args.image)
    require(not (args.clean and args.model), "A model that is given learns nothing: leave --clean or --model out.")
    require(args.save is None or not args.save.exists(), f"{args.save} exists already: choose another name.")
    clean = None if args.clean is None else list(find_partners(images, args.clean, "clean").values())
    model = None if args.model is None else load_model(args.model)
    files = list(zip(images, _outputs(images, args.output), strict=True))
    channel = _channel(images[0], args)
    unsure: list[str] = []
    with stop_on_interrupt() as stop, terminal.progress() as bar:
        task = bar.add_task("Learning" if model is None else "Restoring", total=None, detail="")

        def show(event: Any) -> None:
            if isinstance(event, StepDone):
                bar.update(task, total=config.seconds, completed=event.seconds, detail=seconds_text(event.seconds_left))
            elif hasattr(event, "source"):
                terminal.say(f"{event.source} -> {event.output}")
                if event.unsure is not None:
                    unsure.append(str(event.unsure))

        steps = restore_files_steps(files, TASKS[args.task], config, clean, model, args.axes, channel, stop)
        finished = follow(steps, show)
    done: RestoredFiles = finished.result
    if args.save is not None:
        save_model(done.model, args.save)
    terminal.answer |= {"outputs": [str(output) for _, output in files], "task": args.task, "stopped": finished.stopped}
    terminal.answer["unsure"] = unsure
    terminal.answer["saved"] = None if args.save is None else str(args.save)
    _tell(terminal, done)
    return finished.stopped


def _outputs(images: list[Path], output: Path) -> list[Path]:
    """The file for each image: the one named, or one of the same name in a folder."""
    from napari_unet.images.files.reading import image_name

    if output.suffix.lower() in (".tif", ".tiff"):
        require(len(images) == 1, f"{output} is one file for {len(images)} images: give a folder.")
        found = [output]
    else:
        found = [output / f"{image_name(path)}_restored.tif" for path in images]
    same = [path for path, target in zip(images, found, strict=True) if path.resolve() == target.resolve()]
    require(not same, "An image is never overwritten: choose another name for --output.")
    return found


def _channel(path: Path, args: argparse.Namespace) -> int | None:
    if args.channel is None:
        return None
    from napari_unet.images.files.reading import read_image

    return check_channel(read_image(path, args.axes), args.channel)


def _tell(terminal: Terminal, done: RestoredFiles) -> None:
    taught = done.taught
    if taught is not None:
        training = done.model.record.training
        terminal.answer |= {"steps": training.steps, "seconds": round(training.seconds, 1)}
        terminal.say(f"Learned for {training.seconds:.0f} s ({training.steps} steps).")
        if taught.gain_db is not None:
            terminal.answer["held_out_gain_db"] = round(taught.gain_db, 2)
            terminal.say(f"On held-out parts it is {taught.gain_db:+.1f} dB nearer to what it is to become.")
            if not taught.better:
                terminal.warn("The restored image is no better on held-out parts: give more time, or more pairs.")
    for note in done.notes:
        terminal.say(note)
