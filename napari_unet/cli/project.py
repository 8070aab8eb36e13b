"""`napari-unet project`: what a project file holds, its contents as files, and whether it is sound."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unet.cli.options import add_general
from napari_unet.cli.terminal import Terminal, follow, stop_on_interrupt
from napari_unet.errors import UserError

if TYPE_CHECKING:
    from napari_unet.project.project import Project


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "project",
        help="look into project files, export them, check them",
        description="Look into a project file of the window. Nothing is changed in it.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", parser_class=type(parser), required=True)
    for name, run, words in (
        ("info", _info, "say what a project holds"),
        ("export", _export, "write labels, predictions and reviewed regions as OME-TIFF, and the rest as JSON"),
        ("check", _check, "look for damage; exit code 2 if there is any"),
        ("log", _log, "say what was done, in its order: images, models, corrections, trainings"),
        ("replay", _replay, "do the last training again from its record; exit code 2 if the model is another one"),
    ):
        action = actions.add_parser(name, help=words, description=words.capitalize() + ".", allow_abbrev=False)
        action.add_argument("file", metavar="FILE", type=Path, help="a .unetproj file")
        if name == "export":
            action.add_argument("--output", metavar="DIR", type=Path, help="folder to write to (default: beside FILE)")
            action.add_argument("--force", action="store_true", help="overwrite files that are there")
        if name == "replay":
            action.add_argument("--model", metavar="NAME", help="the training that made this model (default: the last)")
        add_general(action)
        action.set_defaults(run=run)


@contextmanager
def opened(path: Path) -> Iterator[Project]:
    """The project at `path`, to be read."""
    from napari_unet.project.opening import open_project

    project = open_project(path, write=False)
    try:
        yield project
    finally:
        project.close()


def _info(args: argparse.Namespace, terminal: Terminal) -> bool:
    from napari_unet.project.exporting import describe_project

    with opened(args.file) as project:
        about = describe_project(project)
    terminal.answer |= about
    many = len(about["images"])
    terminal.show(
        f"{args.file}: {_count(many, 'image')}, {_count(about['edits'], 'edit')}, {about['bytes'] / 1e6:.1f} MB"
    )
    for image in about["images"]:
        terminal.show("  " + _line(image))
    for training in about["trainings"]:
        terminal.show(f"  {training['time']}: trained {training['record'].get('name', 'a model')}")
    return False


def _line(image: dict[str, Any]) -> str:
    shape = " x ".join(str(size) for size in image["shape"])
    parts = [f"{image['name']}: {image['axes']} {shape}"]
    if "objects" in image:
        parts += [_count(image["objects"], "object"), f"{image['reviewed_share']:.0%} reviewed"]
        parts.append(_count(image["undo_steps"], "step") + " can be undone")
    if image["locked"]:
        parts.append(f"{len(image['locked'])} locked")
    if image["saved_path"] is not None and image["path"] is None:
        parts.append(f"its file is not at {image['saved_path']} any more")
    return ", ".join(parts)


def _export(args: argparse.Namespace, terminal: Terminal) -> bool:
    from napari_unet.project.exporting import export_project

    folder = args.output or args.file.with_suffix("")
    with opened(args.file) as project:
        written = export_project(project, folder, args.force)
    terminal.answer["written"] = [str(path) for path in written]
    for path in written:
        terminal.show(str(path))
    return False


def _check(args: argparse.Namespace, terminal: Terminal) -> bool:
    from napari_unet.project.checking import check_project

    with opened(args.file) as project:
        problems = check_project(project)
    terminal.answer["problems"] = problems
    if problems:
        for problem in problems:
            terminal.show(problem)
        raise UserError(
            f"{args.file.name} has {_count(len(problems), 'problem')}: restore it from a copy, or export it."
        )
    terminal.show(f"{args.file} is sound.")
    return False


def _log(args: argparse.Namespace, terminal: Terminal) -> bool:
    from napari_unet.workflows.recording.log import describe_entry, make_log

    with opened(args.file) as project:
        entries = make_log(project)
    terminal.answer["log"] = entries
    for entry in entries:
        terminal.show(describe_entry(entry))
    return False


def _replay(args: argparse.Namespace, terminal: Terminal) -> bool:
    from napari_unet.learning.events import StepDone
    from napari_unet.workflows.recording.replaying import choose_training, replay_steps

    with opened(args.file) as project, stop_on_interrupt() as stop, terminal.progress() as bar:
        training = choose_training(project, args.model)
        task = bar.add_task("Training again", total=training["record"]["steps"], detail="")

        def show(event: Any) -> None:
            if isinstance(event, StepDone):
                bar.update(task, completed=event.step, detail=f"step {event.step}")

        finished = follow(replay_steps(project, training, stop), show)
    found = finished.result
    terminal.answer |= {"model": found.name, "same": not found.difference, "difference": found.difference}
    if finished.stopped:
        return True
    if found.difference:
        raise UserError(f"{found.name} was made again, and is not the same. {found.difference}")
    terminal.say(f"{found.name} was made again: the same, bit for bit.")
    return False


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
