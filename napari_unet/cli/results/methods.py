"""`napari-unet methods`: what was done in a project, as text for a paper."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from napari_unet.cli.options import add_general
from napari_unet.cli.terminal import Terminal


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "methods",
        help="write the methods of a project as text for a paper",
        description="A paragraph with versions, numbers of objects, trainings and scores, and what is to be cited.",
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="PROJECT", type=Path, help="a .unetproj file")
    add_general(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, terminal: Terminal) -> bool:
    from napari_unet.cli.project import opened
    from napari_unet.workflows.recording.methods import write_methods

    with opened(args.file) as project:
        text = write_methods(project)
    terminal.answer["text"] = text
    terminal.show(text)
    return False
